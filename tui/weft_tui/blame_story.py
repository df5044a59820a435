"""A wait told as victim, culprit and lock: where both stand, what they are in the middle of, who is behind it all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration
from weft.timeline.values import RESOURCES, Blame, Hold, Moment, Request

from .blame import Chain, Link, Role, held_at
from .fronts import lane_name, pid_of, thread_name
from .spans import LABEL, Ink, Line, Span
from .stacks import Quote, short, told

OTHERS: Final = 2
"""Other holders during the wait that are told."""

HISTORY: Final = 2
"""Holds of the lock that are told before the instant, and behind it."""

_BASIC: Final = ("Lock", "RLock", "Condition")
LOCKS: Final = frozenset({*_BASIC, *(f"multiprocessing.{kind}" for kind in _BASIC), *RESOURCES})
"""Kinds of locks; nobody holds an event or a queue."""

_CLAIMS: Final = {
    Role.HOLDS: " holds it",
    Role.LET_GO: " let it go",
    Role.TAKES: " gets it next",
    Role.WAKES: " wakes it",
}
_WORK: Final = {"Thread": " is what it waits for", "Future": " works on it"}
"""What the culprit does, by kind, where it is no holder."""


def blame_story(snapshot: Snapshot, moment: Moment, found: Chain, quote: Quote) -> Iterator[Line]:
    """Yield the parts, each line labelled with what it is about, the most telling first."""
    if moment.wait is None:
        return
    yield from _labelled("victim", told("waits at ", moment.wait.waiter_at, quote))
    yield from _labelled(_side(found.first), _culprit(snapshot, moment, found.first, quote))
    yield from _labelled("ring" if found.ring else "root", _root(snapshot, found, quote))
    yield from _labelled("lock", _lock(snapshot, moment))
    yield from _labelled("stacks", _stacks(snapshot, moment, found))
    yield from _labelled("they hold", _held(snapshot, moment, found))


def _labelled(label: str, lines: Iterable[Line]) -> Iterator[Line]:
    for number, line in enumerate(lines):
        yield ((("" if number else label).ljust(LABEL), Ink.TITLE), *line)


def _side(link: Link | None) -> str:
    """Return what to call whoever makes somebody wait."""
    return "waker" if link is not None and link.role is Role.WAKES else "culprit"


def _culprit(snapshot: Snapshot, moment: Moment, link: Link | None, quote: Quote) -> Iterator[Line]:
    wait = moment.wait
    if wait is None:
        return
    if link is not None:
        yield (*who(snapshot, link.lane, link.request, Ink.HOLD), *_claim(snapshot, link, moment.time_ns))
    elif snapshot.locks[wait.lock].kind in LOCKS:
        yield (("the recorder does not know who holds it", Ink.DIM),)
    yield from told(_then(snapshot, moment, link), wait.holder_at, quote)
    if wait.woken_by is not None and (link is None or link.role is not Role.WAKES):
        yield (("woken by ", Ink.PLAIN), (thread_name(snapshot, wait.woken_by), Ink.PLAIN))
    now = held_at(moment)
    others = sorted((blame for blame in moment.blames if blame is not now), key=lambda blame: -blame.overlap_ns)
    for number, blame in enumerate(others[:OTHERS]):
        words = "during this wait it was also held by " if not number else "  and by "
        yield ((words, Ink.DIM), *_holder(snapshot, blame), (f" for {duration(blame.overlap_ns)}", Ink.PLAIN))
    more = max(moment.behind - (now is not None), len(others)) - OTHERS
    if more > 0:
        yield ((f"  and by {more} more", Ink.DIM),)


def _then(snapshot: Snapshot, moment: Moment, link: Link | None) -> str:
    """Return how to tell where the holder stood when the wait began, who need not be the one of now."""
    wait = moment.wait
    if wait is None or wait.holder is None or link is None or wait.holder == link.culprit_thread:
        return "when the wait began, it was at "
    return f"when the wait began, {thread_name(snapshot, wait.holder)} held it, at "


def _claim(snapshot: Snapshot, link: Link, now_ns: int) -> Line:
    """Say how the culprit makes the victim wait."""
    if link.role is Role.WORKS:
        return ((_WORK.get(snapshot.locks[link.wait.lock].kind, " has it"), Ink.PLAIN),)
    words = (_CLAIMS[link.role], Ink.PLAIN)
    if link.hold is None:
        return (words,)
    if link.role is Role.LET_GO:
        ago = duration(now_ns - (link.hold.end_ns or now_ns))
        return (words, (f" {ago} ago", Ink.STRONG), (", and nobody has it yet", Ink.PLAIN))
    if link.role is Role.TAKES:
        return (words, (f", {duration(link.hold.start_ns - now_ns)} later", Ink.PLAIN))
    return (words, *since(link.hold.start_ns, now_ns))


def _root(snapshot: Snapshot, found: Chain, quote: Quote) -> Iterator[Line]:
    """Tell how the culprit is made to wait itself, down to who waits for nobody, and where that one stood."""
    for link in found.links[1:]:
        onward = who(snapshot, link.lane, link.request, Ink.HOLD)
        lock: Span = (snapshot.locks[link.wait.lock].name, Ink.WAIT)
        yield (
            ("who waits itself for ", Ink.PLAIN),
            lock,
            (": ", Ink.PLAIN),
            *onward,
            *_claim(snapshot, link, link.victim.time_ns),
        )
    if found.ring:
        yield (("a deadlock: each of them waits for the next, and none can go on", Ink.ALARM),)
    elif len(found.links) > 1:
        yield from told("when that wait began, the root was at ", found.links[-1].wait.holder_at, quote)


def _lock(snapshot: Snapshot, moment: Moment) -> Iterator[Line]:
    wait = moment.wait
    if wait is None:
        return
    lock = snapshot.locks[wait.lock]
    made = f", made at {short(lock.created_at.file)}:{lock.created_at.line}" if lock.created_at.file else ""
    yield ((lock.name, Ink.WAIT), (f", a {lock.kind}" if lock.kind else "", Ink.PLAIN), (made, Ink.DIM),
           *_place_in_queue(snapshot, moment))  # fmt: skip
    before, after = snapshot.lock_history(wait.lock, moment.time_ns, HISTORY)
    for number, hold in enumerate(before):
        ago = duration(moment.time_ns - (hold.end_ns or moment.time_ns))
        yield (("        " if number else "before: ", Ink.DIM), *_had(snapshot, hold), (f", {ago} ago", Ink.DIM))
    for number, hold in enumerate(after):
        later = duration(hold.start_ns - moment.time_ns)
        yield (("        " if number else "after:  ", Ink.DIM), *_had(snapshot, hold), (f", {later} later", Ink.DIM))


def _place_in_queue(snapshot: Snapshot, moment: Moment) -> Line:
    wait = moment.wait
    many, place = (0, 0) if wait is None else snapshot.queue_place(wait.lock, wait.thread, moment.time_ns)
    return ((f"; {many} wait for it, this one is number {place}", Ink.PLAIN),) if many > 1 and place else ()


def _had(snapshot: Snapshot, hold: Hold) -> Line:
    request = snapshot.request_at(hold.thread, hold.start_ns)
    name = f"{request.method} {request.path}" if request else lane_name(snapshot, hold.lane)
    if request and (pid := pid_of(snapshot, snapshot.lanes[hold.lane].process)):
        name = f"{name} ({pid})"
    lasted = "still has it" if hold.end_ns is None else f"had it for {duration(hold.end_ns - hold.start_ns)}"
    return ((name, Ink.HOLD), (f" {lasted}", Ink.PLAIN))


def _stacks(snapshot: Snapshot, moment: Moment, found: Chain) -> Iterator[Line]:
    """Tell what each side is in the middle of, outermost first."""
    yield _stack("victim", moment)
    if found.first is not None:
        yield _stack(_side(found.first), found.first.culprit)
    if len(found.links) > 1 and not found.ring:
        yield _stack("root", found.links[-1].culprit)


def _stack(side: str, moment: Moment) -> Line:
    parts = [f"{moment.request.method} {moment.request.path}"] if moment.request else []
    if moment.task is not None:
        parts.append(f"task {moment.task.work}" if moment.task.work else "a task")
    parts += [f"{context} context" for context in moment.contexts]
    parts += [f"section {each.name} ({duration(moment.time_ns - each.start_ns)})" for each in moment.sections]
    return ((f"{side}: ", Ink.DIM), (" › ".join(parts) or "outside of any request", Ink.PLAIN))


def _held(snapshot: Snapshot, moment: Moment, found: Chain) -> Iterator[Line]:
    """Tell which locks each side holds."""
    sides = [("victim", moment, moment.time_ns)]
    sides += [(_side(found.first), found.first.culprit, found.first.time_ns)] if found.first else []
    for side, at, time_ns in sides:
        for hold in at.holds:
            if side != "victim" and moment.wait is not None and hold.lock == moment.wait.lock:
                continue
            lock = (snapshot.locks[hold.lock].name, Ink.HOLD)
            yield ((f"{side}: ", Ink.DIM), lock, *since(hold.start_ns, time_ns))


def _holder(snapshot: Snapshot, blame: Blame) -> Line:
    return who(snapshot, blame.hold.lane, blame.request, Ink.HOLD)


def who(snapshot: Snapshot, lane: int, request: Request | None, ink: Ink) -> Line:
    """Return a lane by what it serves: ``GET /report (Thread-1 (worker))``."""
    name = lane_name(snapshot, lane)
    if request is None:
        return ((name, ink),)
    return ((f"{request.method} {request.path}", ink), (f" ({name})", Ink.DIM))


def since(start_ns: int, now_ns: int) -> Line:
    """Return for how long something has lasted."""
    if now_ns <= start_ns:
        return ((" from this moment on", Ink.PLAIN),)
    return ((" since ", Ink.PLAIN), (duration(now_ns - start_ns), Ink.STRONG))
