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
from .scene import LaneHead, Scene, Stage


def thread_scene(
    snapshot: Snapshot, lanes: Sequence[int], pids: Sequence[str], view: View, stage: Stage, what: Cells
) -> Scene:
    """Return the scene of some lanes (ids) whose cells are known."""
    roomy, columns = stage.pitch > 1, stage.columns
    captions = request_captions(snapshot, lanes, view, columns, WIDTH if roomy else ON_LANE_WIDTH)
    return Scene(
        cells=what,
        heads=_heads(snapshot, lanes, pids, view, stage),
        picked=stage.picked,
        gutter=stage.gutter,
        pitch=stage.pitch,
        cursor=stage.cursor,
        waits=wait_labels(snapshot, lanes, view, columns),
        captions=captions if roomy else on_lane(captions, what),
        shapes=stage.shapes,
        arrows=stage.arrows,
        anchor=stage.anchor,
        marks=_marks(snapshot, lanes, view, columns),
        short=snapshot.lock_names.short,
    )


def _heads(
    snapshot: Snapshot, lanes: Sequence[int], pids: Sequence[str], view: View, stage: Stage
) -> tuple[LaneHead, ...]:
    """Return the lanes' names and their states at the cursor."""
    moment = max(min(view.cursor_ns, snapshot.end_ns - 1), snapshot.start_ns)
    states = snapshot.frame(lanes, moment, moment + 1, 1).first[:, 0].tolist()
    return tuple(
        LaneHead(pid, snapshot.lane_names.short(snapshot.lanes[lane].name, stage.room(pid)), State(state))
        for lane, pid, state in zip(lanes, pids, states, strict=True)
    )


def _marks(snapshot: Snapshot, lanes: Sequence[int], view: View, columns: int) -> NDArray[np.bool_] | None:
    marked = snapshot.marked(lanes, view.start_ns, view.end_ns, columns)
    return marked if marked.any() else None
