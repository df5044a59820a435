"""The vocabulary of a trace: the only thing that the recorder and the viewer both know.

A record is three unsigned 64-bit words: ``time``, ``value`` and ``code``. Times are ``time.perf_counter_ns()`` (ns,
one clock for all processes of a machine). ``code`` is ``object << KIND_BITS | kind``; the object is the small id of a
lock (or of what else is waited for), a request target, an endpoint, a stack, what a task runs, a variable or a label,
defined earlier in the same stream, or a status, or a thread. The thread is that of the run that the record stands in.
What ``value`` means depends on the kind, see `Kind`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

KIND_BITS: Final = 6
KIND_MASK: Final = (1 << KIND_BITS) - 1

PROCESS_THREAD: Final = 0
"""The thread id of records that speak about the whole process (start, end, lost records, pulse)."""


class Kind(IntEnum):
    """What a record says. Listed as: ``time``, ``value``, object."""

    SECTION = 1
    """A lock was held: acquired at, released at, lock. Re-entrant passes are one section. Written at release."""
    WAIT = 2
    """A thread is about to block: began to wait, thread id of the holder (0: not known), lock."""
    ACQUIRE = 3
    """A wait ended with the lock: acquired at, began to wait, lock. Its `SECTION` follows at release."""
    HANDOFF = 4
    """Behind an `ACQUIRE`: acquired at, when the lock had been let go, lock. Between both nobody ran with it.
    Behind a `RESUME`: resumed at, when the thread had been woken, what was waited for."""
    GIVE_UP = 5
    """A wait ended without the lock (timeout, exception): gave up at, began to wait, lock."""
    TRY_FAILED = 6
    """A non-blocking attempt found the lock taken: when, thread id of the holder (0: not known), lock."""
    HOLD = 7
    """A hold still in progress, noted by the drain thread: acquired at, still held at, lock."""
    WAITER_AT = 8
    """Behind a `WAIT`: began to wait, the waiter's stack, lock."""
    HOLDER_AT = 9
    """Behind a `WAIT`: began to wait, the holder's stack at that moment, lock."""
    RESUME = 10
    """A wait ended, for what nobody holds then (an event, an item): resumed at, began to wait, what was waited for."""
    WAKE = 11
    """Behind a `RESUME`: began to wait, the thread that ended the wait (0: not known), what was waited for."""

    TIMED = 12
    """Behind a `WAIT`: began to wait, for how long at most (ns, 0: not known), what is waited for."""

    THREAD_ENTER = 16
    """A thread began: when, the number that stands between the two parts of its name, name."""
    THREAD_EXIT = 17
    """When, 0, none."""
    THREAD_NAME = 18
    """The first record of a thread whose beginning was not seen: when, number and name as with `THREAD_ENTER`."""

    TASK_SUBMIT = 20
    """A call was handed to other threads (an executor's): when, 0, what is to run. Thread and time tell tasks apart."""
    TASK_ENTER = 21
    """A thread begins with such a call: when, when it was handed over, the thread that did (0: not known)."""
    TASK_EXIT = 22
    """The call that was begun last has ended, however: when, when it began, none."""

    REQUEST_ENTER = 24
    """A WSGI call begins: when, request id (unique in its process), target (method and path)."""
    REQUEST_EXIT = 25
    """The WSGI call returned: when, 0, status code (0: an exception went through)."""
    REQUEST_PUSH = 26
    """A request context was pushed and matched: when, 0, endpoint (0: no route matched)."""
    REQUEST_POP = 27
    """A request context was popped that `REQUEST_PUSH` told of: when, 0, none."""
    APP_PUSH = 28
    """An application context was pushed: when, 0, none."""
    APP_POP = 29
    """An application context was popped, and before it the request context of its `PUSH_BOTH`: when, 0, none."""
    PUSH_BOTH = 30
    """`APP_PUSH` and the `REQUEST_PUSH` that brought it along: when the latter, ns since the former, endpoint."""
    POP_AND_EXIT = 31
    """`APP_POP` of a `PUSH_BOTH` and the `REQUEST_EXIT` behind it: when the latter, ns since the former, status."""

    READ = 32
    """A thread on the stage read what others share: when, 0, variable."""
    WRITE = 33
    """A thread on the stage wrote what others share: when, 0, variable."""

    SPAN_ENTER = 34
    """A section of the app's own begins: when, its number (unique in its process), label."""
    SPAN_EXIT = 35
    """A section ended, in any order, written where it began: when, its number, none."""
    MARK = 36
    """The app said that something happened: when, 0, label (0: the text was not kept)."""
    LOG = 37
    """The app logged something: when, its level (10: debug … 50: critical), label: logger and message."""

    REQUEST_STREAM = 40
    """The WSGI call returned a response that is yet to be read: when, request id, status code. In place of an exit."""
    REQUEST_CLOSE = 41
    """A response of `REQUEST_STREAM` was closed or dropped, in any order: when, request id, status code."""
    REQUEST_QUEUED = 42
    """A worker took a connection, and the thread's next request is from it: when, ns since the server had handed it
    to its workers, none."""

    PROCESS_ENTER = 48
    """On `PROCESS_THREAD`: recording began, wall clock (ns since the epoch), none."""
    PROCESS_EXIT = 49
    """On `PROCESS_THREAD`: recording ended in good order, 0, none."""
    LOST = 50
    """On `PROCESS_THREAD`: when, how many records were dropped since the last such record, none."""
    PULSE = 51
    """On `PROCESS_THREAD`: the process is alive though nothing happened: when, 0, none."""
    COST = 52
    """On `PROCESS_THREAD`: when, how much, what of (a `Cost`). A later one of the same takes its place."""


class Cost(IntEnum):
    """What a `Kind.COST` record tells of."""

    BARE_PASS = 1
    """What ``with lock:`` takes bare, measured in the process when recording began, ps."""
    RECORDED_PASS = 2
    """What it takes recorded, ps."""
    DRAIN_CPU = 3
    """CPU time that the recorder's own threads have used so far, ns."""
    RECORDS = 4
    """Records written so far."""


NOTES: Final = frozenset(
    {
        *(Kind.HANDOFF, Kind.HOLD, Kind.WAITER_AT, Kind.HOLDER_AT, Kind.WAKE, Kind.THREAD_NAME, Kind.LOST, Kind.PULSE),
        *(Kind.COST, Kind.REQUEST_QUEUED, Kind.TIMED),
    }
)
"""Kinds that say more about another event or about the recording, and are not counted as events."""


_PAIRS: Final = frozenset({Kind.SECTION, Kind.PUSH_BOTH, Kind.POP_AND_EXIT})


def events_in(kind: int) -> int:
    """Return how many events a record of this kind stands for: a section is an acquire and a release."""
    if kind in _PAIRS:
        return 2
    return 0 if kind in NOTES else 1


def code_of(kind: Kind, obj: int = 0) -> int:
    """Pack a kind and an object id into the third word of a record."""
    return obj << KIND_BITS | int(kind)
