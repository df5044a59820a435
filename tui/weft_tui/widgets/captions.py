"""Which locks and requests to name in the lanes: only those that are wide enough to carry their names."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Request, State

from ..view import View
from .cells import EIGHTHS, Cells
from .scene import Label

WIDTH: Final = 8
"""Columns that something needs to carry a name."""


def wait_labels(snapshot: Snapshot, lanes: range, view: View, columns: int) -> tuple[Label, ...]:
    """Return the names of the locks that the lanes visibly wait for."""
    shortest = view.span_ns * WIDTH // columns
    return tuple(
        Label(label.row, *_columns(view, label.start_ns, label.end_ns, columns), snapshot.locks[label.lock].name)
        for label in snapshot.labels(lanes, view.start_ns, view.end_ns, shortest)
    )


def request_captions(snapshot: Snapshot, lanes: range, view: View, columns: int) -> tuple[Label, ...]:
    """Return the requests that are wide enough to be named."""
    shortest = view.span_ns * WIDTH // columns
    return tuple(
        _caption(request, request.lane - lanes.start, view, columns, snapshot.end_ns)
        for request in snapshot.requests_within(lanes, view.start_ns, view.end_ns, shortest)
    )


def on_lane(captions: tuple[Label, ...], what: Cells) -> tuple[Label, ...]:
    """Move captions to where they can be written on their lane: the longest stretch in which it only runs or holds."""
    free = (what.eighths == EIGHTHS) & ((what.left == State.RUN) | (what.left == State.HOLD))
    placed = (_within(label, free[label.row, label.start : label.end]) for label in captions)
    return tuple(label for label in placed if label.end - label.start >= WIDTH)


def _within(label: Label, free: NDArray[np.bool_]) -> Label:
    edges = np.flatnonzero(np.diff(free, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return Label(label.row, 0, 0, label.text)
    longest = int((ends - starts).argmax())
    return Label(label.row, label.start + int(starts[longest]), label.start + int(ends[longest]), label.text)


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
