"""The whole trace in one row: how many threads waited when, where findings are, and which part the lanes show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from textual import events
from textual.reactive import reactive
from textual.strip import Strip

from weft.findings import Finding, Severity
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import State

from ..messages import MomentWanted, Scrubbed
from ..spans import Ink, Line, runs
from ..view import Extent, View, whole
from .inked import Inked

BARS: Final = " ▁▂▃▄▅▆▇█"
HEADING: Final = "   waiting"
FOUND: Final = "!"
INSIDE: Final = "╌"
CURSOR: Final = "▼"
MOST: Final = 1_000
"""Lanes of which every column is looked at; of more, the columns are wider."""


@dataclass(frozen=True, slots=True)
class Density:
    """How much is waited in the equal columns of a trace.

    Attributes:
        bars: a glyph per column.
        found: columns with findings, and whether one there can never go on.
    """

    extent: Extent
    bars: str
    found: dict[int, bool]


def density(snapshot: Snapshot, findings: Iterable[Finding], columns: int) -> Density:
    """Return what the row shows of a trace: the highest bar is where the most threads waited at a time."""
    extent = Extent(snapshot.start_ns, snapshot.end_ns)
    lanes = len(snapshot.lanes)
    if not lanes or extent.end_ns <= extent.start_ns:
        return Density(extent, " " * columns, {})
    repeat = max(lanes // MOST, 1)
    asked = max(columns // repeat, 1)
    spent = snapshot.frame(range(lanes), extent.start_ns, extent.end_ns, asked).spent
    waited = spent[State.WAIT].sum(axis=0) + spent[State.WAIT_HOLD].sum(axis=0)
    heights = -(-waited * (len(BARS) - 1) // max(int(waited.max()), 1))
    wide = np.asarray(heights)[np.arange(columns) * asked // columns]
    return Density(extent, "".join(BARS[height] for height in wide.tolist()), _found(extent, findings, columns))


def _found(extent: Extent, findings: Iterable[Finding], columns: int) -> dict[int, bool]:
    found: dict[int, bool] = {}
    for finding in findings:
        if finding.evidence:
            column = whole(extent).column(extent.clip(finding.began_ns), columns)
            column = min(max(column, 0), columns - 1)
            found[column] = found.get(column, False) or finding.severity is Severity.STUCK
    return found


def minimap_line(what: Density, view: View) -> Line:
    """Return the row: bars that are bright in the window, signs of findings, and the cursor."""
    columns = len(what.bars)
    everything = whole(what.extent)
    first = min(max(everything.column(view.start_ns, columns), 0), columns - 1)
    last = min(max(everything.column(view.end_ns, columns), first), columns - 1)
    cells = list(what.bars)
    inks = [Ink.DIM] * columns
    inks[first : last + 1] = [Ink.WAIT] * (last + 1 - first)
    if last + 1 - first < columns:
        cells[first : last + 1] = [INSIDE if cell == " " else cell for cell in cells[first : last + 1]]
    for column, stuck in what.found.items():
        cells[column], inks[column] = FOUND, Ink.ALARM if stuck else Ink.HOLD
    cursor = min(max(everything.column(view.cursor_ns, columns), 0), columns - 1)
    cells[cursor], inks[cursor] = CURSOR, Ink.TITLE
    return runs(cells, inks)


class Minimap(Inked):
    """Draws the row; says where it was clicked. ``indent`` columns stay free, as over the lanes."""

    view: reactive[View | None] = reactive(None)
    density: reactive[Density | None] = reactive(None)
    indent: reactive[int] = reactive(0)

    @property
    def columns(self) -> int:
        """Columns of the map."""
        return max(self.size.width - self.indent, 1)

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        head = (HEADING[: self.indent - 1].ljust(self.indent), Ink.DIM)
        line = minimap_line(self.density, self.view) if self.density and self.view else ()
        return self.draw((head, *line))

    def on_mount(self) -> None:
        """Nobody pulls at the cursor yet."""
        self._held = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Ask for the moment that was clicked, and take hold of the cursor."""
        if self.density and event.x >= self.indent:
            self._held = True
            self.capture_mouse()
            self.post_message(MomentWanted(self._time(self.density, event.x)))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pull the cursor through the whole trace."""
        if self._held and self.density:
            self.post_message(Scrubbed(self._time(self.density, event.x)))

    def on_mouse_up(self) -> None:
        """Let go of the cursor."""
        self._held = False
        self.release_mouse()

    def _time(self, what: Density, x: int) -> int:
        columns = len(what.bars)
        return whole(what.extent).time(min(max(x - self.indent, 0), columns - 1), columns)
