"""The app as `weft` starts it, on real files."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from support.busy import BusyServer
from weft_tui.app import Mode, WeftApp


async def until_loaded(app: WeftApp, pilot: Pilot[None]) -> None:
    while not app.dashboard.snapshot or app.dashboard.status.loaded < 1:
        await pilot.pause(0.01)
    await pilot.pause()


async def test_a_recorded_trace_is_read_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "busy.weft"
    BusyServer(threads=12).write(path, 20_000)
    app = WeftApp(path, mode=Mode.REPLAY, title="busy")
    async with app.run_test(size=(120, 40)) as pilot:
        await until_loaded(app, pilot)
        assert "waitress-1" in "\n".join(strip.text for strip in app.dashboard.lanes.picture())
        await pilot.press("w")
        assert app.dashboard.view.shows(app.dashboard.view.cursor_ns)
        assert "waits for shop.lock_" in "".join(text for line in app.dashboard.inspector.lines for text, _ in line)
        await pilot.press("b")
        moment = app.dashboard.moment()
        assert moment.wanted_by
        for key in ("n", "N", "plus", "minus", "0", "1", "enter", "2", "enter", "3", "end", "home", "space"):
            await pilot.press(key)
        assert app.is_running


async def test_a_live_trace_is_followed_and_the_reading_ends_with_the_app(tmp_path: Path) -> None:
    path = tmp_path / "busy.weft"
    BusyServer(threads=3).write(path, 2_000)
    app = WeftApp(path, mode=Mode.LIVE, title="busy", child=lambda: None)
    async with app.run_test(size=(80, 24)) as pilot:
        await until_loaded(app, pilot)
        assert app.dashboard.view.cursor_ns == app.dashboard.snapshot.end_ns
    assert app.source._stopped.is_set()


async def test_a_file_that_cannot_be_read_says_so_on_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "empty.weft"
    path.touch()
    app = WeftApp(path, mode=Mode.REPLAY, title="empty")
    async with app.run_test(size=(100, 30)) as pilot:
        while "is empty" not in app.dashboard.lanes.notice:
            await pilot.pause(0.01)
        assert "record again" in app.dashboard.lanes.notice
