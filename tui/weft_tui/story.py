"""What happens on a lane at one instant, told in sentences. Pure: a moment goes in, lines of inked text come out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weft import levels
from weft.counted import many
from weft.findings import Finding, Severity
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration
from weft.timeline.values import Mark, Moment, Request, State, Task

from .blame import Chain, chain
from .blame_story import LOCKS, blame_story, since, who
from .format import apart
from .fronts import lane_name, pid_of, thread_name
from .spans import Ink, Line, Span
from .stacks import Quote, unquoted
from .stacks import told as told_at

MANY: Final = 6
"""Waiters, tasks and sections that are told one by one."""

ERROR: Final = 40
"""The level of log records from which on they are alarming."""

STATE_INKS: Final = {
    State.OFF: Ink.DIM,
    State.IDLE: Ink.DIM,
    State.RUN: Ink.RUN,
    State.HOLD: Ink.HOLD,
    State.WAIT: Ink.WAIT,
    State.WAIT_HOLD: Ink.WAIT_HOLD,
    State.HANDOFF: Ink.HANDOFF,
}


EVIDENCE: Final = 8
"""Lines that are told of a finding."""

FRESH_NS: Final = 150_000_000
"""A hold in progress is recorded with its end or, when it lasts, a good tenth of a second after its beginning."""


def told(snapshot: Snapshot, finding: Finding) -> list[Line]:
    """Return a finding with what it rests on."""
    alarm = finding.severity is Severity.STUCK and finding.ended_ns is None
    badge = f" {finding.kind} ", Ink.ALARM if alarm else Ink.BADGE
    lines: list[Line] = [(badge, (f" {finding.sentence}", Ink.PLAIN))]
    evidence = finding.evidence[:EVIDENCE]
    moments = apart([max(line.start_ns - snapshot.start_ns, 0) for line in evidence])
    for line, at in zip(evidence, moments, strict=True):
        lane = f" ({lane_name(snapshot, line.lane)})"
        lines.append(((f"  at {at} ", Ink.DIM), (line.text, Ink.PLAIN), (lane, Ink.DIM)))
    return [*lines, ((" ", Ink.PLAIN),)]


def story(snapshot: Snapshot, moment: Moment, quote: Quote = unquoted, found: Chain | None = None) -> list[Line]:
    """Return what to say about a lane at an instant, the most important sentence first.

    Args:
        quote: knows the source.
        found: who makes it wait, if that is known already.
    """
    found = chain(snapshot, moment) if found is None else found
    return [
        *_headline(snapshot, moment),
        *blame_story(snapshot, moment, found, quote),
        *_holding(snapshot, moment, quote),
        *_handed(snapshot, moment),
        *_said(moment),
        *_elsewhere(snapshot, moment),
        *_footnotes(snapshot, moment, found),
    ]


def _headline(snapshot: Snapshot, moment: Moment) -> Iterator[Line]:
    ink = STATE_INKS[moment.state]
    yield (("● " if moment.state > State.IDLE else "○ ", ink), *_who(snapshot, moment), *_does(snapshot, moment))


def _who(snapshot: Snapshot, moment: Moment) -> Line:
    if moment.request is not None:
        return (_request(moment.request), *((f" ({pid})", Ink.DIM) for pid in (_pid(snapshot, moment),) if pid))
    if moment.task is not None and moment.task.work:
        return ((moment.task.work, Ink.STRONG),)
    return ((_thread_of(snapshot, moment), Ink.STRONG),)


def _pid(snapshot: Snapshot, moment: Moment) -> str:
    return pid_of(snapshot, moment.lane.process)


def _thread_of(snapshot: Snapshot, moment: Moment) -> str:
    name = moment.thread.name if moment.thread else moment.lane.name
    return f"{_pid(snapshot, moment)} {name}".lstrip()


def _does(snapshot: Snapshot, moment: Moment) -> Line:
    wait = moment.wait
    if wait is not None and moment.state in (State.WAIT, State.WAIT_HOLD):
        return (
            (" waits for ", Ink.PLAIN),
            _lock(snapshot, wait.lock, Ink.WAIT),
            *since(wait.start_ns, moment.time_ns),
        )
    if moment.state is State.HANDOFF:
        if wait and snapshot.locks[wait.lock].kind not in LOCKS:
            woken = _lock(snapshot, wait.lock, Ink.HANDOFF)
            return ((" was waiting for ", Ink.PLAIN), woken, (": it is woken, but not running yet", Ink.PLAIN))
        what: Line = (_lock(snapshot, wait.lock, Ink.HANDOFF),) if wait else (("a lock", Ink.HANDOFF),)
        return ((" is handed ", Ink.PLAIN), *what, (": it is free, this thread is not running yet", Ink.PLAIN))
    if moment.holds:
        hold = moment.holds[-1]
        return ((" holds ", Ink.PLAIN), _lock(snapshot, hold.lock), *since(hold.start_ns, moment.time_ns))
    began = _began(moment)
    if began is not None:
        start_ns, end_ns = began
        fresh = end_ns is None and snapshot.end_ns - moment.time_ns < FRESH_NS
        locks = ", whether with a lock is told in a moment" if fresh else ", no lock involved"
        return ((" runs", Ink.RUN), *since(start_ns, moment.time_ns), (locks, Ink.DIM))
    return ((_QUIET[moment.state], Ink.DIM),)


def _began(moment: Moment) -> tuple[int, int | None] | None:
    """Return when what the thread does has begun and ended (ns), None when it does nothing for anybody."""
    if moment.task is not None and moment.task.start_ns is not None:
        return moment.task.start_ns, moment.task.end_ns
    return (moment.request.start_ns, moment.request.end_ns) if moment.request is not None else None


_QUIET: Final = {
    State.OFF: " is not alive at this moment",
    State.IDLE: " is idle: it serves no request",
    State.RUN: " runs outside any request",
    State.HOLD: " holds a lock",
    State.WAIT: " waits for a lock",
    State.WAIT_HOLD: " waits for a lock while it holds another",
    State.HANDOFF: " is handed a lock",
}


def _holding(snapshot: Snapshot, moment: Moment, quote: Quote) -> Iterator[Line]:
    for hold in () if moment.wait is not None else moment.holds[:-1]:
        yield (("  it also holds ", Ink.PLAIN), _lock(snapshot, hold.lock), *since(hold.start_ns, moment.time_ns))
    for wait in moment.wanted_by[:MANY]:
        waiter = who(snapshot, wait.lane, snapshot.request_at(wait.thread, moment.time_ns), Ink.STRONG)
        yield (("  ", Ink.PLAIN), *waiter, (" waits for ", Ink.PLAIN), _lock(snapshot, wait.lock, Ink.WAIT),
               *since(wait.start_ns, moment.time_ns))  # fmt: skip
    if len(moment.wanted_by) > MANY:
        more = many(len(moment.wanted_by) - MANY, "more thread waits", "more threads wait")
        yield ((f"  and {more}", Ink.PLAIN),)
    if moment.wanted_by:
        yield from told_at("  when that wait began, this thread was at ", moment.wanted_by[0].holder_at, quote)


def _handed(snapshot: Snapshot, moment: Moment) -> Iterator[Line]:
    """Say what was handed over to this thread, and what it has handed over to others."""
    task = moment.task
    if task is not None and task.start_ns is not None:
        who = thread_name(snapshot, task.by) if task.by is not None else "another thread"
        queued = duration(task.start_ns - task.submitted_ns)
        yield ((f"  it runs {task.work or 'a task'}, which {who} had handed over ", Ink.PLAIN),
               (queued, Ink.STRONG), (" before it began", Ink.PLAIN))  # fmt: skip
    for task in moment.handed[:MANY]:
        words = "it awaits" if task.awaited else "it has handed over"
        yield ((f"  {words} {task.work or 'a task'}", Ink.PLAIN), *_progress(snapshot, task, moment.time_ns))
    if len(moment.handed) > MANY:
        yield ((f"  and {many(len(moment.handed) - MANY, 'more task')}", Ink.PLAIN),)


def _progress(snapshot: Snapshot, task: Task, now_ns: int) -> Line:
    if task.thread is None or task.start_ns is None or task.start_ns > now_ns:
        return ((", which waits for its turn", Ink.PLAIN), *since(task.submitted_ns, now_ns))
    runner = (thread_name(snapshot, task.thread), Ink.RUN)
    return ((", which runs on ", Ink.PLAIN), runner, *since(task.start_ns, now_ns))


def _said(moment: Moment) -> Iterator[Line]:
    """Say what the app says of itself: the sections that it is in, and its last marks."""
    for number, section in enumerate(() if moment.wait is not None else moment.sections[-MANY:]):
        words = "  in section " if not number else "    and in "
        yield ((words, Ink.PLAIN), (section.name, Ink.TITLE), *since(section.start_ns, moment.time_ns))
    for mark in moment.marks:
        ago = f", {duration(moment.time_ns - mark.time_ns)} ago" if moment.time_ns > mark.time_ns else ", just now"
        yield (("  ◆ ", Ink.DIM), *_mark(mark), (ago, Ink.DIM))


def _mark(mark: Mark) -> Line:
    if mark.level is None:
        return ((mark.text, Ink.PLAIN),)
    ink = Ink.ALARM if mark.level >= ERROR else Ink.PLAIN
    return ((f"{levels.name(mark.level)} ", ink), (mark.text, Ink.PLAIN))


def _elsewhere(snapshot: Snapshot, moment: Moment) -> Iterator[Line]:
    """Say what the app waits for now, when the lane itself has nothing to tell."""
    if moment.state > State.IDLE or moment.time_ns < snapshot.end_ns - 1:
        return
    for row in [row for row in snapshot.lock_figures() if row.waiting_now][:MANY]:
        threads = "1 thread waits" if row.waiting_now == 1 else f"{row.waiting_now} threads wait"
        yield ((f"  {threads} for ", Ink.PLAIN), (row.lock.name, Ink.WAIT), *_held_now(snapshot, row.holder_now))


def _held_now(snapshot: Snapshot, holder: int | None) -> Line:
    if holder is None:
        return ((" now", Ink.PLAIN),)
    return ((" now, held by ", Ink.PLAIN), (thread_name(snapshot, holder), Ink.HOLD))


def _footnotes(snapshot: Snapshot, moment: Moment, found: Chain) -> Iterator[Line]:
    request = moment.request
    if request is not None:
        yield ((f"  thread {_thread_of(snapshot, moment)}", Ink.DIM),
               (f", endpoint {request.endpoint}" if request.endpoint else "", Ink.DIM),
               (f", {_outcome(snapshot, request)}", Ink.DIM))  # fmt: skip
    if request is not None and request.queued_ns:
        yield ((f"  waited {duration(request.queued_ns)} before a thread of its server began with it", Ink.PLAIN),)
    if moment.contexts and moment.wait is None:
        yield ((f"  Flask contexts: {', '.join(moment.contexts)}", Ink.DIM),)
    if moment.wait is None and not moment.wanted_by:
        yield (("  n: go to the next wait", Ink.DIM),)
    elif found.links:
        root = "; B: to the root of it all" if len(found.links) > 1 and not found.ring else ""
        yield ((f"  b: go to the culprit{root}; [: come back", Ink.DIM),)


def _outcome(snapshot: Snapshot, request: Request) -> str:
    if request.end_ns is None:
        return f"running for {duration(snapshot.end_ns - request.start_ns)}"
    ended = "ended by an exception" if request.status == 0 else f"status {request.status}"
    return f"{ended} after {duration(request.end_ns - request.start_ns)}"


def _request(request: Request) -> Span:
    return f"{request.method} {request.path}", Ink.STRONG


def _lock(snapshot: Snapshot, lock: int, ink: Ink = Ink.HOLD) -> Span:
    return snapshot.locks[lock].name, ink
