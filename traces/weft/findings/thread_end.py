"""Threads that ended and left a lock locked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from weft.timeline.units import duration

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import at, behind, lane_of, lock_name, site, thread_name, who, yours

KIND = "thread-end"

_LINES = 8


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock, the last thread that ended while it held it."""
    holds, roster = case.holds, case.tables.roster
    ended = roster.end[holds.thread]
    dead = np.flatnonzero((ended < roster.gone[holds.thread]) & (holds.end > ended) & (holds.start <= ended))
    for lock in np.unique(holds.lock[dead]).tolist():
        mine = dead[holds.lock[dead] == lock]
        yield _finding(case, lock, int(mine[-1]), len(mine))


def _finding(case: Case, lock: int, hold: int, count: int) -> Finding:
    snapshot, holds, waits = case.snapshot, case.holds, case.lock_waits
    thread = int(holds.thread[hold])
    ended, until = int(case.tables.roster.end[thread]), int(holds.end[hold])
    name, lane = lock_name(snapshot, lock), lane_of(snapshot, thread)
    goes_on = bool(holds.lasting[hold])
    part = waits.of(lock)
    behind_it = np.flatnonzero((waits.start[part] < until) & (waits.end[part] > ended)) + part.start
    cost = int((np.minimum(waits.end[behind_it], until) - np.maximum(waits.start[behind_it], ended)).sum())
    text = f"{thread_name(snapshot, thread)} ended without releasing {name}"
    text += "" if goes_on else f", which another thread did {duration(until - ended)} later"
    text += f"; {behind(len(behind_it), cost)}" if len(behind_it) else ""
    text += ", and nobody can ever get it" if goes_on and len(behind_it) else ""
    lines = [Evidence(f"{thread_name(snapshot, thread)} ends, {name} stays locked", lane, ended, None, lock)]
    threads = [thread]
    for wait in behind_it[:_LINES].tolist():
        other, start = int(waits.thread[wait]), int(waits.start[wait])
        stack = case.waiter_at(other, start)
        threads.append(other)
        called = who(snapshot, other, case.request_at(other, start))
        over = None if waits.lasting[wait] else int(waits.end[wait])
        line = f"{called} waits for {name}{at(stack)}"
        lines.append(Evidence(line, lane_of(snapshot, other), start, over, lock, yours(stack)))
    return Finding(
        kind=KIND,
        sentence=f"{text}.",
        severity=Severity.STUCK if goes_on and len(behind_it) else Severity.RISK,
        key=(site(snapshot.locks[lock])[2],),
        subject=(lock,),
        began_ns=ended,
        ended_ns=None if goes_on else until,
        cost_ns=cost,
        evidence=tuple(lines),
        count=count,
        lanes=unique(lane_of(snapshot, each) for each in threads),
        locks=(lock,),
    )
