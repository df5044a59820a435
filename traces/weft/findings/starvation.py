"""Starvation: a thread waits for a lock that others, who came later, take again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from weft.timeline.columns import I64
from weft.timeline.units import duration

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import at, lane_of, lock_name, site, thread_name, who, yours

KIND = "starvation"

_LINES = 8
_LOOKED_AT = 2_000


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock, the wait that was overtaken most often."""
    waits, options = case.lock_waits, case.options
    if not len(waits):
        return
    overtaken = _overtaken(case)
    starved = (overtaken >= options.starvation_overtaken) & (waits.end - waits.start >= options.starvation_ns)
    some = np.flatnonzero(starved)
    for lock in np.unique(waits.lock[some]).tolist():
        mine = some[waits.lock[some] == lock]
        worst = int(mine[overtaken[mine].argmax()])
        yield _finding(case, worst, int(overtaken[worst]), int((waits.end - waits.start)[mine].sum()), len(mine))


def _overtaken(case: Case) -> I64:
    """Return how often the lock of each wait was taken meanwhile, without those who had been in the queue already."""
    waits = case.lock_waits
    taken = case.acquired.before(waits.lock, waits.end) - case.acquired.before(waits.lock, waits.start, too=True)
    ahead = case.queue.depth(waits.lock, waits.start) - 1
    return taken - np.maximum(ahead, 0)


def _finding(case: Case, wait: int, overtaken: int, total: int, count: int) -> Finding:
    snapshot, waits, holds = case.snapshot, case.lock_waits, case.contended
    lock, thread = int(waits.lock[wait]), int(waits.thread[wait])
    start, end, lasting = int(waits.start[wait]), int(waits.end[wait]), bool(waits.lasting[wait])
    name = lock_name(snapshot, lock)
    here = holds.of(lock)
    inside = np.flatnonzero((holds.start[here] > start) & (holds.start[here] < end)) + here.start
    takers = Counter(holds.thread[inside].tolist())
    request = case.request_at(thread, start)
    stack = case.waiter_at(thread, start)
    called = who(snapshot, thread, request)
    text = (
        f"{called} {'has starved' if lasting else 'starved'} for {duration(end - start)} before {name}{at(stack)}: "
        f"threads that came later took it {overtaken:,} times"
    )
    if takers:
        taker, number = takers.most_common(1)[0]
        number = min(number, overtaken)  # one that was in the queue before may be the same thread
        first = inside[holds.thread[inside] == taker][0]
        text += f", {who(snapshot, taker, case.request_at(taker, int(holds.start[first])))} alone {number:,} times"
    lines = [Evidence(f"{called} waits for {name}", lane_of(snapshot, thread), start, None if lasting else end, lock,
                      yours(stack))]  # fmt: skip
    for each in inside[:_LINES].tolist():
        other = int(holds.thread[each])
        text_ = f"{thread_name(snapshot, other)} takes {name}"
        lines.append(Evidence(text_, lane_of(snapshot, other), int(holds.start[each]), int(holds.end[each]), lock))
    return Finding(
        kind=KIND,
        sentence=f"{text}.",
        severity=Severity.SLOW,
        key=(site(snapshot.locks[lock])[2],),
        subject=(lock,),
        began_ns=start,
        ended_ns=None if lasting else end,
        cost_ns=total,
        evidence=tuple(lines),
        count=count,
        lanes=unique([lane_of(snapshot, thread), *(lane_of(snapshot, each) for each, _ in takers.most_common(_LINES))]),
        locks=(lock,),
        requests=(request.id,) if request is not None else (),
    )
