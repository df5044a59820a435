"""Lock-order inversions that did not strike: a lock graph with guards, after Havelund's Goodlock.

An edge says that a thread took one lock while it held another, and which further locks it held then (its guards). A
ring of edges is a deadlock that waits to happen if different threads can go along them at once: so each edge needs a
thread of its own, and no two of them may have a guard in common (a gate lock).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Final

import numpy as np

from weft.timeline.columns import FOREVER, I64
from weft.timeline.values import Request

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import at, lane_of, listed, lock_name, site, times, who, yours

KIND = "inversion"

_LONGEST: Final = 4
"""Locks in a ring, at most."""

_THREADS: Final = 4
"""Threads that are remembered per order."""

_TRIED: Final = 12
"""Ways to take two locks in one order that are tried for each step of a ring."""

_ORDERS: Final = 20_000
"""Orders that are remembered."""

Site = tuple[int, str, int, str]
"""Process, and where a lock was made and what it is called."""


@dataclass(frozen=True, slots=True)
class Order:
    """Threads took ``second`` while they held ``first`` and the guards.

    Attributes:
        first, second: ids of locks.
        guards: ids of the other locks held.
        thread, time_ns: an example.
        threads: some of the threads that did so.
        from_ns, to_ns: the first and the last time, ns.
        count: how often.
    """

    first: int
    second: int
    guards: frozenset[int]
    thread: int
    time_ns: int
    threads: frozenset[int]
    from_ns: int
    to_ns: int
    count: int

    def __add__(self, other: Order) -> Order:
        """Return both as one."""
        threads = frozenset(sorted(self.threads | other.threads)[:_THREADS])
        first, last = min(self.from_ns, other.from_ns), max(self.to_ns, other.to_ns)
        return replace(self, threads=threads, count=self.count + other.count, from_ns=first, to_ns=last)


@dataclass(slots=True)
class Orders:
    """All orders that were seen; grows with the trace."""

    seen: dict[tuple[int, int, frozenset[int]], Order] = field(default_factory=dict)

    def add(self, orders: Iterable[Order]) -> None:
        """Take in orders."""
        for order in orders:
            key = order.first, order.second, order.guards
            if key in self.seen:
                self.seen[key] += order
            elif len(self.seen) < _ORDERS:
                self.seen[key] = order


def check(case: Case) -> Iterator[Finding]:
    """Yield the inversions of a whole trace."""
    orders = Orders()
    orders.add(orders_in(case))
    yield from inversions(case, orders)


def orders_in(case: Case, from_ns: int = 0, to_ns: int = FOREVER) -> Iterator[Order]:
    """Yield every order in which threads took locks, those that they only tried to take included.

    Args:
        case: the trace.
        from_ns, to_ns: only what was taken then, the end not included (ns).
    """
    holds, waits = case.holds, case.lock_waits
    missed = (waits.rows["acquired"] == 0) | waits.lasting
    thread = np.concatenate((holds.thread, waits.thread[missed]))
    time = np.concatenate((holds.start, waits.start[missed]))
    lock = np.concatenate((holds.lock, waits.lock[missed]))
    if from_ns or to_ns != FOREVER:
        then = (time >= from_ns) & (time < to_ns)
        thread, time, lock = thread[then], time[then], lock[then]
    held = case.nest.held(thread, time)
    some = np.flatnonzero((held >= 0).any(axis=0))
    if not len(some):
        return
    thread, time, lock, held = thread[some], time[some], lock[some], held[:, some]
    locks = np.where(held >= 0, holds.lock[held], -1)
    for first, last, count, example, threads in _alike(locks, lock, thread, time):
        others = {int(each) for each in locks[:, example] if each >= 0} - {int(lock[example])}
        for outer in others:
            yield Order(
                first=outer,
                second=int(lock[example]),
                guards=frozenset(others - {outer}),
                thread=int(thread[example]),
                time_ns=int(time[example]),
                threads=frozenset(threads),
                from_ns=first,
                to_ns=last,
                count=count,
            )


def _alike(locks: I64, lock: I64, thread: I64, time: I64) -> Iterator[tuple[int, int, int, int, list[int]]]:
    """Yield, per combination of locks: first and last time, count, an example and some threads."""
    factor = np.int64(-7046029254386353131)  # odd, so that multiplying mixes without losing anything
    mixed: I64 = lock.copy()
    for level in np.sort(locks, axis=0):
        mixed = (mixed * factor) ^ (level + 1) ^ (mixed >> 29)
    _, example, group, counts = np.unique(mixed, return_index=True, return_inverse=True, return_counts=True)
    first, last = np.full(len(example), FOREVER), np.full(len(example), -1)
    np.minimum.at(first, group, time)
    np.maximum.at(last, group, time)
    threads: dict[int, list[int]] = defaultdict(list)
    pairs = np.unique(group.astype(np.int64) << 22 | thread)
    for pair in _firsts(pairs >> 22, pairs):
        threads[pair >> 22].append(pair & ((1 << 22) - 1))
    for number, (begin, end, count, at_) in enumerate(
        zip(first.tolist(), last.tolist(), counts.tolist(), example.tolist(), strict=True)
    ):
        yield begin, end, count, at_, threads[number]


def _firsts(group: I64, values: I64) -> list[int]:
    """Return the first few values of each group of a sorted column."""
    starts = np.searchsorted(group, group)
    found: list[int] = values[np.arange(len(group)) - starts < _THREADS].tolist()
    return found


def inversions(case: Case, orders: Orders) -> Iterator[Finding]:
    """Yield the rings of orders in which threads could meet."""
    edges: dict[tuple[Site, Site], list[Order]] = defaultdict(list)
    for order in orders.seen.values():
        edges[_site(case, order.first), _site(case, order.second)].append(order)
    told: set[frozenset[Site]] = set()
    for ring in _rings({pair for pair in edges if pair[0] != pair[1]}):
        if frozenset(ring) in told:
            continue
        pairs = list(zip(ring, (*ring[1:], ring[0]), strict=True))
        for chosen in product(*(edges[pair][:_TRIED] for pair in pairs)):
            if _can_meet(case, chosen):
                told.add(frozenset(ring))
                yield _finding(case, chosen, [sum(o.count for o in edges[pair]) for pair in pairs])
                break
    yield from _of_one_place(case, edges)


def _of_one_place(case: Case, edges: dict[tuple[Site, Site], list[Order]]) -> Iterator[Finding]:
    """Yield pairs of locks that were made at one place and taken in both orders."""
    for (outer, inner), orders in edges.items():
        if outer != inner:
            continue
        by_pair = defaultdict(list)
        for order in orders:
            by_pair[order.first, order.second].append(order)
        for (first, second), there in by_pair.items():
            back = by_pair.get((second, first), []) if first < second else []
            met = next((pair for pair in product(there, back) if _can_meet(case, pair)), None)
            if met is not None:
                yield _finding(case, met, [sum(o.count for o in there), sum(o.count for o in back)])
                break


def _site(case: Case, lock: int) -> Site:
    made = case.snapshot.locks[lock]
    file, line, name = site(made)
    return made.process, file, line, name


def _rings(pairs: set[tuple[Site, Site]]) -> Iterator[tuple[Site, ...]]:
    """Yield simple rings, the shortest first, each once."""
    onward: dict[Site, list[Site]] = defaultdict(list)
    for outer, inner in sorted(pairs):
        onward[outer].append(inner)
    paths = [[each] for each in sorted(onward)]
    for _ in range(_LONGEST):
        longer: list[list[Site]] = []
        for path in paths:
            for each in onward[path[-1]]:
                if each == path[0]:
                    if len(path) > 1:
                        yield tuple(path)
                elif each > path[0] and each not in path and len(longer) < _ORDERS:
                    longer.append([*path, each])
        paths = longer


def _can_meet(case: Case, orders: tuple[Order, ...]) -> bool:
    """Return whether different threads can go along the edges at the same time."""
    pairs: list[tuple[Order, Order]] = [*combinations(orders, 2)]
    if any(a.guards & b.guards for a, b in pairs):
        return False
    if not any(len({*some}) == len(some) for some in product(*(order.threads for order in orders))):
        return False
    return not any(_before(case, a, b) or _before(case, b, a) for a, b in pairs)


def _before(case: Case, first: Order, second: Order) -> bool:
    """Return whether one order was seen only before all threads of the other began, and outside of requests."""
    roster = case.tables.roster
    if first.to_ns >= min(int(roster.start[thread]) for thread in second.threads):
        return False
    return case.request_at(first.thread, first.time_ns) is None


def _finding(case: Case, orders: tuple[Order, ...], counts: list[int]) -> Finding:
    snapshot = case.snapshot
    requests = [case.request_at(order.thread, order.time_ns) for order in orders]
    names = [lock_name(snapshot, order.first) for order in orders]
    clauses = [
        f"{lock_name(snapshot, order.first)} and then {lock_name(snapshot, order.second)}{_where(case, order)} "
        f"by {who(snapshot, order.thread, request)} ({times(count)})"
        for order, request, count in zip(orders, requests, counts, strict=True)
    ]
    way = "in both orders" if len(orders) == 2 else "in a ring of orders"
    return Finding(
        kind=KIND,
        sentence=f"{listed(names)} are taken {way}: {', but '.join(clauses)}; when these meet, they deadlock.",
        severity=Severity.RISK,
        key=tuple(sorted({_site(case, order.first)[3] for order in orders})),
        subject=tuple(sorted({order.first for order in orders})),
        began_ns=min(order.from_ns for order in orders),
        ended_ns=max(order.to_ns for order in orders),
        cost_ns=0,
        evidence=tuple(_line(case, order, request) for order, request in zip(orders, requests, strict=True)),
        count=min(counts),
        lanes=unique(lane_of(snapshot, order.thread) for order in orders),
        locks=unique(order.first for order in orders),
        requests=tuple(request.id for request in requests if request is not None),
    )


def _where(case: Case, order: Order) -> str:
    return at(case.waiter_at(order.thread, order.time_ns))


def _line(case: Case, order: Order, request: Request | None) -> Evidence:
    snapshot = case.snapshot
    stack = case.waiter_at(order.thread, order.time_ns)
    guards = [lock_name(snapshot, guard) for guard in sorted(order.guards)]
    held = listed([lock_name(snapshot, order.first), *guards])
    text = f"{who(snapshot, order.thread, request)} takes {lock_name(snapshot, order.second)} while it holds {held}"
    return Evidence(text, lane_of(snapshot, order.thread), order.time_ns, None, order.second, yours(stack))


def pairs_of(case: Case, orders: Orders) -> set[tuple[str, str]]:
    """Return the names of locks that were taken one in the other, to compare two runs."""
    return {
        (_site(case, order.first)[3], _site(case, order.second)[3])
        for order in orders.seen.values()
        if _site(case, order.first) != _site(case, order.second)
    }
