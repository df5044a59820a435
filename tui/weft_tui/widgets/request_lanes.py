"""Lanes of requests: what the thread of each did for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Request, State

from ..view import View
from .captions import WIDTH, columns_of
from .cells import cells
from .scene import Backdrop, Label, LaneHead


def request_backdrop(snapshot: Snapshot, rows: NDArray[np.void], view: View, columns: int, pitch: int) -> Backdrop:
    """Return what some requests (rows of their table) show."""
    requests = snapshot.requests_of(rows)
    return Backdrop(
        cells=cells(snapshot.request_frame(rows, view.start_ns, view.end_ns, columns)),
        waits=tuple(_waits(snapshot, requests, view, columns)),
        captions=tuple(_threads(snapshot, requests, view, columns)) if pitch > 1 else (),
        short=snapshot.lock_names.short,
    )


def request_heads(snapshot: Snapshot, rows: NDArray[np.void], pids: Sequence[str], view: View) -> tuple[LaneHead, ...]:
    """Return the requests' names, and their states at the cursor."""
    moment = max(min(view.cursor_ns, snapshot.end_ns - 1), snapshot.start_ns)
    states = snapshot.request_frame(rows, moment, moment + 1, 1).first[:, 0].tolist()
    return tuple(
        LaneHead(pid, f"{request.method} {request.path}", State(state))
        for request, pid, state in zip(snapshot.requests_of(rows), pids, states, strict=True)
    )


def _waits(snapshot: Snapshot, requests: Sequence[Request], view: View, columns: int) -> Iterator[Label]:
    """Yield the names of the locks that requests visibly wait for."""
    lanes = sorted({request.lane for request in requests})
    shortest = view.span_ns * WIDTH // columns
    found = snapshot.labels(lanes, view.start_ns, view.end_ns, shortest)
    for row, request in enumerate(requests):
        end_ns = snapshot.end_ns if request.end_ns is None else request.end_ns
        for label in found:
            if lanes[label.row] == request.lane and request.start_ns <= label.start_ns < end_ns:
                place = columns_of(view, label.start_ns, min(label.end_ns, end_ns), columns)
                yield Label(row, *place, snapshot.locks[label.lock].name)


def _threads(snapshot: Snapshot, requests: Sequence[Request], view: View, columns: int) -> Iterator[Label]:
    """Yield the names of the threads that served them."""
    for row, request in enumerate(requests):
        end_ns = snapshot.end_ns if request.end_ns is None else request.end_ns
        start, end = columns_of(view, request.start_ns, end_ns, columns)
        if end - start >= WIDTH:
            lasting = request.end_ns is None or end_ns > view.end_ns
            name = snapshot.lanes[request.lane].name
            yield Label(row, start, end, name, open_end=lasting, open_start=request.start_ns < view.start_ns)
