"""What is inside a trace is counted, damage is found, and what is sound is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.busy import BusyServer, records
from weft import WeftError
from weft.events import KIND_BITS, Kind, code_of
from weft.log import format as fmt
from weft.log import reader, writer
from weft.log.blocks import Block, Gap
from weft.log.info import info
from weft.log.repair import parts, repair
from weft.timeline import load


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "busy.weft"
    BusyServer(threads=4).write(path, 3_000)
    return path


def blocks(path: Path) -> list[Block | Gap]:
    tail = reader.Tail(path)
    found = list(parts(tail))
    tail.close()
    return found


def hurt(path: Path) -> Block | Gap:
    """Flip a bit in the third block and return it."""
    third = blocks(path)[2]
    data = bytearray(path.read_bytes())
    data[third.offset + 80] ^= 1
    path.write_bytes(data)
    return third


def test_a_repair_keeps_every_sound_block_and_the_place_of_the_others(trace: Path, tmp_path: Path) -> None:
    sound = blocks(trace)
    third = hurt(trace)
    done = repair(trace, tmp_path / "mended")
    assert (done.blocks, done.gaps, done.bytes_lost) == (len(sound) - 1, 1, third.size)
    mended = blocks(tmp_path / "mended")
    assert not any(isinstance(part, Gap) for part in mended)
    kept = [bytes(part.data) for part in mended if isinstance(part, Block) and part.kind == fmt.TICK]
    assert kept == [bytes(part.data) for part in sound if isinstance(part, Block) and part != third]
    (gap,) = (item for item in reader.read(tmp_path / "mended") if isinstance(item, Gap))
    assert (gap.offset, gap.size, gap.mended) == (third.offset, third.size, True)
    before, after = load(trace), load(tmp_path / "mended")
    assert after.events == before.events
    assert len(after.gaps) == 1
    assert after.lock_figures() == before.lock_figures()


def test_a_repair_of_a_repair_changes_nothing(trace: Path, tmp_path: Path) -> None:
    hurt(trace)
    repair(trace, tmp_path / "once")
    repair(tmp_path / "once", tmp_path / "twice")
    assert (tmp_path / "once").read_bytes() == (tmp_path / "twice").read_bytes()


def test_a_repair_is_private_and_replaces_nothing(trace: Path, tmp_path: Path) -> None:
    repair(trace, tmp_path / "mended")
    assert (tmp_path / "mended").read_bytes() == trace.read_bytes()
    assert (tmp_path / "mended").stat().st_mode & 0o777 == 0o600
    for place in (trace, tmp_path / "mended", tmp_path):
        with pytest.raises(WeftError, match="exists"):
            repair(trace, place)
    with pytest.raises(WeftError, match="cannot be made"):
        repair(trace, tmp_path / "no" / "folder")


def test_a_repair_keeps_blocks_of_later_versions(trace: Path, tmp_path: Path) -> None:
    sizes = {"defined": 0, "runs": 0, "records": 0, "since_ns": 0, "until_ns": 0}
    later = fmt.block(b"from the future", b"", 1, kind=9, **sizes)
    trace.write_bytes(trace.read_bytes() + later)
    repair(trace, tmp_path / "mended")
    assert (tmp_path / "mended").read_bytes() == trace.read_bytes()


def test_info_counts_what_is_there(trace: Path) -> None:
    file = writer.TraceWriter(str(trace), 1)
    end = 1 << 42
    unknown = 5 << KIND_BITS | 45
    rows = [end, 0, unknown, end, 0, unknown]
    marks = [end, 7, code_of(Kind.LOST), end + 5, 0, code_of(Kind.PROCESS_EXIT)]
    file.write([{"is": "comet", "id": 1}], records((1, rows), (0, marks)), end)
    file.close()
    found, snapshot = info(trace), load(trace)
    assert found.kinds[45] == 2
    told = found.as_json()
    assert told["kinds"]["unknown kind 45"] == 2
    assert told["definitions"]["comet"] == 1
    assert (told["events"], told["lost"], told["threads"]) == (snapshot.events, 7, len(snapshot.threads))
    assert told["locks"] == len(snapshot.locks)
    assert told["requests"] == len(snapshot.requests(100_000))
    assert told["duration_ns"] == snapshot.end_ns - snapshot.start_ns
    assert told["bytes_per_event"] == round((trace.stat().st_size - 36) / snapshot.events, 2)
    (process,) = told["processes"]
    assert (process["pid"], process["argv"], process["ended"]) == (4711, ["app.py"], True)
    assert process["last_ns"] == told["duration_ns"]


def test_info_of_an_empty_trace(tmp_path: Path) -> None:
    writer.create(str(tmp_path / "empty"))
    told = info(tmp_path / "empty").as_json()
    assert (told["events"], told["duration_ns"], told["processes"], told["gaps"]) == (0, 0, [], [])


def test_definitions_that_are_too_many_for_a_block_are_spread_over_several(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    writer.create(str(path))
    file = writer.TraceWriter(str(path), 1)
    names = [{"is": "target", "id": n, "method": "GET", "path": "/" + "x" * 900} for n in range(1, 30_000)]
    file.write(names, records((1, [5, 1, code_of(Kind.REQUEST_ENTER, 29_999)])), 9)
    file.close()
    snapshot = load(path)
    assert snapshot.gaps == ()
    assert snapshot.requests(1)[0].path.startswith("/xxx")
