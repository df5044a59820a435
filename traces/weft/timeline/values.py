"""The values that a timeline answers with. All frozen; times are perf_counter ns, ids index the snapshot's tuples."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class State(IntEnum):
    """What a thread is doing, as far as the recorder can tell."""

    OFF = 0
    """Not started yet, or ended."""
    IDLE = 1
    """Alive outside any request, in a process that serves requests."""
    RUN = 2
    """Inside a request (or, in a process without requests, alive), holding nothing and waiting for nothing."""
    HOLD = 3
    """Holding at least one lock."""
    WAIT = 4
    """Blocked on a lock (or waiting for what another thread is to do), holding none."""
    WAIT_HOLD = 5
    """Blocked on a lock while holding another."""
    HANDOFF = 6
    """The lock had been let go, the thread that waited for it was not running yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of code."""

    file: str
    function: str
    line: int


Stack = tuple[Place, ...]
"""Innermost frame first."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process that wrote to the trace."""

    id: int
    pid: int
    argv: tuple[str, ...]
    python: str
    gil: bool
    started_ns: int
    ended_ns: int | None
    lost: int
    last_ns: int
    """Time of its newest record, ns."""
    contended_only: bool = False
    """Of locks only what somebody waited for was recorded: one that shows no hold may have been held."""


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread; ``lane`` is the row that it is drawn in."""

    id: int
    process: int
    name: str
    lane: int
    started_ns: int
    ended_ns: int | None


@dataclass(frozen=True, slots=True)
class Lane:
    """A row: one thread, or several of one family (``Thread-N (worker)``) of which no two were alive at once."""

    id: int
    process: int
    name: str
    threads: int
    """How many threads have used the row."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock, by the name of what it was assigned to. What else threads wait for (an event, a queue) is one too."""

    id: int
    process: int
    name: str
    kind: str
    created_at: Place


@dataclass(frozen=True, slots=True)
class Request:
    """One WSGI call, and the reading of its response where that is streamed. ``end_ns`` is None while it is in flight;

    ``status`` 0 means that an exception went through, None that it did not come so far.
    """

    id: int
    number: int
    """The recorder's request id, unique in its process."""
    process: int
    thread: int
    lane: int
    method: str
    path: str
    endpoint: str | None
    start_ns: int
    end_ns: int | None
    status: int | None
    wait_ns: int
    """Time its thread was blocked on locks meanwhile, a wait in progress included up to the snapshot's end."""


@dataclass(frozen=True, slots=True)
class LockFigures:
    """A row of the table of locks. All sums are over the whole trace."""

    lock: Lock
    acquisitions: int
    contended: int
    """Waits that began, and tries that failed."""
    wait_ns: int
    wait_max_ns: int
    hold_ns: int
    hold_max_ns: int
    waiting_now: int
    """Threads blocked on it at the snapshot's end."""
    holder_now: int | None
    """Thread holding it at the snapshot's end, when the recorder has said so."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A thread blocked on a lock. ``end_ns`` is None while it lasts; ``acquired`` is False for a timeout.

    What was waited for need not be a lock: then nobody holds it afterwards, and ``acquired`` says that it came about.
    """

    thread: int
    lane: int
    lock: int
    start_ns: int
    end_ns: int | None
    acquired: bool
    holder: int | None
    """Thread that held the lock when the wait began, or, when that was not known then, that held it next."""
    waiter_at: Stack
    holder_at: Stack
    woken_by: int | None = None
    """Thread that ended the wait: notified, set, put, released."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A thread holding a lock; ``end_ns`` is None while it lasts."""

    thread: int
    lane: int
    lock: int
    start_ns: int
    end_ns: int | None


@dataclass(frozen=True, slots=True)
class WaitLabel:
    """Where to write a lock's name over a wait: a long wait in a frame."""

    row: int
    """Index into the lanes that were asked for."""
    start_ns: int
    end_ns: int
    lock: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What lanes did in equal columns of a time window.

    Attributes:
        edges: int64 ``[columns + 1]``, ns.
        spent: int64 ``[7, lanes, columns]``, ns in each `State`; sums to the width of the column.
        first: uint8 ``[lanes, columns]``, the state at the left edge of the column.
        waits: int64 ``[lanes, columns]``, how many waits (of any kind) began in the column.
    """

    edges: NDArray[np.int64]
    spent: NDArray[np.int64]
    first: NDArray[np.uint8]
    waits: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Blame:
    """One holder's part of a wait."""

    hold: Hold
    overlap_ns: int
    request: Request | None
    """What the holder was serving."""


@dataclass(frozen=True, slots=True)
class Moment:
    """All that is known of one lane at one instant: what the inspector shows."""

    lane: Lane
    time_ns: int
    state: State
    thread: Thread | None
    request: Request | None
    contexts: tuple[str, ...]
    """Flask contexts on the thread, outermost first: ``"app"``, ``"request"``."""
    holds: tuple[Hold, ...]
    """Locks held by the thread at the instant, oldest first."""
    wait: Wait | None
    """The wait that the instant lies in."""
    blames: tuple[Blame, ...]
    """Who held the lock during that wait, in time order."""
    wanted_by: tuple[Wait, ...] = field(default=())
    """Other threads' waits at the instant for locks that this thread holds."""
