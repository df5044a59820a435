"""Deadlocks, seen from inside: threads that wait for each other in a circle.

A look reads waits and holders while the app runs, so what it sees may be over already. A circle counts when a later
look finds the same waits: none of its threads can have moved between both, since each was blocked all the time.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..events import KIND_BITS
from . import joins, traced
from .buffers import owner

Wait = tuple[int, int]
"""A thread, and when its wait began (ns)."""


def circles(waits: Mapping[int, tuple[int, ...]]) -> set[frozenset[Wait]]:
    """Return the circles of two or more threads among open waits (thread: the records of the wait's beginning).

    A thread that waits for a lock which it has itself is none: another thread may be about to release it.
    """
    if len(waits) < 2:
        return set()
    wanted = {thread: words[2] >> KIND_BITS for thread, words in waits.items()}
    holders = _holders({*wanted.values()})
    ends = {resource.number for resource in [*joins._joined.values()]}
    behind = {
        thread: waits[thread][1] if number in ends else holders.get(number, 0) for thread, number in wanted.items()
    }
    found = set()
    for thread in behind:
        path = [thread]
        while (following := behind.get(path[-1], 0)) not in path and following:
            path.append(following)
        if following == thread and len(path) > 1:
            found.add(frozenset((each, waits[each][0]) for each in path))
    return found


def _holders(numbers: set[int]) -> dict[int, int]:
    """Return the thread that holds each of these locks, as far as it is known."""
    found = {}
    for reference in traced.in_use[:]:
        lock = reference()
        if lock is not None and lock._number in numbers:
            holder = owner(lock._peek()[0])
            if holder is not None:
                found[lock._number] = holder.thread
    return found
