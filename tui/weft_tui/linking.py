"""Which rows of the lanes to join by arrows: those that the selected lane waits for, and that wait for it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Moment, Request, State

from .blame import WAITING, Chain, Link, Role
from .fronts import lane_name
from .lineup import Lineup
from .picks import By

WAITERS: Final = 32
"""Who waits for one lane, at most, in lanes of requests, where each has to be looked up."""


@dataclass(frozen=True, slots=True)
class Tie:
    """Rows of a lineup that belong together.

    Attributes:
        sources: who waits, or who lets go.
        target: who makes them wait, or who is woken.
        wakes: the latter.
        joined: the source is the target of the one before.
        name: of the target.
    """

    sources: tuple[int, ...]
    target: int
    wakes: bool
    joined: bool
    name: str


def ties(snapshot: Snapshot, lineup: Lineup, moment: Moment, found: Chain) -> tuple[Tie, ...]:
    """Return what joins the selected row to others at an instant, in the order of the chain."""
    if lineup.by is By.LOCK:
        return tuple(_of_locks(snapshot, lineup, found))
    incoming = _wanted(snapshot, lineup, moment)
    woken = _woken(snapshot, lineup, moment, found)
    return (*incoming, *(woken if woken else _chain(snapshot, lineup, found, joined=bool(incoming))))


def _wanted(snapshot: Snapshot, lineup: Lineup, moment: Moment) -> tuple[Tie, ...]:
    """Return the rows of those that wait for what the lane holds."""
    own = _row(lineup, moment)
    rows = {
        _row(lineup, snapshot.moment(wait.lane, moment.time_ns)) if lineup.by is By.REQUEST else lineup.place(wait.lane)
        for wait in moment.wanted_by[: WAITERS if lineup.by is By.REQUEST else None]
    }
    rows -= {-1, own}
    return (Tie(tuple(sorted(rows)), own, wakes=False, joined=False, name=""),) if rows and own >= 0 else ()


def _woken(snapshot: Snapshot, lineup: Lineup, moment: Moment, found: Chain) -> tuple[Tie, ...]:
    """Return the row of who let go of what is being handed over, or does what the lane waits for."""
    link = found.first
    if link is None or not (link.role is Role.WAKES or (link.role is Role.LET_GO and moment.state is State.HANDOFF)):
        return ()
    source, target = _row(lineup, link.culprit), _row(lineup, moment)
    name = snapshot.lanes[moment.lane.id].name
    return (Tie((source,), target, wakes=True, joined=False, name=name),) if min(source, target) >= 0 else ()


def _chain(snapshot: Snapshot, lineup: Lineup, found: Chain, *, joined: bool) -> Iterator[Tie]:
    """Yield the rows from the selected one to the root, as far as they are there."""
    before = -1
    for link in found.links:
        source, target = _row(lineup, link.victim), _row(lineup, link.culprit)
        if min(source, target) < 0 or source == target or link.victim.state not in WAITING:
            return
        if link.role not in (Role.HOLDS, Role.WORKS):
            return
        yield Tie((source,), target, wakes=False, joined=joined and before in (-1, source), name=_name(snapshot, link))
        joined, before = True, target


def _of_locks(snapshot: Snapshot, lineup: Lineup, found: Chain) -> Iterator[Tie]:
    """Yield the rows of locks whose holders wait for the next one."""
    for number, (link, onward) in enumerate(zip(found.links, found.links[1:], strict=False)):
        source, target = lineup.place(link.wait.lock), lineup.place(onward.wait.lock)
        if min(source, target) < 0 or source == target:
            return
        yield Tie((source,), target, wakes=False, joined=number > 0, name=snapshot.locks[onward.wait.lock].name)


def _row(lineup: Lineup, moment: Moment) -> int:
    """Return the row of a lane, or of the request that it serves; -1 for none."""
    if lineup.by is By.REQUEST:
        return _place(lineup, moment.request)
    return lineup.place(moment.lane.id)


def _place(lineup: Lineup, request: Request | None) -> int:
    return lineup.place(request.id) if request else -1


def _name(snapshot: Snapshot, link: Link) -> str:
    name = lane_name(snapshot, link.lane)
    return f"{link.request.method} {link.request.path} ({name})" if link.request else name
