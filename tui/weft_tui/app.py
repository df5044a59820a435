"""The dashboard as an app: it shows one screen, and starts and stops what feeds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from weft.log.several import Origin

from .screens.dashboard import DashboardScreen
from .settings import Settings
from .shown import Shown
from .source import Source
from .view import Mode

__all__ = ["Mode", "WeftApp"]


class WeftApp(Shown[None]):
    """Watch a trace.

    Args:
        path: the trace.
        mode: LIVE when the file grows, REPLAY when it is complete.
        title: what is recorded, as the user calls it.
        child: polled; returns a sentence once the recorded app has ended.
        origins: the traces to show together, the first of them ``path``; none: ``path`` alone.
        against: they are two runs to compare.
    """

    CSS_PATH = Path(__file__).with_name("weft.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(
        self,
        path: Path,
        *,
        mode: Mode,
        title: str,
        child: Callable[[], str | None] | None = None,
        origins: Sequence[Origin] = (),
        against: bool = False,
    ) -> None:
        super().__init__()
        self.shows = False
        self.look_at(path, mode, title, child, origins, against=against)

    def look_at(
        self,
        path: Path,
        mode: Mode,
        title: str,
        child: Callable[[], str | None] | None = None,
        origins: Sequence[Origin] = (),
        *,
        against: bool = False,
    ) -> None:
        """Say what `show` is to show; see the arguments of the class."""
        self.title = title
        self.dashboard = DashboardScreen(path, mode, title, against=against)
        post = self.dashboard.post_message
        self.source = Source(path, mode, post, child, origins=origins, against=against)

    def on_mount(self) -> None:
        """Begin."""
        self.begin()

    def begin(self) -> None:
        """Show what there is to show first."""
        self.show()

    def show(self) -> None:
        """Show the dashboard and begin to read."""
        self.shows = True
        self.dashboard.liked = self.liked
        self.push_screen(self.dashboard)
        self.run_worker(self.source.run, thread=True, name="source")

    def on_unmount(self) -> None:
        """Let the reading end, so that nothing keeps the process."""
        self.source.stop()

    def chosen(self) -> Settings:
        """Return what is chosen now."""
        return self.dashboard.liking(super().chosen()) if self.shows else super().chosen()
