"""Lanes of locks: who held each, and how many waited for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Frame, HoldLabel, LockFrame, State

from ..view import View
from .captions import WIDTH, columns_of
from .cells import cells
from .scene import Backdrop, Label, LaneHead, room_in


def lock_backdrop(snapshot: Snapshot, locks: Sequence[int], view: View, columns: int) -> Backdrop:
    """Return what some locks (ids) show: a bar where each is held, with who waits for it below."""
    frame = snapshot.lock_frame(locks, view.start_ns, view.end_ns, columns)
    labels = snapshot.hold_labels(locks, view.start_ns, view.end_ns, view.span_ns * WIDTH // columns)
    return Backdrop(
        cells=cells(as_states(frame)),
        waits=tuple(
            Label(label.row, *columns_of(view, label.start_ns, label.end_ns, columns), _holder(snapshot, label))
            for label in labels
        ),
        queue=depths(frame),
    )


def lock_heads(
    snapshot: Snapshot, locks: Sequence[int], pids: Sequence[str], view: View, gutter: int
) -> tuple[LaneHead, ...]:
    """Return the locks' names, and whether they are held or waited for at the cursor."""
    moment = max(min(view.cursor_ns, snapshot.end_ns - 1), snapshot.start_ns)
    now = snapshot.lock_frame(locks, moment, moment + 1, 1)
    heads = zip(locks, pids, now.held[:, 0].tolist(), now.queue[:, 0].tolist(), strict=True)
    return tuple(
        LaneHead(
            pid,
            snapshot.lock_names.short(snapshot.locks[lock].name, room_in(gutter, pid)),
            State.WAIT if queue else State.HOLD if held else State.IDLE,
        )
        for lock, pid, held, queue in heads
    )


def as_states(frame: LockFrame) -> Frame:
    """Return locks as if they were threads: one holds while it is held, and what nobody holds waits and is idle."""
    widths = np.diff(frame.edges)
    spent = np.zeros((len(State), *frame.held.shape), np.int64)
    spent[State.HOLD] = np.minimum(frame.held, widths)
    spent[State.WAIT] = np.minimum(frame.waited, widths - spent[State.HOLD])
    spent[State.IDLE] = widths - spent[State.HOLD] - spent[State.WAIT]
    return Frame(frame.edges, spent, np.full(frame.held.shape, State.IDLE, np.uint8), np.zeros_like(frame.waits))


def depths(frame: LockFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return how many waited in each column on average, rounded up, so that nobody is left out."""
    widths = np.maximum(np.diff(frame.edges), 1)
    return np.maximum(-(-frame.waited // widths), (frame.waits > 0).astype(np.int64))


def _holder(snapshot: Snapshot, label: HoldLabel) -> str:
    request = label.request
    return f"{request.method} {request.path}" if request else snapshot.lanes[label.lane].name
