"""What the colours mean, in one row."""

from __future__ import annotations

from typing import Final

from textual.reactive import reactive
from textual.strip import Strip

from weft.timeline.values import State

from ..spans import Ink, Line, width_of
from .inked import Inked, shapes_of
from .scene import Shapes

LEGEND: Final[dict[State, tuple[Ink, str, str, str]]] = {
    State.RUN: (Ink.BLOCK_RUN, "█", "runs", "inside a request, no lock involved"),
    State.HOLD: (Ink.BLOCK_HOLD, "█", "holds", "runs and holds a lock"),
    State.WAIT: (Ink.BLOCK_WAIT, "█", "waits", "blocked: another thread holds the lock"),
    State.WAIT_HOLD: (Ink.BLOCK_WAIT_HOLD, "█", "waits+holds", "blocked while others may wait for its lock"),
    State.HANDOFF: (Ink.BLOCK_HANDOFF, "█", "handed over", "the lock is free, but nobody runs with it yet"),
    State.IDLE: (Ink.DIM, "─", "idle", "alive, but no request to serve"),
}
"""State: ink, glyph, a word, a sentence."""


def legend_line(*, shapes: Shapes | None, width: int, note: str = "") -> Line:
    """Return as much of the legend as fits, and a note; ``shapes`` where states are told apart by glyphs."""
    width -= len(note) + 2 if note else 0
    line: Line = ((" ", Ink.PLAIN),)
    for state, (ink, glyph, words, _) in LEGEND.items():
        mark = shapes.glyphs[state] if shapes else glyph
        longer = (*line, (mark * 2, ink), (f" {words}   ", Ink.DIM))
        if width_of(longer) - 3 > width:
            break
        line = longer
    gap = max(width - width_of(line), 0)
    return (*line, (" " * gap, Ink.PLAIN), (f" {note} ", Ink.TITLE)) if note else line


class Legend(Inked):
    """Draws the legend, and how the lanes are arranged."""

    note: reactive[str] = reactive("")

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        line = legend_line(shapes=shapes_of(self), width=self.size.width, note=self.note)
        return self.draw(line)
