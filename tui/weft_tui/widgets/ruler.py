"""The time ruler above the lanes: round ticks in real units, and where the cursor stands."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.reactive import reactive
from textual.strip import Strip

from ..format import offset
from ..messages import MomentWanted, Scrubbed
from ..spans import Ink, Line, runs
from ..view import View
from .inked import Inked

GAP: Final = 4
"""Blank columns between two labels, at least."""

CURSOR: Final = "▼"
TICK: Final = "╷"
SELECTED: Final = "─"
STEPS: Final = (1, 2, 5)


def tick_step(span_ns: int, columns: int, label: int) -> int:
    """Return the smallest round step (1, 2 or 5 times a power of ten, ns) that leaves each label its columns."""
    power = 1
    while True:
        for digit in STEPS:
            if digit * power * columns >= span_ns * label:
                return digit * power
        power *= 10


def ticks(view: View, origin_ns: int, columns: int) -> list[tuple[int, str]]:
    """Return (column, label) of the ticks of a window; labels count from ``origin_ns``, before it there are none."""
    step = tick_step(view.span_ns, columns, GAP + 4)
    for _ in range(3):
        label = max(len(offset(time - origin_ns, step)) for time in (view.start_ns, view.end_ns))
        step = tick_step(view.span_ns, columns, label + GAP)
    first = max(-(-(view.start_ns - origin_ns) // step), 0)
    last = (view.end_ns - origin_ns) // step
    moments = (origin_ns + number * step for number in range(first, last + 1))
    return [(view.column(time, columns), offset(time - origin_ns, step)) for time in moments]


def ruler_line(view: View, origin_ns: int, columns: int, selected: tuple[int, int] | None = None) -> Line:
    """Return the ruler: ``╷0  ╷2 s  ╷4 s`` with the cursor's mark; the selected stretch of time (ns) stands out."""
    cells = [" "] * columns
    for column, label in ticks(view, origin_ns, columns):
        text = TICK + label
        if 0 <= column <= columns - len(text):
            cells[column : column + len(text)] = text
    inks = [Ink.DIM] * columns
    if selected is not None:
        first, last = (view.column(time_ns, columns) for time_ns in selected)
        for column in range(max(first, 0), min(last, columns - 1) + 1):
            inks[column] = Ink.BADGE
            cells[column] = SELECTED if cells[column] == " " else cells[column]
    cursor = view.column(view.cursor_ns, columns)
    if 0 <= cursor < columns:
        cells[cursor], inks[cursor] = CURSOR, Ink.TITLE
    return runs(cells, inks)


class Ruler(Inked):
    """One row of ticks; ``indent`` columns stay free for a heading over the lanes' names."""

    view: reactive[View | None] = reactive(None)
    origin_ns: reactive[int] = reactive(0)
    indent: reactive[int] = reactive(0)
    heading: reactive[str] = reactive("")
    selected: reactive[tuple[int, int] | None] = reactive(None)
    """First and last moment of what is selected."""

    def on_mount(self) -> None:
        """Nobody pulls at the cursor yet."""
        self._held = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the cursor where the button is pressed, and take hold of it."""
        if self.view and event.x >= self.indent:
            self._held = True
            self.capture_mouse()
            self.post_message(MomentWanted(self._time(event.x)))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pull the cursor."""
        if self._held and self.view:
            self.post_message(Scrubbed(self._time(event.x)))

    def on_mouse_up(self) -> None:
        """Let go of the cursor."""
        self._held = False
        self.release_mouse()

    def _time(self, x: int) -> int:
        columns = max(self.size.width - self.indent, 1)
        column = min(max(x - self.indent, 0), columns - 1)
        return self.view.time(column, columns) if self.view else 0

    def render_line(self, y: int) -> Strip:
        """Return the ruler."""
        width = self.size.width
        indent = min(self.indent, width - 1)
        head = (f"   {self.heading}"[: indent - 1].ljust(indent), Ink.DIM)
        line = ruler_line(self.view, self.origin_ns, width - indent, self.selected) if self.view else ()
        return self.draw((head, *line))
