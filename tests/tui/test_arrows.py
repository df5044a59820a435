"""Arrows at the cursor: who waits for whom, who wakes whom."""

from __future__ import annotations

import pytest

from support.dashboard import Bench, bench
from support.played import MS, NESTED, played
from weft_tui.lineup import Wish, line_up
from weft_tui.linking import ties
from weft_tui.picks import By
from weft_tui.view import View
from weft_tui.widgets.arrows import Arrow, draw_arrows
from weft_tui.widgets.grid import Grid


def drawn(*arrows: Arrow, cursor: int = 2, lanes: int = 4, pitch: int = 1, columns: int = 8) -> list[str]:
    grid = Grid.blank(lanes * pitch, columns, 0)
    draw_arrows(grid, arrows, lanes=lanes, pitch=pitch, gutter=0, cursor=cursor, styled=True)
    return ["".join(map(chr, row)).rstrip() for row in grid.glyphs.tolist()]


def test_an_arrow_points_from_who_waits_to_the_culprit() -> None:
    assert drawn(Arrow((3,), 0)) == ["  ▲", "  ┃", "  ┃", "  ┻"]
    assert drawn(Arrow((1,), 2)) == ["", "  ┳", "  ▼", ""]
    assert drawn(Arrow((0,), 1), pitch=2, lanes=2) == ["  ┳", "  ┃", "  ▼", ""]


def test_the_next_one_of_a_chain_begins_beside_the_end_of_the_one_before() -> None:
    assert drawn(Arrow((2,), 1), Arrow((1,), 3, joined=True)) == ["", "  ▲━┓", "  ┻ ┃", "    ▼"]
    assert drawn(Arrow((2,), 1), Arrow((1,), 0, joined=True), cursor=7) == ["     ▲", "     ┗━▲", "       ┻", ""]


def test_all_who_wait_for_one_share_a_line() -> None:
    assert drawn(Arrow((1, 2, 3), 0)) == ["  ▲", "  ╋", "  ╋", "  ┻"]
    assert drawn(Arrow((0, 3), 2)) == ["  ┳", "  ┃", "  ◆", "  ┻"]


def test_who_wakes_is_told_apart_from_who_makes_wait() -> None:
    assert drawn(Arrow((0,), 3, wakes=True))[1:3] == ["  ┇", "  ┇"]


def test_an_arrow_to_a_lane_out_of_sight_says_whom_it_means() -> None:
    assert drawn(Arrow((2,), -1, note="GET /a"), columns=14) == ["  ▲ GET /a", "  ┃", "  ┻", ""]
    assert drawn(Arrow((3,), 4, note="GET /a"), columns=12, cursor=10)[3] == "   GET /a ▼"


def joined(lane: int, at_ms: int, by: By = By.THREAD) -> list[tuple[tuple[int, ...], int, bool]]:
    from weft_tui.blame import chain

    trace = played(NESTED)
    lineup = line_up(trace, Wish(by), View(0, 1000 * MS, 0))
    moment = trace.moment(lane, at_ms * MS)
    return [(tie.sources, tie.target, tie.wakes) for tie in ties(trace, lineup, moment, chain(trace, moment))]


@pytest.mark.parametrize(
    ("lane", "at_ms", "expected"),
    [
        pytest.param(2, 500, [((2,), 1, False), ((1,), 0, False)], id="the chain to the root"),
        pytest.param(1, 500, [((2,), 1, False), ((1,), 0, False)], id="who waits for it, and for whom it waits"),
        pytest.param(0, 500, [((1,), 0, False)], id="the root, and who waits for it"),
        pytest.param(1, 805, [((0,), 1, True)], id="who let go"),
        pytest.param(3, 700, [((0,), 3, True)], id="who sets the event"),
        pytest.param(3, 990, [], id="nobody"),
    ],
)
def test_rows_are_joined_by_what_happens_at_the_instant(lane: int, at_ms: int, expected: list) -> None:
    found = joined(lane, at_ms)
    if at_ms == 805:
        # c waits for what b holds, too.
        found = [tie for tie in found if tie[2]]
    assert found == expected


def test_requests_and_locks_are_joined_as_well() -> None:
    assert joined(2, 500, By.REQUEST) == [((2,), 1, False), ((1,), 0, False)]
    trace = played(NESTED)
    inner, outer = (next(lock.id for lock in trace.locks if lock.name == name) for name in ("inner", "outer"))
    assert joined(2, 500, By.LOCK) == [((outer,), inner, False)]


def column(app: Bench) -> list[str]:
    lanes = app.dashboard.lanes
    at = lanes.indent + app.view.column(app.view.cursor_ns, lanes.columns)
    return [strip.text[at] for strip in lanes.picture()]


async def test_arrows_follow_the_cursor_and_the_selected_lane() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        app.dashboard.lane = 2
        app.dashboard.go_to(500 * MS)
        await pilot.pause()
        assert column(app)[2:5] == ["▲", "┃", "┻"]
        app.dashboard.go_to(980 * MS)
        await pilot.pause()
        assert set("▲┃┻").isdisjoint(column(app))
