"""A grid of (style, glyph) cells, as escape sequences by one NumPy gather, or as segments for everybody else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from ..painted import Knowing, Known
from .palette import Palette

COVERED: Final = 0
"""The glyph of a cell that is the right half of a wide character."""

COMMON: Final = 0x3000
"""Code points below are looked up in a table; they hold everything that we draw ourselves."""

CHARACTERS: Final = np.array(["", *map(chr, range(1, COMMON))], object)
RESET: Final = "\x1b[0m"

MOST: Final = 0.4
"""Part of a grid's cells up to which it is cheaper to send only those that have changed."""

WORTH: Final = 4
"""Cells of a row that moving the others has to save."""

NARROW: Final = np.zeros(COMMON, np.bool_)
"""Code points that every terminal draws in one column: those of ASCII, and what we draw ourselves."""
NARROW[[*range(0x20, 0x7F), *map(ord, "…·"), *range(0x2500, 0x2600)]] = True


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
    parts[:, :, 1] = _characters(grid.glyphs)
    return ["".join(row) + RESET for row in parts.reshape(rows, columns * 2).tolist()]


def changes(
    before: Grid, after: Grid, palette: Palette, system: ColorSystem, shift: int = 0, fixed: int = 0
) -> list[str] | None:
    """Return what turns each row into another one, as `encode` and with moves to the right; nothing where it is equal.

    None: so much is new that it is cheaper to send the rows as they are.

    Args:
        before, after: of the same shape.
        shift: by how many columns what is right of ``fixed`` may have moved to the left; a terminal can do that itself
            with rows that are as wide as it is.
        fixed: columns that stay.
    """
    changed = _different(before, after)
    prefix = np.full(len(changed), "", object)
    # Where a terminal may think that a character has another width, only a row as a whole is drawn as it should be.
    narrow = NARROW[np.minimum(before.glyphs, COMMON - 1)] & NARROW[np.minimum(after.glyphs, COMMON - 1)]
    odd: NDArray[np.bool_] = ~np.all(narrow, axis=1)
    if shift:
        moved = _moved(before, after, shift, fixed)
        better = (moved.sum(axis=1) + WORTH < changed.sum(axis=1)) & ~odd
        changed[better] = moved[better]
        prefix[better] = f"\x1b[{fixed}C\x1b[{abs(shift)}{'P' if shift > 0 else '@'}\r"
    if changed.mean() > MOST:
        return None
    rows = np.flatnonzero(changed.any(axis=1))
    changed[rows[odd[rows]]] = True
    text = [""] * len(changed)
    if not len(rows):
        return text
    at = np.flatnonzero(changed)
    row, column = np.divmod(at, changed.shape[1])
    first = np.append(True, row[1:] != row[:-1])
    styles, glyphs = after.styles.ravel()[at], after.glyphs.ravel()[at]
    style = np.append(np.uint8(len(palette.styles)), styles[:-1])
    style[first] = len(palette.styles)
    passed = np.where(first, column, np.append(0, np.diff(at) - 1))
    parts = np.empty((len(at), 3), object)
    parts[:, 0] = ""
    far = np.flatnonzero(passed)
    parts[far, 0] = [f"\x1b[{count}C" for count in passed[far].tolist()]
    parts[:, 1] = palette.sequences(system, style, styles)
    parts[:, 2] = _characters(glyphs)
    flat = parts.ravel().tolist()
    bounds = [*(3 * np.flatnonzero(first)).tolist(), len(flat)]
    for number, (start, end) in zip(rows.tolist(), pairwise(bounds), strict=True):
        text[number] = f"{prefix[number]}{''.join(flat[start:end])}{RESET}"
    return text


def _different(before: Grid, after: Grid) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = (before.styles != after.styles) | (before.glyphs != after.glyphs)
    return different


def _moved(before: Grid, after: Grid, shift: int, fixed: int) -> NDArray[np.bool_]:
    """Return which cells are new once a terminal has moved those right of ``fixed``."""
    columns = after.styles.shape[1]
    new = np.ones(after.styles.shape, np.bool_)
    stays = slice(0, fixed)
    here = slice(fixed + max(-shift, 0), columns - max(shift, 0))
    there = slice(fixed + max(shift, 0), columns - max(-shift, 0))
    for one, other in ((stays, stays), (there, here)):
        old = Grid(before.styles[:, one], before.glyphs[:, one])
        new[:, other] = _different(old, Grid(after.styles[:, other], after.glyphs[:, other]))
    return new


