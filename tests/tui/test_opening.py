"""What there is to see before the dashboard has been imported."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest
from textual.pilot import Pilot

from support.busy import BusyServer
from support.dashboard import bench, screen
from weft_tui import app as app_module
from weft_tui.app import DASHBOARD, Mode, WeftApp
from weft_tui.screens.opening import OpeningScreen
from weft_tui.shown import Shown


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "busy.weft"
    BusyServer(threads=4, locks=2).write(path, 2_000)
    return path


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """As if nothing had been imported yet; the import begins when the gate is opened."""
    opened = threading.Event()
    dashboard = import_module(DASHBOARD)
    monkeypatch.delitem(sys.modules, DASHBOARD)

    def load() -> None:
        assert opened.wait(20)
        monkeypatch.setitem(sys.modules, DASHBOARD, dashboard)

    monkeypatch.setattr(app_module.numbers, "load", load)
    return opened


async def until_shown(app: WeftApp, pilot: Pilot[None]) -> None:
    while not app.shows:
        await pilot.pause(0.01)
    await pilot.pause()


@pytest.mark.parametrize("mode", Mode)
async def test_the_name_of_the_trace_is_there_before_the_dashboard_is(
    mode: Mode, trace: Path, gate: threading.Event
) -> None:
    app = WeftApp(trace, mode=mode, title="[b]busy[/b].weft")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = screen(app).splitlines()
        assert isinstance(app.screen, OpeningScreen)
        assert mode.name in shown[0]
        assert "[b]busy[/b].weft" in shown[0]
        assert any("Reading …" in line for line in shown[1:])
        gate.set()
        await until_shown(app, pilot)
        assert app.screen is app.dashboard


@pytest.mark.parametrize("size", [(60, 16), (80, 25), (200, 50)])
async def test_the_first_picture_is_the_dashboards_before_anything_was_read(size: tuple[int, int]) -> None:
    class Opening(Shown[None]):
        CSS_PATH = WeftApp.CSS_PATH

        def get_default_screen(self) -> OpeningScreen:
            return OpeningScreen(Mode.REPLAY, "flask --app shop run")

    async with Opening().run_test(size=size) as pilot:
        await pilot.pause()
        assert isinstance(pilot.app.screen, OpeningScreen)
        opening = screen(pilot.app).splitlines()
    async with bench(None, size=size) as (app, _):
        dashboard = screen(app).splitlines()
    assert opening[0].rstrip() == dashboard[0].rstrip()
    row = next(row for row, line in enumerate(dashboard) if "Reading …" in line)
    assert opening[row].rstrip() == dashboard[row].rstrip()


async def test_it_can_be_left_before_the_dashboard_is_there(trace: Path, gate: threading.Event) -> None:
    app = WeftApp(trace, mode=Mode.REPLAY, title="busy")
    async with app.run_test() as pilot:
        await pilot.press("q")
        gate.set()
    assert not app.shows
    assert app.return_code == 0
