"""The dashboard as an app: it shows one screen, and starts and stops what feeds it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.screen import Screen

from . import numbers
from .screens.opening import OpeningScreen
from .settings import Settings
from .shown import Shown
from .view import Mode

if TYPE_CHECKING:
    from weft.log.several import Origin

    from .screens.dashboard import DashboardScreen
    from .source import Source

__all__ = ["Mode", "WeftApp"]

DASHBOARD: Final = "weft_tui.screens.dashboard"


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
        self._opening = OpeningScreen(mode, title)
        self._parts: tuple[DashboardScreen, Source] | None = None
        self._make = partial(_made, path, mode, title, child, origins, against)

    @property
    def dashboard(self) -> DashboardScreen:
        """The screen, made when it is asked for."""
        self._parts = self._parts or self._make()
        return self._parts[0]

    @property
    def source(self) -> Source:
        """What feeds it."""
        self._parts = self._parts or self._make()
        return self._parts[1]

    def get_default_screen(self) -> Screen[None]:
        """Return what is painted first."""
        return self._opening

    def on_mount(self) -> None:
        """Begin."""
        self.begin()

    def begin(self) -> None:
        """Show what there is to show first."""
        if DASHBOARD in sys.modules:
            self.show()
        else:
            self.call_after_refresh(self.run_worker, self._load, thread=True, name="loading")

    def _load(self) -> None:
        """Import what the dashboard needs, which takes as long as all that comes before the first picture."""
        numbers.load()
        __import__(DASHBOARD)
        self.call_later(self.show)

    def show(self) -> None:
        """Show the dashboard and begin to read."""
        self.shows = True
        self.dashboard.liked = self.liked
        self.push_screen(self.dashboard)
        self.run_worker(self.source.run, thread=True, name="source")

    def on_unmount(self) -> None:
        """Let the reading end, so that nothing keeps the process."""
        if self.shows:
            self.source.stop()

    def chosen(self) -> Settings:
        """Return what is chosen now."""
        return self.dashboard.liking(super().chosen()) if self.shows else super().chosen()


def _made(
    path: Path,
    mode: Mode,
    title: str,
    child: Callable[[], str | None] | None,
    origins: Sequence[Origin],
    against: bool,
) -> tuple[DashboardScreen, Source]:
    """Return a dashboard and what feeds it."""
    from .screens.dashboard import DashboardScreen
    from .source import Source

    dashboard = DashboardScreen(path, mode, title, against=against)
    return dashboard, Source(path, mode, dashboard.post_message, child, origins=origins, against=against)
