"""The figures of a trace as plain data, for JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from . import awaited
from .columns import I64, UNKNOWN, Rows
from .figures import NOTHING, Spread, spreads
from .moments import label_of
from .recording import recording
from .snapshot import Snapshot
from .tables import Tables

MOST_MARKS: Final = 1000
"""Texts of marks that are listed."""


def report(snapshot: Snapshot) -> dict[str, Any]:
    """Return the figures of a trace. All times are whole ns; what is unfinished counts up to the end of the trace.

    Returns:
        ``trace``: ``duration_ns``, ``events``, ``lost``, ``processes``, ``threads``,
        ``contended_only`` (whether of locks only what was waited for is recorded).
        ``locks``: per lock, longest total wait first: ``name``, ``kind``, ``created_at`` (``file:line``),
        ``acquisitions``, ``contended``, ``wait_ns`` and ``hold_ns`` (each ``total``, ``p50``, ``p99``, ``max``).
        ``requests``: per method and endpoint (None: no route matched), longest total wait first: ``method``,
        ``endpoint``, ``count``, ``duration_ns``, ``wait_ns`` and ``queued_ns``, before they began (as above).
        ``tasks``: per what is run for others, longest total first: ``work``, ``count``, ``queued_ns`` (until a thread
        began with it), ``duration_ns`` and ``wait_ns`` (as above).
        ``sections``: per name, longest in all first: ``name``, ``duration_ns`` (as above), ``count``.
        ``marks``: per text, most frequent first: ``text``, ``level`` (of a log record, else None), ``count``.
        ``recording``: what the recorder could see and what it cost, see `weft.timeline.recording`.
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
        "tasks": _tasks(snapshot.tables),
        "sections": _sections(snapshot.tables),
        "marks": _marks(snapshot.tables),
        "recording": recording(snapshot),
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
    waited = spreads(group, awaited.waited(tables, rows))
    queued = spreads(group, rows["queued"])
    order = sorted(lasted, key=lambda number: (-waited[number].total, -lasted[number].total, number))
    return [
        {
            "method": names[number][0],
            "endpoint": names[number][1],
            "count": lasted[number].count,
            "duration_ns": _told(lasted[number]),
            "wait_ns": _told(waited[number]),
            "queued_ns": _told(queued[number]),
        }
        for number in order
    ]


def _tasks(tables: Tables) -> list[dict[str, Any]]:
    rows = tables.tasks.all()
    work = awaited.work_of(tables, rows)
    names = {number: tables.works[number] if number != UNKNOWN else "" for number in np.unique(work).tolist()}
    # One name may have been defined several times, by several processes for instance.
    first = {name: number for number, name in reversed(names.items())}
    group = np.array([first[names[number]] for number in work.tolist()], np.int64)
    ends = tables.ends(rows)
    queued, lasted = spreads(group, rows["start"] - rows["submitted"]), spreads(group, ends - rows["start"])
    waited = spreads(group, tables.waited(rows["thread"].astype(np.int64), rows["start"].copy(), ends))
    return [
        {
            "work": names[number],
            "count": lasted[number].count,
            "queued_ns": _told(queued[number]),
            "duration_ns": _told(lasted[number]),
            "wait_ns": _told(waited[number]),
        }
        for number in sorted(lasted, key=lambda number: (-lasted[number].total, names[number]))
    ]


def _sections(tables: Tables) -> list[dict[str, Any]]:
    rows = tables.said.all()
    names = _by_text(tables, rows["label"])
    group = np.array([names[label] for label in rows["label"].tolist()], np.int64)
    lasted = spreads(group, tables.ends(rows) - rows["start"])
    called = {number: label_of(tables, label) for label, number in reversed(names.items())}
    order = sorted(lasted, key=lambda number: (-lasted[number].total, number))
    return [
        {"name": called[number], "count": lasted[number].count, "duration_ns": _told(lasted[number])}
        for number in order
    ]


def _marks(tables: Tables) -> list[dict[str, Any]]:
    rows = tables.marks.all()
    pairs, counts = np.unique(np.stack((rows["label"], rows["level"]), axis=1), axis=0, return_counts=True)
    said: Counter[tuple[str, int]] = Counter()
    for (label, level), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        said[label_of(tables, label), level] += count
    return [
        {"text": text, "level": level if level >= 0 else None, "count": count}
        for (text, level), count in said.most_common(MOST_MARKS)
    ]


def _by_text(tables: Tables, labels: NDArray[np.int32]) -> dict[int, int]:
    """Return, for each label, the first one that has its text: a text may have been defined several times."""
    first: dict[str, int] = {}
    return {label: first.setdefault(label_of(tables, label), label) for label in np.unique(labels).tolist()}


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
