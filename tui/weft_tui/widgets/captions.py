"""Which locks and requests to name in the lanes: only those that are wide enough to carry their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Request, State

from ..view import View
from .cells import EIGHTHS, Cells
from .scene import Label

WIDTH: Final = 8
"""Columns that something needs to carry a name."""

PROBES: Final = 48
"""How many moments one picture may ask the timeline about; in a crowded one nothing is wide anyway."""


def wait_labels(snapshot: Snapshot, lanes: range, view: View, columns: int) -> tuple[Label, ...]:
    """Return the names of the locks that the lanes visibly wait for."""
    shortest = view.span_ns * WIDTH // columns
    return tuple(
        Label(label.row, *_columns(view, label.start_ns, label.end_ns, columns), snapshot.locks[label.lock].name)
        for label in snapshot.labels(lanes, view.start_ns, view.end_ns, shortest)
    )


def request_captions(snapshot: Snapshot, lanes: range, view: View, what: Cells, *, roomy: bool) -> tuple[Label, ...]:
    """Return the requests that are wide enough to be named.

    Args:
        roomy: there is a row for them under each lane; else they share the lane, where it runs or holds.
    """
    columns = what.left.shape[1]
    labels: list[Label] = []
    probes = PROBES
    for row, lane in enumerate(lanes):
        seen: set[int] = set()
        for start, end in _stretches(what, row, roomy=roomy):
            if probes == 0:
                return tuple(labels)
            probes -= 1
            request = snapshot.moment(lane, view.time((start + end) // 2, columns)).request
            if request is None or (roomy and request.id in seen):
                continue
            seen.add(request.id)
            label = _caption(request, row, view, columns, snapshot.end_ns)
            label = label if roomy else Label(row, max(label.start, start), min(label.end, end), label.text)
            if label.end - label.start >= WIDTH:
                labels.append(label)
    return tuple(labels)


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


def _stretches(what: Cells, row: int, *, roomy: bool) -> Iterator[tuple[int, int]]:
    """Yield the stretches of columns in which one state fills every cell, if they are wide enough."""
    state = what.left[row]
    solid = what.eighths[row] == EIGHTHS
    last = State.HANDOFF if roomy else State.HOLD
    solid &= (state >= State.RUN) & (state <= last)
    value = np.where(solid, state, 0)
    edges = [0, *(np.flatnonzero(value[1:] != value[:-1]) + 1).tolist(), len(value)]
    for start, end in zip(edges, edges[1:], strict=False):
        if value[start] and end - start >= (WIDTH // 2 if roomy else WIDTH):
            yield start, end
