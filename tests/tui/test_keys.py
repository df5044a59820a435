"""Every key, as a story."""

from __future__ import annotations

import stat
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.events import MouseEvent, MouseScrollDown, MouseScrollUp

from support.dashboard import Bench, bench, screen
from support.scripted import MS, T0, later, ms, nothing, shop
from weft_tui.looks import Looks
from weft_tui.messages import ChildEnded, SourceFailed
from weft_tui.view import FOLLOW_SPAN_NS, Mode, Motion
from weft_tui.widgets.lanes import Lanes
from weft_tui.widgets.panels import PanelName

S = 1000 * MS


async def test_a_replay_opens_on_the_whole_trace_with_the_worst_wait_explained() -> None:
    async with bench(shop()) as (app, _):
        assert (app.view.start_ns, app.view.span_ns, app.view.cursor_ns) == (T0, S, ms(550))
        assert app.dashboard.lane == 2
        assert "GET /checkout waits for shop.stock_lock since 250 ms" in app.told


async def test_right_and_left_move_the_cursor_by_a_column() -> None:
    async with bench(shop()) as (app, pilot):
        before = app.view.cursor_ns
        width = app.view.span_ns // app.dashboard.lanes.columns
        await pilot.press("right", "l", "left", "right", "h", "l")
        assert app.view.cursor_ns == before + 2 * width
        assert app.view.start_ns == T0


