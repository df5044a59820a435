"""What is seen of a run between two steps: plain values that cross a pipe as JSON. Standard library only.

All text in them comes from the app: it may hold anything and is shown as data, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from types import CodeType
from typing import Any, NamedTuple


class Stops(StrEnum):
    """Where a thread can be stopped; each level adds to the one before."""

    SYNC = "sync"
    """At locks, waits, queues, sleeps, threads and responses."""
    ACCESS = "access"
    """Also before reads and writes of what the actors share."""
    LINE = "line"
    """Also at every line of the app."""
    OPCODE = "opcode"
    """Also at every bytecode of the app."""


class As(StrEnum):
    """Whose threads are played: which preemptions are allowed."""

    THIS = "this"
    """Those that this interpreter can do: with the GIL it switches only at calls, loops and blocking operations."""
    FREE_THREADED = "free-threaded"
    """All: what a build without the GIL, or the language's rules, allow."""


class Status(StrEnum):
    """What an actor can do next."""

    READY = "ready"
    BLOCKED = "blocked"
    OUTSIDE = "outside"
    """It runs, or blocks, where the stage does not see it."""
    DONE = "done"
    FAILED = "failed"
    """It ended with an exception."""


class Place(NamedTuple):
    """A line of a source file: absolute path, line (from 1), function."""

    file: str
    line: int
    function: str

    @classmethod
    def in_code(cls, code: CodeType, line: int) -> Place:
        """Return the place of a line of some code."""
        return cls(code.co_filename, line, code.co_qualname.replace(".<locals>", ""))

    @property
    def short(self) -> str:
        """The file's name and the line: ``shop.py:31``."""
        return f"{self.file.replace(chr(92), '/').rpartition('/')[2]}:{self.line}"


class Operation(NamedTuple):
    """Something that other threads could see.

    Attributes:
        kind: start, read, write, acquire, try, release, wait, wake, notify, set, put, get, sleep, spawn, join, barrier,
            respond, line, opcode; of a database read, write, begin, commit, rollback, sql.
        text: in source terms: ``read STATE["stock"]``, ``acquire shop.stock_lock``.
        place: where; None for what no line of the app does.
        on: what it is about: ``STATE["stock"]``, ``shop.stock_lock``; empty for a line.
    """

    kind: str
    text: str
    place: Place | None = None
    on: str = ""


class Shown(NamedTuple):
    """A named value, as text that is short and has no control characters."""

    name: str
    text: str


class Context(NamedTuple):
    """The Flask contexts of an actor's thread: ``request`` is empty when only an app context is there."""

    app: str
    request: str = ""
    endpoint: str = ""
    g: Sequence[Shown] = ()
    session: Sequence[Shown] = ()


class ActorView(NamedTuple):
    """One actor, or one thread that an actor's app has started.

    Attributes:
        does: what it was told to do: ``POST /buy``.
        next: what it does when it is given a step; None when it is done.
        why: what it does when it is blocked or outside: ``waits for stock_lock, held by bob since shop.py:31``; the
            error when it failed; the response's status and body when it is done.
        waits_for: indices of the actors that it waits for.
        frames: where it stands in the app's files, innermost first.
        variables: of the innermost frame.
        preemptible: this interpreter can switch to another thread before ``next``.
        own: it is one of the scenario's actors; a run ends when all of these are done.
        can_time_out: blocked with a timeout, which ends only when nothing else can run.
    """

    name: str
    does: str
    status: Status
    next: Operation | None = None
    why: str = ""
    waits_for: Sequence[int] = ()
    frames: Sequence[Place] = ()
    variables: Sequence[Shown] = ()
    context: Context | None = None
    preemptible: bool = True
    own: bool = True
    can_time_out: bool = False


class LockView(NamedTuple):
    """A lock, semaphore, queue ... that is held or waited for.

    Attributes:
        kind: Lock, RLock, Condition, Event, Semaphore, Barrier, Queue.
        state: ``held``, ``free``, ``set``, ``2 of 3``, ``empty`` ...
        owner: index of the actor that holds it, -1 for none.
        waiters: indices of the actors that wait for it.
        made_at: the line of the app that made it.
    """

    name: str
    kind: str
    state: str
    owner: int = -1
    waiters: Sequence[int] = ()
    made_at: Place | None = None


