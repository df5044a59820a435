"""What the tables of locks and requests list, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weft.findings import Finding, Severity
from weft.timeline.snapshot import Snapshot
from weft.timeline.units import duration
from weft.timeline.values import LockFigures, Request

from ..format import count
from ..spans import Ink, Line, cut_middle
from .table import Column, text

BAR: Final = 8
EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
SERVER_ERROR: Final = 500
NO_LOCKS: Final = (
    "No lock has been used yet.\nThe locks that your app makes with threading show up here, by their names."
)
NO_FINDINGS: Final = (
    "Nothing was found to be wrong so far.\nDeadlocks, locks in both orders, slow requests and more show up here."
)
NO_REQUESTS: Final = "No request has come in yet.\nSend the app one: with curl, or in a browser."


def bar(share: float, width: int = BAR) -> str:
    """Return a horizontal bar of eighth blocks; anything above zero can be seen."""
    eighths = min(max(round(share * width * 8), 1 if share > 0 else 0), width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(width)


def lock_columns(snapshot: Snapshot) -> Sequence[Column[LockFigures]]:
    """Return the columns of the table of locks."""

    def holder(row: LockFigures) -> Line:
        if row.holder_now is None:
            return ()
        lane = snapshot.lanes[snapshot.threads[row.holder_now].lane]
        return text(cut_middle(lane.name, 18), Ink.HOLD)

    return (
        Column("lock", 0, lambda row: text(row.lock.name, Ink.STRONG)),
        Column("kind", 9, lambda row: text(row.lock.kind, Ink.DIM), keep=1),
        Column("waiting", 7, _waiting_now, right=True, keep=9),
        Column("waited", 8, lambda row: text(_or_blank(row.wait_ns), _if(row.wait_ns, Ink.WAIT)), right=True, keep=8),
        Column("longest", 8, lambda row: text(_or_blank(row.wait_max_ns)), right=True, keep=7),
        Column("waits", 7, lambda row: text(_number(row.contended)), right=True, keep=4),
        Column("acquired", 8, lambda row: text(_number(row.acquisitions)), right=True, keep=3),
        Column("held", 8, lambda row: text(_or_blank(row.hold_ns), _if(row.hold_ns, Ink.HOLD)), right=True, keep=5),
        Column("longest", 8, lambda row: text(_or_blank(row.hold_max_ns)), right=True, keep=2),
        Column("held now by", 18, holder, keep=6),
    )


def request_columns(snapshot: Snapshot) -> Sequence[Column[Request]]:
    """Return the columns of the table of requests."""
    now = snapshot.end_ns

    def took(row: Request) -> int:
        return (now if row.end_ns is None else row.end_ns) - row.start_ns

    def waited(row: Request) -> Line:
        share = row.wait_ns / max(took(row), 1)
        return (bar(share), Ink.BLOCK_WAIT), (f"{share:5.0%}" if row.wait_ns else "", Ink.PLAIN)

    return (
        Column("request", 0, lambda row: ((f"{row.method} ", Ink.DIM), (row.path, Ink.STRONG))),
        Column("endpoint", 18, lambda row: text(row.endpoint or "no route", Ink.DIM), keep=1),
        Column("status", 8, _status, keep=5),
        Column("took", 8, lambda row: text(duration(took(row))), right=True, keep=9),
        Column("waiting for locks", BAR + 9, waited, keep=8),
        Column("thread", 22, lambda row: text(cut_middle(snapshot.lanes[row.lane].name, 22), Ink.DIM), keep=2),
    )


def finding_columns(snapshot: Snapshot) -> Sequence[Column[Finding]]:
    """Return the columns of the table of findings."""

    def ink(row: Finding) -> Ink:
        if row.severity is Severity.STUCK and row.ended_ns is None:
            return Ink.ALARM
        return {Severity.STUCK: Ink.WAIT, Severity.SLOW: Ink.WAIT}.get(row.severity, Ink.HOLD)

    def when(row: Finding) -> Line:
        return text(duration(max(row.began_ns - snapshot.start_ns, 0)), Ink.DIM)

    return (
        Column("finding", 13, lambda row: text(row.kind, ink(row)), keep=9),
        Column("what", 0, lambda row: text(row.sentence)),
        Column("at", 8, when, right=True, keep=5),
        Column("cost", 8, lambda row: text(_or_blank(row.cost_ns), Ink.WAIT), right=True, keep=7),
    )


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
    return duration(ns) if ns else ""


def _number(number: int) -> str:
    return count(number) if number else ""


def _if(number: int, ink: Ink) -> Ink:
    return ink if number else Ink.PLAIN