async def test_plus_and_minus_zoom_around_the_cursor_and_zero_shows_everything() -> None:
    async with bench(shop()) as (app, pilot):
        cursor = app.view.cursor_ns
        await pilot.press("plus", "plus", "minus")
        assert (app.view.span_ns, app.view.cursor_ns) == (S // 2, cursor)
        await pilot.press("0")
        assert (app.view.start_ns, app.view.span_ns, app.view.cursor_ns) == (T0, S, cursor)


@pytest.mark.parametrize(("key", "other"), [("shift+right", "shift+left"), ("L", "H")])
async def test_shift_and_arrow_pan_a_quarter(key: str, other: str) -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("plus", "plus")
        start = app.view.start_ns
        await pilot.press(key)
        # By whole columns.
        assert abs(app.view.start_ns - start - app.view.span_ns // 4) < app.view.span_ns // app.dashboard.lanes.columns
        await pilot.press(other)
        assert app.view.start_ns == start


async def test_up_and_down_select_lanes_and_stop_at_the_ends() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("down")
        assert app.dashboard.lane == 3
        await pilot.press("j", "j")
        assert app.dashboard.lane == 3
        await pilot.press("k", "up", "up", "up", "up")
        assert app.dashboard.lane == 0
        assert "MainThread is idle" in app.told


async def test_pages_of_lanes() -> None:
    names = tuple(f"worker-{i}" for i in range(60))
    async with bench(shop(names=names), size=(80, 24)) as (app, pilot):
        page = app.dashboard.lanes.page
        await pilot.press("pagedown")
        assert app.dashboard.lane == 2 + page
        assert f"worker-{2 + page}" in "".join(strip.text for strip in app.dashboard.lanes.picture())
        await pilot.press("pageup")
        assert app.dashboard.lane == 2


async def test_home_and_end_go_to_the_first_and_last_moment() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("plus", "home")
        assert (app.view.start_ns, app.view.cursor_ns) == (T0, T0)
        await pilot.press("end")
        assert (app.view.end_ns, app.view.cursor_ns) == (ms(1000), ms(1000))


async def test_n_walks_through_the_waits_of_all_lanes_and_says_when_there_is_no_more() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("home", "n")
        assert (app.dashboard.lane, app.view.cursor_ns) == (2, ms(300))
        await pilot.press("n")
        assert (app.dashboard.lane, app.view.cursor_ns) == (3, ms(500))
        await pilot.press("n")
        assert app.toasts == ["There is no later wait. N goes to the one before."]
        await pilot.press("N")
        assert (app.dashboard.lane, app.view.cursor_ns) == (2, ms(300))


async def test_b_goes_to_the_lane_that_blocks() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("b")
        assert (app.dashboard.lane, app.view.cursor_ns) == (1, ms(550))
        assert "GET /report holds shop.stock_lock since 350 ms" in app.told
        await pilot.press("b")
        assert app.toasts == ["Nothing blocks this lane at the cursor. n goes to the next wait."]


async def test_w_shows_the_worst_wait_large() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("home", "up", "up", "w")
        assert app.dashboard.lane == 2
        assert (app.view.cursor_ns, app.view.span_ns) == (ms(550), 1500 * MS)
        assert app.view.shows(ms(300))
        assert app.view.shows(ms(800))


async def test_space_plays_a_replay_at_real_speed_and_pauses_it() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("home", "space")
        assert app.view.motion is Motion.PLAY
        app.clock.ns += 100 * MS
        app.dashboard.play_on()
        assert app.view.cursor_ns == ms(100)
        await pilot.press("space")
        assert app.view.motion is Motion.STILL


async def test_playing_from_the_end_begins_again() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("end", "space")
        assert (app.view.cursor_ns, app.view.motion) == (T0, Motion.PLAY)


async def test_live_follows_the_newest_moment_until_somebody_moves() -> None:
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        assert (app.view.end_ns, app.view.span_ns) == (ms(1000), FOLLOW_SPAN_NS)
        app.feed(later(shop(), 200))
        await pilot.pause()
        assert (app.view.end_ns, app.view.cursor_ns) == (ms(1200), ms(1200))
        await pilot.press("left")
        there = app.view
        app.feed(later(shop(), 400))
        await pilot.pause()
        assert app.view == there
        assert there.motion is Motion.STILL
        await pilot.press("f")
        assert (app.view.motion, app.view.end_ns) == (Motion.FOLLOW, ms(1400))


async def test_space_pauses_live_and_follows_again() -> None:
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        await pilot.press("space")
        assert app.view.motion is Motion.STILL
        await pilot.press("space")
        assert app.view.motion is Motion.FOLLOW


async def test_n_while_following_goes_to_the_newest_wait() -> None:
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        await pilot.press("n")
        assert (app.dashboard.lane, app.view.cursor_ns, app.view.motion) == (3, ms(500), Motion.STILL)


async def test_the_footer_offers_what_makes_sense_now() -> None:
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        assert app.screen.active_bindings["space"].binding.description == "Pause"
        await pilot.press("space")
        assert app.screen.active_bindings["space"].binding.description == "Follow"
    async with bench(shop()) as (app, _):
        assert app.screen.active_bindings["space"].binding.description == "Play"


async def test_one_to_six_show_panels_one_at_a_time_on_a_narrow_terminal() -> None:
    async with bench(shop(), size=(80, 24)) as (app, pilot):
        panels = app.dashboard.panels
        for key, name in zip("123456", PanelName, strict=True):
            await pilot.press(key)
            assert [panel for panel in PanelName if panels.showing(panel)] == [name]


@pytest.mark.parametrize(("width", "visible"), [(120, 2), (200, 3)])
async def test_wider_terminals_show_more_panels(width: int, visible: int) -> None:
    async with bench(shop(), size=(width, 40)) as (app, pilot):
        await pilot.press("2")
        shown = [name for name in PanelName if app.dashboard.panels.showing(name)]
        assert len(shown) == visible
        assert PanelName.REQUESTS in shown
        assert PanelName.INSPECTOR in shown


async def test_enter_on_a_request_goes_to_its_lane() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("2", "down", "down", "enter")
        assert (app.dashboard.lane, app.view.cursor_ns) == (1, ms(500))


async def test_enter_on_a_lock_goes_to_a_wait_for_it_and_escape_returns_the_keys_to_the_lanes() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("home", "1", "enter")
        assert (app.dashboard.lane, app.view.cursor_ns) == (3, ms(1000))
        await pilot.press("down", "down", "enter")
        assert app.toasts == ["Nobody has waited for this lock yet."]
        await pilot.press("escape", "up")
        assert app.dashboard.lane == 2


async def test_tab_goes_through_the_parts() -> None:
    async with bench(shop(), size=(200, 50)) as (app, pilot):
        seen = []
        for _ in range(4):
            seen.append(app.focused.id)
            await pilot.press("tab")
        assert seen == ["lanes", "locks", "requests", "inspector"]
        await pilot.press("shift+tab")
        assert app.focused.id == "inspector"


async def test_s_saves_a_private_picture_and_never_writes_over_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weft-shop-1.svg").write_text("mine")
    async with bench(shop(), size=(200, 40)) as (app, pilot):
        await pilot.press("s")
        saved = tmp_path / "weft-shop-2.svg"
        assert saved.read_text().startswith("<svg")
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600
        assert (tmp_path / "weft-shop-1.svg").read_text() == "mine"
        assert app.toasts == [f"Saved {saved}"]


async def test_question_mark_explains_and_escape_closes() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("question_mark")
        text = "\n".join("".join(span for span, _ in line) for line in app.screen.query_one("#help-text").lines)
        assert "waits        12%  blocked" in text
        assert "n N" in text
        await pilot.press("escape")
        assert app.screen is app.dashboard


async def test_q_quits() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("q")
        assert app._exit


async def test_a_click_selects_lane_and_moment() -> None:
    async with bench(shop()) as (app, pilot):
        lanes = app.dashboard.lanes
        await pilot.click(Lanes, offset=(lanes.indent + 50, 2))
        assert app.dashboard.lane == 1
        assert app.view.column(app.view.cursor_ns, lanes.columns) == 50


async def test_the_wheel_moves_the_selection_and_zooms_with_ctrl() -> None:
    async with bench(shop()) as (app, pilot):
        lanes = app.dashboard.lanes
        lanes.post_message(wheel(MouseScrollUp))
        await pilot.pause()
        assert app.dashboard.lane == 1
        lanes.post_message(wheel(MouseScrollDown))
        await pilot.pause()
        assert app.dashboard.lane == 2
        lanes.post_message(wheel(MouseScrollUp, ctrl=True))
        await pilot.pause()
        assert (app.dashboard.lane, app.view.span_ns) == (2, S // 2)


def wheel(kind: type[MouseEvent], *, ctrl: bool = False) -> MouseEvent:
    return kind(None, x=50, y=2, delta_x=0, delta_y=0, button=0, shift=False, meta=False, ctrl=ctrl)


async def test_a_click_on_a_title_shows_the_panel() -> None:
    async with bench(shop(), size=(80, 24)) as (app, pilot):
        await pilot.click("#panel-inspector PanelTitle", offset=(12, 0))
        assert app.dashboard.panels.showing(PanelName.REQUESTS)


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_key_is_harmless_while_nothing_is_there(mode: Mode) -> None:
    async with bench(None, mode, size=(80, 24)) as (app, pilot):
        keys = ["left", "L", "j", "pagedown", "plus", "0", "home", "space", "f", "n", "b", "w", "1", "enter", "tab"]
        await pilot.press(*keys)
        app.feed(nothing())
        await pilot.press(*keys)
        assert app.is_running
        text = "\n".join(strip.text for strip in app.dashboard.lanes.picture())
        assert "weft record" in text if mode is Mode.REPLAY else "Send the app a request" in text


async def test_what_cannot_be_read_is_said() -> None:
    async with bench(None) as (app, pilot):
        app.dashboard.post_message(SourceFailed("x.weft is [red]empty; record again"))
        await pilot.pause()
        assert "x.weft is [red]empty" in "".join(strip.text for strip in app.dashboard.lanes.picture())


async def test_the_end_of_the_app_is_said_in_the_status_line() -> None:
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        app.dashboard.post_message(ChildEnded("flask ended with status 1; its output is in x.out"))
        await pilot.pause()
        assert "flask ended with status 1" in app.dashboard.query_one("#status").render_line(0).text


async def test_what_an_app_said_last_fills_the_screen_where_nothing_else_does() -> None:
    async with bench(None, Mode.LIVE) as (app, pilot):
        app.dashboard.post_message(ChildEnded("flask ended with status 1", "[b]Address already in use\x1b[31m"))
        app.feed(nothing())
        await pilot.pause()
        text = "\n".join(strip.text for strip in app.dashboard.lanes.picture())
        assert "flask ended with status 1" in text
        assert "[b]Address already in use" in text
        assert "\x1b" not in text
        assert app.toasts == []
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        app.dashboard.post_message(ChildEnded("flask ended with status 1", "[b]Killed"))
        await pilot.pause()
        assert app.toasts == ["[b]Killed"]
        app.dashboard.post_message(ChildEnded(""))
        await pilot.pause()
        assert "ended" not in app.dashboard.query_one("#status").render_line(0).text


@pytest.mark.parametrize("size", [(20, 5), (200, 5), (20, 50)])
async def test_a_terminal_that_becomes_tiny_says_so_under_no_toast_and_loses_nothing(size: tuple[int, int]) -> None:
    app = Bench(Mode.REPLAY, shop())
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause()
        await pilot.press("v", "plus")
        before = app.view, app.dashboard.wish, screen(app)
        await pilot.resize_terminal(*size)
        app.notify("[b]something happens", severity="error")
        await pilot.pause()
        await pilot.pause()
        text = " ".join(screen(app).split())
        assert text == "weft needs 60x16 characters. Enlarge the terminal, or press q."
        toasts = app.screen.query("Toast")
        assert toasts
        assert not any(toast.visible for toast in toasts)
        await pilot.press("n")
        await pilot.press("left_square_bracket")
        app.clear_notifications()
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        await pilot.pause()
        assert (app.dashboard.wish, app.view.span_ns) == (before[1], before[0].span_ns)
        assert screen(app).splitlines()[:3] == before[2].splitlines()[:3]


HOSTILE = (
    "\u05e9\u05dc\u05d5\u05dd \u202eevil",
    "\u5e97\u94fa\U0001f9a5",
    "e\u0301\u0301te\u0301",
    "\x1b[31m\x1b]0;x\x07\r\n",
)


@pytest.mark.parametrize("looks", [Looks(), Looks(ascii=True), Looks(colours=False)])
async def test_hostile_names_neither_command_the_terminal_nor_move_what_stands_beside(looks: Looks) -> None:
    trace = shop(names=HOSTILE)
    trace = replace(trace, locks=tuple(replace(lock, name=HOSTILE[lock.id + 1]) for lock in trace.locks))
    trace = replace(trace, served=tuple(replace(each, path=HOSTILE[each.id]) for each in trace.served))
    async with bench(trace, size=(80, 24), looks=looks) as (app, pilot):
        for key in ("1", "2", "v", "v", "c"):
            await pilot.press(key)
            await pilot.pause()
            for line in screen(app).splitlines():
                assert cell_len(line) == 80, (key, line)
                assert not any(unicodedata.category(sign) in ("Cc", "Cf") for sign in line), (key, line)
        assert not any(unicodedata.category(sign) in ("Cc", "Cf") for sign in app.clipboard.replace("\n", ""))


async def test_a_tiny_terminal_shows_one_sentence() -> None:
    async with bench(shop(), size=(40, 12)) as (app, _):
        assert app.dashboard.query_one("#too-small").display
        assert not app.dashboard.lanes.display


async def test_a_replay_that_is_still_loading_shows_all_there_is_and_leaves_whoever_moved_alone() -> None:
    async with bench(None) as (app, pilot):
        app.feed(shop(), loaded=0.5)
        await pilot.pause()
        assert (app.view.start_ns, app.view.cursor_ns) == (T0, T0)
        await pilot.press("right")
        there = app.view
        app.feed(later(shop(), 500))
        await pilot.pause()
        assert app.view == there


async def test_lost_records_are_loud() -> None:
    async with bench(replace(shop(lost=7), gaps=("12 bytes",))) as (app, _):
        text = app.dashboard.query_one("#status").render_line(0).text
        assert "7 events lost" in text
        assert "1 gap in the file" in text
