"""Arrows across the lanes at the cursor: from who waits to who makes them wait, from who lets go to who is woken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..spans import cut_middle
from .grid import Grid
from .palette import Role

APART: Final = 2
"""Columns between the arrows of a chain."""

_LINE: Final = {False: "┃", True: "┇"}
_UP, _DOWN = "▲", "▼"


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line across lanes.

    Attributes:
        sources: rows where it begins: one, or all those that wait for one.
        target: the row that it points to; -1 and ``len(lanes)`` stand for one above or below what is visible.
        wakes: it tells not who makes somebody wait, but who ends it.
        joined: it begins where the one before ends.
        note: what to write at the edge when the target is not visible.
    """

    sources: tuple[int, ...]
    target: int
    wakes: bool = False
    joined: bool = False
    note: str = ""


def draw_arrows(
    grid: Grid, arrows: tuple[Arrow, ...], *, lanes: int, pitch: int, gutter: int, cursor: int, styled: bool
) -> None:
    """Draw arrows at the cursor, those of a chain side by side.

    Args:
        lanes, pitch, gutter: visible lanes, rows per lane, columns of their heads.
        cursor: column of the cursor in the timeline, not negative.
        styled: give them colours.
    """
    columns = grid.glyphs.shape[1] - gutter
    side = 1 if cursor + APART * (len(arrows) - 1) < columns else -1
    last = lanes * pitch - 1

    def line_of(row: int) -> int:
        return min(max(row * pitch, 0), last)

    for number, arrow in enumerate(arrows):
        column = gutter + cursor + side * APART * number
        if not gutter <= column < grid.glyphs.shape[1]:
            return
        style = None if not styled else Role.WAKE if arrow.wakes else Role.ARROW
        _draw(grid, arrow, column, style, [line_of(row) for row in arrow.sources], line_of(arrow.target))
        if arrow.joined:
            _join(grid, column, -side, line_of(arrow.sources[0]), line_of(arrow.target), style)
        if arrow.note:
            _note(grid, arrow.note, column, line_of(arrow.target), gutter, style)


def _draw(grid: Grid, arrow: Arrow, column: int, style: int | None, sources: list[int], target: int) -> None:
    first, last = min(*sources, target), max(*sources, target)
    for line in range(first, last + 1):
        grid.write(line, column, _LINE[arrow.wakes], style)
    for line in sources:
        outermost = line in (first, last)
        grid.write(line, column, ("┻" if line > target else "┳") if outermost else "╋", style)
    if first == last:
        grid.write(target, column, _UP if arrow.target < arrow.sources[0] else _DOWN, style)
    else:
        grid.write(target, column, _UP if target == first else _DOWN, style)
    if first < target < last:
        grid.write(target, column, "◆", style)


def _join(grid: Grid, column: int, towards: int, line: int, target: int, style: int | None) -> None:
    """Lead from the arrow before, which ends in this line, to this one's begin."""
    up, left = target < line, towards < 0
    grid.write(line, column, {(True, True): "┛", (False, True): "┓", (True, False): "┗", (False, False): "┏"}[up, left],
               style)  # fmt: skip
    for between in range(1, APART):
        grid.write(line, column + towards * between, "━", style)


def _note(grid: Grid, note: str, column: int, line: int, gutter: int, style: int | None) -> None:
    """Write who is meant beside an arrow that leaves the visible lanes, on the side with more room."""
    right = grid.glyphs.shape[1] - column - 1
    if right >= column - gutter:
        grid.write(line, column + 1, f" {cut_middle(note, right - 2)} ", style)
    else:
        text = f" {cut_middle(note, column - gutter - 2)} "
        grid.write(line, column - len(text), text, style)
