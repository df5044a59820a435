"""A few lines of inked text that somebody else has fitted."""

from __future__ import annotations

from textual.reactive import reactive
from textual.strip import Strip

from ..spans import Line
from .inked import Inked


class Lines(Inked):
    """Shows lines, one in each row."""

    lines: reactive[tuple[Line, ...]] = reactive(())

    def render_line(self, y: int) -> Strip:
        """Return one of them."""
        return self.draw(self.lines[y] if y < len(self.lines) else ())
