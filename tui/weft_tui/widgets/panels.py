"""The panels below the lanes: one with tabs on a narrow terminal, two or three side by side on wider ones."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from weft.findings import Finding, Severity

from ..messages import PanelWanted
from ..spans import Ink, Line, cut, width_of
from .inked import Inked

PAIR_WIDTH: Final = 110
ALL_WIDTH: Final = 180
MOST_WIDTH: Final = 10_000
SHORT: Final = 5
"""Columns of a title's name where there is hardly any room."""


class PanelName(IntEnum):
    """The panels, by the keys that show them."""

    LOCKS = 1
    REQUESTS = 2
    INSPECTOR = 3
    FINDINGS = 4
    LOG = 5
    RECORDING = 6


TITLES: Final = {
    PanelName.LOCKS: "Locks",
    PanelName.REQUESTS: "Requests",
    PanelName.INSPECTOR: "Inspector",
    PanelName.FINDINGS: "Findings",
    PanelName.LOG: "Log",
    PanelName.RECORDING: "Recording",
}
TABLES: Final = (PanelName.LOCKS, PanelName.REQUESTS, PanelName.FINDINGS, PanelName.LOG, PanelName.RECORDING)
"""Those that stand to the left of the inspector, and take the keys."""
FIRST: Final = (PanelName.LOCKS, PanelName.FINDINGS, PanelName.LOG, PanelName.RECORDING)
"""Tables that share the first place where there is room for three."""


def arrange(width: int, wanted: PanelName, table: PanelName) -> dict[PanelName, tuple[PanelName, ...]]:
    """Return the visible panels, each with the titles that stand above it.

    Args:
        wanted: the panel that was asked for last.
        table: the table that was asked for last.
    """
    if width >= ALL_WIDTH:
        first = table if table in FIRST else PanelName.LOCKS
        others = (PanelName.REQUESTS, PanelName.INSPECTOR)
        return {first: FIRST, **{name: (name,) for name in others}}
    if width >= PAIR_WIDTH:
        return {table: TABLES, PanelName.INSPECTOR: (PanelName.INSPECTOR,)}
    return {wanted: tuple(PanelName)}


class PanelTitle(Inked):
    """One row above a panel: its title, and those of the panels that could stand here."""

    titles: reactive[tuple[PanelName, ...]] = reactive(())
    chosen: reactive[PanelName] = reactive(PanelName.LOCKS)
    found: reactive[str] = reactive("")
    """How many findings there are, and how many of them nobody has looked at."""
    stuck: reactive[bool] = reactive(False)
    """One of them is a deadlock or the like."""

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        return self.draw(title_line(self.titles, self.chosen, self.found, stuck=self.stuck, width=self.size.width))

    def on_click(self, event: events.Click) -> None:
        """Ask for the panel whose title was clicked."""
        if (name := title_at(self.titles, event.x, self.found, self.size.width)) is not None:
            self.post_message(PanelWanted(name))


def title_line(
    titles: Sequence[PanelName], chosen: PanelName, found: str = "", *, stuck: bool = False, width: int = MOST_WIDTH
) -> Line:
    """Return the titles with their keys: `` 1 Locks   2 Requests ``; findings are counted.

    Where they do not fit they stand closer, then shorter.
    """

    def ink(name: PanelName) -> Ink:
        if name is PanelName.FINDINGS and stuck:
            return Ink.ALARM
        return Ink.TITLE if name is chosen else Ink.DIM

    def title(name: PanelName, most: int, gap: str) -> str:
        count = f" ({found})" if found and name is PanelName.FINDINGS else ""
        return f" {name.value} {cut(TITLES[name], most)}{count}{gap}"

    line: Line = ()
    for most, gap in ((width, " "), (width, ""), (SHORT, "")):
        line = tuple((title(name, most, gap), ink(name)) for name in titles)
        if width_of(line) <= width:
            break
    return line


def title_at(titles: Sequence[PanelName], column: int, found: str = "", width: int = MOST_WIDTH) -> PanelName | None:
    """Return the panel whose title stands at a column."""
    for name, (text, _) in zip(titles, title_line(titles, PanelName.LOCKS, found, width=width), strict=True):
        column -= len(text)
        if column < 0:
            return name
    return None


class Panel(Vertical):
    """A title above a table or the inspector."""

    def __init__(self, name: PanelName, body: Widget) -> None:
        super().__init__(id=f"panel-{name.name.lower()}")
        self.panel = name
        self.title = PanelTitle()
        self.body = body

    def compose(self) -> ComposeResult:
        """Yield the title and the body."""
        yield self.title
        yield self.body


class Panels(Horizontal):
    """Decides by the width which panels are visible.

    Args:
        bodies: what stands in each, in the order of `PanelName`.
    """

    wanted: reactive[PanelName] = reactive(PanelName.LOCKS)
    room: reactive[int] = reactive(0)
    """Columns there are; 0: as many as the terminal has. A widget that is not drawn itself is not told its size."""

    def __init__(self, *bodies: Widget) -> None:
        super().__init__(id="panels")
        self.panels = {name: Panel(name, body) for name, body in zip(PanelName, bodies, strict=True)}
        self._table = PanelName.LOCKS

    def compose(self) -> ComposeResult:
        """Yield the panels in their order: tables to the left, the inspector to the right."""
        for name in (*FIRST, PanelName.REQUESTS, PanelName.INSPECTOR):
            yield self.panels[name]

    def watch_wanted(self, wanted: PanelName) -> None:
        """Remember which table was asked for, and rearrange."""
        self._table = wanted if wanted in TABLES else self._table
        self._arrange()

    def watch_room(self) -> None:
        """Rearrange."""
        self._arrange()

    def count(self, findings: Sequence[Finding], unseen: int) -> None:
        """Say how many findings there are, and how many of them nobody has looked at."""
        new = f", {unseen:,} new" if unseen else ""
        for panel in self.panels.values():
            panel.title.found = f"{len(findings):,}{new}" if findings else ""
            panel.title.stuck = any(each.severity is Severity.STUCK and each.ended_ns is None for each in findings)

    def showing(self, name: PanelName) -> bool:
        """Say whether a panel is visible."""
        return bool(self.panels[name].display)

    def _arrange(self) -> None:
        places = arrange(self.room or self.app.size.width, self.wanted, self._table)
        for name, panel in self.panels.items():
            panel.display = name in places
            panel.title.titles = places.get(name, ())
            panel.title.chosen = name
