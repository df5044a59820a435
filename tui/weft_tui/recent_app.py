"""Choose one of the recent traces: a table that fills while one looks at it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from weft.errors import WeftError
from weft.timeline.units import duration

from . import summary
from .app import Mode, WeftApp
from .format import count
from .messages import RowChosen
from .recents import Recent, looked_into
from .spans import Ink, Line
from .widgets.keys import Keys
from .widgets.table import Column, Table, text

HEADING: Final = " Recent traces: enter looks at one"


@dataclass
class LookedInto(Message):
    """What is in a trace is known now."""

    recent: Recent


class RecentScreen(Screen[None]):
    """Lists traces until one is chosen.

    Args:
        traces: what to list, the newest first.
        choose: is told the path of the chosen one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "app.quit", "Quit", key_display="q"),
    ]

    def __init__(self, traces: Sequence[Recent], choose: Callable[[Path], None]) -> None:
        super().__init__()
        self.traces = list(traces)
        self.choose = choose
        self._left = threading.Event()

    def compose(self) -> ComposeResult:
        """Yield heading, table and footer."""
        yield Static(HEADING, id="recent-heading", markup=False)
        yield Table[Recent](columns(time.time_ns()), lambda row: row.path, empty="", id="recent")
        yield Keys()

    def on_mount(self) -> None:
        """Show what is known, and look into each trace."""
        self._fill()
        self.query_one(Table).focus()
        self.run_worker(self._look, thread=True, name="recents")

    def on_unmount(self) -> None:
        """Let the looking end."""
        self._left.set()

    def on_looked_into(self, message: LookedInto) -> None:
        """Show what is in a trace."""
        self.traces = [message.recent if each.path == message.recent.path else each for each in self.traces]
        self._fill()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Tell the chosen trace, unless there is nothing to see in it."""
        if not isinstance(message.row, Recent):
            return
        try:
            summary.need_events(message.row.path)
        except WeftError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self._left.set()
            self.choose(message.row.path)

    def _fill(self) -> None:
        self.query_one(Table).rows = tuple(self.traces)

    def _look(self) -> None:
        for recent in tuple(self.traces):
            if self._left.is_set():
                return
            self.post_message(LookedInto(looked_into(recent)))


class RecentApp(WeftApp):
    """Lists traces until one is chosen, and shows that.

    Args:
        traces: what to list, the newest first.
    """

    CSS_PATH = WeftApp.CSS_PATH

    def __init__(self, traces: Sequence[Recent]) -> None:
        # The newest stands for all until one is chosen.
        super().__init__(traces[0].path, mode=Mode.REPLAY, title="")
        self.traces = traces

    def begin(self) -> None:
        """Let one be chosen."""
        self.push_screen(RecentScreen(self.traces, self.replay))

    def replay(self, path: Path) -> None:
        """Show a trace."""
        self.look_at(path, Mode.REPLAY, path.name)
        self.show()


def columns(now_ns: int) -> Sequence[Column[Recent]]:
    """Return the columns of the table; ``now_ns`` (since the epoch) tells today from other days."""
    today = datetime.fromtimestamp(now_ns // 1_000_000_000).date()

    def when(row: Recent) -> Line:
        written = datetime.fromtimestamp(row.written_ns // 1_000_000_000)
        return text(f"{written:%H:%M:%S}" if written.date() == today else f"{written:%Y-%m-%d}", Ink.DIM)

    return (
        Column("app", 24, lambda row: text(row.app, Ink.STRONG), keep=9, order=lambda row: row.app.lower()),
        Column("written", 10, when, keep=6, order=lambda row: -row.written_ns),
        Column("length", 9, _length, True, 8, lambda row: row.length_ns or 0),
        Column("requests", 8, _requests, True, 4, lambda row: row.requests or 0),
        Column("findings", 8, _findings, True, 7, lambda row: row.findings or 0),
        Column("file", 0, _file),
    )


def _file(row: Recent) -> Line:
    trouble = row.trouble.removeprefix(str(row.path)).lstrip(": ")
    return (row.path.name, Ink.DIM), (f" {trouble}" if trouble else "", Ink.WAIT)


def _length(row: Recent) -> Line:
    return text(duration(row.length_ns)) if row.length_ns is not None else ()


def _requests(row: Recent) -> Line:
    return text(count(row.requests)) if row.requests else ()


def _findings(row: Recent) -> Line:
    if row.findings is None:
        return text("…" if row.length_ns is None and not row.trouble else "", Ink.DIM)
    return text(str(row.findings), Ink.WAIT if row.findings else Ink.GOOD)
