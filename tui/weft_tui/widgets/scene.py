"""Everything that the lanes show at one moment, as a value, and how it is laid out in a grid. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from weft.timeline.values import State

from ..spans import cut, cut_middle
from .cells import EIGHTHS, Cells
from .grid import Grid
from .palette import PICKED, Role, cursor, pair

BLOCKS: Final = np.array([ord(character) for character in " ▏▎▍▌▋▊▉ "], np.uint32)
"""Glyph by how many eighths the left state takes; a whole cell is a space on the state's own background."""

SHAPES: Final = np.array([ord(character) for character in " ·━█░▒╌"], np.uint32)
"""Glyph by `State` where colours cannot be told apart."""

LINE: Final = ord("─")
CURSOR: Final = ord("│")
DOT: Final = "●"
MIN_LABEL: Final = 4


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


@dataclass(frozen=True, slots=True)
class Scene:
    """What the lanes show.

    Attributes:
        heads: one per visible lane.
        picked: index of the selected lane among them, -1 when it is none of them.
        gutter: columns of the heads.
        pitch: rows per lane: 1, or 2 when there is room to write the requests under the lanes.
        cursor: column of the cursor in the timeline, -1 when it is outside.
        waits: names of locks, to be written on waits.
        captions: requests, to be written under the lane, or on it.
        shapes: tell states apart by glyph instead of colour.
    """

    cells: Cells
    heads: tuple[LaneHead, ...]
    picked: int
    gutter: int
    pitch: int
    cursor: int
    waits: tuple[Label, ...]
    captions: tuple[Label, ...]
    shapes: bool


def draw(scene: Scene, rows: int, columns: int) -> Grid:
    """Lay a scene out in a grid of ``rows`` x ``columns``."""
    grid = Grid.blank(rows, columns, Role.GROUND)
    tones = _tones(scene)
    _draw_states(grid, scene, tones)
    for label in scene.waits:
        _write_on_lane(grid, scene, label)
    for label in scene.captions:
        (_write_under_lane if scene.pitch > 1 else _write_on_lane)(grid, scene, label)
    _draw_cursor(grid, scene, tones)
    for row, head in enumerate(scene.heads):
        _draw_head(grid, scene, row, head)
    return grid


def _tones(scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the left and right states, those of the selected lane on its own ground."""
    left, right = scene.cells.left.copy(), scene.cells.right.copy()
    if scene.picked >= 0:
        for tones in (left, right):
            tones[scene.picked] += np.where(tones[scene.picked] <= State.IDLE, PICKED, 0).astype(np.uint8)
    return left, right


def _draw_states(grid: Grid, scene: Scene, tones: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    lanes = len(scene.heads)
    glyphs, styles = _lane_rows(grid, scene)
    if scene.shapes:
        glyphs[:] = SHAPES[scene.cells.loud]
        return
    left, right = tones
    glyphs[:] = BLOCKS[scene.cells.eighths]
    glyphs[(scene.cells.eighths == EIGHTHS) & (scene.cells.left == State.IDLE)] = LINE
    styles[:] = pair(0, 0) + left * pair(1, 0) + right
    if scene.pitch > 1 and 0 <= scene.picked < lanes:
        grid.styles[scene.picked * scene.pitch + 1] = Role.CAPTION_PICKED


def _lane_rows(grid: Grid, scene: Scene) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return the parts of the grid that hold the states, ``[lanes, timeline columns]`` each."""
    rows = slice(0, len(scene.heads) * scene.pitch, scene.pitch)
    return grid.glyphs[rows, scene.gutter :], grid.styles[rows, scene.gutter :]


def _write_on_lane(grid: Grid, scene: Scene, label: Label) -> None:
    """Write on cells that one state fills; the cells at both ends stay free."""
    start, room = _beside(label.start + 1, label.end - 1, scene.cursor, len(label.text))
    if room >= MIN_LABEL:
        grid.write(label.row * scene.pitch, scene.gutter + start, cut(label.text, room))


def _write_under_lane(grid: Grid, scene: Scene, label: Label) -> None:
    """Bracket the columns from below, with the text on the bracket."""
    row = label.row * scene.pitch + 1
    style = Role.CAPTION_PICKED if label.row == scene.picked else Role.CAPTION
    left, right = "╌" if label.open_start else "╰", "╌" if label.open_end else "╯"
    grid.write(row, scene.gutter + label.start, f"{left}{'─' * (label.end - label.start - 2)}{right}", style)
    start, room = _beside(label.start + 2, label.end - 2, scene.cursor, len(label.text) + 2)
    if room >= MIN_LABEL + 2:
        grid.write(row, scene.gutter + start, f" {cut(label.text, room - 2)} ", style)


def _beside(start: int, end: int, cursor: int, wanted: int) -> tuple[int, int]:
    """Return where to write and how many columns there are: all, or those on one side of the cursor's line."""
    if not start <= cursor < end:
        return start, end - start
    before, after = cursor - start, end - cursor - 1
    return (start, before) if before >= min(wanted, after) else (cursor + 1, after)


def _draw_cursor(grid: Grid, scene: Scene, tones: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    if scene.cursor < 0 or not scene.heads:
        return
    column = scene.gutter + scene.cursor
    left, right = (side[:, scene.cursor] for side in tones)
    under = np.where(scene.cells.eighths[:, scene.cursor] >= EIGHTHS // 2, left, right)
    last = len(scene.heads) * scene.pitch
    grid.glyphs[:last, column] = CURSOR
    if scene.shapes:
        return
    grid.styles[:last, column] = cursor(State.OFF)
    grid.styles[: last : scene.pitch, column] = cursor(0) + under
    if scene.picked >= 0:
        grid.styles[scene.picked * scene.pitch + scene.pitch - 1, column] = (
            cursor(PICKED) if scene.pitch > 1 else cursor(int(under[scene.picked]))
        )


def _draw_head(grid: Grid, scene: Scene, row: int, head: LaneHead) -> None:
    picked = row == scene.picked
    top = row * scene.pitch
    name, pid = (Role.NAME_PICKED, Role.PID_PICKED) if picked else (Role.NAME, Role.PID)
    for line in range(top, min(top + scene.pitch, len(grid.styles))):
        grid.styles[line, : scene.gutter] = name
        grid.write(line, 0, "▌" if picked else " ")
    ground = PICKED if picked else 0
    quiet = head.state <= State.IDLE
    grid.write(top, 1, "○" if quiet else DOT, pid if quiet or scene.shapes else pair(head.state, ground))
    room = scene.gutter - 4
    if head.pid:
        grid.write(top, 3, head.pid, pid)
        room -= len(head.pid) + 1
    grid.write(top, scene.gutter - 1 - room, cut_middle(head.name, room))
