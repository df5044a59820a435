"""How long requests were blocked: on their own thread, and on one that runs what this thread waits for meanwhile."""

from __future__ import annotations

import numpy as np

from .columns import I64, UNKNOWN, Bools, Rows
from .tables import Tables, not_later


def work_of(tables: Tables, tasks: Rows) -> I64:
    """Return what each task (rows) runs, an index into ``tables.works``, `UNKNOWN` where that was not told."""
    notes = tables.submits.all()
    notes = notes[np.lexsort((notes["start"], notes["thread"]))]
    by, submitted = tasks["by"].astype(np.int64), tasks["submitted"]
    at = not_later(notes["thread"], notes["start"], by, submitted) - 1
    work = np.full(len(tasks), UNKNOWN, np.int64)
    if len(notes):
        known = (at >= 0) & (notes["thread"][at] == by) & (notes["start"][at] == submitted)
        work[known] = notes["value"][at[known]]
    return work


def for_own(tables: Tables, thread: I64, start: I64, by: I64) -> Bools:
    """Return which waits belong to what the thread of a request waits for meanwhile, bool ``[n]``.

    Args:
        thread, start: int64 ``[n]``, on which thread and when (ns) each began.
        by: int64 ``[n]``, the thread of the request that it is for.
    """
    found = np.zeros(len(thread), np.bool_)
    if not tables.awaited or not len(thread):
        return found
    tasks = tables.tasks.within(int(start.min()), int(start.max()))
    tasks = tasks[np.isin(work_of(tables, tasks), [*tables.awaited])]
    tasks = tasks[np.lexsort((tasks["start"], tasks["thread"]))]
    if len(tasks):
        at = not_later(tasks["thread"], tasks["start"], thread, start) - 1
        mine = tasks[np.maximum(at, 0)]
        found = (at >= 0) & (mine["thread"] == thread) & (tables.ends(mine) > start) & (mine["by"] == by)
    return found


def waits_of(tables: Tables, thread: int, start_ns: int, end_ns: int) -> Rows:
    """Return the rows of the waits that block a thread in a window (ns) in which they begin, by start.

    Those on the threads that run what it waits for meanwhile are among them: an async view.
    """
    waits = tables.waits.within(start_ns, end_ns)
    waits = waits[(waits["start"] >= start_ns) & (waits["start"] <= end_ns)]
    mine = waits["thread"] == thread
    if tables.awaited:
        tasks = tables.tasks.within(start_ns, end_ns)
        tasks = tasks[(tasks["by"] == thread) & (tasks["submitted"] >= start_ns)]
        tasks = tasks[np.isin(work_of(tables, tasks), [*tables.awaited])]
        for task, until in zip(tasks, tables.ends(tasks).tolist(), strict=True):
            mine |= (waits["thread"] == task["thread"]) & (waits["start"] >= task["start"]) & (waits["start"] < until)
    waits = waits[mine]
    in_order: Rows = waits[np.argsort(waits["start"], kind="stable")]
    return in_order


def waited(tables: Tables, requests: Rows) -> I64:
    """Return how long each request (rows) was blocked, ns ``[n]``.

    An async view runs on a thread of its own while that of the request waits for it: its waits count too. What a
    request hands over and does not wait for so does not.
    """
    ends = tables.ends(requests)
    total = tables.waited(requests["thread"].astype(np.int64), requests["start"].copy(), ends)
    if not tables.awaited or not len(requests):
        return total
    tasks = tables.tasks.within(int(requests["start"].min()), int(ends.max()))
    tasks = tasks[np.isin(work_of(tables, tasks), [*tables.awaited])]
    order = np.lexsort((requests["start"], requests["thread"]))
    by, submitted = tasks["by"].astype(np.int64), tasks["submitted"]
    at = not_later(requests["thread"][order], requests["start"][order], by, submitted) - 1
    mine = order[np.maximum(at, 0)]
    inside = (at >= 0) & (requests["thread"][mine] == by) & (submitted < ends[mine])
    tasks, mine = tasks[inside], mine[inside]
    spent = tables.waited(tasks["thread"].astype(np.int64), tasks["start"].copy(), tables.ends(tasks))
    np.add.at(total, mine, spent)
    clipped: I64 = np.minimum(total, ends - requests["start"])
    return clipped
