"""Two runs against each other: what changed per lock and endpoint, as rows of the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from weft.timeline.shortening import among
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration

from . import jumps
from .format import brief, count
from .jumps import Spot
from .spans import Ink, Line, cut_middle
from .widgets.table import Column, text

WIDTH: Final = 17
"""Columns of two figures."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A lock, or an endpoint, in both runs.

    Attributes:
        name: of the lock, or method and endpoint.
        is_lock: it is a lock.
        figures: as in `weft.findings.compare`, ``[before, after]`` each.
    """

    name: str
    is_lock: bool
    figures: dict[str, Any]

    def change(self, figure: str) -> int:
        """Return by how much a figure grew."""
        before, after = self.figures[figure]
        return int(after - before)


def locks(told: dict[str, Any]) -> tuple[Changed, ...]:
    """Return the locks, the largest change of waiting first."""
    return tuple(Changed(row["name"], True, row) for row in told["locks"])


def requests(told: dict[str, Any]) -> tuple[Changed, ...]:
    """Return the endpoints, the largest change of waiting first."""
    return tuple(Changed(f"{row['method']} {row['endpoint']}", False, row) for row in told["requests"])


def lock_columns(labels: Sequence[str], names: Sequence[str]) -> Sequence[Column[Changed]]:
    """Return the columns of the table of locks; ``labels`` are those of the two runs, ``names`` all locks' names."""
    short = among(tuple(names), dotted=True).short
    return (
        Column("lock", 0, lambda row: text(row.name, Ink.STRONG), order=lambda row: row.name.lower(), short=short),
        _both(f"waited {' → '.join(labels)}", "wait_total_ns", duration, Ink.WAIT, 9),
        _change("wait_total_ns"),
        _both("waits", "waits", count, Ink.PLAIN, 4),
        _both("wait p99", "wait_p99_ns", duration, Ink.PLAIN, 6),
        _both("held p99", "hold_p99_ns", duration, Ink.HOLD, 2),
    )


def request_columns(labels: Sequence[str]) -> Sequence[Column[Changed]]:
    """Return the columns of the table of endpoints."""
    return (
        Column(
            "endpoint", 0, lambda row: text(row.name, Ink.STRONG), order=lambda row: row.name.lower(), short=cut_middle
        ),
        _both(f"waited {' → '.join(labels)}", "wait_total_ns", duration, Ink.WAIT, 9),
        _change("wait_total_ns"),
        _both("took p99", "duration_p99_ns", duration, Ink.PLAIN, 6),
        _both("took p50", "duration_p50_ns", duration, Ink.PLAIN, 3),
        _both("requests", "count", count, Ink.PLAIN, 2),
    )


def _both(title: str, figure: str, told: Callable[[int], str], ink: Ink, keep: int) -> Column[Changed]:
    """Return a column with a figure before and after."""

    def show(row: Changed) -> Line:
        before, after = (told(value) if value else "–" for value in row.figures[figure])
        return (before, Ink.DIM), (" → ", Ink.DIM), (after, ink if row.figures[figure][1] else Ink.DIM)

    return Column(title, max(len(title), WIDTH), show, True, keep, lambda row: max(row.figures[figure]))


def _change(figure: str) -> Column[Changed]:
    def show(row: Changed) -> Line:
        more = row.change(figure)
        sign, ink = ("+", Ink.WAIT) if more > 0 else ("−", Ink.GOOD)
        return text(f"{sign}{brief(abs(more))}", ink) if more else text("=", Ink.DIM)

    return Column("change", 9, show, True, 8, lambda row: row.change(figure))


def place_of(snapshot: Snapshot, row: Changed) -> Spot | None:
    """Return where to look: at the lock's longest wait, or the endpoint's slowest request, in the run that is worse."""
    worse = int(row.change("wait_total_ns" if row.is_lock else "duration_p99_ns") > 0)
    return (_wait if row.is_lock else _request)(snapshot, row, worse)


def _wait(snapshot: Snapshot, row: Changed, run: int) -> Spot | None:
    there = [
        figures
        for figures in snapshot.lock_figures()
        if figures.lock.name == row.name and snapshot.processes[figures.lock.process].source == run
    ]
    worst = max(there, key=lambda figures: figures.wait_max_ns, default=None)
    return jumps.longest_wait(snapshot, worst) if worst else None


def _request(snapshot: Snapshot, row: Changed, run: int) -> Spot | None:
    tables = snapshot.tables
    rows = tables.requests.all()
    source = np.array([process.source for process in snapshot.processes], np.int64)
    named = [f"{method} " for method, _ in tables.targets]
    endpoint = [*tables.endpoints, "(no route)"]
    known, which = np.unique(np.stack((rows["target"], rows["endpoint"]), axis=1), axis=0, return_inverse=True)
    fits = [named[at] + endpoint[max(of, -1)] == row.name for at, of in known.tolist()]
    mine = np.array(fits, np.bool_)[which.reshape(-1)] & (source[tables.roster.process[rows["thread"]]] == run)
    rows = rows[mine]
    if not len(rows):
        return None
    slowest = int((tables.ends(rows) - rows["start"]).argmax())
    return jumps.of_request(snapshot, snapshot.requests_of(rows[slowest : slowest + 1])[0])
