"""Locks that a thread held while its process was forked: in the child they stay locked, and the thread is not there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import at, behind, lane_of, lock_name, site, thread_name, who, yours

KIND = "fork"

_LINES = 8


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock of a child that is waited for and was never held there, who held it in the parent at the fork."""
    waits, roster = case.lock_waits, case.tables.roster
    own = roster.process[waits.thread]
    stuck = waits.lasting & (waits.end - waits.start >= case.options.deadlock_ns)
    for lock in np.unique(waits.lock[stuck]).tolist():
        mine = np.flatnonzero(stuck & (waits.lock == lock) & (own == case.snapshot.locks[lock].process))
        holds = case.holds.of(lock)
        if len(mine) and holds.start == holds.stop and (hold := _held_at_fork(case, lock)) is not None:
            yield _finding(case, lock, mine.tolist(), hold)


def _held_at_fork(case: Case, lock: int) -> int | None:
    """Return the hold of a lock, in an older process that runs the same, in which the lock's process began."""
    snapshot, holds = case.snapshot, case.holds
    child = snapshot.locks[lock]
    began = snapshot.processes[child.process].started_ns
    for other in snapshot.locks:
        parent = snapshot.processes[other.process]
        if (
            other.process == child.process
            or (site(other), other.name, other.kind) != (site(child), child.name, child.kind)
            or parent.argv != snapshot.processes[child.process].argv
        ):
            continue
        part = holds.of(other.id)
        during = np.flatnonzero((holds.start[part] < began) & (holds.end[part] > began))
        if len(during):
            return int(part.start) + int(during[-1])
    return None


def _finding(case: Case, lock: int, waiting: list[int], hold: int) -> Finding:
    snapshot, waits, holds = case.snapshot, case.lock_waits, case.holds
    name, holder, process = lock_name(snapshot, lock), int(holds.thread[hold]), snapshot.locks[lock].process
    called = thread_name(snapshot, holder)
    parent = snapshot.processes[int(case.tables.roster.process[holder])].pid
    since = snapshot.processes[process].started_ns
    lines = [Evidence(f"{called} holds {name} in process {parent}, which forks", lane_of(snapshot, holder), since,
                      None if holds.lasting[hold] else int(holds.end[hold]), int(holds.lock[hold]))]  # fmt: skip
    for wait in waiting[:_LINES]:
        thread, start = int(waits.thread[wait]), int(waits.start[wait])
        stack = case.waiter_at(thread, start)
        line = f"{who(snapshot, thread, case.request_at(thread, start))} waits for {name}{at(stack)}"
        lines.append(Evidence(line, lane_of(snapshot, thread), start, None, lock, yours(stack)))
    cost = int((waits.end[waiting] - waits.start[waiting]).sum())
    threads = [holder, *(int(waits.thread[wait]) for wait in waiting)]
    return Finding(
        kind=KIND,
        sentence=(
            f"{called} held {name} while process {parent} forked into {snapshot.processes[process].pid}, where that "
            f"thread does not exist; {behind(len(waiting), cost)}, and nobody there can ever get it."
        ),
        severity=Severity.STUCK,
        key=(site(snapshot.locks[lock])[2],),
        subject=(lock,),
        began_ns=int(waits.start[waiting].min()),
        ended_ns=None,
        cost_ns=cost,
        evidence=tuple(lines),
        lanes=unique(lane_of(snapshot, thread) for thread in threads),
        locks=(lock, int(holds.lock[hold])),
    )
