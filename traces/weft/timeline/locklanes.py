"""Locks as lanes: how long each was held and waited for in every column, who has it and who queues at an instant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from . import lockindex
from . import moments as told
from .columns import FOREVER, I64, Rows, View, chosen
from .tables import Tables
from .values import HoldLabel, LockFrame

_LOOKED: Final = 1 << 15
"""Holds that are looked through for those of one lock, about."""


def prepare(tables: Tables) -> None:
    """Index the waits; holds are many, and asked for in lanes of locks only."""
    lockindex.measure(tables.waits, (), np.zeros(1, np.int64))


def frame(tables: Tables, locks: Sequence[int], edges: I64) -> LockFrame:
    """Return what happened to locks between edges.

    Args:
        locks: ids.
        edges: int64 ``[columns + 1]``, ns, rising.
    """
    held, _, _ = _before(tables.holds, tables.held_until, locks, edges)
    waited, queue, began = _before(tables.waits, tables.ends, locks, edges)
    return LockFrame(edges, np.diff(held), np.diff(waited), queue[:, :-1], np.diff(began))


def labels(tables: Tables, locks: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[HoldLabel]:
    """Return the parts in a window of holds that last at least ``min_ns`` there, in order of rows and time."""
    rows = tables.holds.within(start_ns, end_ns, min_ns)
    rows = chosen(rows, np.isin(rows["lock"], locks))
    low, high = np.maximum(rows["start"], start_ns), np.minimum(tables.held_until(rows), end_ns)
    fit = np.flatnonzero(high - low >= max(min_ns, 1))
    if not len(fit):
        return []
    row_of = {lock: row for row, lock in enumerate(locks)}
    row = np.array([row_of[lock] for lock in rows["lock"][fit].tolist()], np.int64)
    order = np.lexsort((low[fit], row))
    fit, row = fit[order], row[order]
    near, which = told.serving_at(tables, rows["thread"][fit].astype(np.int64), low[fit])
    served = told.by_row(tables, near, which)
    columns = (row, low[fit], high[fit], tables.roster.lane[rows["thread"][fit]], which)
    return [
        HoldLabel(number, start, end, lane, served.get(at))
        for number, start, end, lane, at in zip(*(column.tolist() for column in columns), strict=True)
    ]


def held_at(tables: Tables, lock: int, time_ns: int) -> Rows:
    """Return the row, if there is one, of the hold that an instant lies in."""
    rows = tables.holds.within(time_ns, time_ns)
    rows = chosen(rows, rows["lock"] == lock)
    rows = rows[(rows["start"] <= time_ns) & (tables.held_until(rows) > time_ns)]
    newest: Rows = rows[np.argsort(rows["start"], kind="stable")][-1:]
    return newest


def queue_at(tables: Tables, lock: int, time_ns: int) -> Rows:
    """Return the rows of the waits that an instant lies in, who waits longest first."""
    rows = tables.waits.within(time_ns, time_ns)
    rows = chosen(rows, rows["lock"] == lock)
    rows = rows[(rows["start"] <= time_ns) & (tables.ends(rows) > time_ns)]
    in_order: Rows = rows[np.lexsort((rows["thread"], rows["start"]))]
    return in_order


def around(tables: Tables, lock: int, time_ns: int, count: int, span: tuple[int, int]) -> tuple[Rows, Rows]:
    """Return the last ``count`` holds of a lock that ended by an instant, and the first that begin after it.

    Looks at twice as much time in each turn, and only so far that it is quick: what is farther away is left out.
    """
    low, high = span
    reach = max((high - low) >> 12, 1)
    while True:
        rows = tables.holds.within(time_ns - reach, time_ns + reach)
        looked = len(rows)
        rows = rows[rows["lock"] == lock]
        before = rows[tables.held_until(rows) <= time_ns]
        after = rows[rows["start"] > time_ns]
        enough = len(before) >= count and len(after) >= count
        if enough or looked > _LOOKED or (time_ns - reach <= low and time_ns + reach >= high):
            before = before[np.argsort(before["end"], kind="stable")][-count:]
            return before, after[np.argsort(after["start"], kind="stable")][:count]
        reach *= 2


def next_change(tables: Tables, lane: int, time_ns: int, step: int, span: tuple[int, int]) -> int | None:
    """Return the nearest moment (ns) after (``step`` 1) or before (-1) an instant at which something changes on a lane.

    That is when a hold, a wait, a hand-off, a request, a task or a thread begins or ends. Looks at twice as much time
    in each turn, so that what is near is found without looking at all.
    """
    low, high = span
    roster = tables.roster
    mine = np.flatnonzero(roster.lane == lane)
    lives = np.concatenate((roster.start[mine], roster.end[mine]))
    on = np.zeros(len(roster), np.bool_)
    on[mine] = True
    reach = max((high - low) >> 12, 1)
    while True:
        start, end = (time_ns + 1, time_ns + reach) if step > 0 else (time_ns - reach, time_ns - 1)
        times = [lives]
        for view in (tables.holds, tables.waits, tables.handoffs, tables.requests, tables.tasks):
            rows = view.within(start, end)
            rows = chosen(rows, on[rows["thread"]])
            times += [rows["start"], rows["end"]]
        moments = np.concatenate(times)
        moments = moments[(moments >= start) & (moments <= end) & (moments != FOREVER)]
        if len(moments):
            return int(moments.min() if step > 0 else moments.max())
        if start <= low if step < 0 else end >= high:
            return None
        reach *= 2


def _before(view: View, ends_of: Callable[[Rows], I64], locks: Sequence[int], edges: I64) -> tuple[I64, I64, I64]:
    """Return, per lock and edge, the time spent before it, how many are on at it, and how many began before it."""
    (spent, on, began), rest = lockindex.measure(view, locks, edges)
    for rows in (rest, view.open):
        rows = rows[(rows["start"] <= edges[-1]) & (rows["end"] >= edges[0])]
        rows = rows[np.isin(rows["lock"], locks)]
        for row, lock in enumerate(locks) if len(rows) else ():
            mine = rows[rows["lock"] == lock]
            if len(mine):
                for total, part in zip((spent, on, began), _sums(mine["start"], ends_of(mine), edges), strict=True):
                    total[row] += part
    return spent, on, began


def _sums(starts: I64, ends: I64, edges: I64) -> tuple[I64, I64, I64]:
    """Return the same of some rows."""
    starts, ends = np.sort(starts), np.sort(ends)
    begun, over = np.searchsorted(starts, edges, side="right"), np.searchsorted(ends, edges, side="right")
    first = int(edges[0])
    begin_sums = np.concatenate(([0], np.cumsum(starts - first)))
    end_sums = np.concatenate(([0], np.cumsum(ends - first)))
    spent = (begun - over) * (edges - first) - begin_sums[begun] + end_sums[over]
    return spent, begun - over, np.searchsorted(starts, edges, side="left")
