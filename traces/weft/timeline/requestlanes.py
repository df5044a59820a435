"""Requests as lanes: what the thread of each did while it served that request."""

from __future__ import annotations

import numpy as np

from . import frames
from .columns import I64, Bools, Rows
from .index import Picture
from .tables import Tables
from .values import Frame, State


def touching(tables: Tables, start_ns: int, end_ns: int) -> Rows:
    """Return the rows of the requests that touch a window (ns), by process and start."""
    rows = tables.requests.within(start_ns, end_ns)
    return rows.take(np.lexsort((rows["id"], rows["start"], tables.roster.process[rows["thread"]])))


def frame(tables: Tables, picture: Picture, rows: Rows, serves: Bools, edges: I64) -> Frame:
    """Return what the threads of requests did between edges, `State.OFF` before and after the request, exactly.

    Args:
        rows: rows of requests.
        serves: bool ``[len(rows)]``, as for `frames.frame`.
        edges: int64 ``[columns + 1]``, ns, rising.
    """
    start, end = rows["start"], tables.ends(rows)
    clipped = np.clip(edges[None, :], start[:, None], np.maximum(end, start)[:, None])
    moments: I64 = np.unique(clipped) if len(rows) else edges
    lanes = tables.roster.lane[rows["thread"]]
    fine = frames.frame(picture, [int(lane) for lane in lanes], serves, moments)
    at = np.searchsorted(moments, clipped)
    which = np.arange(len(rows))[:, None]

    def between(parts: I64) -> I64:
        sums = np.concatenate((np.zeros((*parts.shape[:-1], 1), np.int64), np.cumsum(parts, axis=-1)), axis=-1)
        return np.diff(sums[..., which, at], axis=-1)

    spent = between(fine.spent)
    spent[State.OFF] += np.diff(edges) - spent.sum(axis=0)
    first = np.zeros((len(rows), len(edges) - 1), np.uint8)
    on = (edges[None, :-1] >= start[:, None]) & (edges[None, :-1] < end[:, None])
    if fine.first.shape[1]:
        first = np.where(on, fine.first[which, np.minimum(at[:, :-1], fine.first.shape[1] - 1)], first)
    return Frame(edges, spent, first, between(fine.waits))
