"""Two traces in one timeline: each stays what it is alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.busy import BusyServer
from weft.findings import find
from weft.findings.compare import compare
from weft.log.several import Origin, Several
from weft.timeline import Builder, load
from weft.timeline.snapshot import Snapshot

SHIFT = 40_000_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("several")
    one, two = folder / "one.weft", folder / "two.weft"
    BusyServer(threads=4, seed=1).write(one, 8_000)
    BusyServer(threads=4, seed=2).write(two, 6_000)
    return one, two


def together(*origins: Origin) -> Snapshot:
    tail = Several(origins)
    builder = Builder(origins)
    while tail.unread() > 0:
        builder.fold(tail.read())
    builder.fold(tail.finish())
    tail.close()
    return builder.snapshot()


def test_each_part_has_what_it_has_alone(files: tuple[Path, Path]) -> None:
    both = together(Origin(files[0], "A"), Origin(files[1], "B", SHIFT))
    # The same ids stand for other things in each.
    for part, alone, shift in zip(both.parts(), map(load, files), (0, SHIFT), strict=True):
        assert (part.start_ns, part.end_ns) == (alone.start_ns + shift, alone.end_ns + shift)
        for name in ("holds", "waits", "handoffs", "requests", "contexts", "notes"):
            mine, other = getattr(part.tables, name).all(), getattr(alone.tables, name).all()
            assert np.array_equal(np.sort(mine["start"]), np.sort(other["start"]) + shift), name
        told = compare(alone, part)
        assert told["new_findings"] == told["gone_findings"] == told["new_orders"] == []
        for row in (*told["locks"], *told["requests"]):
            assert all(before == after for key, (before, after) in pairs(row).items() if key), row
    assert both.events == sum(load(file).events for file in files)
    assert len(find(both)) == sum(len(find(load(file))) for file in files)


def pairs(row: dict[str, object]) -> dict[str, tuple[object, object]]:
    return {key: tuple(value) for key, value in row.items() if isinstance(value, list)}


def test_lanes_of_a_file_stand_together_and_show_what_they_show_alone(files: tuple[Path, Path]) -> None:
    both, second = together(Origin(files[0], "A"), Origin(files[1], "B", SHIFT)), load(files[1])
    lanes = [lane.id for lane in both.lanes if both.processes[lane.process].source == 1]
    assert [both.lanes[lane].name for lane in lanes] == [lane.name for lane in second.lanes]
    shown = both.frame(lanes, second.start_ns + SHIFT, second.end_ns + SHIFT, 50)
    alone = second.frame(range(len(second.lanes)), second.start_ns, second.end_ns, 50)
    assert np.array_equal(shown.spent, alone.spent)


def test_damage_in_one_cuts_nothing_in_the_other(files: tuple[Path, Path], tmp_path: Path) -> None:
    torn = tmp_path / "torn.weft"
    data = bytearray(files[1].read_bytes())
    data[len(data) // 2] ^= 255
    torn.write_bytes(data)
    both = together(Origin(files[0], "A"), Origin(torn, "B"))
    assert both.gaps[0].startswith("B: ")
    first, second = both.parts()
    assert first.gaps == ()
    assert second.gaps == both.gaps
    assert np.array_equal(np.sort(first.tables.holds.all()["end"]), np.sort(load(files[0]).tables.holds.all()["end"]))


def test_a_file_that_breaks_off_ends_where_it_does(files: tuple[Path, Path], tmp_path: Path) -> None:
    killed = tmp_path / "killed.weft"
    killed.write_bytes(files[0].read_bytes()[: files[0].stat().st_size // 2])
    both = together(Origin(killed, "A"), Origin(files[1], "B", load(files[0]).end_ns))
    alone = load(killed)
    roster = both.tables.roster
    mine = np.array([both.processes[process].source == 0 for process in roster.process.tolist()])
    assert roster.close[mine].max() <= alone.end_ns


def test_one_trace_is_its_only_part(files: tuple[Path, Path]) -> None:
    alone = load(files[0])
    assert alone.parts() == (alone,)
