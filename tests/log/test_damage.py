"""Small traces, every bit of them flipped and every byte of them the last: noticed, and never other data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.busy import BusyServer, records
from weft import WeftError
from weft.events import Kind, code_of
from weft.log import format as fmt
from weft.log import reader, writer
from weft.log.reader import Definitions, Events, Gap
from weft.timeline import load


def nothing(path: Path) -> None:
    writer.create(str(path))


def one_tick(path: Path) -> None:
    nothing(path)
    lock = {"is": "lock", "id": 1, "name": "db", "kind": "Lock", "file": "a.py", "function": "f", "line": 1}
    file = writer.TraceWriter(str(path), 1)
    file.write([lock], records((1, [10, 20, code_of(Kind.SECTION, 1), 30, 0, code_of(Kind.WAIT, 1)])), 40)
    file.close()


def two_processes(path: Path) -> None:
    one_tick(path)
    file = writer.TraceWriter(str(path), 2)
    file.write([], records((0, [50, 0, code_of(Kind.PULSE)])), 60)
    file.write([], records((1, [60, 1, code_of(Kind.THREAD_ENTER)]), (2, [61, 2, code_of(Kind.THREAD_ENTER)])), 70)
    file.close()


def simulated(path: Path) -> None:
    BusyServer(threads=2, locks=2).write(path, 60)


CORPUS = (nothing, one_tick, two_processes, simulated)


@pytest.fixture(params=CORPUS, ids=lambda make: make.__name__)
def trace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "trace.weft"
    request.param(path)
    return path


def told(path: Path) -> list[tuple[object, ...]]:
    """Return what is in a trace as plain values that can be compared."""
    found: list[tuple[object, ...]] = []
    for item in reader.read(path):
        if isinstance(item, Events):
            columns = (item.thread, item.kind, item.obj, item.time, item.value)
            found += [(item.process, *row) for row in np.stack(columns, axis=1).tolist()]
        elif isinstance(item, Definitions):
            found += [(item.process, entry["is"], entry["id" if "id" in entry else "pid"]) for entry in item.entries]
        else:
            found.append(("gap",))
    return found


def test_every_flipped_bit_is_noticed(trace: Path, tmp_path: Path) -> None:
    data, whole = trace.read_bytes(), told(trace)
    flipped = tmp_path / "flipped"
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            flipped.write_bytes(changed)
            if position < fmt.FILE_HEADER_SIZE:
                with pytest.raises(WeftError):
                    told(flipped)
                continue
            found = told(flipped)
            assert found.count(("gap",)) == 1
            left = iter(whole)
            assert all(row in left for row in found if row != ("gap",))


def test_a_trace_cut_anywhere_gives_what_was_whole_and_a_gap(trace: Path, tmp_path: Path) -> None:
    data, whole = trace.read_bytes(), told(trace)
    ends = {fmt.FILE_HEADER_SIZE, len(data)}
    tail = reader.Tail(trace)
    ends |= {part.offset + part.size for part in tail.parts()}
    tail.close()
    cut = tmp_path / "cut"
    for size in range(len(data)):
        cut.write_bytes(data[:size])
        if size < fmt.FILE_HEADER_SIZE:
            with pytest.raises(WeftError):
                told(cut)
            continue
        found, gaps = told(cut), load(cut).gaps
        sound = [row for row in found if row != ("gap",)]
        assert sound == whole[: len(sound)]
        assert len(gaps) == found.count(("gap",)) == (size not in ends)
        assert all("the file ends in the middle of a block" in gap for gap in gaps)


def test_a_gap_stays_visible_in_pieces_of_any_size(trace: Path, tmp_path: Path) -> None:
    data = bytearray(trace.read_bytes())
    data[fmt.FILE_HEADER_SIZE + 60 : fmt.FILE_HEADER_SIZE + 62] = b"??"
    changed = tmp_path / "changed"
    changed.write_bytes(data)
    whole = told(changed)
    for chunk in (1, 7, 55, 57, 200):
        tail = reader.Tail(changed, chunk)
        gaps = []
        while tail.unread() > 0:
            gaps += [item for item in tail.read() if isinstance(item, Gap)]
        gaps += tail.finish()
        tail.close()
        assert len(gaps) == whole.count(("gap",))
