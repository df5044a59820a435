"""The figures of a trace as plain data, for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from .columns import I64, UNKNOWN, Rows
from .figures import NOTHING, Spread, spreads
from .snapshot import Snapshot
from .tables import Tables


def report(snapshot: Snapshot) -> dict[str, Any]:
    """Return the figures of a trace. All times are whole ns; what is unfinished counts up to the end of the trace.

    Returns:
        ``trace``: ``duration_ns``, ``events``, ``lost``, ``processes``, ``threads``,
        ``contended_only`` (whether of locks only what was waited for is recorded).
        ``locks``: per lock, longest total wait first: ``name``, ``kind``, ``created_at`` (``file:line``),
        ``acquisitions``, ``contended``, ``wait_ns`` and ``hold_ns`` (each ``total``, ``p50``, ``p99``, ``max``).
        ``requests``: per method and endpoint (None: no route matched), longest total wait first: ``method``,
        ``endpoint``, ``count``, ``duration_ns`` and ``wait_ns`` (as above).
        ``findings``: nothing yet.
    """
    return {
        "trace": {
            "duration_ns": snapshot.end_ns - snapshot.start_ns,
            "events": snapshot.events,
            "lost": snapshot.lost,
            "processes": len(snapshot.processes),
            "threads": len(snapshot.threads),
            "contended_only": any(process.contended_only for process in snapshot.processes),
        },
        "locks": _locks(snapshot),
        "requests": _requests(snapshot.tables),
        "findings": [],
    }


def _locks(snapshot: Snapshot) -> list[dict[str, Any]]:
    tables = snapshot.tables
    waits, holds = tables.waits.all(), tables.holds.all()
    waited = spreads(waits["lock"], tables.ends(waits) - waits["start"])
    held = spreads(holds["lock"], tables.held_until(holds) - holds["start"])
    return [
        {
            "name": row.lock.name,
            "kind": row.lock.kind,
            "created_at": f"{row.lock.created_at.file}:{row.lock.created_at.line}",
            "acquisitions": row.acquisitions,
            "contended": row.contended,
            "wait_ns": _told(waited.get(row.lock.id, NOTHING)),
            "hold_ns": _told(held.get(row.lock.id, NOTHING)),
        }
        for row in snapshot.lock_figures()
    ]


def _requests(tables: Tables) -> list[dict[str, Any]]:
    rows = tables.requests.all()
    names, group = _groups(tables, rows)
    ends = tables.ends(rows)
    lasted = spreads(group, ends - rows["start"])
    waited = spreads(group, tables.waited(rows["thread"].astype(np.int64), rows["start"].copy(), ends))
    order = sorted(lasted, key=lambda number: (-waited[number].total, -lasted[number].total, number))
    return [
        {
            "method": names[number][0],
            "endpoint": names[number][1],
            "count": lasted[number].count,
            "duration_ns": _told(lasted[number]),
            "wait_ns": _told(waited[number]),
        }
        for number in order
    ]


def _groups(tables: Tables, rows: Rows) -> tuple[list[tuple[str, str | None]], I64]:
    """Return the (method, endpoint) pairs that occur, and for each row which one is its own."""
    numbers: dict[tuple[str, str | None], int] = {}
    pairs = np.stack((rows["target"], np.maximum(rows["endpoint"], UNKNOWN)), axis=1)
    unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
    of_pair = [
        numbers.setdefault((_method(tables, target), _endpoint(tables, endpoint)), len(numbers))
        for target, endpoint in unique.tolist()
    ]
    return list(numbers), np.array(of_pair, np.int64)[inverse.reshape(-1)]


def _method(tables: Tables, target: int) -> str:
    return tables.targets[target][0] if target >= 0 else ""


def _endpoint(tables: Tables, endpoint: int) -> str | None:
    return tables.endpoints[endpoint] if endpoint >= 0 else None


def _told(spread: Spread) -> dict[str, int]:
    return {"total": spread.total, "p50": spread.p50, "p99": spread.p99, "max": spread.max}
