"""The timeline of a run, on top of the stage: the dashboard of its trace."""

from __future__ import annotations

from pathlib import Path

from textual.binding import Binding

from ..screens.dashboard import DashboardScreen
from ..screens.keys import KEYS
from ..source import Source
from ..view import Mode


class TimelineScreen(DashboardScreen):
    """Shows a complete trace until it is left.

    Args:
        path: the trace.
        title: what was run.
    """

    BINDINGS = [*KEYS, Binding("q,t", "close", "Back to the stage", key_display="q", tooltip="Back to the stage")]  # noqa: RUF012

    def __init__(self, path: Path, title: str) -> None:
        super().__init__(path, Mode.REPLAY, title)
        self.source = Source(path, Mode.REPLAY, self.post_message, None)

    def on_mount(self) -> None:
        """Begin to read."""
        self.run_worker(self.source.run, thread=True, name="source")

    def on_unmount(self) -> None:
        """Let the reading end."""
        self.source.stop()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
