"""Where to go in a trace: the worst wait, a lock's wait, whoever blocks a lane. Pure questions to a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from weft.findings import Finding
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import LockFigures, Moment, Request, Wait

LOOK_BACK: Final = 256
"""How many waits to walk back over in search of the newest one for a lock."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A moment on a lane; ``span_ns`` is the length of what is there to see, 0 for an instant."""

    lane: int
    time_ns: int
    span_ns: int = 0


def next_wait(snapshot: Snapshot, time_ns: int, step: int) -> Spot | None:
    """Return where the next (``step`` 1) or previous (-1) wait of any lane begins."""
    wait = snapshot.next_wait(None, time_ns, step)
    return Spot(wait.lane, wait.start_ns) if wait else None


def worst_wait(snapshot: Snapshot) -> Spot | None:
    """Return the longest wait of the lock that was waited for the most."""
    figures = next(iter(snapshot.lock_figures()), None)
    return longest_wait(snapshot, figures) if figures else None


def longest_wait(snapshot: Snapshot, figures: LockFigures) -> Spot | None:
    """Return the middle of a lock's longest wait."""
    if not figures.wait_max_ns:
        return None
    lanes = range(len(snapshot.lanes))
    # An eighth less, because a wait that is cut by the end of the trace may be told shorter than the figures say.
    labels = snapshot.labels(lanes, snapshot.start_ns, snapshot.end_ns, max(figures.wait_max_ns * 7 // 8, 1))
    waits = [label for label in labels if label.lock == figures.lock.id]
    if not waits:
        return None
    worst = max(waits, key=lambda label: label.end_ns - label.start_ns)
    return Spot(worst.row, (worst.start_ns + worst.end_ns) // 2, worst.end_ns - worst.start_ns)


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


def blocker(moment: Moment) -> Spot | None:
    """Return the lane that holds the lock that a lane waits for, at the instant if it held it then."""
    if not moment.blames:
        return None
    now = moment.time_ns
    held = [b.hold for b in moment.blames if b.hold.start_ns <= now and (b.hold.end_ns is None or now < b.hold.end_ns)]
    if held:
        return Spot(held[0].lane, now)
    hold = max(moment.blames, key=lambda blame: blame.overlap_ns).hold
    return Spot(hold.lane, max(hold.start_ns, moment.wait.start_ns) if moment.wait else hold.start_ns)
