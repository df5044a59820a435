"""Lanes of threads: what each did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import State

from ..view import View
from .captions import ON_LANE_WIDTH, WIDTH, on_lane, request_captions, wait_labels
from .cells import Cells
from .scene import Backdrop, LaneHead, room_in


def thread_backdrop(snapshot: Snapshot, lanes: Sequence[int], view: View, pitch: int, what: Cells) -> Backdrop:
    """Return what some lanes (ids) show whose cells are known."""
    roomy, columns = pitch > 1, what.left.shape[1]
    captions = request_captions(snapshot, lanes, view, columns, WIDTH if roomy else ON_LANE_WIDTH)
    return Backdrop(
        cells=what,
        waits=wait_labels(snapshot, lanes, view, columns),
        captions=captions if roomy else on_lane(captions, what),
        marks=_marks(snapshot, lanes, view, columns),
        short=snapshot.lock_names.short,
    )


def thread_heads(
    snapshot: Snapshot, lanes: Sequence[int], pids: Sequence[str], view: View, gutter: int
) -> tuple[LaneHead, ...]:
    """Return the lanes' names and their states at the cursor."""
    moment = max(min(view.cursor_ns, snapshot.end_ns - 1), snapshot.start_ns)
    states = snapshot.states(lanes, moment).tolist()
    return tuple(
        LaneHead(pid, snapshot.lane_names.short(snapshot.lanes[lane].name, room_in(gutter, pid)), State(state))
        for lane, pid, state in zip(lanes, pids, states, strict=True)
    )


def _marks(snapshot: Snapshot, lanes: Sequence[int], view: View, columns: int) -> NDArray[np.bool_] | None:
    marked = snapshot.marked(lanes, view.start_ns, view.end_ns, columns)
    return marked if marked.any() else None
