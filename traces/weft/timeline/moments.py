"""All that is known of a lane at an instant, and rows told as values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from . import awaited
from .columns import FOREVER, HOLD, I64, UNKNOWN, Rows, View, chosen, tell_apart
from .locking import HOLDER, HOLDER_AT, WAITER_AT, WAKER
from .serving import APP
from .tables import Tables, not_later
from .units import uncoloured
from .values import Blame, Hold, Lane, Mark, Moment, Request, Section, Stack, State, Task, Wait

RECENT_NS: Final = 1_000_000_000
"""How old marks may be that are told outside of a request."""

MARKS: Final = 4
"""Marks that are told."""

BLAMES: Final = 32
"""Holds that one wait was spent behind that are told, about."""

_AROUND: Final = 4
"""How many of them right before and behind the instant are told in any case."""

_FEW: Final = 64

LOST_TEXT: Final = "(its text was not kept)"


def moment(tables: Tables, lane: Lane, time_ns: int, *, serves: bool) -> Moment:
    """Return what is known of a lane at an instant.

    Args:
        serves: the lane's process has served a request, or the lane runs tasks, so a bare thread is idle.
    """
    thread = _thread_on(tables, lane.id, time_ns)
    if thread is None:
        return Moment(lane, time_ns, State.OFF, None, None, (), (), None, ())
    held = tables.at(tables.holds, time_ns, thread)
    # Of a wait inside another one the outer is told: its name says more.
    waiting = tables.at(tables.waits, time_ns, thread)[:1]
    serving = tables.at(tables.requests, time_ns, thread)[-1:]
    task = tables.at(tables.tasks, time_ns, thread)[-1:]
    if len(task) and len(serving) and serving["start"][0] > task["start"][0]:
        task = task[:0]
    working = next(iter(tasks(tables, task)), None)
    since = [int(rows["start"][0]) for rows in (serving, task) if len(rows)]
    handed = len(tables.at(tables.handoffs, time_ns, thread)) > 0
    contexts = tables.at(tables.contexts, time_ns, thread)
    blaming = blamed(tables, waiting)
    waits = _waits(tables, waiting, lambda at: int(blaming["thread"][0]) if len(blaming) else None)
    return Moment(
        lane=lane,
        time_ns=time_ns,
        state=_state(handed, len(waiting) > 0, len(held) > 0, len(since) > 0, serves),
        thread=tables.roster[thread],
        request=next(iter(requests(tables, serving)), None) if working is None else working.request,
        contexts=tuple(name for row in contexts for name in _contexts(row, time_ns)),
        holds=tuple(holds(tables, held)),
        wait=waits[0] if waits else None,
        blames=blames(tables, waiting, _telling(tables, waiting, blaming, time_ns)),
        behind=len(blaming),
        wanted_by=tuple(_wanted(tables, held, thread, time_ns)),
        task=working,
        handed=_handed(tables, thread, max(since), time_ns) if since else (),
        sections=tuple(_sections(tables, tables.at(tables.said, time_ns, thread))),
        marks=tuple(_last_marks(tables, thread, max(since, default=time_ns - RECENT_NS), time_ns)),
    )


def _contexts(row: Rows, time_ns: int) -> tuple[str, ...]:
    """Return the names of the contexts that a row stands for: an app context may carry its request context."""
    if row["what"] != APP:
        return ("request",)
    return ("app", "request") if row["request"] <= time_ns else ("app",)


def marks(tables: Tables, rows: Rows) -> list[Mark]:
    """Return rows of marks as values."""
    lane = tables.roster.lane[rows["thread"]].tolist()
    return [
        Mark(
            label_of(tables, row["label"]), row["thread"], on, row["start"], row["level"] if row["level"] >= 0 else None
        )
        for row, on in zip(_dicts(rows), lane, strict=True)
    ]


def _last_marks(tables: Tables, thread: int, since_ns: int, time_ns: int) -> list[Mark]:
    rows = tables.marks.within(since_ns, time_ns)
    rows = chosen(rows, rows["thread"] == thread)
    return marks(tables, rows[np.argsort(rows["start"], kind="stable")][: -MARKS - 1 : -1])


def _sections(tables: Tables, rows: Rows) -> list[Section]:
    return [
        Section(label_of(tables, row["label"]), row["thread"], row["start"], _end(row["end"])) for row in _dicts(rows)
    ]


def label_of(tables: Tables, label: int) -> str:
    """Return what a label says, without the colours that it may have been logged in."""
    return uncoloured(tables.labels[label]) if label >= 0 else LOST_TEXT


def waits(tables: Tables, rows: Rows) -> list[Wait]:
    """Return rows of waits as values."""

    def holder(at: int) -> int | None:
        behind = blamed(tables, rows[at : at + 1])
        return int(behind["thread"][0]) if len(behind) else None

    return _waits(tables, rows, holder)


def requests(tables: Tables, rows: Rows) -> list[Request]:
    """Return rows of requests as values."""
    waited = awaited.waited(tables, rows).tolist()
    roster = tables.roster
    return [
        Request(
            id=row["id"],
            number=row["number"],
            process=int(roster.process[row["thread"]]),
            thread=row["thread"],
            lane=int(roster.lane[row["thread"]]),
            method=method,
            path=path,
            endpoint=tables.endpoints[row["endpoint"]] if row["endpoint"] >= 0 else None,
            start_ns=row["start"],
            end_ns=_end(row["end"]),
            status=row["status"] if row["status"] != UNKNOWN else None,
            wait_ns=wait_ns,
            queued_ns=row["queued"],
        )
        for row, wait_ns in zip(_dicts(rows), waited, strict=True)
        for method, path in [tables.targets[row["target"]] if row["target"] >= 0 else ("", "")]
    ]


def tasks(tables: Tables, rows: Rows) -> list[Task]:
    """Return rows of tasks as values."""
    if not len(rows):
        return []
    by, submitted = rows["by"].astype(np.int64), rows["submitted"]
    near, which = serving_at(tables, by, submitted)
    served = by_row(tables, near, which)
    works = [_work(tables, row["by"], row["submitted"]) for row in _dicts(rows)]
    return [
        Task(
            work=_name_of(tables, work),
            by=row["by"] if row["by"] != UNKNOWN else None,
            submitted_ns=row["submitted"],
            thread=row["thread"],
            start_ns=row["start"],
            end_ns=_end(row["end"]),
            request=served.get(at),
            awaited=work in tables.awaited,
        )
        for row, at, work in zip(_dicts(rows), which.tolist(), works, strict=True)
    ]


def _handed(tables: Tables, thread: int, since: int, time_ns: int) -> tuple[Task, ...]:
    """Return what a thread has handed over since a moment and what is not done at another, oldest first."""
    notes = tables.submits.within(since, time_ns)
    notes = chosen(notes, (notes["thread"] == thread) & (notes["start"] >= since))
    if not len(notes):
        return ()
    begun = tables.tasks.within(since, tables.end_ns)
    begun = chosen(begun, (begun["by"] == thread) & np.isin(begun["submitted"], notes["start"]))
    known = {task.submitted_ns: task for task in tasks(tables, begun)}
    near, which = serving_at(tables, notes["thread"].astype(np.int64), notes["start"])
    served = by_row(tables, near, which)
    told = [
        known.get(note["start"])
        or Task(_name_of(tables, note["value"]), thread, note["start"], None, None, None, served.get(at))
        for note, at in zip(_dicts(notes), which.tolist(), strict=True)
    ]
    there = [task for task in told if task.end_ns is None or task.end_ns > time_ns]
    return tuple(sorted(there, key=lambda task: task.submitted_ns))


def _work(tables: Tables, by: int, submitted: int) -> int:
    notes = tables.submits.within(submitted, submitted)
    notes = chosen(notes, notes["thread"] == by)
    return int(notes["value"][0]) if len(notes) else UNKNOWN


def _name_of(tables: Tables, work: int) -> str:
    return tables.works[work] if work != UNKNOWN else ""


def by_row(tables: Tables, near: Rows, which: I64) -> dict[int, Request]:
    """Return the requests that some indexes of rows mean."""
    known = np.unique(which[which >= 0])
    return dict(zip(known.tolist(), requests(tables, near.take(known)), strict=True))


def _thread_on(tables: Tables, lane: int, time_ns: int) -> int | None:
    roster = tables.roster
    on = (roster.lane == lane) & (roster.start <= time_ns) & (roster.close > time_ns)
    found = np.flatnonzero(on)
    return int(found[-1]) if len(found) and time_ns <= tables.end_ns else None


def _state(handed: bool, waiting: bool, holding: bool, serving: bool, serves: bool) -> State:
    """Return the state that tells most; the same order as in `weft.timeline.building`."""
    if handed:
        return State.HANDOFF
    if waiting:
        return State.WAIT_HOLD if holding else State.WAIT
    if holding:
        return State.HOLD
    return State.RUN if serving or not serves else State.IDLE


def _wanted(tables: Tables, held: Rows, thread: int, time_ns: int) -> list[Wait]:
    if not len(held):
        return []
    rows = tables.at(tables.waits, time_ns)
    rows = chosen(rows, np.isin(rows["lock"], held["lock"]) & (rows["thread"] != thread))
    # What the lock is wanted from is clear here, so the search for the next holder is spared.
    return _waits(tables, rows, lambda at: thread)


def blamed(tables: Tables, wait: Rows) -> Rows:
    """Return the holds by others of the lock that one row waits for, during that wait, in order of time."""
    if not len(wait):
        return np.zeros(0, HOLD)
    start, end = int(wait["start"][0]), int(tables.ends(wait)[0])
    rows = tables.holds.within(start, end)
    rows = chosen(rows, (rows["lock"] == wait["lock"][0]) & (rows["thread"] != wait["thread"][0]))
    rows = rows[(rows["start"] < max(end, start + 1)) & (rows["end"] > start)]
    in_order: Rows = rows[np.argsort(rows["start"], kind="stable")]
    return in_order


def _telling(tables: Tables, wait: Rows, rows: Rows, time_ns: int) -> Rows:
    """Return of many holds that one row waited behind those with its longest parts, and those around an instant."""
    if len(rows) <= BLAMES:
        return rows
    start, end = int(wait["start"][0]), int(tables.ends(wait)[0])
    until = tables.held_until(rows)
    parts = np.minimum(until, end) - np.maximum(rows["start"], start)
    chosen = np.zeros(len(rows), np.bool_)
    chosen[np.argpartition(parts, -BLAMES)[-BLAMES:]] = True
    now = int(np.searchsorted(rows["start"], time_ns, side="right"))
    chosen[max(now - _AROUND, 0) : now + _AROUND] = True
    telling: Rows = rows[chosen]
    return telling


def blames(tables: Tables, wait: Rows, rows: Rows) -> tuple[Blame, ...]:
    """Return the holds that one row waited behind as values, each with its part of the wait."""
    if not len(rows):
        return ()
    start, end = int(wait["start"][0]), int(tables.ends(wait)[0])
    low, high = np.maximum(rows["start"], start), np.minimum(tables.held_until(rows), end)
    near, which = serving_at(tables, rows["thread"].astype(np.int64), low)
    served = by_row(tables, near, which)
    return tuple(
        Blame(hold, overlap, served.get(row))
        for hold, overlap, row in zip(holds(tables, rows), (high - low).tolist(), which.tolist(), strict=True)
    )


HANDS: Final = 16
"""How often work may have been handed on for the request behind it to be found."""


def serving_at(tables: Tables, thread: I64, time: I64) -> tuple[Rows, I64]:
    """Return rows of requests, and which of them each (thread, time) serves or works for, -1 for none."""
    served, which = _innermost(tables.requests, thread, time)
    for _ in range(HANDS):
        ran, at = _innermost(tables.tasks, thread, time)
        if not len(ran):
            break
        own = np.where(which >= 0, served["start"][which], -1) if len(served) else np.full(len(which), -1)
        onward = (at >= 0) & (ran["start"][at] >= own)
        if not onward.any():
            break
        thread = np.where(onward, ran["by"][at], thread)
        time = np.where(onward, ran["submitted"][at], time)
        served, which = _innermost(tables.requests, thread, time)
    return served, which


def request_at(tables: Tables, thread: int, time_ns: int) -> Request | None:
    """Return the request that a thread serves, or works for, at an instant."""
    near, which = serving_at(tables, np.array([thread], np.int64), np.array([time_ns], np.int64))
    return by_row(tables, near, which).get(int(which[0]))


def _innermost(view: View, thread: I64, time: I64) -> tuple[Rows, I64]:
    """Return rows, and for each (thread, time) which of them is the innermost there, -1 for none."""
    near = view.within(int(time.min()), int(time.max()))
    near = chosen(near, np.isin(near["thread"], thread))
    near = near.take(np.lexsort((near[tell_apart(near)], near["start"], near["thread"])))
    which = not_later(near["thread"], near["start"], thread, time) - 1
    # One that began last may be over, inside one that is not.
    while True:
        here = (which >= 0) & (near["thread"][which] == thread) if len(near) else which >= 0
        over = here & (near["end"][which] <= time) if len(near) else here
        which = np.where(here, which - over, -1)
        if not over.any():
            return near, which


def _waits(tables: Tables, rows: Rows, holder: Callable[[int], int | None]) -> list[Wait]:
    """Return rows of waits as values; ``holder`` knows the thread that the wait of that index was spent behind first.

    It is asked only where no note tells.
    """
    notes = _notes(tables, rows)
    lanes = tables.roster.lane[rows["thread"]].tolist()
    return [
        _wait(tables, row, lane, notes.get((row["thread"], row["start"]), {}), partial(holder, at))
        for at, (row, lane) in enumerate(zip(_dicts(rows), lanes, strict=True))
    ]


def _notes(tables: Tables, rows: Rows) -> dict[tuple[int, int], dict[int, int]]:
    """Return what was noted of waits, by thread and begin: the value by what it tells."""
    found: dict[tuple[int, int], dict[int, int]] = {}
    if not len(rows):
        return found
    near = tables.notes.within(int(rows["start"].min()), int(rows["start"].max()))
    if len(near) > _FEW:
        near = chosen(near, np.isin(near["start"], rows["start"]))
    for note in _dicts(near):
        found.setdefault((note["thread"], note["start"]), {})[note["what"]] = note["value"]
    return found


def _wait(
    tables: Tables, row: dict[str, int], lane: int, told: dict[int, int], holder: Callable[[], int | None]
) -> Wait:
    return Wait(
        thread=row["thread"],
        lane=lane,
        lock=row["lock"],
        start_ns=row["start"],
        end_ns=_end(row["end"]),
        acquired=row["acquired"] == 1,
        holder=told[HOLDER] if HOLDER in told else holder(),
        waiter_at=_stack(tables, told.get(WAITER_AT)),
        holder_at=_stack(tables, told.get(HOLDER_AT)),
        woken_by=told.get(WAKER),
    )


def holds(tables: Tables, rows: Rows) -> list[Hold]:
    """Return rows of holds as values."""
    lane = tables.roster.lane[rows["thread"]].tolist()
    return [
        Hold(row["thread"], on, row["lock"], row["start"], _end(row["end"]))
        for row, on in zip(_dicts(rows), lane, strict=True)
    ]


def _stack(tables: Tables, index: int | None) -> Stack:
    return tables.stacks[index] if index is not None else ()


def _end(end: int) -> int | None:
    return None if end == FOREVER else end


def _dicts(rows: Rows) -> list[dict[str, int]]:
    names = rows.dtype.names or ()
    return [dict(zip(names, row, strict=True)) for row in rows.tolist()]
