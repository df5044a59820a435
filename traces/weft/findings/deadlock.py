"""Deadlocks: threads that wait for each other in a ring, so that none of them can ever go on.

Who is stuck is the greatest set of threads of which each waits for members only: for the holder of a lock, for the
thread that is joined or works on a future, or, where nobody is named, for all who could end the wait. In a process
that serves requests a new one could always do so; there only those count that did it before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from weft.counted import many
from weft.timeline.awaited import work_of
from weft.timeline.columns import FOREVER
from weft.timeline.locking import HOLDER, LIMIT
from weft.timeline.units import duration

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import at, lane_of, lock_name, site, thread_name, where, who, yours

KIND = "deadlock"

ANNOUNCED_NS: Final = 10_000_000_000
"""A hold that lasts is announced after a tenth of a second, or with a great many locks a few: not later than this."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A wait that has not ended.

    Attributes:
        thread, lock: ids.
        start_ns: when it began, ns.
        until_ns: up to when it is known to last, ns.
        behind: threads that could end it.
        sure: the trace names who has what is waited for.
        joins: it is the end of a thread.
        holder: who has what is waited for, where that is one; what he awaits himself, another one may do.
    """

    thread: int
    lock: int
    start_ns: int
    until_ns: int
    behind: frozenset[int]
    sure: bool
    joins: bool = False
    holder: int | None = None


def check(case: Case) -> Iterator[Finding]:
    """Yield the deadlocks, the oldest first."""
    stuck = stuck_threads(case)
    found = [_finding(case, stuck, ring) for ring in _rings(stuck)]
    yield from sorted((each for each in found if each is not None), key=lambda each: each.began_ns)


def stuck_threads(case: Case) -> dict[int, Blocked]:
    """Return the waits of all threads that can never go on."""
    blocked = {each.thread: each for each in _blocked(case)}
    while True:
        free = [t for t, each in blocked.items() if not each.behind or not each.behind <= (blocked.keys() | case.dead)]
        if not free:
            return blocked
        for thread in free:
            del blocked[thread]


def _blocked(case: Case) -> Iterator[Blocked]:
    snapshot, tables = case.snapshot, case.tables
    roster = tables.roster
    rows = tables.waits.open
    rows = rows[(rows["end"] == FOREVER) & (roster.end[rows["thread"]] >= roster.gone[rows["thread"]])]
    for thread, lock, start in zip(rows["thread"].tolist(), rows["lock"].tolist(), rows["start"].tolist(), strict=True):
        kind = snapshot.locks[lock].kind
        if kind == "Timer" or _ends_by_itself(case, thread, start):
            continue
        until = min(int(roster.gone[thread]), case.known_ns)
        holder = _holder(case, thread, lock, start)
        if case.is_lock[lock] or kind == "Thread" or (kind == "Future" and holder is not None):
            behind: frozenset[int] = frozenset() if holder is None else frozenset((_for_it(case, holder),))
            yield Blocked(thread, lock, start, until, behind, sure=True, joins=kind == "Thread", holder=holder)
        else:
            yield Blocked(thread, lock, start, until, _wakers(case, thread, lock, holder), sure=False)


def _for_it(case: Case, thread: int) -> int:
    """Return the thread that does what a thread awaits, an async view, and so on; else the thread itself."""
    tables = case.tables
    tasks = tables.tasks.open[tables.tasks.open["end"] == FOREVER]
    if not tables.awaited or not len(tasks):
        return thread
    tasks = tasks[np.isin(work_of(tables, tasks), [*tables.awaited])]
    onward = dict(zip(tasks["by"].tolist(), tasks["thread"].tolist(), strict=True))
    seen = {thread}
    while (following := onward.get(thread)) is not None and following not in seen:
        seen.add(following)
        thread = following
    return thread


def _ends_by_itself(case: Case, thread: int, start_ns: int) -> bool:
    """Return whether a wait has a timeout."""
    notes = case.tables.notes.within(start_ns, start_ns)
    return bool(((notes["thread"] == thread) & (notes["start"] == start_ns) & (notes["what"] == LIMIT)).any())


def _holder(case: Case, thread: int, lock: int, start_ns: int) -> int | None:
    """Return who has a lock that a thread has waited for since ``start_ns``, None when that is not known for sure."""
    tables = case.tables
    lasting = tables.holds.open[(tables.holds.open["lock"] == lock) & (tables.holds.open["end"] == FOREVER)]
    if len(lasting):
        return int(lasting["thread"][lasting["start"].argmax()])
    if case.is_lock[lock] and case.known_ns - start_ns > ANNOUNCED_NS:
        return None
    notes = tables.notes.within(start_ns, start_ns)
    told = notes["value"][(notes["thread"] == thread) & (notes["start"] == start_ns) & (notes["what"] == HOLDER)]
    if not len(told):
        return None
    since = tables.holds.within(start_ns, tables.end_ns) if case.is_lock[lock] else tables.holds.open[:0]
    return None if ((since["lock"] == lock) & (since["end"] > start_ns)).any() else int(told[0])


def _wakers(case: Case, thread: int, lock: int, holder: int | None) -> frozenset[int]:
    """Return who could end a wait for what nobody holds; nobody when that is not known or it may end by itself."""
    roster, history = case.tables.roster, case.history
    process = int(roster.process[thread])
    if history.may_end(lock) or process in case.snapshot.torn:
        return frozenset()
    if holder is not None or case.snapshot.serves[process]:
        known = {*history.wakers.get(lock, ()), *([holder] if holder is not None else [])} - {thread}
        return frozenset(known - case.dead)
    living = case.living(process)
    return living - {thread} if any(roster.names[each] == "MainThread" for each in living) else frozenset()


def _rings(stuck: dict[int, Blocked]) -> list[list[int]]:
    """Return the shortest ring of every group of threads that wait for each other, in order."""
    rings: list[list[int]] = []
    seen: set[int] = set()
    for group in _groups(stuck):
        if seen.isdisjoint(group) and (ring := _ring(stuck, group)):
            seen.update(group)
            rings.append(ring)
    return rings


def _groups(stuck: dict[int, Blocked]) -> Iterator[frozenset[int]]:
    """Yield the strongly connected components."""
    reach = {thread: _reach(stuck, thread) for thread in stuck}
    done: set[int] = set()
    for thread in stuck:
        if thread not in done and thread in reach[thread]:
            group = frozenset(other for other in reach[thread] if thread in reach.get(other, ()))
            done |= group
            yield group


def _reach(stuck: dict[int, Blocked], thread: int) -> set[int]:
    found: set[int] = set()
    todo = [thread]
    while todo:
        fresh = stuck[todo.pop()].behind - found
        found |= fresh
        todo += [each for each in fresh if each in stuck]
    return found


def _ring(stuck: dict[int, Blocked], group: frozenset[int]) -> list[int]:
    """Return a shortest ring within a group, over sure steps where there is one."""
    for sure in (True, False):
        rings = [_back(stuck, group, thread, sure) for thread in sorted(group)]
        if found := [ring for ring in rings if ring]:
            # Who joins threads at the end of a program is the least of its troubles.
            return min(found, key=lambda ring: (sum(stuck[thread].joins for thread in ring), len(ring)))
    return []


def _back(stuck: dict[int, Blocked], group: frozenset[int], start: int, sure: bool) -> list[int]:
    before: dict[int, int] = {}
    todo = [start]
    for thread in todo:
        if sure and not stuck[thread].sure:
            continue
        for other in sorted(stuck[thread].behind & group):
            if other == start:
                ring = [thread]
                while ring[-1] != start:
                    ring.append(before[ring[-1]])
                return ring[::-1]
            if other not in before:
                before[other] = thread
                todo.append(other)
    return []


def _finding(case: Case, stuck: dict[int, Blocked], ring: list[int]) -> Finding | None:
    snapshot, options = case.snapshot, case.options
    waits = [stuck[thread] for thread in ring]
    began = max(each.start_ns for each in waits)
    sure = all(each.sure for each in waits)
    until = min(each.until_ns for each in waits)
    if until - began < (options.deadlock_ns if sure else options.signal_ns):
        return None
    victims = [each for thread, each in stuck.items() if thread not in ring and _reach(stuck, thread) & {*ring}]
    everybody = [*waits, *victims]
    requests = {each.thread: case.request_at(each.thread, each.start_ns) for each in everybody}
    named = {each.thread: who(snapshot, each.thread, requests[each.thread]) for each in everybody}
    clauses = [_clause(case, each, ring, named) for each in waits]
    text = f"Deadlock: {', '.join(clauses[:-1])}, and {clauses[-1]}; " if len(ring) > 1 else f"Deadlock: {clauses[0]}; "
    text += "none of them can go on" if len(ring) > 1 else "it can never go on"
    them = "them" if len(ring) > 1 else "it"
    text += f", and {many(len(victims), 'more thread waits', 'more threads wait')} behind {them}" if victims else ""
    return Finding(
        kind=KIND,
        sentence=f"{text}, since {duration(until - began)}.",
        severity=Severity.STUCK,
        key=tuple(sorted({*(":".join(map(str, site(snapshot.locks[each.lock])[2:])) for each in waits)})),
        subject=tuple(sorted(ring)),
        began_ns=began,
        ended_ns=None,
        cost_ns=sum(each.until_ns - each.start_ns for each in everybody),
        evidence=tuple(line for each in everybody for line in _lines(case, each, named, everybody)),
        lanes=unique(lane_of(snapshot, each.thread) for each in everybody),
        locks=unique(each.lock for each in everybody),
        requests=tuple(request.id for request in requests.values() if request is not None),
    )


def _clause(case: Case, wait: Blocked, ring: list[int], named: dict[int, str]) -> str:
    snapshot = case.snapshot
    follower = ring[(ring.index(wait.thread) + 1) % len(ring)]
    other = "itself" if follower == wait.thread else named[follower]
    if other == named[wait.thread]:
        thread = thread_name(snapshot, follower)
        other = f"{other} ({thread})" if thread != other else f"another {other}"
    line = at(case.waiter_at(wait.thread, wait.start_ns))
    kind, name = snapshot.locks[wait.lock].kind, lock_name(snapshot, wait.lock)
    if wait.joins:
        return f"{named[wait.thread]} waits{line} for the end of {other}"
    why = f"held by {other}" if wait.sure else f"which {other} can no longer bring about"
    if kind == "Future":
        why = f"the work of {other}" if wait.sure else "which no thread is left to work on"
    elif "Semaphore" in kind and len(wait.behind) == 1:
        why = f"which {other} has"
    return f"{named[wait.thread]} waits{line} for {name}, {why}"


def _lines(case: Case, wait: Blocked, named: dict[int, str], everybody: list[Blocked]) -> Iterator[Evidence]:
    """Yield where a thread waits, and since when it holds what others of the deadlock wait for."""
    snapshot, tables = case.snapshot, case.tables
    lane = lane_of(snapshot, wait.thread)
    stack = case.waiter_at(wait.thread, wait.start_ns)
    name = lock_name(snapshot, wait.lock)
    yield Evidence(
        f"{named[wait.thread]} waits for {name}{at(stack)}", lane, wait.start_ns, None, wait.lock, yours(stack)
    )
    told: set[int] = set()
    for other in everybody:
        if wait.thread not in other.behind or not case.is_lock[other.lock] or other.lock in told:
            continue
        told.add(other.lock)
        holder_at = yours(case.holder_at(other.thread, other.start_ns))
        holder = wait.thread if other.holder is None else other.holder
        held = tables.at(tables.holds, min(other.until_ns, tables.end_ns) - 1, holder)
        held = held[held["lock"] == other.lock]
        since = int(held["start"][-1]) if len(held) else other.start_ns
        text = f"{named[wait.thread]} holds {lock_name(snapshot, other.lock)}"
        text += f", and was at {where(holder_at)} when {named.get(other.thread, 'another')} came" if holder_at else ""
        yield Evidence(text, lane_of(snapshot, holder), since, None, other.lock, holder_at)
