"""Slow requests and who is to blame: who held the lock for how much of the wait, and what held them up themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from weft.counted import many
from weft.timeline import awaited, moments
from weft.timeline.columns import FOREVER
from weft.timeline.units import duration
from weft.timeline.values import Blame, Request

from .case import Case
from .values import Evidence, Finding, Severity, unique
from .words import endpoint, lane_of, lock_name, where, who, yours

KIND = "blame"

_CHAIN: Final = 4
"""Holders that wait themselves are followed so far."""

_NAMED: Final = 4
"""Culprits that a sentence names."""


@dataclass(frozen=True, slots=True)
class Share:
    """One culprit's part of a wait.

    Attributes:
        blame: the hold, the overlap and what the culprit served; the hold is its longest.
        ns: the part, ns.
        times: in how many holds.
        why: what the culprit was doing, in words.
    """

    blame: Blame
    ns: int
    times: int
    why: str


def check(case: Case) -> Iterator[Finding]:
    """Yield, per endpoint and lock, the request that waited longest, if that was long."""
    waits = case.lock_waits
    rows, which = case.requests_at(waits.thread, waits.start)
    # What others do for a request counts as their wait, not as its own, unless its thread awaits that: an async view.
    served = which >= 0
    by, thread, start = rows["thread"][which[served]], waits.thread[served], waits.start[served]
    served[served] = (by == thread) | awaited.for_own(case.tables, thread, start, by.astype(np.int64))
    if not served.any():
        return
    request, lock = which[served], waits.lock[served]
    # A request that ends within a wait, or hands it on, has waited until then.
    until = np.minimum(waits.end, case.tables.ends(rows)[np.maximum(which, 0)])[served]
    waited = until - waits.start[served]
    pair, group = np.unique(request.astype(np.int64) << 20 | lock, return_inverse=True)
    totals = np.zeros(len(pair), np.int64)
    np.add.at(totals, group, waited)
    slow = np.flatnonzero(totals >= min(case.options.brief_ns, case.options.blame_ns))
    for (_, lock_id), chosen in _by_endpoint(case, rows, pair, slow).items():
        worst = max(chosen, key=lambda each: int(totals[each]))
        if totals[worst] < case.options.blame_ns and totals[chosen].sum() < case.options.total_ns:
            continue
        row = rows[int(pair[worst] >> 20) : int(pair[worst] >> 20) + 1]
        value = moments.requests(case.tables, row)[0]
        yield _finding(case, value, lock_id, int(totals[worst]), int(totals[chosen].sum()), len(chosen))


def _by_endpoint(
    case: Case, rows: np.ndarray, pair: np.ndarray, slow: np.ndarray
) -> dict[tuple[tuple[str, int], int], list[int]]:
    """Return which pairs of request and lock belong together: same method, endpoint and lock."""
    found: dict[tuple[tuple[str, int], int], list[int]] = defaultdict(list)
    targets = case.tables.targets
    for each in slow.tolist():
        row = rows[int(pair[each] >> 20)]
        target = int(row["target"])
        method = targets[target][0] if target >= 0 else ""
        found[(method, int(row["endpoint"])), int(pair[each] & ((1 << 20) - 1))].append(each)
    return found


def _finding(case: Case, request: Request, lock: int, waited: int, total: int, count: int) -> Finding:
    snapshot = case.snapshot
    shares, lines = shared_out(case, request, lock)
    parts = [
        f"{duration(share.ns)} behind {_culprit(case, share)}{f' ({share.why})' if share.why else ''}"
        for share in shares[:_NAMED]
    ]
    if len(shares) > _NAMED:
        parts.append(f"{duration(sum(s.ns for s in shares[_NAMED:]))} behind {many(len(shares) - _NAMED, 'other')}")
    rest = waited - sum(share.ns for share in shares)
    if rest * 50 >= waited:
        parts.append(f"{duration(rest)} while nobody is known to have held it")
    name = f"{request.method} {request.path}"
    goes_on = request.end_ns is None and any(line.end_ns is None for line in lines)
    text = f"{name} {'has waited' if goes_on else 'waited'} {duration(waited)} for {lock_name(snapshot, lock)}"
    text += f": {', '.join(parts)}" if parts else ""
    if count > 1:
        text += (
            f"; so did {many(count - 1, 'more request')} of the endpoint {endpoint(request)}, {duration(total)} in all"
        )
    return Finding(
        kind=KIND,
        sentence=f"{text}.",
        severity=Severity.SLOW,
        key=(endpoint(request), lock_name(snapshot, lock)),
        subject=(lock, *_group(case, request)),
        began_ns=min((line.start_ns for line in lines), default=request.start_ns),
        ended_ns=None if goes_on else max((line.end_ns or 0 for line in lines), default=request.start_ns),
        cost_ns=total,
        evidence=tuple(lines),
        count=count,
        lanes=unique(
            [lines[0].lane if lines else request.lane, request.lane, *(share.blame.hold.lane for share in shares)]
        ),
        locks=(lock,),
        requests=unique([request.id, *(s.blame.request.id for s in shares if s.blame.request is not None)]),
    )


def _group(case: Case, request: Request) -> tuple[int, ...]:
    """Return numbers that stand for a method and an endpoint while the trace grows."""
    rows = case.tables.requests.within(request.start_ns, request.start_ns)
    row = rows[rows["id"] == request.id]
    found = int(row["endpoint"][0]) if len(row) else -1
    return (request.process, found, *request.method.encode()[:8])


def shared_out(case: Case, request: Request, lock: int) -> tuple[list[Share], list[Evidence]]:
    """Return the culprits of a request's waits for a lock, the largest first, and the lines that show it.

    The shares and the time in which nobody held the lock add up to the time waited, exactly.
    """
    tables = case.tables
    end_ns = request.end_ns if request.end_ns is not None else tables.end_ns
    rows = awaited.waits_of(tables, request.thread, request.start_ns, end_ns)
    rows = rows[rows["lock"] == lock]
    found: dict[tuple[int, str], list[tuple[Blame, int]]] = defaultdict(list)
    lines: list[Evidence] = []
    stacks: dict[tuple[int, str], str] = {}
    for at in range(len(rows)):
        row = rows[at : at + 1].copy()
        row["end"] = np.minimum(row["end"], end_ns) if request.end_ns is not None else row["end"]
        blames = moments.blames(tables, row, moments.blamed(tables, row))
        thread, start, over = (int(row[name][0]) for name in ("thread", "start", "end"))
        mine = case.waiter_at(thread, start)
        lines.append(
            Evidence(
                f"{request.method} {request.path} waits for {lock_name(case.snapshot, lock)}",
                lane_of(case.snapshot, thread), start, None if over == FOREVER else over, lock, yours(mine),
            )
        )  # fmt: skip
        held_at = where(yours(case.holder_at(thread, start)))
        for number, (blame, part) in enumerate(zip(blames, _parts(blames, start), strict=True)):
            key = blame.hold.thread, who(case.snapshot, blame.hold.thread, blame.request)
            found[key].append((blame, part))
            if number == 0 and held_at and blame.hold.start_ns <= start:
                stacks.setdefault(key, held_at)
            lines.append(
                Evidence(
                    f"{key[1]} holds {lock_name(case.snapshot, lock)}",
                    blame.hold.lane, blame.hold.start_ns, blame.hold.end_ns, lock,
                    yours(case.holder_at(thread, start)) if number == 0 else None,
                )
            )  # fmt: skip
    shares = []
    for key, blames_of in found.items():
        longest = max((blame for blame, _ in blames_of), key=lambda each: each.overlap_ns)
        ns = sum(part for _, part in blames_of)
        if ns > 0:
            shares.append(Share(longest, ns, len(blames_of), _why(case, longest, stacks.get(key, ""))))
    shares = sorted(_joined(case, shares), key=lambda share: -share.ns)
    return shares, lines[:1] + sorted(lines[1:], key=lambda line: line.start_ns)[:50]


def _parts(blames: Sequence[Blame], start_ns: int) -> list[int]:
    """Return each hold's part of a wait (ns) that began at a time; what several held at once is shared out equally."""
    low = np.array([max(blame.hold.start_ns, start_ns) for blame in blames], np.int64)
    high = low + np.array([blame.overlap_ns for blame in blames], np.int64)
    edges, place = np.unique(np.concatenate([low, high]), return_inverse=True)
    steps = np.zeros(len(edges), np.int64)
    np.add.at(steps, place[: len(low)], 1)
    np.add.at(steps, place[len(low) :], -1)
    holders = np.cumsum(steps)[:-1]
    if not (holders > 1).any():
        return [blame.overlap_ns for blame in blames]
    lasted = np.diff(edges)
    until = np.concatenate([[0.0], np.cumsum(lasted / np.maximum(holders, 1) * (holders > 0))])
    # Rounded so that they add up to the time in which anybody held it.
    ends = np.cumsum(until[place[len(low) :]] - until[place[: len(low)]])
    parts: list[int] = np.diff(np.concatenate([[0], np.rint(ends).astype(np.int64)])).tolist()
    return parts


