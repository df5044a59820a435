"""Everything that the lanes show at one moment, as a value, and how it is laid out in a grid. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from weft.timeline.values import State

from ..spans import cut, cut_middle
from .arrows import Arrow, draw_arrows
from .cells import EIGHTHS, Cells
from .grid import Grid
from .palette import PICKED, Role, cursor, pair

BLOCKS: Final = np.array([ord(character) for character in " ▏▎▍▌▋▊▉ "], np.uint32)
"""Glyph by how many eighths the left state takes; a whole cell is a space on the state's own background."""

SHADES: Final = " ·━█░▒╌"
"""Glyph by `State` where there are no colours."""

LETTERS: Final = " .-#WXh"
"""Glyph by `State` where there is only ASCII: those of the text timeline (`weft.timeline.text`)."""

HEIGHTS: Final = np.array([ord(character) for character in " ▁▂▃▄▅▆▇█"], np.uint32)
"""Glyph by how many wait, under a lock's lane; the last one stands for more, too."""

DEPTHS: Final = np.array([ord(character) for character in " 123456789+"], np.uint32)
"""The same on it."""

LINE: Final = ord("─")
CURSOR: Final = ord("│")
ANCHOR: Final = ord("┆")
MARKED: Final = "*"
PINNED: Final = "^"
MARK: Final = ord("◆")
MOST_MARKED: Final = 0.25
"""Part of a lane's columns that may carry the sign of a mark."""

DOT: Final = ord("●")
QUIET: Final = "○"
MIN_LABEL: Final = 4
ROOMY_PATH: Final = 12
"""Columns from which on both ends of a path are shown."""


def shorter(text: str, room: int) -> str:
    """Shorten what a thread does, or who does it: to the path of a request; that, as any name, in its middle."""
    if len(text) <= room:
        return text
    path = text.rpartition(" /")[2]
    return cut_middle(text, room) if path == text else _path(f"/{path}", room)


def _path(path: str, room: int) -> str:
    return cut_middle(path, room) if room >= ROOMY_PATH else cut(path, room)


def room_in(gutter: int, pid: str) -> int:
    """Return the columns that there are for a lane's name in the gutter, behind a process."""
    return gutter - 4 - (len(pid) + 1 if pid else 0)


@dataclass(frozen=True, slots=True)
class Label:
    """Text for the columns ``start`` … ``end`` - 1 of a lane."""

    row: int
    start: int
    end: int
    text: str
    open_end: bool = False
    """What is labelled goes on beyond ``end``."""
    open_start: bool = False


@dataclass(frozen=True, slots=True)
class LaneHead:
    """The left end of a lane."""

    pid: str
    name: str
    state: State
    marked: bool = False
    """Steps go over it."""
    pinned: bool = False
    """It stays in sight."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Glyphs by `State` to tell states apart, and whether they stand on the states' colours."""

    glyphs: str
    coloured: bool


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What lanes show of a window, wherever the cursor stands in it; the names are those of `Scene`."""

    cells: Cells
    waits: tuple[Label, ...] = ()
    captions: tuple[Label, ...] = ()
    marks: NDArray[np.bool_] | None = None
    queue: NDArray[np.int64] | None = None
    short: Callable[[str, int], str] = shorter


@dataclass(frozen=True, slots=True)
class Scene:
    """What the lanes show.

    Attributes:
        heads: one per visible lane.
        picked: index of the selected lane among them, -1 when it is none of them.
        gutter: columns of the heads.
        pitch: rows per lane: 1, or 2 when there is room to write the requests under the lanes.
        cursor: column of the cursor in the timeline, -1 when it is outside.
        waits: names of locks, to be written on waits, or of who holds a lock.
        captions: requests, to be written under the lane, or on it.
        shapes: tell states apart by glyph; None: by colour and parts of cells.
        marks: columns in which the app said something, bool ``[lanes, columns]``; None: nowhere.
        arrows: at the cursor, from lane to lane.
        anchor: column in which what is selected begins, -1: nowhere.
        queue: how many wait, int64 ``[lanes, columns]``, to be drawn under the lane, or on it; None: lanes have none.
        short: shortens the names of ``waits`` to so many columns.
    """

    cells: Cells
    heads: tuple[LaneHead, ...]
    picked: int
    gutter: int
    pitch: int
    cursor: int
    waits: tuple[Label, ...]
    captions: tuple[Label, ...]
    shapes: Shapes | None
    marks: NDArray[np.bool_] | None = None
    queue: NDArray[np.int64] | None = None
    arrows: tuple[Arrow, ...] = ()
    anchor: int = -1
    short: Callable[[str, int], str] = shorter

    @property
    def coloured(self) -> bool:
        """Whether states have colours."""
        return self.shapes is None or self.shapes.coloured


def draw(scene: Scene, rows: int, columns: int) -> Grid:
    """Lay a scene out in a grid of ``rows`` x ``columns``."""
    grid = Grid.blank(rows, columns, Role.GROUND)
    tones = _tones(scene)
    _draw_states(grid, scene, tones)
    if scene.pitch > 1:
        _draw_brackets(grid, scene)
    if scene.marks is not None:
        _draw_marks(grid, scene, scene.marks, tones)
    if scene.queue is not None:
        _draw_queue(grid, scene, scene.queue)
    _draw_line(grid, scene, tones, scene.anchor, ANCHOR)
    _draw_line(grid, scene, tones, scene.cursor, CURSOR)
    taken = _arrows(Grid.blank(rows, columns, Role.GROUND), scene).glyphs != ord(" ") if _has_arrows(scene) else None
    for label in scene.waits:
        _write(grid, scene, label, label.row * scene.pitch, taken, scene.short)
    for label in scene.captions:
        _write(grid, scene, label, label.row * scene.pitch + scene.pitch - 1, taken, shorter)
    if taken is not None:
        _arrows(grid, scene)
    _draw_heads(grid, scene)
    return grid


def _tones(scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the left and right states, of glyphs the loud one, and those of the selected lane on its own ground."""
    left, right = scene.cells.left.copy(), scene.cells.right.copy()
    if scene.shapes:
        left, right = scene.cells.loud.copy(), scene.cells.loud.copy()
    if scene.picked >= 0:
        for tones in (left, right):
            tones[scene.picked] += np.where(tones[scene.picked] <= State.IDLE, PICKED, 0).astype(np.uint8)
    return left, right


