"""What to say about a lock at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weft.timeline.listings import HELD
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration
from weft.timeline.values import LockFigures

from .blame_story import since, who
from .spans import Ink, Line
from .stacks import short

QUEUE: Final = 8
"""Those who wait that are told one by one."""


def lock_story(snapshot: Snapshot, lock: int, time_ns: int) -> list[Line]:
    """Return who holds a lock and who waits for it, the longest wait first, and its figures over the whole trace."""
    return [
        *_headline(snapshot, lock),
        *_held(snapshot, lock, time_ns),
        *_queue(snapshot, lock, time_ns),
        *_figures(snapshot, lock),
    ]


def _headline(snapshot: Snapshot, lock: int) -> Iterator[Line]:
    what = snapshot.locks[lock]
    made = f", made at {short(what.created_at.file)}:{what.created_at.line}" if what.created_at.file else ""
    yield ((what.name, Ink.HOLD), (f", a {what.kind}" if what.kind else "", Ink.PLAIN), (made, Ink.DIM))


def _held(snapshot: Snapshot, lock: int, time_ns: int) -> Iterator[Line]:
    hold = snapshot.holder(lock, time_ns)
    if hold is not None:
        yield (
            ("  held by ", Ink.PLAIN),
            *who(snapshot, hold.lane, snapshot.request_at(hold.thread, time_ns), Ink.HOLD),
            *since(hold.start_ns, time_ns),
        )
    elif snapshot.locks[lock].kind in HELD:
        yield (("  free", Ink.DIM),)


def _queue(snapshot: Snapshot, lock: int, time_ns: int) -> Iterator[Line]:
    queue = snapshot.queue(lock, time_ns)
    if not queue:
        yield (("  nobody waits for it", Ink.DIM),)
    for wait in queue[:QUEUE]:
        waiter = who(snapshot, wait.lane, snapshot.request_at(wait.thread, time_ns), Ink.WAIT)
        yield (("  wanted by ", Ink.PLAIN), *waiter, *since(wait.start_ns, time_ns))
    if len(queue) > QUEUE:
        yield ((f"  and by {len(queue) - QUEUE} more", Ink.PLAIN),)


def _figures(snapshot: Snapshot, lock: int) -> Iterator[Line]:
    figures = next((row for row in snapshot.lock_figures() if row.lock.id == lock), None)
    if figures is not None:
        yield ((" ", Ink.PLAIN),)
        yield ((f"  {_waited(figures)}; {_acquired(figures)}", Ink.DIM),)


def _waited(figures: LockFigures) -> str:
    if not figures.wait_ns:
        return "never waited for"
    most = duration(figures.wait_max_ns)
    return f"waited for {figures.contended:,} times, {duration(figures.wait_ns)} in all, {most} at most"


def _acquired(figures: LockFigures) -> str:
    if not figures.acquisitions:
        return "never held"
    return f"acquired {figures.acquisitions:,} times, held {duration(figures.hold_ns)} in all"