def _joined(case: Case, shares: list[Share]) -> list[Share]:
    """Return one share for all culprits that a sentence calls the same."""
    by_name: dict[str, list[Share]] = defaultdict(list)
    for share in shares:
        by_name[_culprit(case, share)].append(share)
    joined = []
    for same in by_name.values():
        worst = max(same, key=lambda share: share.ns)
        joined.append(Share(worst.blame, sum(s.ns for s in same), sum(s.times for s in same), worst.why))
    return joined


def _culprit(case: Case, share: Share) -> str:
    return who(case.snapshot, share.blame.hold.thread, share.blame.request)


def _why(case: Case, blame: Blame, held_at: str) -> str:
    """Return where a culprit held the lock and what it waited for itself meanwhile, as a chain."""
    parts = [f"held at {held_at}"] if held_at else []
    seen = {blame.hold.thread}
    thread, start, end = blame.hold.thread, blame.hold.start_ns, blame.hold.end_ns or case.tables.end_ns
    words = "itself waiting for"
    for _ in range(_CHAIN):
        rows = awaited.waits_of(case.tables, thread, start, end)
        if not len(rows):
            break
        lasted = np.minimum(case.tables.ends(rows), end) - rows["start"]
        worst = int(lasted.argmax())
        if lasted[worst] * 2 < end - start:
            break
        row = rows[worst : worst + 1]
        lock = int(row["lock"][0])
        parts.append(f"{words} {lock_name(case.snapshot, lock)}")
        onward = moments.blames(case.tables, row, moments.blamed(case.tables, row))
        if not onward:
            break
        longest = max(onward, key=lambda each: each.overlap_ns)
        parts[-1] += f" behind {who(case.snapshot, longest.hold.thread, longest.request)}"
        if longest.hold.thread in seen:
            break
        seen.add(longest.hold.thread)
        thread, start = longest.hold.thread, longest.hold.start_ns
        end = longest.hold.end_ns or case.tables.end_ns
        words = "which waited for"
    return ", ".join(parts)
