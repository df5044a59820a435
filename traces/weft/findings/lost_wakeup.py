"""Suspected lost wake-ups: a thread waits for a notification that probably came before it began to wait.

A notification that nobody waits for leaves no record of its own, but it needs the condition's lock. So what is seen is
this: another thread had the lock of the condition shortly before the wait, woke nobody with it, and since then nobody
has notified. An idle worker looks the same; so only a wait that hurts counts: in a request, with a lock in hand, or
with somebody waiting for this thread.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from weft.timeline.columns import FOREVER
from weft.timeline.units import duration

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import at, lane_of, lock_name, site, thread_name, who, yours

KIND = "lost-wakeup"

_LOOKED_AT = 500


def check(case: Case) -> Iterator[Finding]:
    """Yield, per condition, the wait that lasted longest."""
    snapshot, waits = case.snapshot, case.waits
    kinds = np.array([lock.kind == "Condition.wait" for lock in snapshot.locks], np.bool_)
    if not kinds.any():
        return
    unheard = (
        kinds[waits.lock] & (waits.rows["acquired"] == 0) & (waits.end - waits.start >= case.options.lost_wakeup_ns)
    )
    some = np.flatnonzero(unheard)
    some = some[np.argsort(-(waits.end - waits.start)[some], kind="stable")][:_LOOKED_AT]
    told: set[int] = set()
    for wait in some.tolist():
        lock = int(waits.lock[wait])
        if lock not in told and (found := _finding(case, wait)) is not None:
            told.add(lock)
            yield found


def _finding(case: Case, wait: int) -> Finding | None:
    snapshot, waits = case.snapshot, case.waits
    lock, thread = int(waits.lock[wait]), int(waits.thread[wait])
    start, end, lasting = int(waits.start[wait]), int(waits.end[wait]), bool(waits.lasting[wait])
    before = _last_before(case, lock, thread, start)
    if (
        before is None
        or _woken_since(case, lock, before[1], end)
        or not _hurts(case, lock, thread, start, end, lasting)
    ):
        return None
    other, began = before[0], before[1]
    request = case.request_at(thread, start)
    called, name = who(snapshot, thread, request), lock_name(snapshot, lock).removesuffix(".wait")
    stack = case.waiter_at(thread, start)
    text = (
        f"{called} {'has waited' if lasting else 'waited'} {duration(end - start)}{at(stack)} for a notification of "
        f"{name} that nobody sent{'' if lasting else ' until it gave up'}; {thread_name(snapshot, other)} had {name} "
        f"{duration(start - before[2])} before: perhaps it notified too early"
    )
    return Finding(
        kind=KIND,
        sentence=f"{text}.",
        severity=Severity.RISK,
        key=(site(snapshot.locks[lock])[2],),
        subject=(lock,),
        began_ns=start,
        ended_ns=None if lasting else end,
        cost_ns=end - start,
        evidence=(
            Evidence(f"{called} waits for {name}", lane_of(snapshot, thread), start, None if lasting else end, lock,
                     yours(stack)),
            Evidence(f"{thread_name(snapshot, other)} has {name}", lane_of(snapshot, other), began, before[2], lock),
        ),
        lanes=unique((lane_of(snapshot, thread), lane_of(snapshot, other))),
        locks=(lock,),
        requests=(request.id,) if request is not None else (),
    )  # fmt: skip


def _last_before(case: Case, lock: int, thread: int, start_ns: int) -> tuple[int, int, int] | None:
    """Return who else had the condition's own lock last before a wait, and from when to when (ns)."""
    made = case.snapshot.locks[lock]
    name = made.name.removesuffix(".wait")
    own = [
        each.id
        for each in case.snapshot.locks
        if each.process == made.process and each.name == name and each.kind != made.kind
    ]
    early = start_ns - case.options.lost_wakeup_before_ns
    holds = case.tables.holds.within(early, start_ns)
    holds = holds[np.isin(holds["lock"], own) & (holds["end"] <= start_ns) & (holds["thread"] != thread)]
    if not len(holds):
        return None
    last = holds[holds["end"].argmax()]
    return int(last["thread"]), int(last["start"]), int(last["end"])


def _woken_since(case: Case, lock: int, since_ns: int, until_ns: int) -> bool:
    """Return whether a wait for a condition ended by a notification from ``since_ns`` on."""
    waits = case.tables.waits.within(since_ns, until_ns)
    mine = (waits["lock"] == lock) & (waits["end"] != FOREVER) & (waits["acquired"] == 1) & (waits["end"] >= since_ns)
    return bool(mine.any())


def _hurts(case: Case, lock: int, thread: int, start_ns: int, end_ns: int, lasting: bool) -> bool:
    """Return whether anybody minds; a wait with a timeout counts the first time only, later ones are a habit."""
    if case.request_at(thread, start_ns) is not None:
        return True
    if len(case.tables.at(case.tables.holds, start_ns, thread)):
        return True
    waits = case.waits
    if not lasting and int(((waits.lock == lock) & (waits.rows["acquired"] == 0)).sum()) > 1:
        return False
    notes = case.tables.notes
    joiners = case.tables.at(case.tables.waits, end_ns - 1)
    for row in joiners[joiners["thread"] != thread]:
        told = notes.within(int(row["start"]), int(row["start"]))
        if ((told["thread"] == row["thread"]) & (told["what"] == 0) & (told["value"] == thread)).any():
            return True
    return False
