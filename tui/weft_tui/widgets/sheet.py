"""The cells of threads' lanes from one window to the next: what has only moved by whole columns is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from weft.timeline.columns import FOREVER
from weft.timeline.index import Picture
from weft.timeline.snapshot import Snapshot

from ..view import View
from .cells import Cells, cells


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Cells, and what they were made of.

    Attributes:
        lanes: ids.
        idles: of which of them bare threads are idle, as bytes.
        start_ns, span_ns: the window.
    """

    picture: Picture
    lanes: tuple[int, ...]
    idles: bytes
    start_ns: int
    span_ns: int
    cells: Cells


def sheet(snapshot: Snapshot, lanes: Sequence[int], view: View, columns: int, before: Sheet | None = None) -> Sheet:
    """Return the cells of lanes (ids) in a window; what another sheet knows of them is not asked for again."""

    def made(first: int, last: int, end: int) -> Cells:
        start_ns, width = view.start_ns, view.span_ns // columns
        frame = snapshot.frame(lanes, start_ns + first * width, start_ns + end * width, end - first)
        return cut(cells(frame), 0, last - first)

    idles = snapshot.idles(lanes).tobytes()
    what = Sheet(snapshot.picture, tuple(lanes), idles, view.start_ns, view.span_ns, _NOTHING)
    kept = _kept(before, what, columns) if before is not None else None
    if before is None or kept is None:
        whole = cells(snapshot.frame(lanes, view.start_ns, view.end_ns, columns))
        return Sheet(what.picture, what.lanes, idles, view.start_ns, view.span_ns, whole)
    first, last, shift = kept
    # What is right of a cell may turn it around: before a part that is kept, one more column is asked for.
    parts = [made(0, first, first + 1)] if first else []
    parts += [cut(before.cells, first + shift, last + shift), made(last, columns, columns)]
    return Sheet(what.picture, what.lanes, idles, view.start_ns, view.span_ns, _beside(parts))


def _kept(before: Sheet, after: Sheet, columns: int) -> tuple[int, int, int] | None:
    """Return the first column that can be kept, the one behind the last, and how far left they have moved.

    None: there are too few of them to be worth it.
    """
    size = before.cells.left.shape[1]
    if (before.lanes, before.idles, before.span_ns, size) != (after.lanes, after.idles, after.span_ns, columns):
        return None
    width, rest = divmod(after.span_ns, columns)
    if rest or width == 0 or (after.start_ns - before.start_ns) % width:
        return None
    shift = (after.start_ns - before.start_ns) // width
    # The state at its right edge belongs to a cell; what is beyond the last one, nobody has asked.
    sound = min((_sound_ns(before.picture, after.picture) - before.start_ns - 1) // width, columns - 1)
    first, last = max(-shift, 0), min(sound - shift, columns - 1)
    return (first, last, shift) if last - first > columns // 4 else None


def _sound_ns(before: Picture, after: Picture) -> int:
    """Return up to when (ns) two pictures are the same: as long as they are made of the same segments."""
    if not before.segments or before is after:
        return FOREVER if before is after else -1
    pairs = zip(before.segments, after.segments, strict=False)
    same = [one for one, _ in takewhile(lambda pair: pair[0] is pair[1], pairs)]
    return same[-1].end if same else -1


def cut(what: Cells, first: int, last: int) -> Cells:
    """Return some columns of cells."""
    part = slice(first, last)
    return Cells(what.left[:, part], what.right[:, part], what.eighths[:, part], what.loud[:, part])


def _beside(parts: Sequence[Cells]) -> Cells:
    return Cells(
        np.concatenate([part.left for part in parts], axis=1),
        np.concatenate([part.right for part in parts], axis=1),
        np.concatenate([part.eighths for part in parts], axis=1),
        np.concatenate([part.loud for part in parts], axis=1),
    )


_EMPTY = np.zeros((0, 0), np.uint8)
_NOTHING = Cells(_EMPTY, _EMPTY, _EMPTY, _EMPTY)
