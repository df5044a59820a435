"""Which locks and requests to name in the lanes: only those that are wide enough to carry their names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Request, State, Task

from ..view import View
from .cells import EIGHTHS, Cells
from .scene import Label

WIDTH: Final = 8
"""Columns that something needs to carry a name."""

ON_LANE_WIDTH: Final = 16
"""Columns of a request that shares its lane with its name: part of them are waits, or too short to be written on."""


def wait_labels(snapshot: Snapshot, lanes: Sequence[int], view: View, columns: int) -> tuple[Label, ...]:
    """Return the names of the locks that the lanes visibly wait for."""
    shortest = view.span_ns * WIDTH // columns
    return tuple(
        Label(label.row, *columns_of(view, label.start_ns, label.end_ns, columns), snapshot.locks[label.lock].name)
        for label in snapshot.labels(lanes, view.start_ns, view.end_ns, shortest)
    )


def request_captions(
    snapshot: Snapshot, lanes: Sequence[int], view: View, columns: int, width: int = WIDTH
) -> tuple[Label, ...]:
    """Return the requests, and what is run for them on other lanes, that are at least ``width`` columns wide."""
    window = (lanes, view.start_ns, view.end_ns, view.span_ns * width // columns)
    served = [
        _caption(_target(request), request.lane, request.start_ns, request.end_ns, snapshot.end_ns)
        for request in snapshot.requests_within(*window)
    ]
    ran = [
        _caption(_whose(task), snapshot.threads[task.thread].lane, task.start_ns, task.end_ns, snapshot.end_ns)
        for task in snapshot.tasks_within(*window)
        if task.thread is not None and task.start_ns is not None
    ]
    chosen = _side_by_side(sorted([*served, *ran])) if ran else served
    row_of = {lane: row for row, lane in enumerate(lanes)}
    labels = [_label(row_of[caption[0]], caption, view, columns) for caption in chosen]
    return tuple(sorted(labels, key=lambda label: label.row))


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


_Caption = tuple[int, int, int, bool, str]
"""Lane, start and end (ns), whether it is not over, and what to write."""


def _caption(text: str, lane: int, start_ns: int, end_ns: int | None, now_ns: int) -> _Caption:
    return lane, start_ns, now_ns if end_ns is None else end_ns, end_ns is None, text


def _side_by_side(captions: list[_Caption]) -> list[_Caption]:
    """Drop what lies within another of its lane: a task inside of a task."""
    chosen: list[_Caption] = []
    for caption in captions:
        if not chosen or chosen[-1][0] != caption[0] or chosen[-1][2] <= caption[1]:
            chosen.append(caption)
    return chosen


def _target(request: Request) -> str:
    return f"{request.method} {request.path}"


def _whose(task: Task) -> str:
    return f"{task.work or 'a task'} for {_target(task.request)}" if task.request else task.work or "a task"


def _label(row: int, caption: _Caption, view: View, columns: int) -> Label:
    _, start_ns, end_ns, lasting, text = caption
    start, end = columns_of(view, start_ns, end_ns, columns)
    open_end, open_start = lasting or end_ns > view.end_ns, start_ns < view.start_ns
    return Label(row, start, end, text, open_end=open_end, open_start=open_start)


def columns_of(view: View, start_ns: int, end_ns: int, columns: int) -> tuple[int, int]:
    """Return the first column of a stretch of time, and the one behind its last."""
    start = max(view.column(start_ns, columns), 0)
    return start, min(view.column(end_ns, columns) + 1, columns)
