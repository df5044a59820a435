"""The time ruler above the lanes: round ticks in real units, and where the cursor stands."""

from __future__ import annotations

from typing import Final

from textual.reactive import reactive
from textual.strip import Strip

from ..format import offset
from ..spans import Ink, Line
from ..view import View
from .inked import Inked

GAP: Final = 4
"""Blank columns between two labels, at least."""

CURSOR: Final = "▼"
TICK: Final = "╷"
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


def ruler_line(view: View, origin_ns: int, columns: int) -> Line:
    """Return the ruler: ``╷0  ╷2 s  ╷4 s`` with the cursor's mark."""
    cells = [" "] * columns
    for column, label in ticks(view, origin_ns, columns):
        text = TICK + label
        if 0 <= column <= columns - len(text):
            cells[column : column + len(text)] = text
    cursor = view.column(view.cursor_ns, columns)
    text = "".join(cells)
    if not 0 <= cursor < columns:
        return ((text, Ink.DIM),)
    return ((text[:cursor], Ink.DIM), (CURSOR, Ink.TITLE), (text[cursor + 1 :], Ink.DIM))


class Ruler(Inked):
    """One row of ticks; ``indent`` columns stay free for a heading over the lanes' names."""

    view: reactive[View | None] = reactive(None)
    origin_ns: reactive[int] = reactive(0)
    indent: reactive[int] = reactive(0)
    heading: reactive[str] = reactive("")

    def render_line(self, y: int) -> Strip:
        """Return the ruler."""
        width = self.size.width
        indent = min(self.indent, width - 1)
        head = (f"   {self.heading}"[: indent - 1].ljust(indent), Ink.DIM)
        line = ruler_line(self.view, self.origin_ns, width - indent) if self.view else ()
        return self.draw((head, *line))
