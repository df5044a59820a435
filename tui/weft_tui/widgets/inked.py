"""The base of everything that is drawn line by line from inked text."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from ..shown import in_ascii
from ..spans import Ink, Line, strip
from .classes import style_of
from .scene import LETTERS, SHADES, Shapes

THUMB = "▐"
MOST_DRAWN = 64
"""Lines that a widget remembers."""


def unfiltered(widget: Widget) -> bool:
    """Say whether nothing wants to change a widget's colours; making ANSI colours true does not touch ours."""
    return all(isinstance(line_filter, ANSIToTruecolor) for line_filter in widget.get_line_filters())


def shapes_of(widget: Widget) -> Shapes | None:
    """Return the glyphs that tell states apart where colours and parts of cells cannot."""
    coloured = not widget.app.no_color
    if in_ascii(widget):
        return Shapes(LETTERS, coloured)
    return None if coloured else Shapes(SHADES, coloured)


def cropped(rows: list[Strip], crop: Region, width: int) -> list[Strip]:
    """Return a part of the rows of a widget."""
    first, last = crop.column_span
    if (first, last) == (0, width):
        return rows[crop.y : crop.bottom]
    return [row.crop(first, last) for row in rows[crop.y : crop.bottom]]


class Plain(Widget):
    """A widget without a border or padding."""

    @property
    def size(self) -> Size:
        """What there is to draw on: all of the widget, for which Textual would ask its compositor each time."""
        return self.outer_size


class Inked(Plain):
    """Looks its inks up once, not once per line: asking the style sheet takes longer than drawing."""

    ALLOW_SELECT = False

    _drawn: dict[tuple[Line, Style | None, int], Strip] | None = None
    _inks: dict[Ink, Style] | None = None
    _ground: Style | None = None
    _grounds: Mapping[Style, Mapping[Ink, Style]] = MappingProxyType({})
    _rows: tuple[Size, list[Strip]] | None = None

    def notify_style_update(self) -> None:
        """Look the inks up again when the theme changes."""
        super().notify_style_update()
        self._inks = None
        self._grounds = {}
        self._rows = None
        self._drawn = None

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Draw the rows anew."""
        self._rows = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return rows that are kept as long as nothing changes; Textual's own cache costs more than they do."""
        if not unfiltered(self):
            return super().render_lines(crop)
        if self._rows is None or self._rows[0] != self.size:
            self._rows = self.size, [self.render_line(y) for y in range(self.size.height)]
        return cropped(self._rows[1], crop, self.size.width)

    def draw(self, line: Line, ground: Style | None = None, width: int | None = None) -> Strip:
        """Return a line as wide as the widget, or ``width`` columns, on another ground if one is given.

        What was drawn a moment ago is not drawn again: most lines stay as they are, and blank ones are alike.
        """
        key = line, ground, self.size.width if width is None else width
        if self._drawn is None or len(self._drawn) > MOST_DRAWN:
            self._drawn = {}
        if key not in self._drawn:
            self._drawn[key] = self._draw(*key)
        return self._drawn[key]

    def _draw(self, line: Line, ground: Style | None, width: int) -> Strip:
        if self._inks is None or self._ground is None:
            self._inks = {ink: style_of(self, ink.value) for ink in Ink}
            self._ground = self.rich_style
        if ground is None:
            return strip(line, self._inks, width, self._ground)
        if ground not in self._grounds:
            own = self._ground.bgcolor
            inks = {ink: style + ground if style.bgcolor == own else style for ink, style in self._inks.items()}
            self._grounds = {**self._grounds, ground: inks}
        return strip(line, self._grounds[ground], width, self._ground + ground)


class Scrolled(Inked):
    """Shows a part of many lines, with a thumb at the right edge.

    A `ScrollView` lays the whole screen out anew whenever the number of its lines changes, which is at every step of
    the cursor here.
    """

    top: reactive[int] = reactive(0)
    fixed: ClassVar[int] = 0
    """Rows at the top that do not scroll."""

    def total(self) -> int:
        """Return how many lines there are to scroll."""
        raise NotImplementedError

    @property
    def page(self) -> int:
        """How many of them are visible at once."""
        return max(self.size.height - self.fixed, 1)

    def validate_top(self, top: int) -> int:
        """Keep the visible part inside."""
        return max(min(top, self.total() - self.page), 0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll by three lines."""
        event.stop()
        self.top += 3

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll by three lines."""
        event.stop()
        self.top -= 3

    def with_thumb(self, row: Strip, y: int) -> Strip:
        """Return a row with the thumb's cell in the last column, if there is more than fits."""
        total, page = self.total(), self.page
        if total <= page:
            return row
        size = max(page * page // total, 1)
        first = self.top * (page - size) // (total - page)
        if not first <= y - self.fixed < first + size:
            return row
        width = self.size.width
        thumb = Segment(THUMB, self._inks[Ink.DIM] if self._inks else None)
        return Strip([*row.crop(0, width - 1), thumb], width)
