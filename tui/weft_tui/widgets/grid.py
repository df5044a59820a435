"""A grid of (style, glyph) cells, as escape sequences by one NumPy gather, or as segments for everybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from textual.strip import Strip

from .palette import Palette

COVERED: Final = 0
"""The glyph of a cell that is the right half of a wide character."""

COMMON: Final = 0x3000
"""Code points below are looked up in a table; they hold everything that we draw ourselves."""

CHARACTERS: Final = np.array(["", *map(chr, range(1, COMMON))], object)
RESET: Final = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Grid:
    """What to draw, cell by cell.

    Attributes:
        styles: uint8 ``[rows, columns]``, numbers of a `Palette`.
        glyphs: uint32 ``[rows, columns]``, code points.
    """

    styles: NDArray[np.uint8]
    glyphs: NDArray[np.uint32]

    @classmethod
    def blank(cls, rows: int, columns: int, style: int) -> Grid:
        """Return a grid of spaces."""
        return cls(np.full((rows, columns), style, np.uint8), np.full((rows, columns), ord(" "), np.uint32))

    def write(self, row: int, column: int, text: str, style: int | None = None) -> None:
        """Write text into cells, keeping their styles unless one is given."""
        points = code_points(text)[: max(self.glyphs.shape[1] - column, 0)]
        self.glyphs[row, column : column + len(points)] = points
        if style is not None:
            self.styles[row, column : column + len(points)] = style


def code_points(text: str) -> list[int]:
    """Return one code point per column: wide characters are followed by `COVERED`, controls and marks left out."""
    points: list[int] = []
    for character in text:
        width = 1 if " " <= character < "\x7f" else cell_len(character)
        if width and character.isprintable():
            points += [ord(character), *([COVERED] * (width - 1))]
    return points


def encode(grid: Grid, palette: Palette, system: ColorSystem) -> list[str]:
    """Return each row as text with escape sequences, one only where the style changes."""
    rows, columns = grid.styles.shape
    before = np.empty_like(grid.styles)
    before[:, 0] = len(palette.styles)
    before[:, 1:] = grid.styles[:, :-1]
    parts = np.empty((rows, columns, 2), object)
    parts[:, :, 0] = palette.sequences(system, before, grid.styles)
    parts[:, :, 1] = CHARACTERS[np.minimum(grid.glyphs, COMMON - 1)]
    for row, column in np.argwhere(grid.glyphs >= COMMON).tolist():
        parts[row, column, 1] = chr(grid.glyphs[row, column])
    return ["".join(row) + RESET for row in parts.reshape(rows, columns * 2).tolist()]


def segments(grid: Grid, palette: Palette, row: int) -> list[Segment]:
    """Return one row as merged runs of equal style."""
    styles = grid.styles[row]
    text = grid.glyphs[row].astype("<u4").tobytes().decode("utf-32-le")
    starts = [0, *(np.flatnonzero(styles[1:] != styles[:-1]) + 1).tolist()]
    ends = [*starts[1:], len(styles)]
    return [
        Segment(text[start:end].replace("\0", ""), palette.styles[styles[start]])
        for start, end in zip(starts, ends, strict=True)
    ]


class GridStrip(Strip):
    """A strip that already knows its escape sequences and becomes a whole strip only when somebody asks for more.

    Dialogs on top, screenshots and crops ask; painting does not. This is the one place that reaches into `Strip`.
    """

    __slots__ = ("_make",)

    def __init__(self, ansi: str, width: int, make: Callable[[], list[Segment]]) -> None:
        self._make = make
        self._cell_length = width
        self._render_cache = ansi

    def __getattr__(self, name: str) -> Any:
        """Fill the empty slots: Python comes here only for those that are not there."""
        if name not in Strip.__slots__:
            raise AttributeError(name)
        ansi = self._render_cache
        super().__init__(self._make(), self._cell_length)
        self._render_cache = ansi
        return getattr(self, name)

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """Return the strip as it is when nothing covers a part of it, as is so at almost every frame."""
        cuts = list(cuts)
        return [self] if cuts == [self._cell_length] else super().divide(cuts)
