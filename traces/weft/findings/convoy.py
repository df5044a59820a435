"""Convoys: a queue in front of a lock that does not get shorter although the lock changes hands all the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from weft.counted import many
from weft.timeline.units import duration

from .case import Case
from .sweep import crowded
from .values import Evidence, Finding, Severity, unique
from .words import family, lane_of, lock_name, site, who, yours

KIND = "convoy"

_LINES = 8


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock, the longest stretch in which threads queued for it all the time."""
    waits, options = case.lock_waits, case.options
    runs = crowded(waits.lock, waits.start, waits.end, options.convoy_waiters, options.convoy_ns // 20)
    runs = runs.only(runs.end - runs.start >= options.convoy_ns)
    if not len(runs):
        return
    taken = case.acquired.before(runs.group, runs.end) - case.acquired.before(runs.group, runs.start)
    spent = case.queue.spent(runs.group, runs.start, runs.end)
    # Interruptions have been bridged; there must not be more of them than of the queue.
    busy = (taken >= options.convoy_holds) & (4 * spent >= 3 * options.convoy_waiters * (runs.end - runs.start))
    runs, taken, spent = runs.only(busy), taken[busy], spent[busy]
    for lock in np.unique(runs.group).tolist():
        mine = np.flatnonzero(runs.group == lock)
        worst = int(mine[(runs.end - runs.start)[mine].argmax()])
        stretch = int(runs.start[worst]), int(runs.end[worst])
        yield _finding(case, lock, stretch, int(taken[worst]), int(spent[worst]), int(spent[mine].sum()), len(mine))


def _finding(
    case: Case, lock: int, stretch: tuple[int, int], taken: int, spent: int, total: int, count: int
) -> Finding:
    snapshot, waits, holds = case.snapshot, case.lock_waits, case.contended
    start, end = stretch
    name = lock_name(snapshot, lock)
    here = holds.of(lock)
    inside = np.flatnonzero((holds.start[here] >= start) & (holds.start[here] < end)) + here.start
    lasted = np.sort(holds.end[inside] - holds.start[inside])
    middle = int(lasted[len(lasted) // 2]) if len(lasted) else 0
    part = waits.of(lock)
    near = np.flatnonzero((waits.start[part] < end) & (waits.end[part] > start)) + part.start
    near = near[np.argsort(-(waits.end - waits.start)[near], kind="stable")][:200]
    callers: Counter[str] = Counter()
    lines = []
    for number, wait in enumerate(near.tolist()):
        thread, began = int(waits.thread[wait]), int(waits.start[wait])
        request = case.request_at(thread, began)
        callers[family(snapshot, thread, request)] += 1
        if number < _LINES:
            over = None if waits.lasting[wait] else int(waits.end[wait])
            stack = yours(case.waiter_at(thread, began))
            text = f"{who(snapshot, thread, request)} waits for {name}"
            lines.append(Evidence(text, lane_of(snapshot, thread), began, over, lock, stack))
    depth = spent / max(end - start, 1)
    most = callers.most_common(1)
    text = (
        f"A convoy at {name}: for {duration(end - start)} about {depth:.0f} threads queued for it all the time, "
        f"though it changed hands {taken:,} times (held for {duration(middle)} as a rule)"
    )
    text += f", most of them in {most[0][0]}" if most else ""
    text += f"; {many(count, 'such stretch', 'such stretches')} cost {duration(total)} of waiting" if count > 1 else ""
    lasting = bool(waits.lasting[near].any()) and end >= snapshot.end_ns
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
        lanes=unique(lane_of(snapshot, thread) for thread in waits.thread[near].tolist()),
        locks=(lock,),
    )
