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
    """Alive outside any request and task, in a process of a server or on a lane that runs tasks."""
    RUN = 2
    """Inside a request or task (or alive, where there are none), holding nothing and waiting for nothing."""
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


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the recorded app: where it was, and what it held then (``sha256:`` and 64 hex digits)."""

    path: str
    digest: str


Stack = tuple[Place, ...]
"""Innermost frame first."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What recording has cost a process, as it has told last; 0: it has not."""

    bare_ps: int = 0
    """What ``with lock:`` takes bare, in the process when recording began, ps."""
    recorded_ps: int = 0
    """What it takes recorded, ps."""
    drain_ns: int = 0
    """CPU time of the recorder's own threads …"""
    over_ns: int = 0
    """… in so much time."""
    records: int = 0
    """Records written in that time."""


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
    libraries: tuple[tuple[str, str], ...] = ()
    """Servers and frameworks that it has imported, with their versions (empty: not known)."""
    costs: Costs = Costs()
    contended_only: bool = False
    """Of locks only what somebody waited for was recorded: one that shows no hold may have been held."""
    source: int = 0
    """The trace that it wrote to, where several are shown together."""


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


RESOURCES = frozenset({"Resource", "Pool", "Database", "Redis lock"})
"""Kinds of what is held and waited for above the locks of Python: a wait for one may have waits for others in it."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock, by the name of what it was assigned to. What else threads wait for (an event, a queue) is one too."""

    id: int
    process: int
    name: str
    kind: str
    created_at: Place


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a process's recorder could not record, and why; ``made_at`` has no function, and line 0 is not known."""

    process: int
    name: str
    made_at: Place
    why: str


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
    queued_ns: int = 0
    """Time it had waited for a free worker before, 0: not worth telling, or the server does not let that be seen."""


@dataclass(frozen=True, slots=True)
class Task:
    """A call that one thread has handed over for another one to run (see `weft.record.tasks`)."""

    work: str
    """What is run; empty when that is not known."""
    by: int | None
    """Thread that handed it over."""
    submitted_ns: int
    thread: int | None
    """Thread that runs it; None while it has not begun."""
    start_ns: int | None
    end_ns: int | None
    request: Request | None
    """The request that it works for: what the thread that handed it over was serving or working for then."""
    awaited: bool = False
    """The thread that handed it over waits for it: an async view."""


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
class Section:
    """A stretch of time that the app gave a name; ``end_ns`` is None while it lasts."""

    name: str
    thread: int
    start_ns: int
    end_ns: int | None


@dataclass(frozen=True, slots=True)
class Mark:
    """What the app said about a moment; ``level`` is that of a log record, None for a mark."""

    text: str
    thread: int
    lane: int
    time_ns: int
    level: int | None


@dataclass(frozen=True, slots=True)
class WaitLabel:
    """Where to write a lock's name over a wait: a long wait in a frame."""

    row: int
    """Index into the lanes that were asked for."""
    start_ns: int
    end_ns: int
    lock: int


@dataclass(frozen=True, slots=True)
class HoldLabel:
    """Where to write who holds a lock: a long hold in a frame."""

    row: int
    """Index into the locks that were asked for."""
    start_ns: int
    end_ns: int
    lane: int
    request: Request | None
    """What the holder was serving, or working for."""


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
class LockFrame:
    """What happened to locks in equal columns of a time window.

    Attributes:
        edges: int64 ``[columns + 1]``, ns.
        held: int64 ``[locks, columns]``, ns held.
        waited: int64 ``[locks, columns]``, ns waited, summed over the threads that waited.
        queue: int64 ``[locks, columns]``, threads that wait at the left edge of the column.
        waits: int64 ``[locks, columns]``, how many waits began in the column.
    """

    edges: NDArray[np.int64]
    held: NDArray[np.int64]
    waited: NDArray[np.int64]
    queue: NDArray[np.int64]
    waits: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Blame:
    """One holder's part of a wait."""

    hold: Hold
    overlap_ns: int
    request: Request | None
    """What the holder was serving, or working for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """All that is known of one lane at one instant: what the inspector shows."""

    lane: Lane
    time_ns: int
    state: State
    thread: Thread | None
    request: Request | None
    """What the thread serves, or what the task that it runs works for."""
    contexts: tuple[str, ...]
    """Flask contexts on the thread, outermost first: ``"app"``, ``"request"``."""
    holds: tuple[Hold, ...]
    """Locks held by the thread at the instant, oldest first."""
    wait: Wait | None
    """The wait that the instant lies in."""
    blames: tuple[Blame, ...]
    """Who held the lock during that wait, in time order; of many the longest parts and those around the instant."""
    wanted_by: tuple[Wait, ...] = field(default=())
    """Other threads' waits at the instant for locks that this thread holds."""
    task: Task | None = None
    """What the thread runs for another one."""
    handed: tuple[Task, ...] = field(default=())
    """What the thread has handed over in this request or task and is not done yet at the instant, oldest first."""
    sections: tuple[Section, ...] = field(default=())
    """Sections of the app's that the thread is in, outermost first."""
    marks: tuple[Mark, ...] = field(default=())
    """The last few marks and log records up to the instant, in the same request or the second before, newest first."""
    behind: int = 0
    """In how many holds by others the lock was held during that wait."""
