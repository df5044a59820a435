"""A whole report as plain data, for JSON and for whoever draws it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from weft.timeline.families import family_name
from weft.timeline.report import report as figures
from weft.timeline.snapshot import Snapshot

from .case import Case
from .options import Options
from .values import Evidence, Finding
from .words import thread_name

_HOLDERS: Final = 5


def report(snapshot: Snapshot, found: Iterable[Finding]) -> dict[str, Any]:
    """Return the figures of a trace and what is wrong with it; all times are whole ns.

    Returns:
        What `weft.timeline.report` returns, with ``findings``, and per lock ``behind``: who held it while others
        waited, the most costly first: ``holder`` (method and endpoint, or the thread's name), ``holds``, ``cost_ns``
        (the time that all waiters together waited behind it).
    """
    told = figures(snapshot)
    behind = _behind(Case(snapshot, Options()))
    order = [row.lock.id for row in snapshot.lock_figures()]
    for lock, row in zip(order, told["locks"], strict=True):
        row["behind"] = behind.get(lock, [])
    return {"trace": told.pop("trace"), "findings": [as_data(snapshot, finding) for finding in found], **told}


def as_data(snapshot: Snapshot, finding: Finding) -> dict[str, Any]:
    """Return one finding; its times count from the start of the trace."""
    return {
        "kind": finding.kind,
        "severity": finding.severity.name.lower(),
        "sentence": finding.sentence,
        "began_ns": finding.began_ns - snapshot.start_ns,
        "ended_ns": None if finding.ended_ns is None else finding.ended_ns - snapshot.start_ns,
        "cost_ns": finding.cost_ns,
        "count": finding.count,
        "locks": [snapshot.locks[lock].name for lock in finding.locks],
        "lanes": [snapshot.lanes[lane].name for lane in finding.lanes],
        "evidence": [_line(snapshot, line) for line in finding.evidence],
    }


def _line(snapshot: Snapshot, line: Evidence) -> dict[str, Any]:
    return {
        "text": line.text,
        "lane": snapshot.lanes[line.lane].name,
        "began_ns": line.start_ns - snapshot.start_ns,
        "ended_ns": None if line.end_ns is None else line.end_ns - snapshot.start_ns,
        "place": None if line.place is None else f"{line.place.file}:{line.place.line}",
    }


def _behind(case: Case) -> dict[int, list[dict[str, Any]]]:
    """Return, per lock, who held it while others waited."""
    holds, costs = case.contended, case.costs
    some = np.flatnonzero(costs > 0)
    if not len(some):
        return {}
    rows, which = case.requests_at(holds.thread[some], holds.start[some])
    served, row = which >= 0, np.maximum(which, 0)
    # What a holder does: method and endpoint of its request, or (below zero) its thread.
    target = np.where(served, rows["target"][row], 0) if len(rows) else np.zeros(len(some), np.int64)
    endpoint = np.where(served, rows["endpoint"][row], 0) if len(rows) else target
    methods = _methods(case)
    does = np.stack(
        (
            holds.lock[some],
            np.where(served, methods[target], -1),
            np.where(served, endpoint, -1),
            np.where(served, -1, holds.thread[some]),
        ),
        axis=1,
    )
    unique, group, counts = np.unique(does, axis=0, return_inverse=True, return_counts=True)
    cost = np.zeros(len(unique), np.int64)
    np.add.at(cost, group.reshape(-1), costs[some])
    sums: dict[tuple[int, str], list[int]] = {}
    for (lock, method, number, thread), holds_of, cost_of in zip(
        unique.tolist(), counts.tolist(), cost.tolist(), strict=True
    ):
        name = _name(case, method, number) if thread < 0 else family_name(thread_name(case.snapshot, int(thread)))
        entry = sums.setdefault((lock, name), [0, 0])
        entry[0] += holds_of
        entry[1] += cost_of
    found: dict[int, list[dict[str, Any]]] = {}
    for (lock, name), (number, total) in sorted(sums.items(), key=lambda item: -item[1][1]):
        rows_of = found.setdefault(lock, [])
        if len(rows_of) < _HOLDERS:
            rows_of.append({"holder": name, "holds": number, "cost_ns": total})
    return found


def _methods(case: Case) -> np.ndarray:
    """Return a number for the method of every target."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(method, len(known)) for method, _ in case.tables.targets] or [0], np.int64)


def _name(case: Case, method: int, endpoint: int) -> str:
    names = list(dict.fromkeys(method for method, _ in case.tables.targets))
    return f"{names[method] if names else ''} {case.tables.endpoints[endpoint] if endpoint >= 0 else '(no route)'}"
