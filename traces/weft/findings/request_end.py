"""Locks that a request took and still held when it ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from weft.timeline import moments
from weft.timeline.columns import FOREVER, UNKNOWN
from weft.timeline.units import duration

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import endpoint, lock_name, request_name, site, times

KIND = "request-end"

_LINES = 4


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock and endpoint, requests that ended while their thread still held a lock that they had taken."""
    tables, holds = case.tables, case.holds
    rows = case.requests
    # Of one without a status nobody knows when it ended.
    told = (rows["end"] != FOREVER) & (rows["status"] != UNKNOWN)
    rows = rows[told & (rows["end"] < tables.roster.close[rows["thread"]])]
    if not len(rows):
        return
    thread, ended = rows["thread"].astype(np.int64), rows["end"].astype(np.int64)
    found: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for level in case.nest.held(thread, ended):
        hold = np.maximum(level, 0)
        kept = (level >= 0) & (holds.start[hold] >= rows["start"]) if len(holds) else level >= 0
        some = np.flatnonzero(kept)
        some = some[holds.end[level[some]] - ended[some] >= case.options.request_end_ns]
        for request, at in zip(moments.requests(tables, rows[some]), some.tolist(), strict=True):
            found[int(holds.lock[level[at]]), endpoint(request)].append((at, int(level[at])))
    for (lock, name), places in found.items():
        yield _finding(case, rows, lock, name, places)


def _finding(case: Case, rows: np.ndarray, lock: int, name: str, places: list[tuple[int, int]]) -> Finding:
    snapshot, holds = case.snapshot, case.holds
    longer = [int(holds.end[hold]) - int(rows["end"][at]) for at, hold in places]
    worst = longer.index(max(longer))
    requests = moments.requests(case.tables, rows[[at for at, _ in places[:_LINES]] + [places[worst][0]]])
    hold = places[worst][1]
    goes_on = bool(holds.lasting[hold])
    text = f"{request_name(requests[-1])} ended while its thread still held {lock_name(snapshot, lock)}, "
    text += f"which {'has been' if goes_on else 'was'} held for {duration(longer[worst])} more"
    text += f"; that happened {times(len(places))}" if len(places) > 1 else ""
    queue = case.queue
    ends = np.array([int(rows["end"][at]) for at, _ in places])
    held = np.array([each for _, each in places])
    cost = int(queue.spent(holds.lock[held], ends, holds.end[held]).sum())
    return Finding(
        kind=KIND,
        sentence=f"{text}.",
        severity=Severity.SLOW if cost else Severity.RISK,
        key=(site(snapshot.locks[lock])[2], name),
        subject=(lock, *name.encode()),
        began_ns=int(ends.min()),
        ended_ns=None if goes_on else int(holds.end[held].max()),
        cost_ns=cost,
        evidence=tuple(
            Evidence(
                f"{request_name(request)} ends, {lock_name(snapshot, lock)} stays held",
                request.lane, request.end_ns or 0, None if holds.lasting[each] else int(holds.end[each]), lock,
            )
            for request, (_, each) in zip(requests[:-1], places, strict=False)
        ),
        count=len(places),
        lanes=unique(request.lane for request in requests),
        locks=(lock,),
        requests=unique(request.id for request in requests),
    )  # fmt: skip
