"""The inspector: what the selected lane does at the cursor, in sentences."""

from __future__ import annotations

from typing import ClassVar

from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..spans import INKS, Line, ink_styles, strip, wrap


class Inspector(ScrollView, can_focus=True):
    """Shows lines of text, wrapped to its width."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(INKS)

    lines: reactive[tuple[Line, ...]] = reactive(())

    def watch_lines(self) -> None:
        """Wrap anew."""
        self._wrapped = self._wrap()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._wrapped = self._wrap()
        self.refresh()

    def _wrap(self) -> list[Line]:
        width = max(self.size.width - 2, 10)
        wrapped = [piece for line in self.lines for piece in wrap(line, width)]
        size = Size(self.size.width, len(wrapped))
        if self.virtual_size != size:
            self.virtual_size = size
        return wrapped

    def render_line(self, y: int) -> Strip:
        """Return one wrapped line."""
        row = self.scroll_offset.y + y
        line = self._wrapped[row] if row < len(self._wrapped) else ()
        return strip(((" ", line[0][1]), *line) if line else (), ink_styles(self), self.size.width, self.rich_style)
