"""What the tables of locks and requests list, column by column."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from weft.findings import Finding, Severity
from weft.timeline import awaited
from weft.timeline.columns import FOREVER
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import uncoloured
from weft.timeline.values import LockFigures, Mark, Request

from ..format import brief, count, moment
from ..fronts import label_of
from ..jumps import of_finding
from ..listed import I64, Rows, ranks_of
from ..queues import COLUMNS, Queues
from ..spans import Ink, Line, Span, cut_middle
from .minimap import BARS
from .scene import MARKED
from .table import Column, text

BAR: Final = 8
SMALL: Final = 5
"""Columns of bars: as they are, and where something stands beside them."""
SPARK: Final = COLUMNS
"""Columns of a queue's bars over the whole trace."""
EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
LEAST_SHARE: Final = 0.005
LOCKS: Final = 3
"""Locks that a request waited for that are named."""
BY_LOCK, MOST_WAITED, LEAST_NAME = 30, 11, 6
"""Columns for all of them, for the one that it waited for most, and for a name at least."""
SERVER_ERROR: Final = 500
ERROR: Final = 40
WARNING: Final = 30
NO_MARKS: Final = (
    'The app has said nothing.\nRecord with --log to see what it logs, or say weft.mark("cache miss") in its code.'
)
NO_LOCKS: Final = (
    "No lock has been used yet.\nThe locks that your app makes with threading show up here, by their names."
)
NOTHING_FITS: Final = "Nothing fits what you filter by.\nPress / to change it; an empty line shows everything."
NO_FINDINGS: Final = (
    "Nothing was found to be wrong so far.\nDeadlocks, locks in both orders, slow requests and more show up here."
)
NO_REQUESTS: Final = "No request has come in yet.\nSend the app one: with curl, or in a browser."