def _draw_states(grid: Grid, scene: Scene, tones: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    lanes = len(scene.heads)
    glyphs, styles = _lane_rows(grid, scene)
    left, right = tones
    if scene.shapes:
        glyphs[:] = np.array([ord(glyph) for glyph in scene.shapes.glyphs], np.uint32)[scene.cells.loud]
    else:
        glyphs[:] = BLOCKS[scene.cells.eighths]
        glyphs[(scene.cells.eighths == EIGHTHS) & (scene.cells.left == State.IDLE)] = LINE
    if not scene.coloured:
        return
    styles[:] = pair(0, 0) + left * pair(1, 0) + right
    if scene.pitch > 1 and 0 <= scene.picked < lanes:
        grid.styles[scene.picked * scene.pitch + 1] = Role.CAPTION_PICKED


def _draw_marks(
    grid: Grid, scene: Scene, marks: NDArray[np.bool_], tones: tuple[NDArray[np.uint8], NDArray[np.uint8]]
) -> None:
    """Put a sign on the one state that matters most in each column with a mark, unless that hid much of a lane."""
    glyphs, styles = _lane_rows(grid, scene)
    shown = marks & (marks.mean(axis=1) <= MOST_MARKED)[:, None]
    glyphs[shown] = MARK
    if scene.coloured:
        left, right = tones
        tone = np.where(scene.cells.loud == scene.cells.left, left, right)
        styles[shown] = (tone * pair(1, 0) + tone)[shown]


def _draw_queue(grid: Grid, scene: Scene, queue: NDArray[np.int64]) -> None:
    """Draw how many wait: as the height of a bar under the lane, or, where there is no room, as a digit on it."""
    some = queue > 0
    if scene.pitch == 1:
        glyphs, _ = _lane_rows(grid, scene)
        glyphs[some] = DEPTHS[np.minimum(queue, len(DEPTHS) - 1)][some]
        return
    rows = slice(1, len(scene.heads) * scene.pitch, scene.pitch)
    grid.glyphs[rows, scene.gutter :][some] = HEIGHTS[np.minimum(queue, len(HEIGHTS) - 1)][some]
    if scene.coloured:
        styles = np.full(queue.shape, pair(State.WAIT, State.OFF), np.uint8)
        if scene.picked >= 0:
            styles[scene.picked] = pair(State.WAIT, PICKED)
        grid.styles[rows, scene.gutter :][some] = styles[some]


def _lane_rows(grid: Grid, scene: Scene) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the parts of the grid that hold the states, ``[lanes, timeline columns]`` each."""
    rows = slice(0, len(scene.heads) * scene.pitch, scene.pitch)
    return grid.glyphs[rows, scene.gutter :], grid.styles[rows, scene.gutter :]


def _draw_brackets(grid: Grid, scene: Scene) -> None:
    """Bracket the columns of the captions from below their lane."""
    for label in scene.captions:
        style = Role.CAPTION_PICKED if label.row == scene.picked else Role.CAPTION
        left, right = "╌" if label.open_start else "╰", "╌" if label.open_end else "╯"
        line = f"{left}{'─' * (label.end - label.start - 2)}{right}"
        grid.write(label.row * scene.pitch + 1, scene.gutter + label.start, line, style)


def _has_arrows(scene: Scene) -> bool:
    return bool(scene.arrows) and scene.cursor >= 0


def _arrows(grid: Grid, scene: Scene) -> Grid:
    """Draw the arrows into a grid, and return it."""
    draw_arrows(
        grid,
        scene.arrows,
        lanes=len(scene.heads),
        pitch=scene.pitch,
        gutter=scene.gutter,
        cursor=scene.cursor,
        styled=scene.coloured,
    )
    return grid


def _write(
    grid: Grid,
    scene: Scene,
    label: Label,
    row: int,
    taken: NDArray[np.bool_] | None,
    short: Callable[[str, int], str],
) -> None:
    """Write a label between its ends, beside arrows, and beside the cursor's line if there is room, else across it.

    Args:
        taken: cells of the grid that arrows are drawn on; None: there are no arrows.
        short: shortens the text to so many columns.
    """
    on_bracket = row % scene.pitch > 0
    start, end = label.start + 1, label.end - 1
    if taken is not None and (crossed := taken[row, scene.gutter + start : scene.gutter + end]).any():
        start, end = _beside(crossed, start, len(label.text) + 2 * on_bracket)
    room = end - start - 2 * on_bracket
    text = cut(short(label.text, room), room)
    if len(text) < MIN_LABEL and text != label.text:
        return
    text = f" {text} " if on_bracket else text
    if start <= scene.cursor < start + len(text) and len(text) <= end - scene.cursor - 1:
        start = scene.cursor + 1
    grid.write(row, scene.gutter + start, text)


def _beside(crossed: NDArray[np.bool_], start: int, wanted: int) -> tuple[int, int]:
    """Return begin and end of the first stretch of free columns that are enough, else of the widest one.

    Args:
        crossed: the columns from ``start`` on, True where they are not free.
    """
    edges = np.flatnonzero(np.diff(~crossed, prepend=False, append=False)).reshape(-1, 2)
    if not len(edges):
        return start, start
    sizes = edges[:, 1] - edges[:, 0]
    first, last = edges[np.argmax(np.minimum(sizes, wanted))].tolist()
    return start + first, start + last


def _draw_line(
    grid: Grid, scene: Scene, tones: tuple[NDArray[np.uint8], NDArray[np.uint8]], at: int, glyph: int
) -> None:
    """Draw a line across all lanes in one column of the timeline."""
    if at < 0 or not scene.heads:
        return
    column = scene.gutter + at
    left, right = (side[:, at] for side in tones)
    under = np.where(scene.cells.eighths[:, at] >= EIGHTHS // 2, left, right)
    last = len(scene.heads) * scene.pitch
    grid.glyphs[:last, column] = glyph
    if not scene.coloured:
        return
    grid.styles[:last, column] = cursor(State.OFF)
    grid.styles[: last : scene.pitch, column] = cursor(0) + under
    if scene.picked >= 0:
        grid.styles[scene.picked * scene.pitch + scene.pitch - 1, column] = (
            cursor(PICKED) if scene.pitch > 1 else cursor(int(under[scene.picked]))
        )


def _draw_heads(grid: Grid, scene: Scene) -> None:
    """Draw the lanes' left ends."""
    for row, head in enumerate(scene.heads):
        picked, top = row == scene.picked, row * scene.pitch
        front = _front(head.pid, head.name, head.marked, head.pinned, picked, scene.gutter)
        grid.styles[top : top + scene.pitch, : scene.gutter] = front.styles[: scene.pitch]
        grid.glyphs[top : top + scene.pitch, : scene.gutter] = front.glyphs[: scene.pitch]
        if head.state > State.IDLE:
            grid.glyphs[top, 1] = DOT
            if scene.coloured:
                grid.styles[top, 1] = pair(head.state, PICKED if picked else 0)


@lru_cache(maxsize=1024)
def _front(pid: str, name: str, marked: bool, pinned: bool, picked: bool, gutter: int) -> Grid:
    """Return two rows of a lane's left end, without its state: they are the same in almost every picture."""
    main, small = (Role.NAME_PICKED, Role.PID_PICKED) if picked else (Role.NAME, Role.PID)
    front = Grid.blank(2, gutter, main)
    for row in range(2):
        front.write(row, 0, "▌" if picked else " ")
    front.write(0, 1, QUIET, small)
    if marked:
        front.write(0, 2, MARKED)
    if pinned:
        front.write(0, gutter - 1, PINNED)
    room = room_in(gutter, pid)
    if pid:
        front.write(0, 3, pid, small)
    front.write(0, gutter - 1 - room, cut_middle(name, room))
    return front
