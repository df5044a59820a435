"""The inspector: what the selected lane does at the cursor, in sentences."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip

from ..spans import Line, wrap
from .inked import Scrolled

PIECES: Final = 3
"""Lines that a name may take before it is cut."""


class Inspector(Scrolled, can_focus=True):
    """Shows lines of text, wrapped to its width."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "Scroll up", show=False, tooltip="Scroll"),
        Binding("down,j", "scroll_lines(1)", "Scroll down", show=False, tooltip="Scroll"),
    ]

    lines: reactive[tuple[Line, ...]] = reactive(())

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._wrapped: list[Line] = []

    def total(self) -> int:
        """Return how many lines there are after wrapping."""
        return len(self._wrapped)

    def watch_lines(self) -> None:
        """Wrap anew."""
        self._wrap()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._wrap()

    def action_scroll_lines(self, count: int) -> None:
        """Scroll."""
        self.top += count

    def _wrap(self) -> None:
        width = max(self.size.width - 2, 10)
        self._wrapped = [piece for line in self.lines for piece in wrap(line, width, PIECES)]
        self.top = self.top
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one wrapped line."""
        row = self.top + y - self.fixed
        line = self._wrapped[row] if row < len(self._wrapped) else ()
        return self.with_thumb(self.draw(((" ", line[0][1]), *line) if line else ()), y)
