"""Rows chosen from the tables: figures of locks, requests from the newest on, the nearest wait."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import awaited
from .columns import FOREVER, I64, Bools, Rows, View, chosen, merged
from .figures import Sums
from .tables import Tables
from .values import RESOURCES, Lock, LockFigures, Request

_KINDS = ("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore")
HELD = frozenset({"", *_KINDS, *(f"multiprocessing.{kind}" for kind in _KINDS), *RESOURCES})
"""Kinds of what a thread can hold while others wait for it; events, queues, threads and futures are only waited for."""


def lock_figures(tables: Tables, sums: Sums, locks: Sequence[Lock]) -> list[LockFigures]:
    """Return a row per lock, longest total wait first; what is still going on counts up to now."""
    holds, waits = tables.holds.open, tables.waits.open
    held, waited = tables.held_until(holds) - holds["start"], tables.ends(waits) - waits["start"]
    size = len(locks)
    hold_ns, hold_max = _with_open(sums.hold_ns, sums.hold_max_ns, holds, held)
    wait_ns, wait_max = _with_open(sums.wait_ns, sums.wait_max_ns, waits, waited)
    acquisitions = sums.acquisitions + np.bincount(holds["lock"], minlength=size)
    contended = sums.contended + np.bincount(waits["lock"], minlength=size)
    waiting = np.bincount(waits["lock"][_lasting(waits, tables.roster.close, tables.end_ns)], minlength=size)
    holding = chosen(holds, _lasting(holds, tables.roster.gone, tables.end_ns))
    holder = dict(zip(holding["lock"].tolist(), holding["thread"].tolist(), strict=True))
    idle = np.array([lock.kind not in HELD for lock in locks], bool)
    order = np.lexsort((np.arange(size), -hold_ns, -wait_ns, idle))
    columns = np.stack((acquisitions, contended, wait_ns, wait_max, hold_ns, hold_max, waiting), axis=1)
    return [
        LockFigures(
            lock=locks[lock],
            acquisitions=row[0],
            contended=row[1],
            wait_ns=row[2],
            wait_max_ns=row[3],
            hold_ns=row[4],
            hold_max_ns=row[5],
            waiting_now=row[6],
            holder_now=holder.get(lock),
        )
        for lock, row in zip(order.tolist(), columns[order].tolist(), strict=True)
    ]


def latest(tables: Tables) -> I64:
    """Return places in all rows of requests: of those in flight, oldest first, then of the others, newest first."""
    flying = tables.requests.open
    ended = tables.requests.kept("latest", np.zeros((3, 0), np.int64), _with_more)
    first = ended.shape[1] + np.lexsort((flying["id"], flying["start"]))
    return np.concatenate((first, ended[2, ::-1]))


def _with_more(run: I64, rows: Rows, first: int) -> I64:
    """Return the order of requests by their ends with further ones, which stand in their table from a place on."""
    return merged(run, np.stack((rows["end"], rows["id"], np.arange(first, first + len(rows)))))


def lasting(tables: Tables, view: View, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> Rows:
    """Return the rows of the lanes that last at least ``min_ns`` (ns) in the window, by lane and start."""
    rows = view.within(start_ns, end_ns, min_ns)
    lane = tables.roster.lane[rows["thread"]]
    lasts = np.minimum(tables.ends(rows), end_ns) - np.maximum(rows["start"], start_ns)
    fit = np.flatnonzero(np.isin(lane, lanes) & (lasts >= min_ns))
    return rows.take(fit[np.lexsort((rows["start"][fit], lane[fit]))])


def nearest_wait(tables: Tables, lane: int | None, time_ns: int, step: int, span: tuple[int, int]) -> Rows:
    """Return the one wait that begins nearest after (``step`` 1) or before (-1) an instant, if there is one.

    Looks at twice as much time in each turn, so that a near wait is found without looking at all.
    """
    low, high = span
    reach = max((high - low) >> 12, 1)
    while True:
        start, end = (time_ns + 1, time_ns + reach) if step > 0 else (time_ns - reach, time_ns - 1)
        rows = tables.waits.within(start, end)
        fit = (rows["start"] >= start) & (rows["start"] <= end)
        if lane is not None:
            fit &= tables.roster.lane[rows["thread"]] == lane
        rows = chosen(rows, fit)
        if len(rows):
            at = int(rows["start"].argmin() if step > 0 else rows["start"].argmax())
            return rows[at : at + 1]
        if start <= low if step < 0 else end >= high:
            return rows
        reach *= 2


def waits_in(tables: Tables, request: Request) -> list[tuple[int, int]]:
    """Return which locks blocked a request while its thread served it, and how long (ns), the longest first."""
    end_ns = tables.end_ns if request.end_ns is None else request.end_ns
    rows = tables.outermost(awaited.waits_of(tables, request.thread, request.start_ns, end_ns))
    parts = np.minimum(tables.ends(rows), end_ns) - np.maximum(rows["start"], request.start_ns)
    locks, which = np.unique(rows["lock"], return_inverse=True)
    totals = np.bincount(which, weights=parts, minlength=len(locks)).astype(np.int64)
    found = zip(locks.tolist(), totals.tolist(), strict=True)
    return sorted(((lock, ns) for lock, ns in found if ns > 0), key=lambda pair: -pair[1])


def event_count(tables: Tables) -> int:
    """Return how many numbered events there are: begins and ends of waits, holds, requests and tasks, and marks."""
    spans = sum(2 * len(view.closed) + len(view.open) for view in _numbered(tables))
    # An end that is not there yet has no number, but one that is merely not known has.
    cut = sum(int((view.open["end"] != FOREVER).sum()) for view in _numbered(tables))
    return spans + cut + len(tables.marks.closed) + len(tables.marks.open)


def event_at(tables: Tables, number: int) -> tuple[int, int] | None:
    """Return lane and moment (ns) of the numbered event, from 1 on in order of time, None: there are not so many."""
    parts: list[tuple[Rows, I64]] = []
    for view in _numbered(tables):
        rows = view.all()
        parts += [(rows, rows["start"]), (rows[rows["end"] != FOREVER], rows["end"][rows["end"] != FOREVER])]
    marks = tables.marks.all()
    parts.append((marks, marks["start"]))
    times = np.concatenate([times for _, times in parts])
    if not 1 <= number <= len(times):
        return None
    time_ns = int(np.partition(times, number - 1)[number - 1])
    same = np.flatnonzero(times == time_ns)
    at = int(same[number - 1 - np.count_nonzero(times < time_ns)])
    for rows, here in parts:
        if at < len(here):
            return int(tables.roster.lane[rows["thread"][at]]), time_ns
        at -= len(here)
    return None


def _numbered(tables: Tables) -> tuple[View, ...]:
    return tables.waits, tables.holds, tables.requests, tables.tasks


def _with_open(total: I64, most: I64, rows: Rows, lasting: I64) -> tuple[I64, I64]:
    """Return sums and maxima per lock with rows added that last so long (ns) by now."""
    total, most = total.copy(), most.copy()
    np.add.at(total, rows["lock"], lasting)
    np.maximum.at(most, rows["lock"], lasting)
    return total, most


def _lasting(rows: Rows, until: I64, end_ns: int) -> Bools:
    """Return which rows go on at the end of the trace, given until when (ns) each thread is taken to be there."""
    lasting: Bools = (rows["end"] == FOREVER) & (until[rows["thread"]] >= end_ns)
    return lasting