def _characters(glyphs: NDArray[np.uint32]) -> NDArray[np.object_]:
    """Return code points as text, in the same shape."""
    found: NDArray[np.object_] = CHARACTERS[np.minimum(glyphs, COMMON - 1)]
    for place in np.argwhere(glyphs >= COMMON).tolist():
        found[tuple(place)] = chr(glyphs[tuple(place)])
    return found


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


@dataclass(frozen=True, slots=True)
class Place:
    """What the columns of a grid stand for.

    Attributes:
        fixed: how many at the left stand for nothing.
        start_ns, width_ns: when the next one begins, and how long each lasts.
    """

    fixed: int
    start_ns: int
    width_ns: int


def _shift(before: Place | None, after: Place | None) -> int:
    """Return by how many columns what stood at one place has moved to the left at another, 0 where that is unknown."""
    if before is None or after is None or (before.fixed, before.width_ns) != (after.fixed, after.width_ns):
        return 0
    shift, rest = divmod(after.start_ns - before.start_ns, after.width_ns)
    return 0 if rest else shift


@dataclass(frozen=True, eq=False)
class Picture:
    """A grid in its colours."""

    grid: Grid
    palette: Palette
    system: ColorSystem
    place: Place | None = None

    @cached_property
    def text(self) -> list[str]:
        """Each row with escape sequences; made for all of them when the first one is asked for."""
        return encode(self.grid, self.palette, self.system)

    def since(self, before: Picture, *, as_wide: bool = False) -> list[str] | None:
        """Return what turns each row of another picture into this one's, None where that cannot be said.

        Args:
            as_wide: the rows are as wide as the terminal.
        """
        same = (before.palette, before.system) == (self.palette, self.system)
        if not same or before.grid.styles.shape != self.grid.styles.shape:
            return None
        shift, fixed = _shift(before.place, self.place) if as_wide else 0, self.place.fixed if self.place else 0
        if abs(shift) >= self.grid.styles.shape[1] - fixed:
            shift = 0
        new = changes(before.grid, self.grid, self.palette, self.system, shift, fixed)
        if new is not None:
            return new
        different = {*np.flatnonzero(_different(before.grid, self.grid).any(axis=1)).tolist()}
        return [text if row in different else "" for row, text in enumerate(self.text)]

    def strips(self) -> list[Strip]:
        """Return the rows."""
        return [GridStrip(self, row) for row in range(len(self.grid.styles))]


class GridStrip(Knowing):
    """A row of a picture, which becomes a whole strip only when somebody asks for more than its escape sequences.

    Dialogs on top, screenshots and crops ask; painting does not. This is the one place that reaches into `Strip`.
    """

    __slots__ = ("picture", "row")

    def __init__(self, picture: Picture, row: int) -> None:
        self.picture = picture
        self.row = row
        self._cell_length = picture.grid.styles.shape[1]

    def __getattr__(self, name: str) -> Any:
        """Fill the empty slots: Python comes here only for those that are not there."""
        if name not in Strip.__slots__:
            raise AttributeError(name)
        super().__init__(segments(self.picture.grid, self.picture.palette, self.row), self._cell_length)
        return getattr(self, name)

    def render(self, console: Console) -> str:
        """Return the row with escape sequences."""
        return self.picture.text[self.row]

    def since(self, before: Knowing, known: Known, *, as_wide: bool) -> str | None:
        """Return what turns a row into this one, if it is the same row of a picture like this one."""
        if not isinstance(before, GridStrip) or before.row != self.row:
            return None
        pictures = before.picture, self.picture
        if pictures not in known:
            known[pictures] = self.picture.since(before.picture, as_wide=as_wide)
        rows: list[str] | None = known[pictures]
        return None if rows is None else rows[self.row]

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """Return the strip as it is when nothing covers a part of it, as is so at almost every frame."""
        cuts = list(cuts)
        return [self] if cuts == [self._cell_length] else super().divide(cuts)
