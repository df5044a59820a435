"""The map of the whole trace, steps from event to event and finding to finding, times to go to, and the way back."""

from __future__ import annotations

import pytest

from support.dashboard import Bench, bench
from support.played import MS, played
from support.scripted import WALL, shop
from weft.errors import WeftError
from weft.findings import find
from weft_tui.messages import FindingsReady
from weft_tui.screens.ask import AskScreen
from weft_tui.spans import Ink, plain_text
from weft_tui.view import View
from weft_tui.when import moment
from weft_tui.widgets.minimap import Minimap, density, minimap_line


def test_the_map_is_highest_where_most_wait_and_bright_in_the_window() -> None:
    trace = played()
    what = density(trace, (), 10)
    assert what.bars == "   ▄▄███▄▄"
    line = minimap_line(what, View(200 * MS, 300 * MS, 250 * MS))
    assert plain_text([line]) == "  ▼▄▄███▄▄"
    assert [(text, ink) for text, ink in line if ink is Ink.WAIT] == [("▄▄█", Ink.WAIT)]


def test_a_wait_however_short_is_on_the_map() -> None:
    trace = played("a @0 enter\nb @0 enter\na @5 wait lock b\na @6 acquire lock @5\nb @10 wait c a\n* @9000 pulse")
    assert density(trace, (), 20).bars[0] != " "


def test_findings_have_a_sign() -> None:
    trace = played()
    found = find(trace)
    assert "!" in plain_text([minimap_line(density(trace, found, 50), View(0, 1000 * MS, 0))])


async def test_a_click_on_the_map_goes_there_and_back_returns() -> None:
    async with bench(played()) as (app, pilot):
        await pilot.press("home", "plus", "plus", "plus", "plus")
        before = app.view
        minimap = app.dashboard.query_one(Minimap)
        await pilot.click(Minimap, offset=(minimap.indent + minimap.columns // 2, 0))
        assert abs(app.view.cursor_ns - 500 * MS) < 10 * MS
        assert app.view.shows(app.view.cursor_ns)
        there = app.view
        await pilot.press("left_square_bracket")
        assert app.view == before
        await pilot.press("right_square_bracket")
        assert app.view == there
        await pilot.press("right_square_bracket")
        assert app.toasts == ["You have not gone back from anywhere."]


async def test_back_returns_to_lane_and_window_of_every_jump() -> None:
    async with bench(played()) as (app, pilot):
        places = []
        for key in ("home", "n", "b", "w", "0", "end"):
            await pilot.press(key)
            places.append((app.view, app.dashboard.lane))
        for place in reversed(places[:-1]):
            await pilot.press("left_square_bracket")
            assert (app.view, app.dashboard.lane) == place


async def test_e_steps_through_the_events_of_the_lane() -> None:
    async with bench(played()) as (app, pilot):
        app.dashboard.lane = 2
        await pilot.press("home")
        seen = []
        for _ in range(7):
            await pilot.press("e")
            seen.append((app.dashboard.lane, app.view.cursor_ns // MS))
        assert seen == [(2, at) for at in (250, 300, 800, 820, 900, 920, 920)]
        assert app.toasts == ["Nothing changes on this lane any more. E goes to the event before."]
        await pilot.press("E")
        assert app.view.cursor_ns == 900 * MS


async def test_p_steps_through_the_findings_in_order_of_time_and_tells_them() -> None:
    trace = played()
    found = find(trace)
    async with bench(trace) as (app, pilot):
        app.dashboard.post_message(FindingsReady(found, ()))
        await pilot.press("home")
        seen = []
        for _ in found:
            await pilot.press("p")
            seen.append(app.view.cursor_ns)
            assert any(each.sentence[:30] in app.told for each in found)
        assert seen == sorted(seen)
        await pilot.press(*["p"] * len(found))
        assert "There is no later finding" in app.toasts[-1]
        await pilot.press(*["P"] * (len(found) + 1))
        assert "There is no earlier finding" in app.toasts[-1]


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("250ms", 250),
        ("0.5s", 500),
        ("0:00.75", 750),
        ("+100ms", 400),
        ("-0.1s", 200),
        ("50%", 500),
        ("22:13:20.5", 500),
    ],
)
def test_a_time_may_be_written_in_several_ways(text: str, at_ms: int) -> None:
    trace = shop()
    assert trace.wall_ns == WALL
    assert moment(text, trace, trace.start_ns + 300 * MS) == trace.start_ns + at_ms * MS


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("soon", "is no time; write 1.5s"),
        ("", "is no time"),
        ("2s", "not in the trace, which is 1.000 s long"),
        ("-1s", "not in the trace"),
        ("22:13:19", "not in the trace"),
        ("200%", "not in the trace"),
    ],
)
def test_what_is_no_time_is_said(text: str, sentence: str) -> None:
    with pytest.raises(WeftError, match=sentence):
        moment(text, shop(), shop().start_ns)


async def ask(app: Bench, pilot, text: str) -> None:
    await pilot.press("g")
    app.screen.query_one("#ask-line").value = text
    await pilot.press("enter")
    await pilot.pause()


async def test_g_goes_to_a_time_and_says_what_is_wrong_with_one() -> None:
    async with bench(played()) as (app, pilot):
        await ask(app, pilot, "123ms")
        assert app.view.cursor_ns == 123 * MS
        await ask(app, pilot, "nine")
        assert isinstance(app.screen, AskScreen)
        assert "is no time" in str(app.screen.query_one("#ask-wrong").render())
