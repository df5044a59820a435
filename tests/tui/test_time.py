"""Zooming to what is selected or lasts, down to nanoseconds; playing at any speed; events by number; the mouse."""

from __future__ import annotations

import pytest

from support.dashboard import Bench, bench
from support.played import MS, NESTED, played
from weft_tui import view
from weft_tui.view import MIN_SPAN_NS, SPEEDS, Extent, Motion, View
from weft_tui.widgets.lanes import Lanes
from weft_tui.widgets.minimap import Minimap
from weft_tui.widgets.ruler import Ruler


def status(app: Bench) -> str:
    return app.dashboard.query_one("#status").render_line(0).text


async def test_a_selection_is_shown_and_zoomed_to() -> None:
    async with bench(played(NESTED), size=(160, 40)) as (app, pilot):
        app.dashboard.go_to(300 * MS)
        await pilot.press("a")
        app.dashboard.go_to(400 * MS)
        await pilot.pause()
        assert app.dashboard.selection == (300 * MS, 400 * MS)
        assert "selected 100 ms" in status(app)
        assert "────" in app.dashboard.query_one(Ruler).render_line(0).text
        assert "┆" in app.dashboard.lanes.picture()[0].text
        assert app.screen.active_bindings["z"].binding.description == "To selection"
        await pilot.press("z")
        assert (app.view.start_ns, app.view.span_ns) == (300 * MS, 100 * MS)
        assert app.dashboard.selection is None
        await pilot.press("left_square_bracket")
        assert app.view.span_ns == 1000 * MS


async def test_escape_or_a_again_select_nothing() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        for key in ("escape", "a"):
            await pilot.press("a", "right")
            assert app.dashboard.selection
            await pilot.press(key)
            assert app.dashboard.selection is None


async def test_z_without_a_selection_shows_what_lasts_at_the_cursor() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        app.dashboard.lane = 1
        app.dashboard.go_to(500 * MS)
        await pilot.press("z")
        assert (app.view.start_ns, app.view.span_ns, app.view.cursor_ns) == (249 * MS, 612 * MS, 500 * MS)
        app.dashboard.lane = 3
        app.dashboard.go_to(10 * MS)
        await pilot.press("z")
        assert app.toasts == ["Nothing lasts here. Press a, move the cursor, then z shows what lies between."]


async def test_one_can_look_as_close_as_nanoseconds() -> None:
    async with bench(played(NESTED), size=(200, 40)) as (app, pilot):
        app.dashboard.lane = 1
        app.dashboard.go_to(300 * MS)
        await pilot.press(*["plus"] * 24)
        assert app.view.span_ns == MIN_SPAN_NS
        picture = app.dashboard.lanes.picture()[2].text
        assert "300.000000 ms" in status(app) or "0.300000000 s" in status(app)
        # The wait begins at the cursor and lasts to the right edge; before it the thread holds a lock.
        assert "inner" in picture
        before = app.view.cursor_ns
        await pilot.press("right")
        assert app.view.cursor_ns == before + 1
        assert "waits for inner since 1 ns" in app.told


def test_zooming_to_a_point_keeps_the_smallest_window_on_the_trace() -> None:
    extent = Extent(0, 1000 * MS)
    assert view.zoom_to(View(0, 1000 * MS, 5), extent, 0, 0) == View(0, MIN_SPAN_NS, 0)


async def test_less_and_greater_change_the_speed_which_is_shown() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        assert app.toasts == []
        await pilot.press("home", "less_than_sign", "less_than_sign")
        assert app.toasts == ["Plays at 0.5x", "Plays at 0.2x"]
        await pilot.press("space")
        assert "playing 0.2x" in status(app)
        app.clock.ns += 100 * MS
        app.dashboard.play_on()
        assert (app.view.cursor_ns, app.view.motion) == (20 * MS, Motion.PLAY)
        await pilot.press(*["greater_than_sign"] * 3)
        assert "playing 2x" in status(app)
        app.clock.ns += 100 * MS
        app.dashboard.play_on()
        assert app.view.cursor_ns == 220 * MS
        await pilot.press(*["less_than_sign"] * 20)
        assert app.dashboard.speed == SPEEDS[0] == 0.01
        await pilot.press(*["greater_than_sign"] * 20)
        assert app.dashboard.speed == SPEEDS[-1] == 100