def bar(share: float, width: int = BAR) -> str:
    """Return a horizontal bar of eighth blocks; anything above zero can be seen."""
    eighths = min(max(round(share * width * 8), 1 if share > 0 else 0), width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(width)


def percent(share: float) -> str:
    """Return a part of a whole; what is there is not nothing."""
    return "<1%" if 0 < share < LEAST_SHARE else f"{share:.0%}"


def _origin(
    snapshot: Snapshot,
    process: Callable[[Any], int | None],
) -> Sequence[Column[Any]]:
    """Return a column that tells the trace of a row, where there are several."""
    if not snapshot.origins:
        return ()

    def label(row: Any) -> str:
        return "" if (found := process(row)) is None else label_of(snapshot, found)

    def rank(rows: Rows) -> I64:
        process = snapshot.tables.roster.process[rows["thread"]]
        ranks: I64 = ranks_of([label_of(snapshot, each.id) for each in snapshot.processes]).take(process)
        return ranks

    width = max(len(origin.label) for origin in snapshot.origins)
    return (Column("in", max(width, 2), lambda row: text(label(row), Ink.TITLE), keep=8, order=label, ranks=rank),)


def sparks(waited: Queues) -> Mapping[int, str]:
    """Return how deep queues were as bars; the most of all is a whole one."""
    most = max((max(row, default=0) for row in waited.values()), default=0)
    levels = len(BARS) - 1
    return {lock: "".join(BARS[-(-ns * levels // max(most, 1))] for ns in row) for lock, row in waited.items()}


def lock_columns(
    snapshot: Snapshot, marked: Set[int] = frozenset(), queues: Mapping[int, str] = MappingProxyType({})
) -> Sequence[Column[LockFigures]]:
    """Return the columns of the table of locks.

    Args:
        marked: ids of locks that have a sign.
        queues: how deep the queue of each (id) was over the whole trace, as `SPARK` bars.
    """

    def name(row: LockFigures) -> Line:
        return (
            ((MARKED, Ink.TITLE), (row.lock.name, Ink.STRONG))
            if row.lock.id in marked
            else text(row.lock.name, Ink.STRONG)
        )

    def holder(row: LockFigures) -> Line:
        if row.holder_now is None:
            return ()
        lane = snapshot.lanes[snapshot.threads[row.holder_now].lane]
        return text(snapshot.lane_names.short(lane.name, 18), Ink.HOLD)

    def deepest(row: LockFigures) -> str:
        return max(queues.get(row.lock.id, ""), default=" ")

    return (
        *_origin(snapshot, lambda row: row.lock.process),
        Column("lock", 0, name, order=lambda row: row.lock.name.lower(), short=snapshot.lock_names.short),
        Column("kind", 9, lambda row: text(row.lock.kind, Ink.DIM), keep=1, order=lambda row: row.lock.kind),
        Column("waiting", 7, _waiting_now, right=True, keep=9, order=lambda row: row.waiting_now),
        Column(
            "waited",
            8,
            lambda row: text(_or_blank(row.wait_ns), _if(row.wait_ns, Ink.WAIT)),
            True,
            8,
            lambda row: row.wait_ns,
        ),
        Column("longest", 8, lambda row: text(_or_blank(row.wait_max_ns)), True, 7, lambda row: row.wait_max_ns),
        Column("queue", SPARK, lambda row: text(queues.get(row.lock.id, ""), Ink.WAIT), False, 6, deepest),
        Column("waits", 7, lambda row: text(_number(row.contended)), True, 4, lambda row: row.contended),
        Column("acquired", 8, lambda row: text(_number(row.acquisitions)), True, 3, lambda row: row.acquisitions),
        Column(
            "held",
            8,
            lambda row: text(_or_blank(row.hold_ns), _if(row.hold_ns, Ink.HOLD)),
            True,
            5,
            lambda row: row.hold_ns,
        ),
        Column("longest", 8, lambda row: text(_or_blank(row.hold_max_ns)), True, 2, lambda row: row.hold_max_ns),
        Column("held now by", 18, holder, keep=5, order=lambda row: row.holder_now is None),
    )


def request_columns(snapshot: Snapshot) -> Sequence[Column[Request]]:
    """Return the columns of the table of requests."""
    now, tables, names = snapshot.end_ns, snapshot.tables, snapshot.lock_names
    known: dict[int, list[tuple[int, int]]] = {}

    def parts_of(row: Request) -> list[tuple[int, int]]:
        if row.id not in known:
            known[row.id] = snapshot.waits_in(row)
        return known[row.id]

    def short(lock: int, room: int) -> str:
        return names.short(names.ending(snapshot.locks[lock].name), room)

    def by_lock(row: Request) -> Line:
        """Return the locks that the request waited for, with their shares of that, the greatest first."""
        parts = parts_of(row) if row.wait_ns else []
        total = max(sum(ns for _, ns in parts), 1)
        spans: list[Span] = []
        room = BY_LOCK
        for lock, ns in parts[:LOCKS]:
            share = f" {percent(ns / total)} "
            if room - len(share) < LEAST_NAME:
                break
            name = short(lock, room - len(share))
            spans += [(name, Ink.WAIT), (share, Ink.DIM)]
            room -= len(name) + len(share)
        return tuple(spans)

    def took(row: Request) -> int:
        return (now if row.end_ns is None else row.end_ns) - row.start_ns

    def lasted(rows: Rows) -> I64:
        lasted: I64 = np.where(rows["end"] == FOREVER, now, rows["end"]) - rows["start"]
        return lasted

    def least_first(rows: Rows) -> I64:
        return -awaited.waited(tables, rows)

    def waited(row: Request) -> Line:
        share = row.wait_ns / max(took(row), 1)
        most = parts_of(row)[:1] if row.wait_ns else []
        return (
            (bar(share, SMALL), Ink.BLOCK_WAIT),
            (f"{percent(share):>5}" if row.wait_ns else "", Ink.PLAIN),
            *((f" {short(lock, MOST_WAITED)}", Ink.WAIT) for lock, _ in most),
        )

    return (
        *_origin(snapshot, lambda row: row.process),
        Column(
            "request",
            0,
            lambda row: ((f"{row.method} ", Ink.DIM), (row.path, Ink.STRONG)),
            ranks=lambda rows: _by_name([path for _, path in tables.targets], rows["target"]),
            short=cut_middle,
        ),
        Column(
            "endpoint",
            18,
            lambda row: text(row.endpoint or "no route", Ink.DIM),
            keep=1,
            ranks=lambda rows: _by_name(tables.endpoints, rows["endpoint"]),
        ),
        Column("status", 8, _status, keep=5, ranks=lambda rows: rows["status"]),
        Column("took", 8, lambda row: text(brief(took(row))), True, 9, ranks=lasted),
        Column(
            "waiting for locks",
            SMALL + 6 + MOST_WAITED,
            waited,
            keep=8,
            ranks=lambda rows: least_first(rows) / np.maximum(lasted(rows), 1),
        ),
        Column("by lock", BY_LOCK, by_lock, keep=3, ranks=least_first),
        Column(
            "thread",
            22,
            lambda row: text(snapshot.lane_names.short(snapshot.lanes[row.lane].name, 22), Ink.DIM),
            keep=2,
            ranks=lambda rows: tables.roster.lane[rows["thread"]],
        ),
    )


def finding_columns(snapshot: Snapshot) -> Sequence[Column[Finding]]:
    """Return the columns of the table of findings."""

    def ink(row: Finding) -> Ink:
        if row.severity is Severity.STUCK and row.ended_ns is None:
            return Ink.ALARM
        return {Severity.STUCK: Ink.WAIT, Severity.SLOW: Ink.WAIT}.get(row.severity, Ink.HOLD)

    def at(row: Finding) -> int:
        """Return where enter goes."""
        spot = of_finding(snapshot, row)
        return row.began_ns if spot is None else spot.time_ns

    def when(row: Finding) -> Line:
        return text(moment(max(at(row) - snapshot.start_ns, 0)), Ink.DIM)

    return (
        *_origin(snapshot, lambda row: snapshot.lanes[row.lanes[0]].process if row.lanes else None),
        Column("finding", 13, lambda row: text(row.kind, ink(row)), keep=9, order=lambda row: row.kind),
        Column("what", 0, lambda row: text(row.sentence), order=lambda row: row.sentence),
        Column("at", 8, when, right=True, keep=5, order=at),
        Column("cost", 8, lambda row: text(_or_blank(row.cost_ns), Ink.WAIT), True, 7, lambda row: row.cost_ns),
    )


def log_columns(snapshot: Snapshot) -> Sequence[Column[Mark]]:
    """Return the columns of the table of marks and log records."""
    tables = snapshot.tables

    def at(row: Mark) -> Line:
        return text(moment(max(row.time_ns - snapshot.start_ns, 0)), Ink.DIM)

    def thread(row: Mark) -> Line:
        return text(snapshot.lane_names.short(snapshot.lanes[row.lane].name, 22), Ink.DIM)

    return (
        *_origin(snapshot, lambda row: snapshot.lanes[row.lane].process),
        Column("at", 8, at, right=True, keep=9, ranks=lambda rows: rows["start"]),
        Column("level", 8, _level, keep=8, ranks=lambda rows: rows["level"]),
        Column(
            "what",
            0,
            lambda row: text(row.text, Ink.PLAIN),
            ranks=lambda rows: _by_name([uncoloured(label) for label in tables.labels], rows["label"]),
        ),
        Column("thread", 22, thread, keep=2, ranks=lambda rows: tables.roster.lane[rows["thread"]]),
    )


def _by_name(names: Sequence[str], index: NDArray[np.integer]) -> I64:
    """Return the ranks of indexes of names; what has none, below 0, comes first."""
    ranks: I64 = np.append(-1, ranks_of(names)).take(np.maximum(index, -1) + 1)
    return ranks


def _level(row: Mark) -> Line:
    if row.level is None:
        return text("mark", Ink.TITLE)
    ink = Ink.ALARM if row.level >= ERROR else Ink.HOLD if row.level >= WARNING else Ink.DIM
    return text(logging.getLevelName(row.level).lower()[:8], ink)


def _status(row: Request) -> Line:
    if row.end_ns is None:
        return text("running", Ink.RUN)
    if row.status == 0:
        return text("raised", Ink.ALARM)
    if row.status is None:
        return text("", Ink.DIM)
    return text(str(row.status), Ink.ALARM if row.status >= SERVER_ERROR else Ink.PLAIN)


def _waiting_now(row: LockFigures) -> Line:
    return text(f" {row.waiting_now} now", Ink.WAIT) if row.waiting_now else ()


def _or_blank(ns: int) -> str:
    return brief(ns) if ns else ""


def _number(number: int) -> str:
    return count(number) if number else ""


def _if(number: int, ink: Ink) -> Ink:
    return ink if number else Ink.PLAIN
