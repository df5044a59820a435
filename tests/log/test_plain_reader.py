"""A reader that was written from the document alone reads what ours reads."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from support.busy import BusyServer
from support.recorded import run
from weft.events import Kind
from weft.log import reader

from . import plain_reader

PROGRAM = """
    import os, threading, time
    lock, done = threading.Lock(), threading.Event()
    def work(n):
        for _ in range(40):
            with lock:
                time.sleep(0.0005)
        done.set()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads: thread.start()
    if hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            with threading.Lock(): pass
            time.sleep(0.01)
        else:
            os.waitpid(child, 0)
            done.wait()
            for thread in threads: thread.join()
"""


def ours(path: Path) -> tuple[list[plain_reader.Record], list[tuple[int, dict[str, Any]]], list[tuple[int, int]]]:
    records, entries, gaps = [], [], []
    for item in reader.read(path):
        if isinstance(item, reader.Gap):
            gaps.append((item.offset, item.size))
        elif isinstance(item, reader.Definitions):
            entries.extend((item.process, entry) for entry in item.entries if entry["is"] != "thread")
        else:
            columns = (item.thread, item.kind, item.obj, item.time, item.value)
            rows = zip(*(column.tolist() for column in columns), strict=True)
            records.extend(plain_reader.Record(item.process, *row) for row in rows)
    return records, entries, gaps


def theirs(data: bytes) -> tuple[list[plain_reader.Record], list[tuple[int, dict[str, Any]]], list[tuple[int, int]]]:
    trace = plain_reader.read(data)
    # Ours makes definitions of threads from these.
    records = [record for record in trace.records if record.kind != Kind.THREAD_NAME]
    return records, trace.definitions, trace.gaps


@pytest.fixture(params=["recorded", "simulated"])
def trace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "trace.weft"
    if request.param == "recorded":
        assert run(path, PROGRAM).returncode == 0
    else:
        BusyServer(threads=5).write(path, 6_000)
    return path


def test_both_readers_read_the_same(trace: Path) -> None:
    records, entries, gaps = theirs(trace.read_bytes())
    assert len(records) > 100
    assert gaps == []
    assert (records, entries, gaps) == ours(trace)


def test_both_readers_miss_the_same(trace: Path) -> None:
    data = trace.read_bytes()
    source = random.Random(5)
    for _ in range(25):
        changed = bytearray(data[: source.randint(len(data) // 2, len(data))])
        for _ in range(source.randint(1, 3)):
            changed[source.randrange(36, len(changed))] ^= 1 << source.randrange(8)
        trace.write_bytes(changed)
        found = theirs(bytes(changed))
        assert found[2]
        assert found == ours(trace)
