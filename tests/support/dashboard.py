"""The dashboard without a source: snapshots are posted by the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from weft.timeline.snapshot import Snapshot
from weft_tui.app import WeftApp
from weft_tui.looks import Looks
from weft_tui.messages import SnapshotReady
from weft_tui.queues import queues
from weft_tui.screens.dashboard import DashboardScreen
from weft_tui.shown import Shown
from weft_tui.spans import plain_text
from weft_tui.view import Mode
from weft_tui.widgets.inspector import Inspector


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


class Bench(Shown[None]):
    """Shows a dashboard and feeds it nothing by itself."""

    CSS_PATH = WeftApp.CSS_PATH
    BINDINGS = WeftApp.BINDINGS
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, mode: Mode, snapshot: Snapshot | None, looks: Looks | None = None) -> None:
        super().__init__()
        self.dress(looks or Looks())
        self.clock = Clock()
        self.first = snapshot
        self.dashboard = DashboardScreen(Path("shop.weft"), mode, "flask --app shop run", self.clock)

    def on_mount(self) -> None:
        self.push_screen(self.dashboard)
        if self.first is not None:
            self.feed(self.first)

    def feed(self, snapshot: Snapshot, loaded: float = 1.0) -> None:
        self.dashboard.post_message(SnapshotReady(snapshot, loaded, 1234.0, queues(snapshot)))

    @property
    def view(self):
        return self.dashboard.view

    @property
    def told(self) -> str:
        """What the inspector says."""
        return plain_text(self.dashboard.query_one("#inspector", Inspector).lines)

    @property
    def toasts(self) -> list[str]:
        return [str(note.message) for note in self._notifications]


@asynccontextmanager
async def bench(
    snapshot: Snapshot | None,
    mode: Mode = Mode.REPLAY,
    size: tuple[int, int] = (120, 40),
    looks: Looks | None = None,
) -> AsyncIterator[tuple[Bench, Pilot[None]]]:
    app = Bench(mode, snapshot, looks)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.pause()
        yield app, pilot


def screen(app: App[Any]) -> str:
    """Return everything that is on the screen."""
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in line) for line in lines)
