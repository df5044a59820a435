"""Servers whose threads were all taken by one lock, so that new requests could only queue."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from weft.counted import many
from weft.timeline.columns import Bools
from weft.timeline.units import duration

from .case import Case
from .sweep import crowded
from .values import Evidence, Finding, Severity, unique
from .words import lane_of, lock_name, site, who, yours

KIND = "exhausted"


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock, the longest stretch in which every thread of the pool waited for it or held it."""
    options, roster, waits = case.options, case.tables.roster, case.lock_waits
    served = np.bincount(case.tables.requests.all()["thread"], minlength=len(roster))
    # A thread that has served one request only may be one of a server that makes a thread per request.
    worker = served >= 2
    some = worker[waits.thread]
    waits = waits.only(some)
    runs = crowded(waits.lock, waits.start, waits.end, max(options.pool_threads - 1, 1), options.pool_ns // 20)
    runs = runs.only(runs.end - runs.start >= options.pool_ns)
    found: dict[int, tuple[int, int, int]] = {}
    for lock, start, end in zip(runs.group.tolist(), runs.start.tolist(), runs.end.tolist(), strict=True):
        process = case.snapshot.locks[lock].process
        alive = worker & _alive(case, process, (start + end) // 2)
        size = int(alive.sum())
        if size < options.pool_threads:
            continue
        part = waits.of(lock)
        near = slice(part.start, part.stop)
        stretch = crowded(waits.lock[near], waits.start[near], waits.end[near], size - 1, options.pool_ns // 20)
        inside = stretch.only((stretch.start >= start) & (stretch.end <= end))
        if len(inside):
            worst = int((inside.end - inside.start).argmax())
            span = int(inside.start[worst]), int(inside.end[worst])
            if span[1] - span[0] >= options.pool_ns and _held_within(case, lock, span, alive):
                found[lock] = max(found.get(lock, (0, 0, 0)), (span[1] - span[0], *span))
    for lock, (_, start, end) in found.items():
        yield _finding(case, lock, start, end, worker)


def _alive(case: Case, process: int, time_ns: int) -> Bools:
    roster = case.tables.roster
    alive: Bools = (roster.process == process) & (roster.start <= time_ns) & (roster.close > time_ns)
    return alive


def _held_within(case: Case, lock: int, span: tuple[int, int], alive: Bools) -> bool:
    """Return whether the lock was held by threads of the pool, or all of the pool waited for it."""
    holds = case.contended
    part = holds.of(lock)
    overlap = np.minimum(holds.end[part], span[1]) - np.maximum(holds.start[part], span[0])
    mine = alive[holds.thread[part]] & (overlap > 0)
    return bool(overlap[mine].sum() * 2 > span[1] - span[0]) if mine.any() else False


def _finding(case: Case, lock: int, start: int, end: int, worker: Bools) -> Finding:
    snapshot, waits, holds = case.snapshot, case.lock_waits, case.contended
    process = snapshot.locks[lock].process
    pool = np.flatnonzero(worker & _alive(case, process, (start + end) // 2))
    name = lock_name(snapshot, lock)
    part = holds.of(lock)
    overlap = np.minimum(holds.end[part], end) - np.maximum(holds.start[part], start)
    hold = int(overlap.argmax()) + part.start
    holder = int(holds.thread[hold])
    called = who(snapshot, holder, case.request_at(holder, max(int(holds.start[hold]), start)))
    lines = [Evidence(f"{called} holds {name}", lane_of(snapshot, holder), int(holds.start[hold]),
                      None if holds.lasting[hold] else int(holds.end[hold]), lock)]  # fmt: skip
    here = waits.of(lock)
    near = np.flatnonzero((waits.start[here] < end) & (waits.end[here] > start)) + here.start
    for wait in near[:8].tolist():
        thread, began = int(waits.thread[wait]), int(waits.start[wait])
        stack = yours(case.waiter_at(thread, began))
        text = f"{who(snapshot, thread, case.request_at(thread, began))} waits for {name}"
        over = None if waits.lasting[wait] else int(waits.end[wait])
        lines.append(Evidence(text, lane_of(snapshot, thread), began, over, lock, stack))
    goes_on = end >= snapshot.end_ns and bool(waits.lasting[near].any())
    return Finding(
        kind=KIND,
        sentence=(
            f"All {many(len(pool), 'thread')} that serve requests {'have been' if goes_on else 'were'} taken by {name} "
            f"for {duration(end - start)}, held by {called}; requests that came then could only queue."
        ),
        severity=Severity.SLOW,
        key=(site(snapshot.locks[lock])[2],),
        subject=(lock,),
        began_ns=start,
        ended_ns=None if goes_on else end,
        cost_ns=int(case.queue.spent(np.array([lock]), np.array([start]), np.array([end]))[0]),
        evidence=tuple(lines),
        lanes=unique(lane_of(snapshot, thread) for thread in pool.tolist()),
        locks=(lock,),
    )
