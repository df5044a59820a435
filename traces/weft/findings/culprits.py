"""Holds of locks by who had them, for the findings that blame a holder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from weft.timeline import moments
from weft.timeline.columns import I64, Rows
from weft.timeline.values import Place, Request

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import family, lane_of, lock_name, site, who, yours

_LOOKED_AT: Final = 20_000
"""Holds that are told apart by their holders; of more, those that cost most."""

_LINES: Final = 8


@dataclass(frozen=True, slots=True)
class Group:
    """Holds of one lock by threads that do the same.

    Attributes:
        rows: places in the case's contended holds.
        worst: the one that cost most.
        who: what the worst is called.
        family: what all are called.
        cost: how long others waited behind all of them, ns.
        request: what the worst served.
    """

    rows: list[int]
    worst: int
    who: str
    family: str
    cost: int
    request: Request | None


def grouped(case: Case, at: I64) -> Iterator[Group]:
    """Yield the holds at some places of the contended ones, grouped by lock and holder."""
    holds, costs = case.contended, case.costs
    at = at[np.argsort(-costs[at], kind="stable")][:_LOOKED_AT]
    rows, which = case.requests_at(holds.thread[at], holds.start[at])
    requests = {
        int(number): request
        for number, request in zip(np.unique(which[which >= 0]), _values(case, rows, which), strict=True)
    }
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    served: dict[int, Request | None] = {}
    for place, number in zip(at.tolist(), which.tolist(), strict=True):
        served[place] = requests.get(number)
        groups[int(holds.lock[place]), family(case.snapshot, int(holds.thread[place]), served[place])].append(place)
    for (_, name), places in groups.items():
        worst = places[0]
        request = served[worst]
        cost = int(costs[places].sum())
        yield Group(places, worst, who(case.snapshot, int(holds.thread[worst]), request), name, cost, request)


def _values(case: Case, rows: Rows, which: I64) -> list[Request]:
    return moments.requests(case.tables, rows[np.unique(which[which >= 0])])


def waiters(case: Case, hold: int) -> list[int]:
    """Return the waits (places in the case's waits for locks) that overlap with a contended hold, the longest first."""
    holds, waits = case.contended, case.lock_waits
    part = waits.of(int(holds.lock[hold]))
    start, end = holds.start[hold], holds.end[hold]
    lasted = np.minimum(waits.end[part], end) - np.maximum(waits.start[part], start)
    some = np.flatnonzero((lasted > 0) & (waits.thread[part] != holds.thread[hold]))
    found: list[int] = (some[np.argsort(-lasted[some], kind="stable")] + part.start).tolist()
    return found


def held_at(case: Case, hold: int) -> Place | None:
    """Return the line at which the holder was when somebody came to wait for it, None when that is not known."""
    holds, waits = case.contended, case.lock_waits
    for wait in sorted(waiters(case, hold)[:_LINES]):
        if waits.start[wait] >= holds.start[hold]:
            place = yours(case.holder_at(int(waits.thread[wait]), int(waits.start[wait])))
            if place is not None:
                return place
    return None


def finding(case: Case, kind: str, group: Group, sentence: str, severity: Severity, place: Place | None) -> Finding:
    """Return a finding about a group of holds."""
    snapshot, holds, waits = case.snapshot, case.contended, case.lock_waits
    worst = group.worst
    lock, lane = int(holds.lock[worst]), lane_of(snapshot, int(holds.thread[worst]))
    name = lock_name(snapshot, lock)
    end = None if holds.lasting[worst] else int(holds.end[worst])
    lines = [Evidence(f"{group.who} holds {name}", lane, int(holds.start[worst]), end, lock, place)]
    threads = [int(holds.thread[worst])]
    for wait in waiters(case, worst)[:_LINES]:
        thread, start = int(waits.thread[wait]), int(waits.start[wait])
        threads.append(thread)
        called = who(snapshot, thread, case.request_at(thread, start))
        over = None if waits.lasting[wait] else int(waits.end[wait])
        stack = case.waiter_at(thread, start)
        lines.append(Evidence(f"{called} waits for {name}", lane_of(snapshot, thread), start, over, lock, yours(stack)))
    lasting = bool(holds.lasting[group.rows].any())
    return Finding(
        kind=kind,
        sentence=sentence,
        severity=severity,
        key=(site(snapshot.locks[lock])[2], group.family),
        subject=(lock, *group.family.encode()),
        began_ns=int(holds.start[group.rows].min()),
        ended_ns=None if lasting else int(holds.end[group.rows].max()),
        cost_ns=group.cost,
        evidence=tuple(lines),
        count=len(group.rows),
        lanes=unique(lane_of(snapshot, thread) for thread in threads),
        locks=(lock,),
        requests=(group.request.id,) if group.request is not None else (),
    )
