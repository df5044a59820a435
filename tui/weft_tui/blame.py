"""Who makes a lane wait, who makes that one wait, and so on to the root culprit. Pure: a moment goes in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Blame, Hold, Moment, Request, State, Wait

MOST: Final = 16
"""Culprits that wait themselves are followed so far."""

WAITING: Final = (State.WAIT, State.WAIT_HOLD)


class Role(Enum):
    """How somebody makes somebody else wait."""

    HOLDS = "holds"
    """Holds the lock at the instant."""
    LET_GO = "let go"
    """Held it last: at the instant nobody does."""
    TAKES = "takes"
    """Nobody has held it during the wait so far: this one gets it next."""
    WORKS = "works"
    """Has what is waited for, or does it: a semaphore, a future's work, a thread's life."""
    WAKES = "wakes"
    """Does nothing that the recorder knows of, but ends the wait: sets, puts, notifies."""


@dataclass(frozen=True, slots=True)
class Link:
    """One who waits, and who makes him wait.

    Attributes:
        victim: who waits; its ``wait`` is not None.
        lane: of the culprit.
        time_ns: when to look at the culprit: the instant, or when it held the lock.
        hold: what it held; None where nobody holds such a thing, or nobody knows since when.
        culprit: all that is known of the culprit then.
    """

    victim: Moment
    wait: Wait
    role: Role
    lane: int
    time_ns: int
    hold: Hold | None
    request: Request | None
    culprit: Moment

    @property
    def culprit_thread(self) -> int | None:
        """The thread on the culprit's lane."""
        return self.hold.thread if self.hold else self.culprit.thread.id if self.culprit.thread else None


@dataclass(frozen=True, slots=True)
class Chain:
    """The links from a lane to the root culprit: the victim of each is the culprit of the one before.

    Where one waits for what another thread does for it meanwhile, for an async view, that thread is the victim.

    Attributes:
        ring: the last culprit waits for one of the others: a deadlock.
    """

    links: tuple[Link, ...] = ()
    ring: bool = False

    @property
    def first(self) -> Link | None:
        """Who makes the lane itself wait."""
        return self.links[0] if self.links else None

    @property
    def root(self) -> Link | None:
        """Whom all others wait for; in a ring there is none that waits for nobody."""
        return self.links[-1] if self.links else None


def chain(snapshot: Snapshot, moment: Moment) -> Chain:
    """Follow the waits from what a lane does at an instant."""
    links: list[Link] = []
    here = _for_it(snapshot, moment)
    seen = {moment.lane.id, here.lane.id}
    while len(links) < MOST:
        link = _link(snapshot, here)
        if link is None or link.lane == here.lane.id:
            break
        links.append(link)
        if link.lane in seen:
            return Chain(tuple(links), ring=all(each.role is Role.HOLDS for each in links))
        here = _for_it(snapshot, link.culprit)
        seen |= {link.lane, here.lane.id}
        if here.state not in WAITING:
            break
    return Chain(tuple(links))


def _for_it(snapshot: Snapshot, moment: Moment) -> Moment:
    """Return what the thread does that a lane waits for meanwhile, that of an async view, else what the lane does."""
    if moment.wait is not None:
        return moment
    running = [task.thread for task in moment.handed if task.awaited and task.thread is not None]
    onward = [snapshot.moment(snapshot.threads[thread].lane, moment.time_ns) for thread in running]
    return next((there for there in onward if there.state in WAITING), moment)


def _link(snapshot: Snapshot, here: Moment) -> Link | None:
    """Return who makes a lane wait, None when it does not, or nobody knows."""
    wait = here.wait
    if wait is None:
        return None
    now = held_at(here)
    if now is not None:
        return _made(snapshot, here, wait, Role.HOLDS, now.hold.lane, here.time_ns, now)
    if here.blames:
        before = [blame for blame in here.blames if blame.hold.end_ns is not None and blame.hold.end_ns <= here.time_ns]
        if before:
            last = max(before, key=lambda blame: blame.hold.end_ns or 0)
            # At its end a hold is over.
            at = max((last.hold.end_ns or 1) - 1, last.hold.start_ns)
            return _made(snapshot, here, wait, Role.LET_GO, last.hold.lane, at, last)
        following = here.blames[0]
        return _made(snapshot, here, wait, Role.TAKES, following.hold.lane, following.hold.start_ns, following)
    for thread, role in ((wait.holder, Role.WORKS), (wait.woken_by, Role.WAKES)):
        if thread is not None:
            return _made(snapshot, here, wait, role, snapshot.threads[thread].lane, here.time_ns)
    return None


def held_at(moment: Moment) -> Blame | None:
    """Return who holds what a lane waits for at the instant itself."""
    for blame in moment.blames:
        if blame.hold.start_ns <= moment.time_ns and (blame.hold.end_ns is None or moment.time_ns < blame.hold.end_ns):
            return blame
    return None


def _made(
    snapshot: Snapshot, here: Moment, wait: Wait, role: Role, lane: int, at: int, blame: Blame | None = None
) -> Link:
    culprit = snapshot.moment(lane, at)
    request = blame.request if blame else culprit.request
    return Link(here, wait, role, lane, at, blame.hold if blame else None, request, culprit)
