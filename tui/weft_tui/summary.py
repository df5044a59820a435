"""A trace in words: the sentence after a recording, and the text report."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weft import WeftError
from weft.events import Kind, events_in
from weft_tui import checkup

if TYPE_CHECKING:
    from weft.timeline.snapshot import Snapshot

_LIFE = frozenset({Kind.THREAD_ENTER, Kind.THREAD_EXIT, Kind.PROCESS_ENTER, Kind.PROCESS_EXIT, Kind.PULSE, Kind.COST})

_GAPS = 100

_TAILS = ("p50", "p99", "MAX")

SAID = 20
"""Sections and marks that are listed, of each."""


def of_recording(trace: Path, *, ring: bool = False) -> str:
    """Return one sentence on a recording that has just ended, and what to do with it.

    Args:
        trace: the recording.
        ring: it was a flight recorder's, which writes only when there is cause.
    """
    processes, threads, events = _count(trace)
    if ring and not processes:
        return "nothing was written, since nothing asked the flight recorder to (see `weft record --help`)"
    shown = shlex.quote(str(trace))
    if not processes:
        return (
            "nothing was recorded: the command ended before a Python that can be recorded started "
            "(3.11 or newer, without -I, -E or -S)"
        )
    if not events and threads <= processes:
        return "the command ended before anything was recorded: no lock, no request, no second thread"
    return f"{events:,} events recorded; look at them with: weft replay {shown}"


def need_trace(path: Path) -> None:
    """Check that a file is a trace.

    Raises:
        WeftError: it is none, or not there.
    """
    from weft.log.reader import Tail

    Tail(path).close()


def need_events(path: Path) -> None:
    """Check that there is something to show.

    Raises:
        WeftError: the file is no trace, or nothing in it can be shown.
    """
    from weft.log.reader import Gap, read

    if not holds_events(path):
        why = "is damaged throughout" if any(isinstance(item, Gap) for item in read(path)) else "holds no events"
        raise WeftError(f"{path} {why}; record again with `weft record -- CMD`")


def holds_events(path: Path) -> bool:
    """Return whether anything can be read from a trace."""
    from weft.log.reader import Events, read

    return any(isinstance(item, Events) for item in read(path))


def _count(trace: Path) -> tuple[int, int, int]:
    """Return how many processes and threads began, and how many events there are besides life and death."""
    import numpy as np

    from weft.log.reader import Events, read

    counts = np.zeros(64, np.int64)
    for item in read(trace):
        if isinstance(item, Events):
            counts += np.bincount(item.kind, minlength=64)
    events = sum(int(counts[kind]) * events_in(kind) for kind in Kind if kind not in _LIFE)
    return int(counts[Kind.PROCESS_ENTER]), int(counts[Kind.THREAD_ENTER]), events


def text(snapshot: Snapshot) -> str:
    """Return the report for people: a text timeline and its tables."""
    from weft.timeline.report import report
    from weft.timeline.text import draw

    figures = report(snapshot)
    parts = [
        draw(snapshot),
        _trace(figures["trace"], snapshot),
        _locks(figures["locks"]),
        _requests(figures["requests"]),
        _tasks(figures["tasks"]),
        _said(figures["sections"], figures["marks"]),
        "\n".join(checkup.lines(figures["recording"])),
    ]
    return "\n\n".join(part for part in parts if part)


def _trace(figures: dict[str, int], snapshot: Snapshot) -> str:
    line = (
        f"{_time(figures['duration_ns'])}, {_many(figures['processes'], 'process')}, "
        f"{_many(figures['threads'], 'thread')}, "
        f"{figures['events']:,} events, {figures['lost']:,} records lost"
    )
    return "\n".join([line, *(f"! {gap}" for gap in snapshot.gaps[:_GAPS])])


def _locks(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "No lock was used."
    head = (
        "LOCK",
        "KIND",
        "CREATED AT",
        "ACQUIRED",
        "CONTENDED",
        "WAITED",
        "p50",
        "p99",
        "MAX",
        "HELD",
        "p50",
        "p99",
        "MAX",
    )
    body = [
        (
            row["name"], row["kind"], _short(row["created_at"]), f"{row['acquisitions']:,}", f"{row['contended']:,}",
            *_four(row["wait_ns"]), *_four(row["hold_ns"]),
        )
        for row in rows
    ]  # fmt: skip
    return _table(head, body, left=3)


def _requests(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "No request was served."
    head = ("METHOD", "ENDPOINT", "COUNT", "LATENCY p50", *_TAILS[1:], "WAITED", *_TAILS, "SHARE")
    body = [
        (
            row["method"], row["endpoint"] or "(no route)", f"{row['count']:,}",
            *_four(row["duration_ns"])[1:], *_four(row["wait_ns"]),
            f"{row['wait_ns']['total'] / max(row['duration_ns']['total'], 1):.0%}",
        )
        for row in rows
    ]  # fmt: skip
    return "\n".join([_table(head, body, left=2), *_queued([row["queued_ns"] for row in rows])])


def _queued(rows: Sequence[dict[str, int]]) -> Iterator[str]:
    """Say how long requests had waited for a worker, if any did."""
    total, most = sum(row["total"] for row in rows), max(row["max"] for row in rows)
    if total:
        yield f"Before they began, requests had waited {_time(total)} for a free worker, {_time(most)} at most."


def _tasks(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = ("TASK", "COUNT", "QUEUED", *_TAILS, "RAN", *_TAILS, "WAITED", *_TAILS)
    body = [
        (
            row["work"] or "(not known)", f"{row['count']:,}",
            *_four(row["queued_ns"]), *_four(row["duration_ns"]), *_four(row["wait_ns"]),
        )
        for row in rows
    ]  # fmt: skip
    return _table(head, body, left=1)


def _said(sections: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]]) -> str:
    """Return the app's own sections and marks, nothing where it has none."""
    lasted = [(row["name"], f"{row['count']:,}", *_four(row["duration_ns"])) for row in sections]
    counted = [(_mark(row), f"{row['count']:,}") for row in marks[:SAID]]
    parts = [
        _table(("SECTION", "COUNT", "LASTED", *_TAILS), lasted[:SAID], left=1) if lasted else "",
        _table(("MARK", "COUNT"), counted, left=1) if counted else "",
        f"and {len(marks) - SAID:,} other marks" if len(marks) > SAID else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _mark(row: dict[str, Any]) -> str:
    from weft import levels

    return row["text"] if row["level"] is None else f"{levels.name(row['level'])} {row['text']}"


def _four(figures: dict[str, int]) -> tuple[str, str, str, str]:
    return (_time(figures["total"]), _time(figures["p50"]), _time(figures["p99"]), _time(figures["max"]))


def _time(ns: int) -> str:
    from weft.timeline.units import duration

    return duration(ns) if ns else "-"


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}{'es' if what.endswith('s') else 's'}"


def _short(place: str) -> str:
    return place.rpartition("/")[2]


def _table(head: Sequence[str], body: Iterable[Sequence[str]], left: int) -> str:
    from weft.timeline.units import plain

    rows = [head, *([plain(cell) for cell in row] for row in body)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines)
