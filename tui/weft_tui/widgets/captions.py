"""Which locks and requests to name in the lanes: only those that are wide enough to carry their names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import numpy as np

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Request, State

from ..view import View
from .cells import EIGHTHS, Cells
from .scene import Label

WIDTH: Final = 8
"""Columns that something needs to carry a name."""

ON_LANE_WIDTH: Final = 16
"""Columns of a request that shares its lane with its name: part of them are waits, or too short to be written on."""


def wait_labels(snapshot: Snapshot, lanes: range, view: View, columns: int) -> tuple[Label, ...]:
    """Return the names of the locks that the lanes visibly wait for."""
    shortest = view.span_ns * WIDTH // columns
    return tuple(
        Label(label.row, *_columns(view, label.start_ns, label.end_ns, columns), snapshot.locks[label.lock].name)
        for label in snapshot.labels(lanes, view.start_ns, view.end_ns, shortest)
    )


def request_captions(
    snapshot: Snapshot, lanes: range, view: View, columns: int, width: int = WIDTH
) -> tuple[Label, ...]:
    """Return the requests that are at least ``width`` columns wide."""
    shortest = view.span_ns * width // columns
    return tuple(
        _caption(request, request.lane - lanes.start, view, columns, snapshot.end_ns)
        for request in snapshot.requests_within(lanes, view.start_ns, view.end_ns, shortest)
    )


def on_lane(captions: tuple[Label, ...], what: Cells) -> tuple[Label, ...]:
    """Move captions to where they can be written on their lane: where it only runs or holds for long enough.

    Args:
        captions: by row and time, those of a row side by side.
    """
    rows = [label.row for label in captions]
    placed: dict[Label, Label] = {}
    for row, start, end in _stretches(what):
        mine = range(bisect_left(rows, row), bisect_right(rows, row))
        at = bisect_right(mine, start, key=lambda index: captions[index].end)
        for label in (captions[index] for index in mine[at:]):
            first, last = max(label.start, start), min(label.end, end)
            if first >= end:
                break
            if last - first >= max(WIDTH, _width(placed.get(label))):
                placed[label] = Label(row, first, last, label.text)
    return tuple(placed.values())


def _stretches(what: Cells) -> list[tuple[int, int, int]]:
    """Return (row, start, end) of where lanes only run or hold for at least `WIDTH` columns."""
    free = (what.eighths == EIGHTHS) & ((what.left == State.RUN) | (what.left == State.HOLD))
    edges = np.diff(free.astype(np.int8), axis=1, prepend=0, append=0)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    wide = ends - starts >= WIDTH
    return list(zip(rows[wide].tolist(), starts[wide].tolist(), ends[wide].tolist(), strict=True))


def _width(label: Label | None) -> int:
    return label.end - label.start if label else 0


def _caption(request: Request, row: int, view: View, columns: int, now_ns: int) -> Label:
    end_ns = now_ns if request.end_ns is None else request.end_ns
    start, end = _columns(view, request.start_ns, end_ns, columns)
    return Label(
        row,
        start,
        end,
        f"{request.method} {request.path}",
        open_end=request.end_ns is None or request.end_ns > view.end_ns,
        open_start=request.start_ns < view.start_ns,
    )


def _columns(view: View, start_ns: int, end_ns: int, columns: int) -> tuple[int, int]:
    start = max(view.column(start_ns, columns), 0)
    return start, min(view.column(end_ns, columns) + 1, columns)