async def go(app: Bench, pilot, text: str) -> None:
    await pilot.press("g")
    app.screen.query_one("#ask-line").value = text
    await pilot.press("enter")
    await pilot.pause()


async def test_g_goes_to_an_event_by_its_number() -> None:
    trace = played(NESTED)
    async with bench(trace) as (app, pilot):
        for text, lane, at_ms in (("#1", 0, 100), ("#2", 0, 110), ("#6", 1, 300), ("#7", 2, 400)):
            await go(app, pilot, text)
            assert (app.dashboard.lane, app.view.cursor_ns) == (lane, at_ms * MS)
        await go(app, pilot, f"#{trace.event_count()}")
        assert app.view.cursor_ns == 960 * MS
        await go(app, pilot, "#1000")
        wrong = str(app.screen.query_one("#ask-wrong").render())
        assert "'#1000' is not in the trace, which has the events #1 to #" in wrong


def test_every_event_has_one_number_in_order_of_time() -> None:
    trace = played()
    numbered = [trace.event(number) for number in range(1, trace.event_count() + 1)]
    assert None not in numbered
    times = [time for _, time in numbered]
    assert times == sorted(times)
    assert len({*numbered}) > len(trace.lanes)
    assert trace.event(0) is None
    assert trace.event(trace.event_count() + 1) is None


async def test_pulling_the_lanes_moves_the_window() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        await pilot.press("home", "plus", "plus")
        lanes = app.dashboard.lanes
        step = app.view.span_ns // lanes.columns
        await pilot.mouse_down(Lanes, offset=(lanes.indent + 40, 2))
        there = app.view.cursor_ns
        await pilot.hover(Lanes, offset=(lanes.indent + 20, 2))
        await pilot.mouse_up(Lanes, offset=(lanes.indent + 20, 2))
        assert abs(app.view.start_ns - 20 * step) <= 20
        assert app.view.cursor_ns == there
        assert app.dashboard.selection is None
        await pilot.hover(Lanes, offset=(lanes.indent + 60, 2))
        assert abs(app.view.start_ns - 20 * step) <= 20


async def test_pulling_with_ctrl_selects() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        lanes = app.dashboard.lanes
        await pilot.mouse_down(Lanes, offset=(lanes.indent + 10, 2), control=True)
        await pilot.hover(Lanes, offset=(lanes.indent + 30, 2))
        await pilot.mouse_up(Lanes, offset=(lanes.indent + 30, 2))
        first, last = app.dashboard.selection
        assert app.view.column(first, lanes.columns) == 10
        assert app.view.column(last, lanes.columns) == 30
        assert app.view.start_ns == 0


@pytest.mark.parametrize("where", [Ruler, Minimap])
async def test_pulling_over_ruler_and_map_scrubs(where: type) -> None:
    async with bench(played(NESTED)) as (app, pilot):
        lanes = app.dashboard.lanes
        before = app.view
        await pilot.mouse_down(where, offset=(lanes.indent + 10, 0))
        seen = []
        for column in (20, 30, 0):
            await pilot.hover(where, offset=(lanes.indent + column, 0))
            seen.append(app.view.column(app.view.cursor_ns, lanes.columns))
        await pilot.mouse_up(where, offset=(lanes.indent, 0))
        assert seen == [20, 30, 0]
        await pilot.hover(where, offset=(lanes.indent + 40, 0))
        assert app.view.column(app.view.cursor_ns, lanes.columns) == 0
        # The whole pull is one step of the way back.
        await pilot.press("left_square_bracket")
        assert app.view == before
