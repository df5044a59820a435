"""Requests as lanes: what the thread of each did while it served that request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from . import frames
from .columns import I64, Bools, Rows, View, merged
from .index import Picture
from .intake import distinct
from .tables import Tables
from .values import Frame, State

_NOTHING: Final[tuple[I64, ...]] = ()


@dataclass(frozen=True, slots=True, eq=False)
class InOrder:
    """All requests by process, start and id, so that those of a window are found without looking at the others.

    Attributes:
        rows: their table.
        runs: for each process int64 ``[3, n]``: starts (ns), ids, and places in the table.
        longest: characters of the longest method and path.
    """

    rows: View
    runs: tuple[I64, ...]
    longest: int

    def touching(self, tables: Tables, start_ns: int, end_ns: int) -> tuple[I64, I64, I64]:
        """Return place in the table, id and process, int64 ``[n]`` each, of the requests that touch a window (ns)."""
        early = tables.requests.within(start_ns, start_ns)
        early = early[early["start"] < start_ns]
        of_process = tables.roster.process[early["thread"]]
        parts: list[I64] = [np.zeros((3, 0), np.int64)]
        sizes = []
        for number, run in enumerate(self.runs):
            low, high = np.searchsorted(run[0], (start_ns, end_ns + 1)).tolist()
            parts += _among(run, early[of_process == number]), run[:, low:high]
            sizes.append(parts[-2].shape[1] + parts[-1].shape[1])
        some = [part for part in parts if part.shape[1]] or parts[:1]
        _, ids, places = some[0] if len(some) == 1 else np.concatenate(some, axis=1)
        return places, ids, np.repeat(np.arange(len(sizes)), sizes)


def _among(run: I64, rows: Rows) -> I64:
    """Return the part of a run that is some of its rows."""
    rows = rows[np.lexsort((rows["id"], rows["start"]))]
    at = np.searchsorted(run[0], rows["start"])
    for which, number in enumerate(rows["id"].tolist()):
        while run[1, at[which]] != number:
            at[which] += 1
    return run.take(at, axis=1)


def in_order(tables: Tables) -> InOrder:
    """Return all requests by process, start and id; the order of finished ones is kept for later views."""
    view = tables.requests
    more = partial(_with_more, tables)
    runs = view.kept("in order", _NOTHING, more)
    longest = max((len(method) + 1 + len(path) for method, path in tables.targets), default=0)
    return InOrder(view, more(runs, view.open, len(view.closed)), longest)


def _with_more(tables: Tables, runs: tuple[I64, ...], rows: Rows, first: int) -> tuple[I64, ...]:
    """Return runs with further rows, which stand in their table from a place on."""
    if not len(rows):
        return runs
    process = tables.roster.process[rows["thread"]]
    more = np.stack((rows["start"], rows["id"], np.arange(first, first + len(rows))))
    present = distinct(process)
    grown = [*runs, *[more[:, :0]] * (present[-1] + 1 - len(runs))]
    for number in present:
        grown[number] = merged(grown[number], more[:, process == number] if len(present) > 1 else more)
    return tuple(grown)


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
