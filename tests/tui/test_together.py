"""Several traces on the dashboard, and two runs against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from support.busy import BusyServer
from weft.log import clocks
from weft.log.several import Origin, Several
from weft.timeline import Builder
from weft.timeline.snapshot import Snapshot
from weft_tui.app import Mode, WeftApp
from weft_tui.fronts import fronts
from weft_tui.lineup import Order, Wish, line_up
from weft_tui.picks import By
from weft_tui.screens.dashboard import DashboardScreen
from weft_tui.twins import twins_of
from weft_tui.view import Extent, whole
from weft_tui.widgets.table import Table


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("together")
    for name, threads, seed in (("before", 3, 1), ("after", 4, 2)):
        BusyServer(threads=threads, seed=seed).write(folder / f"{name}.weft", 6_000)
    return folder / "before.weft", folder / "after.weft"


@pytest.fixture(scope="module")
def both(files: tuple[Path, Path]) -> Snapshot:
    origins = clocks.by_start(files)
    tail, builder = Several(origins), Builder(origins)
    while tail.unread() > 0:
        builder.fold(tail.read())
    tail.close()
    return builder.snapshot()


def rows(both: Snapshot, by: By, order: Order = Order.START) -> list[tuple[int, str]]:
    """Return the run and the name of each row, from top to bottom."""
    view = whole(Extent(both.start_ns, both.end_ns))
    lineup = line_up(both, Wish(by, order, twins=twins_of(both)), view)
    source = [both.processes[process].source for process in lineup.process.tolist()]
    if by is By.THREAD:
        names = [both.lanes[lane].name for lane in lineup.ids.tolist()]
    elif by is By.LOCK:
        names = [both.locks[lock].name for lock in lineup.ids.tolist()]
    else:
        names = [f"{each.method} {each.path}" for each in both.requests_of(lineup.requests[:])]
    return list(zip(source, names, strict=True))


def test_files_are_told_in_front_of_the_names(both: Snapshot) -> None:
    assert fronts(both) == ["before", "after "]


@pytest.mark.parametrize("order", list(Order))
def test_lanes_of_two_runs_stand_under_each_other(both: Snapshot, order: Order) -> None:
    shown = rows(both, By.THREAD, order)
    paired = [name for source, name in shown if source == 0]
    assert len(paired) == 3
    for at, (source, name) in enumerate(shown):
        if source == 0:
            assert shown[at + 1] == (1, name)
    # The fourth thread of the second run has nobody beside it.
    assert len(shown) == 7


def test_locks_of_two_runs_stand_under_each_other(both: Snapshot) -> None:
    shown = rows(both, By.LOCK)
    assert [source for source, _ in shown] == [0, 1] * (len(shown) // 2)
    assert [name for source, name in shown if source] == [name for source, name in shown if not source]


def test_the_third_request_of_a_kind_stands_by_the_third(both: Snapshot) -> None:
    shown = rows(both, By.REQUEST)
    counts: dict[tuple[int, str], int] = {}
    for at, (source, name) in enumerate(shown):
        counts[source, name] = counts.get((source, name), 0) + 1
        if source == 1 and counts[source, name] <= sum(each == (0, name) for each in shown):
            assert shown[at - 1] == (0, name)
            assert counts[0, name] == counts[1, name]


def test_of_many_workers_those_that_serve_the_same_belong_together() -> None:
    from weft_tui.twins import _matched

    names = ["Thread-1", "Thread-2", "Thread-7", "Thread-9"]
    served = ["cart", "report", "report", "cart"]
    number = _matched(
        np.array([0, 0, 1, 1]), lambda at: names[at], lambda at: ("Thread", served[at]), lambda at: "Thread"
    )
    assert number[0] == number[3] != number[1] == number[2]


async def test_two_runs_are_compared_in_the_panels(files: tuple[Path, Path]) -> None:
    origins = clocks.by_start(files)
    app = WeftApp(files[0], mode=Mode.REPLAY, title="before ↔ after", origins=origins, against=True)
    async with app.run_test(size=(150, 40)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("1")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, DashboardScreen)
        table = screen.query_one("#locks", Table)
        heading, first = (table.render_line(y).text for y in range(2))
        assert "waited before → after" in heading
        assert "change" in heading
        told = table.rows[0]
        assert first.split()[0] == told.name
        assert ("+" in first) == (told.change("wait_total_ns") > 0)
        await pilot.press("enter")
        moment = screen.moment()
        assert moment is not None
        worse = int(told.change("wait_total_ns") > 0)
        assert screen.snapshot.processes[moment.lane.process].source == worse
        assert screen.snapshot.locks[moment.wait.lock].name == told.name
        await pilot.press("2", "enter")
        chosen, moment = screen.query_one("#requests", Table).rows[0], screen.moment()
        assert f"{moment.request.method} {moment.request.endpoint}" == chosen.name
        assert "before" in screen.lanes.render_line(0).text
        assert "after" in screen.lanes.render_line(screen.lanes.pitch).text


def test_two_runs_look(snap_compare, files: tuple[Path, Path]) -> None:
    origins = clocks.by_start(files)
    app = WeftApp(files[0], mode=Mode.REPLAY, title="before ↔ after", origins=origins, against=True)

    async def run(pilot: Pilot[None]) -> None:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("1")
        app.clear_notifications()
        await pilot.pause()

    assert snap_compare(app, terminal_size=(150, 40), run_before=run)


async def test_several_traces_tell_their_rows_apart(files: tuple[Path, Path]) -> None:
    origins = [Origin(files[0], "before", 0, "the first"), Origin(files[1], "after", 7, "good to a ms")]
    app = WeftApp(files[0], mode=Mode.REPLAY, title="both", origins=origins)
    async with app.run_test(size=(150, 40)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("1")
        await pilot.pause()
        table = app.screen.query_one("#locks", Table)
        shown = [table.render_line(y).text for y in range(1, 9)]
        assert any("before" in line for line in shown)
        assert any("after" in line for line in shown)
        await pilot.press("6")
        await pilot.pause()
        text = "\n".join("".join(piece for piece, _ in line) for line in app.screen.query_one("#recording").lines)
        assert "after after.weft: good to a ms" in text
