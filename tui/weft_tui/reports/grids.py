"""Tables of a report as cells, before anybody decides how they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from weft import levels
from weft.counted import many
from weft.timeline.units import duration

WIDE: Final = 72
"""Characters of a mark that are told."""

SAID: Final = 20
"""Sections and marks that are listed, of each."""

_TAILS: Final = ("p50", "p99", "MAX")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its heading, its rows, and how many columns from the left are texts. The others are numbers."""

    title: str
    head: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    left: int
    empty: str = ""
    """What to say when there is no row."""

    def groups(self) -> list[list[int]]:
        """Return the columns of numbers, those of one distribution together."""
        groups: list[list[int]] = []
        for column in range(self.left, len(self.head)):
            if self.head[column] in _TAILS and groups:
                groups[-1].append(column)
            else:
                groups.append([column])
        return groups


def locks(rows: Sequence[dict[str, Any]]) -> Grid:
    """Return the locks by how long was waited for them, each with who held it meanwhile."""
    head = ("LOCK", "KIND", "CREATED AT", "MOSTLY BEHIND", "ACQUIRED", "CONTENDED", "WAITED", *_TAILS, "HELD", *_TAILS)
    body = [
        (
            row["name"], row["kind"], short(row["created_at"]), _behind(row["behind"]),
            f"{row['acquisitions']:,}", f"{row['contended']:,}", *_four(row["wait_ns"]), *_four(row["hold_ns"]),
        )
        for row in rows
    ]  # fmt: skip
    return Grid("Locks", head, tuple(body), 4, "No lock was used.")


def requests(rows: Sequence[dict[str, Any]]) -> Grid:
    """Return the endpoints by how long they waited."""
    head = ("METHOD", "ENDPOINT", "COUNT", "LATENCY p50", *_TAILS[1:], "WAITED", *_TAILS, "SHARE")
    body = [
        (
            row["method"], row["endpoint"] or "(no route)", f"{row['count']:,}",
            *_four(row["duration_ns"])[1:], *_four(row["wait_ns"]),
            f"{row['wait_ns']['total'] / max(row['duration_ns']['total'], 1):.0%}",
        )
        for row in rows
    ]  # fmt: skip
    return Grid("Endpoints", head, tuple(body), 2, "No request was served.")


def tasks(rows: Sequence[dict[str, Any]]) -> Grid:
    """Return what was run for other threads."""
    head = ("TASK", "COUNT", "QUEUED", *_TAILS, "RAN", *_TAILS, "WAITED", *_TAILS)
    body = [
        (
            row["work"] or "(not known)", f"{row['count']:,}",
            *_four(row["queued_ns"]), *_four(row["duration_ns"]), *_four(row["wait_ns"]),
        )
        for row in rows
    ]  # fmt: skip
    return Grid("Tasks", head, tuple(body), 1)


def sections(rows: Sequence[dict[str, Any]]) -> Grid:
    """Return the app's own sections."""
    body = [(row["name"], f"{row['count']:,}", *_four(row["duration_ns"])) for row in rows[:SAID]]
    return Grid("Sections", ("SECTION", "COUNT", "LASTED", *_TAILS), tuple(body), 1)


def marks(rows: Sequence[dict[str, Any]]) -> Grid:
    """Return the app's own marks, and what it has logged."""
    said = [f"{levels.name(row['level'])} {row['text']}" if row["level"] is not None else row["text"] for row in rows]
    body = [
        (text if len(text) <= WIDE else f"{text[: WIDE - 1]}…", f"{row['count']:,}")
        for text, row in zip(said[:SAID], rows[:SAID], strict=True)
    ]
    more = [(f"and {many(len(rows) - SAID, 'other')}", "")] if len(rows) > SAID else []
    return Grid("Marks", ("MARK", "COUNT"), (*body, *more), 1)


def tables(told: dict[str, Any]) -> list[Grid]:
    """Return the tables of a report: of locks and requests always, all others where there is something to tell."""
    others = [tasks(told["tasks"]), sections(told["sections"]), marks(told["marks"])]
    return [locks(told["locks"]), requests(told["requests"]), *(grid for grid in others if grid.body)]


def queued(rows: Sequence[dict[str, Any]]) -> str:
    """Return how long requests had waited for a worker, or for the thread made for them to run, nothing if none had."""
    total = sum(row["queued_ns"]["total"] for row in rows)
    most = max((row["queued_ns"]["max"] for row in rows), default=0)
    text = f"Before a thread of their server began with them, requests had waited {time(total)}, {time(most)} at most."
    return text if total else ""


def changed_locks(rows: Sequence[dict[str, Any]]) -> Grid:
    """Return what changed per lock."""
    head = ("LOCK", "ACQUIRED", "WAITS", "WAITED", "WAIT p50", "p99", "HELD p50", "p99")
    body = [
        (
            row["name"], _counts(row["acquisitions"]), _counts(row["waits"]), _times(row["wait_total_ns"]),
            *(_times(row[column]) for column in ("wait_p50_ns", "wait_p99_ns", "hold_p50_ns", "hold_p99_ns")),
        )
        for row in rows
    ]  # fmt: skip
    return Grid("Locks", head, tuple(body), 1, "No lock was used in either.")


def changed_requests(rows: Sequence[dict[str, Any]]) -> Grid:
    """Return what changed per endpoint."""
    head = ("METHOD", "ENDPOINT", "COUNT", "LATENCY p50", "p99", "WAITED", "p50", "p99")
    columns = ("duration_p50_ns", "duration_p99_ns", "wait_total_ns", "wait_p50_ns", "wait_p99_ns")
    body = [
        (row["method"], row["endpoint"], _counts(row["count"]), *(_times(row[column]) for column in columns))
        for row in rows
    ]
    return Grid("Endpoints", head, tuple(body), 2, "No request was served in either.")


def time(ns: int) -> str:
    """Return a duration, ``-`` for none."""
    return duration(ns) if ns else "-"


def short(place: str) -> str:
    """Return a line of code without its folders."""
    return PurePath(place).name


def trace_line(figures: dict[str, int]) -> str:
    """Return what a trace holds, in one line."""
    return (
        f"{time(figures['duration_ns'])}, {many(figures['processes'], 'process')}, "
        f"{many(figures['threads'], 'thread')}, "
        f"{many(figures['events'], 'event')}, {many(figures['lost'], 'record')} lost"
    )


def _behind(holders: Sequence[dict[str, Any]]) -> str:
    total = sum(holder["cost_ns"] for holder in holders)
    return f"{holders[0]['holder']} {holders[0]['cost_ns'] / max(total, 1):.0%}" if holders else ""


def _four(figures: dict[str, int]) -> tuple[str, str, str, str]:
    return (time(figures["total"]), time(figures["p50"]), time(figures["p99"]), time(figures["max"]))


def _counts(pair: Sequence[int]) -> str:
    return f"{pair[0]:,}" if pair[0] == pair[1] else f"{pair[0]:,} -> {pair[1]:,}"


def _times(pair: Sequence[int]) -> str:
    before, after = (time(ns) for ns in pair)
    return before if before == after else f"{before} -> {after}"
