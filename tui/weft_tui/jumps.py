"""Where to go in a trace: the worst wait, a lock's wait, whoever blocks a lane. Pure questions to a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from weft.findings import Finding
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import LockFigures, Moment, Request, Wait, WaitLabel

from .blame import Link, held_at
from .stepping import Scope
from .view import View

LOOK_BACK: Final = 256
"""How many waits to walk back over in search of the newest one for a lock."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A moment on a lane; ``span_ns`` is the length of what is there to see, 0 for an instant."""

    lane: int
    time_ns: int
    span_ns: int = 0


def next_wait(among: Snapshot | Scope, time_ns: int, step: int) -> Spot | None:
    """Return where the next (``step`` 1) or previous (-1) wait begins: of any lane, or of those that count."""
    wait = among.next_wait(time_ns, step) if isinstance(among, Scope) else among.next_wait(None, time_ns, step)
    return Spot(wait.lane, wait.start_ns) if wait else None


def worst_wait(snapshot: Snapshot, scope: Scope | None = None) -> Spot | None:
    """Return the longest wait of the lock that was waited for the most, among those that count."""
    if scope is not None:
        worst = scope.worst_wait()
        return Spot(worst.row, _telling(snapshot, worst), worst.end_ns - worst.start_ns) if worst else None
    figures = next(iter(snapshot.lock_figures()), None)
    return longest_wait(snapshot, figures) if figures else None


