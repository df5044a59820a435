"""How threads, requests, locks and lines are called in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from weft.counted import many
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration
from weft.timeline.values import Lock, Place, Request, Stack

NOT_YOURS: Final = ("site-packages", "dist-packages", "/lib/python3", "\\lib\\", "<frozen")
"""Parts of file names that tell libraries from the user's own code."""


def lane_of(snapshot: Snapshot, thread: int) -> int:
    """Return the row of the timeline that a thread is drawn in."""
    return int(snapshot.tables.roster.lane[thread])


def lock_name(snapshot: Snapshot, lock: int) -> str:
    """Return what a lock is called."""
    return snapshot.locks[lock].name


def request_name(request: Request) -> str:
    """Return what a request is called: ``GET /report``."""
    return f"{request.method} {request.path}"


def thread_name(snapshot: Snapshot, thread: int) -> str:
    """Return what a thread is called."""
    return snapshot.tables.roster.names[thread]


def who(snapshot: Snapshot, thread: int, request: Request | None) -> str:
    """Return what a thread does, or what it is called when it serves no request."""
    return request_name(request) if request is not None else thread_name(snapshot, thread)


def endpoint(request: Request) -> str:
    """Return by what requests of one kind are known: ``GET item``."""
    return f"{request.method} {request.endpoint or '(no route)'}"


def family(snapshot: Snapshot, thread: int, request: Request | None) -> str:
    """Return what threads that do the same are known by: the endpoint, or the name without its numbers."""
    from weft.timeline.families import family_name

    return endpoint(request) if request is not None else family_name(thread_name(snapshot, thread))


def site(lock: Lock) -> tuple[str, int, str]:
    """Return where a lock was made, and its name without the number that tells those of one place apart."""
    return lock.created_at.file, lock.created_at.line, lock.name.partition(" #")[0]


def yours(stack: Stack) -> Place | None:
    """Return the user's innermost line of a stack, the innermost of all when every frame is a library's."""
    mine = next((place for place in stack if not any(part in place.file for part in NOT_YOURS)), None)
    return mine or (stack[0] if stack else None)


def where(place: Place | None) -> str:
    """Return a line of code: ``shop.py:88``; nothing when it is not known."""
    return f"{PurePath(place.file).name}:{place.line}" if place is not None else ""


def at(stack: Stack) -> str:
    """Return `` at shop.py:88``, or nothing."""
    place = yours(stack)
    return f" at {where(place)}" if place else ""


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def times(count: int) -> str:
    """Return ``once``, ``twice``, ``3 times``."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def behind(count: int, cost_ns: int) -> str:
    """Return how many threads waited how long: ``5 threads waited for it, 2.1 s in all``."""
    if count == 1:
        return f"1 thread waited {duration(cost_ns)} for it"
    return f"{many(count, 'thread')} waited for it, {duration(cost_ns)} in all"