class Verdict(NamedTuple):
    """How a run ended, or what is already certain about it.

    Attributes:
        kind: holds, invariant, exception, status, deadlock, livelock, limit, inconclusive.
        text: one sentence with names and places.
        place: where to look first.
        actors: indices of those concerned.
    """

    kind: str
    text: str
    place: Place | None = None
    actors: Sequence[int] = ()

    @property
    def failed(self) -> bool:
        """Whether something is wrong with the app."""
        return self.kind not in ("holds", "inconclusive", "limit")


class Happening(NamedTuple):
    """Something that a step did besides its operation, for the timeline: see `weft.stage.as_trace`.

    Attributes:
        kind: request, endpoint, response, acquire, release.
        on: the request, the endpoint, or the lock.
        value: index of the actor; of a response its status.
    """

    kind: str
    on: str = ""
    value: int = 0


class Moment(NamedTuple):
    """All that is seen between two steps.

    Attributes:
        number: how many steps were made.
        now_ns: the virtual clock.
        shared: what the actors share, with its value now.
        changed: names in ``shared`` whose value the last step changed.
        watched: the expressions that the scenario watches.
        stuck: indices of actors that wait for each other in a circle, though others may still go on.
        output: what was printed during the step.
        happened: what else the step did.
        value: of a read or write: ``→ 1``, ``= 0``; otherwise what came of it.
        verdict: None while the run goes on.
    """

    number: int
    now_ns: int
    actors: Sequence[ActorView]
    shared: Sequence[Shown] = ()
    changed: Sequence[str] = ()
    watched: Sequence[Shown] = ()
    locks: Sequence[LockView] = ()
    stuck: Sequence[int] = ()
    output: str = ""
    happened: Sequence[Happening] = ()
    value: str = ""
    verdict: Verdict | None = None

    def can_move(self, actor: int) -> bool:
        """Return whether an actor can be given a step."""
        view = self.actors[actor]
        return view.status is Status.READY or (view.can_time_out and not any(self._ready()))

    def _ready(self) -> list[bool]:
        return [view.status is Status.READY for view in self.actors]


def endless(names: Iterable[str], texts: Iterable[str]) -> str:
    """Return a sentence about actors that do the same again and again."""
    who = list(dict.fromkeys(names))
    go = "go" if len(who) > 1 else "goes"
    return f"{' and '.join(who)} {go} on for ever without getting anywhere: {', '.join(dict.fromkeys(texts))}"


def from_json(data: Any) -> Moment:
    """Return a moment that crossed the pipe as nested lists."""
    (number, now, actors, shared, changed, watched, locks, stuck, output, happened, value, verdict) = data
    return Moment(
        number,
        now,
        tuple(_actor(one) for one in actors),
        _shown(shared),
        tuple(changed),
        _shown(watched),
        tuple(_lock(one) for one in locks),
        tuple(stuck),
        output,
        tuple(Happening(*one) for one in happened),
        value,
        Verdict(verdict[0], verdict[1], place(verdict[2]), tuple(verdict[3])) if verdict else None,
    )


def _lock(data: Any) -> LockView:
    name, kind, state, owner, waiters, made_at = data
    return LockView(name, kind, state, owner, tuple(waiters), place(made_at))


def _actor(data: Any) -> ActorView:
    name, does, status, following, why, waits, frames, variables, context, *rest = data
    return ActorView(
        name,
        does,
        Status(status),
        operation(following) if following else None,
        why,
        tuple(waits),
        tuple(Place(*one) for one in frames),
        _shown(variables),
        _context(context),
        *rest,
    )


def _context(data: Any) -> Context | None:
    if not data:
        return None
    app, request, endpoint, g, session = data
    return Context(app, request, endpoint, _shown(g), _shown(session))


def operation(data: Any) -> Operation:
    """Return an operation that crossed the pipe."""
    return Operation(data[0], data[1], place(data[2]), data[3])


def place(data: Any) -> Place | None:
    """Return a place that crossed the pipe, or None."""
    return Place(*data) if data else None


def _shown(data: Any) -> tuple[Shown, ...]:
    return tuple(Shown(*one) for one in data)
