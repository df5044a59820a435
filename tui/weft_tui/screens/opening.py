"""What is there until the dashboard is: the name of the trace. It needs hardly anything, so it is there at once."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from ..view import Mode
from .layout import lane_rows

BADGES: Final = {Mode.LIVE: " ● LIVE ", Mode.REPLAY: " ■ REPLAY "}
READING: Final = "Reading …"


class OpeningScreen(Screen[None]):
    """Looks like the dashboard before anything has been read.

    Args:
        title: what is recorded.
    """

    def __init__(self, mode: Mode, title: str) -> None:
        super().__init__()
        self.mode = mode
        self.called = title

    def compose(self) -> ComposeResult:
        """Yield the first row, and what is done now in the middle."""
        with Horizontal(id="opening-row"):
            yield Static(BADGES[self.mode], id="opening-badge", classes=f"-{self.mode.value}", markup=False)
            yield Static(self.called, id="opening-title", markup=False)
        yield Static(READING, id="opening-notice", markup=False)

    def on_resize(self) -> None:
        """Say it where the lanes will."""
        self.query_one("#opening-notice").styles.height = lane_rows(0, self.size.height)
