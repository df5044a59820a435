"""Requests as lanes: what the thread of each did while it served that request."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from . import frames
from .columns import I64, Bools, Rows
from .index import Picture
from .tables import Tables
from .values import Frame, State


@dataclass(frozen=True, slots=True)
class InOrder:
    """All requests by process and start, so that those of a window are found without looking at the others.

    Attributes:
        rows: in the order of the table.
        order: int64 ``[n]``, places in ``rows``.
        ids, start, process: int64 ``[n]``, of the requests in that order.
        first: int64 ``[processes + 1]``, where each process begins in it.
        longest: characters of the longest method and path.
    """

    rows: Rows
    order: I64
    ids: I64
    start: I64
    process: I64
    first: I64
    longest: int

    def touching(self, tables: Tables, start_ns: int, end_ns: int) -> list[I64 | slice]:
        """Return the places in the order of the requests that touch a window (ns), in parts; most are one stretch."""
        early = tables.requests.within(start_ns, start_ns)
        early = early[early["start"] < start_ns]
        parts: list[I64 | slice] = []
        for number, (first, last) in enumerate(pairwise(self.first.tolist())):
            own = early[tables.roster.process[early["thread"]] == number]
            starts = self.start[first:last]
            low = first + int(np.searchsorted(starts, start_ns, side="left"))
            high = first + int(np.searchsorted(starts, end_ns, side="right"))
            parts += [self._places(own, first, low), slice(low, high)]
        return parts or [slice(0, 0)]

    def _places(self, rows: Rows, first: int, last: int) -> I64:
        """Return where some rows stand between two places."""
        rows = rows[np.lexsort((rows["id"], rows["start"]))]
        places = []
        for start, number in zip(rows["start"].tolist(), rows["id"].tolist(), strict=True):
            at = first + int(np.searchsorted(self.start[first:last], start, side="left"))
            while self.ids[at] != number:
                at += 1
            places.append(at)
        return np.array(places, np.int64)


def in_order(tables: Tables) -> InOrder:
    """Return all requests by process and start."""
    rows = tables.requests.all()
    process = tables.roster.process[rows["thread"]].astype(np.int64)
    start, ids = rows["start"].copy(), rows["id"].astype(np.int64)
    order = np.lexsort((ids, start, process))
    first = np.searchsorted(process[order], np.arange(int(process.max(initial=-1)) + 2))
    longest = max((len(method) + 1 + len(path) for method, path in tables.targets), default=0)
    return InOrder(rows, order, ids[order], start[order], process[order], first, longest)


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
