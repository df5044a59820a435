"""Processes that are killed in the middle of writing lose nothing that was written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from support.recorded import run
from weft.events import Kind
from weft.log import reader, writer
from weft.record.launch import environment

from . import plain_reader

WRITER = """
    import os, sys
    from weft.log.writer import Records, TraceWriter
    file = TraceWriter(sys.argv[1], 1)
    size = int(sys.argv[2])
    for number in range(1, 1 << 20):
        records = Records()
        records.add(1, [number, 7 * number, 51] * size)
        records.pack()
        file.write([{"is": "target", "id": number, "method": "GET", "path": f"/{number}"}], records, number)
        os.write(1, b"%d\\n" % number)
"""

APP = """
    import os, threading, time
    lock = threading.Lock()
    def work():
        while True:
            with lock:
                os.write(1, b".")
    for _ in range(3): threading.Thread(target=work).start()
"""


def written_before_the_kill(path: Path, source: random.Random) -> int:
    """Let a process write block after block, kill it, and return the last block that it knew to be written."""
    writer.create(str(path), force=True)
    size = source.choice([1, 50, 2000])
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path), str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _ in range(source.randint(1, 400)):
            child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read()
    lines = [line for line in rest.split(b"\n") if line]
    return int(lines[-1]) if lines else 1


def check_killed_writer(path: Path, source: random.Random) -> None:
    last = written_before_the_kill(path, source)
    items = [*reader.read(path)]
    blocks = [item for item in items if isinstance(item, reader.Events)]
    assert [block.time[0] for block in blocks] == [*range(1, len(blocks) + 1)]
    assert len(blocks) >= last
    assert [item for item in items if isinstance(item, reader.Gap)] in ([], items[-1:])


def records_of(path: Path) -> list[tuple[int, int, int]]:
    blocks = [item for item in reader.read(path) if isinstance(item, reader.Events)]
    return [row for block in blocks for row in zip(*(getattr(block, name).tolist() for name in ROW), strict=True)]


ROW = ("thread", "kind", "time")


def check_killed_app(path: Path, source: random.Random) -> None:
    """Kill an app, perhaps in the middle of a write: all that was whole before is read back, what is torn is told."""
    script = path.with_name("app.py")
    script.write_text(textwrap.dedent(APP))
    writer.create(str(path), force=True)
    with subprocess.Popen(
        [sys.executable, str(script)], env=environment(os.environ, str(path)), stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        while path.stat().st_size < source.randint(1_000, 20_000):
            child.stdout.read(64)
        before = records_of(path)
        os.kill(child.pid, signal.SIGKILL)
        child.stdout.read()
    items = [*reader.read(path)]
    after = records_of(path)
    assert after[: len(before)] == before
    torn = isinstance(items[-1], reader.Gap)
    assert torn or any(kind == Kind.SECTION for _, kind, _ in after)
    assert not any(isinstance(item, reader.Gap) for item in items[:-1])
    assert plain_reader.read(path.read_bytes()).gaps == [
        (item.offset, item.size) for item in items if isinstance(item, reader.Gap)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_what_was_written_before_a_kill_is_read_back(seed: int, tmp_path: Path) -> None:
    check_killed_writer(tmp_path / "trace.weft", random.Random(seed))


def test_a_killed_app_leaves_a_sound_trace(tmp_path: Path) -> None:
    check_killed_app(tmp_path / "trace.weft", random.Random(1))


def test_a_process_that_ends_well_says_so(tmp_path: Path) -> None:
    path = tmp_path / "trace.weft"
    assert run(path, "import threading\nwith threading.Lock(): pass").returncode == 0
    kinds = [kind for item in reader.read(path) if isinstance(item, reader.Events) for kind in item.kind.tolist()]
    assert Kind.PROCESS_EXIT in kinds


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_kills_at_hundreds_of_moments(tmp_path: Path) -> None:
    source = random.Random(7)
    for _ in range(300):
        check_killed_writer(tmp_path / "trace.weft", source)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_apps_killed_at_a_hundred_moments(tmp_path: Path) -> None:
    source = random.Random(8)
    for _ in range(100):
        check_killed_app(tmp_path / "trace.weft", source)
