"""Several traces as one, and how their clocks are laid on each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.busy import BusyServer
from weft.errors import WeftError
from weft.events import Kind
from weft.log import clocks
from weft.log import format as fmt
from weft.log.reader import Definitions, Events, Gap, read
from weft.log.several import _MOMENTS, Origin, Several, moved
from weft.timeline.intake import HANDED, SINCE, UNTIL

SECOND = 1_000_000_000
DAY = 86_400 * SECOND


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "one.weft"
    BusyServer(threads=3).write(path, 2_000)
    return path


def again(trace: Path, name: str, wall_ns: int = 0, perf_ns: int = 0) -> Path:
    """Copy a trace, with its header's clocks moved."""
    data = trace.read_bytes()
    _, _, _, _, wall, perf = fmt.FILE_HEADER.unpack_from(data)
    copy = trace.with_name(name)
    copy.write_bytes(fmt.file_header(wall + wall_ns, perf + perf_ns) + data[fmt.FILE_HEADER_SIZE :])
    return copy


def everything(*origins: Origin) -> list[Events | Definitions | Gap]:
    tail = Several(origins)
    items = []
    while tail.unread() > 0:
        items += tail.read()
    items += tail.finish()
    tail.close()
    return items


def test_all_is_read_and_every_process_has_a_number_of_its_own(trace: Path) -> None:
    items = everything(Origin(trace, "A"), Origin(again(trace, "two.weft"), "B", 5))
    events = [item for item in items if isinstance(item, Events)]
    alone = [item for item in read(trace) if isinstance(item, Events)]
    assert len(events) == 2 * len(alone)
    assert len({item.process for item in events}) == 2 * len({item.process for item in alone})
    second = events[len(alone) :]
    for one, other in zip(alone, second, strict=True):
        assert (other.time == one.time + 5).all()


def test_exactly_the_values_that_are_moments_move(trace: Path) -> None:
    for kind in Kind:
        known = np.array([kind], np.uint8)
        is_moment = bool(UNTIL[known] | SINCE[known] | HANDED[known]) or kind is Kind.HANDOFF
        assert bool(_MOMENTS[kind]) == is_moment, kind.name
    column = np.array([7, 0], np.int64)
    kinds = np.array([Kind.HANDOFF, Kind.HANDOFF], np.uint8)
    after = moved(Events(1, column, kinds, column, column, column), 0, 100)
    assert isinstance(after, Events)
    assert after.value.tolist() == [107, 0]
    assert after.time.tolist() == [107, 100]


def test_what_processes_share_they_share_within_a_trace_only() -> None:
    shared = {"is": "lock", "id": 1, "shared": "key", "name": "cart"}
    first, second = (moved(Definitions(1, (shared,)), source, 0) for source in range(2))
    assert isinstance(first, Definitions)
    assert isinstance(second, Definitions)
    assert first.entries[0]["shared"] != second.entries[0]["shared"]
    assert first.entries[0]["name"] == second.entries[0]["name"] == "cart"


def test_damage_tells_its_file(trace: Path) -> None:
    torn = again(trace, "torn.weft")
    torn.write_bytes(torn.read_bytes() + b"WBLK and no more")
    for order, source in (((torn, trace), 0), ((trace, torn), 1)):
        gaps = [item for item in everything(*(Origin(path, "") for path in order)) if isinstance(item, Gap)]
        assert [gap.source for gap in gaps] == [source]


def test_traces_of_one_machine_are_on_one_clock_to_the_ns(trace: Path) -> None:
    # The wall clock was set by 3 ms between the two.
    later = again(trace, "later.weft", wall_ns=8 * SECOND + 3_000_000, perf_ns=8 * SECOND)
    first, second = clocks.by_wall_clock([trace, later])
    assert second.shift_ns == first.shift_ns
    assert "set by 3.0 ms" in second.clock


def test_traces_of_two_machines_are_laid_together_by_the_wall_clock(trace: Path) -> None:
    other = again(trace, "other.weft", wall_ns=2 * SECOND, perf_ns=-7 * SECOND // 1000)
    first, second = clocks.by_wall_clock([trace, other])
    assert second.shift_ns - first.shift_ns == 2 * SECOND + 7 * SECOND // 1000
    assert "as wrong as those were" in second.clock


def test_traces_of_another_day_are_refused(trace: Path) -> None:
    with pytest.raises(WeftError, match=r"other.weft was recorded 3 days from .*--against"):
        clocks.by_wall_clock([trace, again(trace, "other.weft", wall_ns=3 * DAY)])


def test_runs_begin_together(trace: Path) -> None:
    other = again(trace, "other.weft", wall_ns=300 * DAY, perf_ns=5)
    first, second = clocks.by_start([trace, other])
    assert first.shift_ns == second.shift_ns  # the same records


def test_runs_are_laid_on_each_other_at_a_request(trace: Path) -> None:
    asked = clocks._request(trace, "get /item/1"), clocks._request(trace, "GET /item/*#2")
    assert asked[0] > 0
    assert clocks._request(trace, "/item/1#1") == asked[0]
    assert clocks._request(trace, "/item/1#2") > asked[0]
    first, second = clocks.by_start([trace, again(trace, "other.weft")], "/item/1#2")
    assert first.shift_ns == second.shift_ns
    assert "/item/1#2" in second.clock
    with pytest.raises(WeftError, match="has none"):
        clocks.by_start([trace, trace], "/nowhere")
    with pytest.raises(WeftError, match=r"has only \d+ of them"):
        clocks.by_start([trace, trace], "/item#99999999")


def test_labels_are_short_and_tell_apart() -> None:
    assert clocks.labels([Path("before.weft"), Path("x/after.weft")]) == ["before", "after"]
    assert clocks.labels([Path("shop-20261121-101500.weft"), Path("b.weft")]) == ["A", "B"]
    assert clocks.labels([Path("a/shop.weft"), Path("b/shop.weft")]) == ["A", "B"]
    assert clocks.labels([Path("a\x1b[m.weft"), Path("b.weft")]) == ["A", "B"]
