"""What changed from one run to another: per lock and endpoint, findings that are new or gone, new orders of locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from weft.timeline import awaited
from weft.timeline.columns import I64, UNKNOWN
from weft.timeline.figures import NOTHING, Spread, spreads
from weft.timeline.snapshot import Snapshot

from . import deadlock, inversion
from .case import Case
from .checks import find
from .inversion import Orders, orders_in, pairs_of
from .options import Options
from .report import as_data
from .values import Finding
from .words import site


def compare(before: Snapshot, after: Snapshot, options: Options | None = None) -> dict[str, Any]:
    """Return what changed, as plain data; all times are whole ns.

    Returns:
        ``before``, ``after``: ``duration_ns``, ``events``, ``lost``.
        ``locks``: per name, the largest change of the total wait first: ``name`` and, ``[before, after]`` each,
        ``acquisitions``, ``waits``, ``wait_total_ns``, ``wait_p50_ns``, ``wait_p99_ns``, ``hold_p50_ns``,
        ``hold_p99_ns``.
        ``requests``: per ``method`` and ``endpoint``, likewise: ``count``, ``duration_p50_ns``, ``duration_p99_ns``,
        ``wait_p50_ns``, ``wait_p99_ns``, ``wait_total_ns``.
        ``new_findings``, ``gone_findings``: as in a report.
        ``new_orders``: pairs of names; the second lock was taken while the first was held, in the second run only.
    """
    options = options or Options()
    found = find(before, options), find(after, options)
    orders = _orders(before, options), _orders(after, options)
    return {
        "before": _trace(before),
        "after": _trace(after),
        "locks": _changed(_locks(before), _locks(after), ("name",)),
        "requests": _changed(_requests(before), _requests(after), ("method", "endpoint")),
        "new_findings": _missing(after, found[1], before, found[0]),
        "gone_findings": _missing(before, found[0], after, found[1]),
        "new_orders": sorted(map(list, orders[1] - orders[0])),
    }


def _trace(snapshot: Snapshot) -> dict[str, int]:
    return {
        "duration_ns": snapshot.end_ns - snapshot.start_ns,
        "events": snapshot.events,
        "lost": snapshot.lost,
    }


def _orders(snapshot: Snapshot, options: Options) -> set[tuple[str, str]]:
    case, orders = Case(snapshot, options), Orders()
    orders.add(orders_in(case))
    return pairs_of(case, orders)


def _missing(
    snapshot: Snapshot, found: Iterable[Finding], other: Snapshot, others: Sequence[Finding]
) -> list[dict[str, Any]]:
    """Return the findings of one run that the other has not; an inversion is there too where it has struck."""
    there = {(finding.kind, finding.key) for finding in others}
    struck = [_names(other, finding) for finding in others if finding.kind == deadlock.KIND]
    return [
        as_data(snapshot, each)
        for each in found
        if (each.kind, each.key) not in there
        and not (each.kind == inversion.KIND and any(_names(snapshot, each) <= locks for locks in struck))
    ]


def _names(snapshot: Snapshot, finding: Finding) -> set[str]:
    return {site(snapshot.locks[lock])[2] for lock in finding.locks}


Figures = dict[tuple[str, ...], dict[str, int]]


def _changed(before: Figures, after: Figures, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the figures side by side, what changed most first."""
    rows: list[dict[str, Any]] = []
    for key in before.keys() | after.keys():
        figures = before.get(key, {}), after.get(key, {})
        columns = figures[0] or figures[1]
        rows.append(
            {
                **dict(zip(names, key, strict=True)),
                **{column: [each.get(column, 0) for each in figures] for column in columns},
            }
        )
    rows.sort(key=lambda row: (-abs(row["wait_total_ns"][1] - row["wait_total_ns"][0]), *(row[name] for name in names)))
    return rows


def _locks(snapshot: Snapshot) -> Figures:
    numbers: dict[str, int] = {}
    group = np.array([numbers.setdefault(lock.name, len(numbers)) for lock in snapshot.locks], np.int64)
    tables = snapshot.tables
    holds, waits = tables.holds.all(), tables.waits.all()
    held = spreads(_of(group, holds["lock"]), tables.held_until(holds) - holds["start"])
    waited = spreads(_of(group, waits["lock"]), tables.ends(waits) - waits["start"])
    return {
        (name,): {
            "acquisitions": held.get(number, NOTHING).count,
            "waits": waited.get(number, NOTHING).count,
            "wait_total_ns": waited.get(number, NOTHING).total,
            **_tails("wait", waited.get(number, NOTHING)),
            **_tails("hold", held.get(number, NOTHING)),
        }
        for name, number in numbers.items()
    }


def _requests(snapshot: Snapshot) -> Figures:
    tables = snapshot.tables
    rows = tables.requests.all()
    ends = tables.ends(rows)
    waited = awaited.waited(tables, rows)
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    pairs, inverse = np.unique(
        np.stack((rows["target"], np.maximum(rows["endpoint"], UNKNOWN)), axis=1), axis=0, return_inverse=True
    )
    for number, (target, endpoint) in enumerate(pairs.tolist()):
        method = tables.targets[int(target)][0] if target >= 0 else ""
        name = tables.endpoints[int(endpoint)] if endpoint >= 0 else "(no route)"
        members[method, name].append(number)
    group = np.zeros(len(pairs), np.int64)
    for at, numbers in enumerate(members.values()):
        group[numbers] = at
    of_row = group[inverse.reshape(-1)]
    lasted, waits = spreads(of_row, ends - rows["start"]), spreads(of_row, waited)
    return {
        key: {
            "count": lasted[at].count,
            **_tails("duration", lasted[at]),
            **_tails("wait", waits[at]),
            "wait_total_ns": waits[at].total,
        }
        for at, key in enumerate(members)
    }


def _of(group: I64, lock: I64) -> I64:
    return group[lock] if len(group) else lock.astype(np.int64)


def _tails(what: str, spread: Spread) -> dict[str, int]:
    return {f"{what}_p50_ns": spread.p50, f"{what}_p99_ns": spread.p99}