def longest_wait(snapshot: Snapshot, figures: LockFigures) -> Spot | None:
    """Return a moment about the middle of a lock's longest wait."""
    if not figures.wait_max_ns:
        return None
    lanes = range(len(snapshot.lanes))
    # An eighth less, because a wait that is cut by the end of the trace may be told shorter than the figures say.
    labels = snapshot.labels(lanes, snapshot.start_ns, snapshot.end_ns, max(figures.wait_max_ns * 7 // 8, 1))
    waits = [label for label in labels if label.lock == figures.lock.id]
    if not waits:
        return None
    worst = max(waits, key=lambda label: label.end_ns - label.start_ns)
    return Spot(worst.row, _telling(snapshot, worst), worst.end_ns - worst.start_ns)


def _telling(snapshot: Snapshot, wait: WaitLabel) -> int:
    """Return the middle of a wait or, when nobody holds the lock then, of its longest part in which somebody does."""
    middle = (wait.start_ns + wait.end_ns) // 2
    moment = snapshot.moment(wait.row, middle)
    if held_at(moment) is not None or not moment.blames:
        return middle
    hold = max(moment.blames, key=lambda blame: blame.overlap_ns).hold
    end_ns = wait.end_ns if hold.end_ns is None else min(hold.end_ns, wait.end_ns)
    return (max(hold.start_ns, wait.start_ns) + end_ns) // 2


def wait_for(snapshot: Snapshot, figures: LockFigures) -> Spot | None:
    """Return the newest wait for a lock that somebody waits for now, else its longest one."""
    wait: Wait | None = None
    time_ns = snapshot.end_ns + 1
    for _ in range(LOOK_BACK if figures.waiting_now else 0):
        wait = snapshot.next_wait(None, time_ns, -1)
        if wait is None or wait.lock == figures.lock.id:
            break
        time_ns = wait.start_ns
    if wait is not None and wait.lock == figures.lock.id:
        return Spot(wait.lane, snapshot.end_ns if wait.end_ns is None else wait.start_ns)
    return longest_wait(snapshot, figures)


def of_request(snapshot: Snapshot, request: Request) -> Spot:
    """Return the middle of a request."""
    end_ns = snapshot.end_ns if request.end_ns is None else request.end_ns
    return Spot(request.lane, (request.start_ns + end_ns) // 2, end_ns - request.start_ns)


def of_finding(snapshot: Snapshot, finding: Finding) -> Spot | None:
    """Return the first moment that a finding rests on, None for one that is about no moment."""
    if not finding.evidence:
        return None
    line = finding.evidence[0]
    if line.end_ns is None:
        return Spot(line.lane, max(finding.began_ns, line.start_ns), snapshot.end_ns - line.start_ns)
    return Spot(line.lane, (line.start_ns + line.end_ns) // 2, line.end_ns - line.start_ns)


def next_finding(
    snapshot: Snapshot, findings: Sequence[Finding], time_ns: int, step: int, now: Finding | None
) -> tuple[Finding, Spot] | None:
    """Return the next (``step`` 1) or previous (-1) finding in order of time.

    Args:
        now: the one that was gone to, if nobody has moved on: others at the same moment come next.
    """
    spots = [(spot, finding) for finding in findings if (spot := of_finding(snapshot, finding))]
    spots.sort(key=lambda pair: (pair[0].time_ns, pair[1].identity))
    here = next((at for at, (_, finding) in enumerate(spots) if now and finding.identity == now.identity), None)
    if here is not None:
        wanted = here + step
    elif step > 0:
        wanted = sum(spot.time_ns <= time_ns for spot, _ in spots)
    else:
        wanted = sum(spot.time_ns < time_ns for spot, _ in spots) - 1
    return (spots[wanted][1], spots[wanted][0]) if 0 <= wanted < len(spots) else None


def next_event(snapshot: Snapshot, lane: int, time_ns: int, step: int, scope: Scope | None = None) -> Spot | None:
    """Return where something changes next (``step`` 1) or did before (-1): on a lane, or where it counts."""
    if scope is not None:
        spot = scope.next_event(lane, time_ns, step)
        return None if spot is None else Spot(*spot)
    found = snapshot.next_event(lane, time_ns, step)
    return None if found is None else Spot(lane, found)


def lasting(moment: Moment, end_ns: int) -> tuple[int, int] | None:
    """Return begin and end (ns) of the innermost of what a lane does at an instant, None when that is nothing.

    Args:
        end_ns: the end of what goes on.
    """
    task = moment.task
    things = [
        *([(moment.wait.start_ns, moment.wait.end_ns)] if moment.wait else []),
        *((hold.start_ns, hold.end_ns) for hold in moment.holds[::-1]),
        *((section.start_ns, section.end_ns) for section in moment.sections[::-1]),
        *([(task.start_ns, task.end_ns)] if task and task.start_ns is not None else []),
        *([(moment.request.start_ns, moment.request.end_ns)] if moment.request else []),
    ]
    spans = [(start, end_ns if end is None else end) for start, end in things]
    return min(spans, key=lambda span: span[1] - span[0], default=None)


def culprit(link: Link | None) -> Spot | None:
    """Return where to look at who makes somebody wait."""
    return Spot(link.lane, link.time_ns) if link else None


def lane_at(snapshot: Snapshot, lock: int, time_ns: int, default: int) -> int:
    """Return the lane that a lock has most to do with at an instant: that of who waits longest, else of its holder."""
    time_ns = min(time_ns, max(snapshot.end_ns - 1, 0))
    queue = snapshot.queue(lock, time_ns)
    if queue:
        return queue[0].lane
    hold = snapshot.holder(lock, time_ns)
    return hold.lane if hold else default


def in_request(snapshot: Snapshot, row: NDArray[np.void], view: View) -> Spot:
    """Return a visible moment of a request (one row of its table): the cursor's, if that lies in it."""
    (request,) = snapshot.requests_of(row)
    end_ns = snapshot.end_ns if request.end_ns is None else request.end_ns
    # At its end a request is over.
    first, last = max(request.start_ns, view.start_ns), min(end_ns - 1, view.end_ns)
    return Spot(request.lane, max(min(view.cursor_ns, last), first))


def subject_of(moment: Moment, *, locks: bool) -> int | None:
    """Return the lock that a lane waits for or else holds, or the request that it serves."""
    if not locks:
        return moment.request.id if moment.request else None
    if moment.wait is not None:
        return moment.wait.lock
    return moment.holds[-1].lock if moment.holds else None
