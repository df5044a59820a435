"""Any bytes behind a sound file header: a clear error or an answer, in bounded time and memory, however one looks."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.busy import BusyServer
from weft import WeftError
from weft.events import KIND_BITS
from weft.findings import find
from weft.log import format as fmt
from weft.log.info import info
from weft.log.repair import repair
from weft.timeline import load
from weft_tui.reports import text

from .test_hostile import ask_everything

QUICK = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WORDS = st.one_of(
    st.integers(0, 300), st.integers(0, (1 << 64) - 1), st.sampled_from([1 << 40, 1 << 46, 1 << 62, 1 << 63])
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
KEYS = (
    "name",
    "kind",
    "file",
    "function",
    "line",
    "method",
    "path",
    "frames",
    "parts",
    "pid",
    "argv",
    "at",
    "digest",
    "text",
)
WHAT = (
    "process",
    "name",
    "lock",
    "target",
    "endpoint",
    "stack",
    "notice",
    "file",
    "thread",
    "variable",
    "gap",
    "comet",
)
ENTRY = st.builds(
    lambda what, number, rest: {**rest, "is": what, "id": number},
    st.sampled_from(WHAT) | JSON, st.integers(1, 4) | JSON, st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5),
)  # fmt: skip
RECORD = st.tuples(WORDS, WORDS, st.integers(0, 63), st.integers(0, 5) | st.integers(0, (1 << 58) - 1))
RUN = st.tuples(st.integers(0, 4) | st.integers(0, (1 << 32) - 1), st.lists(RECORD, max_size=12))


def simulated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace"
        BusyServer(threads=3, locks=2).write(path, 300)
        return path.read_bytes()


SEED = simulated()


def look(data: bytes) -> None:
    """Look at a file in every way there is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace"
        path.write_bytes(data)
        try:
            snapshot = load(path)
            ask_everything(snapshot, random.Random(1))
            shown = text.report(snapshot, find(snapshot))
            assert all(char.isprintable() for line in shown.split("\n") for char in line)
            json.dumps(info(path).as_json())
            repair(path, Path(folder) / "mended")
            assert load(Path(folder) / "mended").events == snapshot.events
        except WeftError:
            return


def block(entries: object, runs: list[tuple[int, list[tuple[int, int, int, int]]]], process: int) -> bytes:
    """Return a block with a sound checksum, whatever it holds."""
    named = json.dumps(entries).encode()
    table = b"".join(thread.to_bytes(4, "little") + len(rows).to_bytes(4, "little") for thread, rows in runs)
    words = [
        word
        for _, rows in runs
        for time, value, kind, obj in rows
        for word in (time, value, (obj << KIND_BITS | kind) & ((1 << 64) - 1))
    ]
    rows = b"".join(word.to_bytes(8, "little") for word in words)
    tidy = [*(table[k::8] for k in fmt.RUN_TIDY), *(rows[k::24] for k in fmt.TIDY)]
    noise = [*(table[k::8] for k in fmt.RUN_NOISE), *(rows[k::24] for k in fmt.NOISE)]
    sizes = {"defined": len(named), "runs": len(runs), "records": len(words) // 3, "since_ns": 0, "until_ns": 0}
    return fmt.block(b"".join((named, *tidy)), b"".join(noise), process, **sizes)


BLOCK = st.builds(block, st.lists(ENTRY, max_size=5) | JSON, st.lists(RUN, max_size=4), st.integers(0, 3))


@QUICK
@given(st.lists(BLOCK, max_size=5))
def test_sound_blocks_of_anything(blocks: list[bytes]) -> None:
    look(fmt.file_header(1, 2) + b"".join(blocks))


@QUICK
@given(st.lists(st.tuples(st.integers(36, len(SEED) - 1), st.integers(0, 255)), max_size=6), st.integers(36, len(SEED)))
def test_a_trace_with_bytes_changed_and_checksums_made_to_fit(changes: list[tuple[int, int]], size: int) -> None:
    data = bytearray(SEED)
    for at, value in changes:
        data[at] = value
    position = 36
    while (position := data.find(b"WBLK", position)) >= 0 and position + 56 <= len(data):
        fields = fmt.BLOCK_HEADER.unpack_from(data, position)
        end = position + 56 + fields[5] + 2 * fields[7] + 6 * fields[8]
        crc = zlib.crc32(data[position + 56 : end], zlib.crc32(data[position : position + 52]))
        data[position + 52 : position + 56] = crc.to_bytes(4, "little")
        position += 4
    look(bytes(data[:size]))


@QUICK
@given(st.binary(max_size=300), st.integers(36, len(SEED)), st.integers(0, 200))
def test_foreign_bytes_in_the_middle(foreign: bytes, at: int, left_out: int) -> None:
    look(SEED[:at] + foreign + SEED[at + left_out :])


# bombs: each a few kilobytes or megabytes that could become gigabytes or hours


def huge_claims() -> bytes:
    head = fmt.BLOCK_HEADER.pack(b"WBLK", 1, 1, 0, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 1, 0, 0)
    return (head + fmt.CRC.pack(zlib.crc32(head))) * 1000


def false_beginnings() -> bytes:
    head = fmt.BLOCK_HEADER.pack(b"WBLK", 1, 1, 0, 0, 2 << 20, 0, 0, 0, 1, 0, 0) + bytes(4)
    return head * (12_000_000 // len(head))


def zeros_deflated() -> bytes:
    nothing = {"runs": 0, "records": 0, "since_ns": 0, "until_ns": 0}
    return fmt.block(bytes(60 << 20), b"", 1, defined=60 << 20, **nothing) * 30


def lists_deflated() -> bytes:
    raw = b"[" + b"[]," * 5_000_000 + b"0]"
    return fmt.block(raw, b"", 1, defined=len(raw), runs=0, records=0, since_ns=0, until_ns=0) * 30


def names_deflated() -> bytes:
    entries = [{"is": "stack", "id": number, "frames": [["x" * 900, "y", 1]] * 12} for number in range(1, 1000)]
    raw = json.dumps(entries).encode()
    return fmt.block(raw, b"", 1, defined=len(raw), runs=0, records=0, since_ns=0, until_ns=0) * 80


def many_runs() -> bytes:
    runs = 5_000_000
    raw, noise = bytes(6 * runs), bytes(2 * runs)
    return fmt.block(raw, noise, 1, defined=0, runs=runs, records=0, since_ns=0, until_ns=0)


def far_ids() -> bytes:
    entry = {"is": "lock", "id": (1 << 22) - 1, "name": "x"}
    return b"".join(block([entry], [((1 << 22) - 1, [(5, 6, 1, (1 << 22) - 1)])], process) for process in range(1500))


@pytest.mark.parametrize(
    "bomb", [huge_claims, false_beginnings, zeros_deflated, lists_deflated, names_deflated, many_runs, far_ids]
)
@pytest.mark.timeout(600)
def test_bombs_are_defused(bomb: Callable[[], bytes], tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(fmt.file_header(1, 2) + block([{"is": "lock", "id": 1}], [(1, [(5, 6, 1, 1)])], 1) + bomb())
    code = """
        import resource, sys
        resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))
        from pathlib import Path
        from weft.log.info import info
        from weft.timeline import load
        path = Path(sys.argv[1])
        counted = info(path)
        assert counted.events >= 2, counted
        assert load(path).events >= 2
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)],
        capture_output=True, text=True, timeout=600, check=False, env=_one_thread(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _one_thread() -> dict[str, str]:
    # Each thread of a numerical library would take address space of its own.
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
