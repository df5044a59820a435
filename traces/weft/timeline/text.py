"""A trace as plain ASCII, for tickets and terminals without colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..counted import many
from .shortening import among
from .snapshot import Snapshot
from .units import duration, plain
from .values import Frame, State

LEGEND: Final = (
    "W waits for a lock (w: for a part of the column)   X the same while it holds another (x)",
    "h is handed a lock   # holds a lock (+)   - runs   . idle",
)

_NAME: Final = 28
_TICK: Final = 12
"""Columns between two marks of the ruler, at least."""

_NOTES: Final = 5


def draw(snapshot: Snapshot, width: int = 100, rows: int = 24, *, notes: bool = True) -> str:
    """Return a picture of the whole trace.

    A column stands for a stretch of time in which much may happen. Waiting is shown first, however short it was, then
    holding, and only then what the thread did for most of it: contention never vanishes.

    Args:
        width: characters in a line, at most.
        rows: lanes, at most; those that waited longest are shown, in their usual order.
        notes: say below what the trace lacks.
    """
    if not snapshot.lanes:
        return "\n".join(["nothing was recorded", *(_notes(snapshot) if notes else ())]) + "\n"
    lanes = _busiest(snapshot, max(rows, 1))
    names = [_name(snapshot, lane) for lane in lanes]
    start, end = snapshot.start_ns, snapshot.end_ns
    drawn = picture(names, lambda columns: snapshot.frame(lanes, start, end, columns), end - start, width)
    lines = [*_header(snapshot), "", *drawn]
    left = len(snapshot.lanes) - len(lanes)
    if left:
        lines.append(f"({left} more {'lane that waits' if left == 1 else 'lanes that wait'} less)")
    return "\n".join([*lines, "", *LEGEND, *(_notes(snapshot) if notes else ())]) + "\n"


def picture(names: Sequence[str], frame_in: Callable[[int], Frame], span_ns: int, width: int = 100) -> list[str]:
    """Return a ruler and a line per row, in ASCII.

    Args:
        names: of the rows; at least one.
        frame_in: returns what they did, in so many columns.
        span_ns: how long a time that is.
        width: characters in a line, at most.
    """
    names = [_ascii(name) for name in names]
    short = among(tuple(names), mark="..").short
    indent = min(max(map(len, names)), _NAME, max(width // 3, 1)) + 1
    columns = min(max(width - indent, 8), max(span_ns, 1))
    rows = zip(names, _cells(frame_in(columns)), strict=True)
    return [
        *_ruler(span_ns, columns, indent),
        *(f"{short(name, indent - 1):<{indent}}{cells}".rstrip() for name, cells in rows),
    ]


def _busiest(snapshot: Snapshot, rows: int) -> list[int]:
    lanes = range(len(snapshot.lanes))
    spent = snapshot.frame(lanes, snapshot.start_ns, snapshot.end_ns, 1).spent[:, :, 0]
    waited = spent[State.WAIT] + spent[State.WAIT_HOLD] + spent[State.HANDOFF]
    order = np.lexsort((spent[State.IDLE], -spent[State.RUN], -spent[State.HOLD], -waited))
    return sorted(order[:rows].tolist())


def _name(snapshot: Snapshot, lane: int) -> str:
    row = snapshot.lanes[lane]
    return f"{snapshot.processes[row.process].pid} {row.name}" if len(snapshot.processes) > 1 else row.name


def _header(snapshot: Snapshot) -> Iterator[str]:
    yield (
        f"{duration(snapshot.end_ns - snapshot.start_ns)}, {many(snapshot.events, 'event')}, "
        f"{many(len(snapshot.threads), 'thread')} in {many(len(snapshot.processes), 'process')}"
        + (f", {many(snapshot.lost, 'record')} lost" if snapshot.lost else "")
    )


def _ruler(span_ns: int, columns: int, indent: int) -> Iterator[str]:
    """Yield two lines: round times, and marks at their columns."""
    labels, marks = [" "] * columns, [" "] * columns
    step = _round(span_ns * _TICK // columns + 1)
    for time in range(0, span_ns + 1, step):
        # The column that the moment lies in.
        column = time * columns // span_ns if span_ns else 0
        label = duration(time) if time else "0"
        if column + len(label) <= columns:
            marks[column] = "|"
            labels[column : column + len(label)] = label
    yield (" " * indent + "".join(labels)).rstrip()
    yield (" " * indent + "".join(marks)).rstrip()


def _round(ns: int) -> int:
    """Return the smallest step that is not shorter and reads well: 1, 2 or 5 times a power of ten, whole minutes."""
    minute = 60_000_000_000
    if ns > minute // 2:
        minutes = -(-ns // minute)
        days = -(-minutes // 1440) * 1440
        return minute * next((step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if step >= minutes), days)
    power: int = 10 ** (len(str(ns)) - 1)
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= ns)


def _cells(frame: Frame) -> list[str]:
    """Return a line per lane, one character per column."""
    spent, half = frame.spent, np.maximum(np.diff(frame.edges), 1) / 2
    waiting = spent[State.WAIT] + spent[State.WAIT_HOLD] + spent[State.HANDOFF]
    quiet = np.stack((spent[State.OFF], spent[State.IDLE], spent[State.RUN]))
    cells = np.array([b" ", b".", b"-"])[quiet.argmax(axis=0)]
    for some, most, small, large in (
        (spent[State.HOLD] > 0, spent[State.HOLD] >= half, b"+", b"#"),
        (spent[State.HANDOFF] > 0, spent[State.HANDOFF] > 0, b"h", b"h"),
        ((spent[State.WAIT] > 0) | (frame.waits > 0), waiting >= half, b"w", b"W"),
        (spent[State.WAIT_HOLD] > 0, waiting >= half, b"x", b"X"),
    ):
        cells[some] = np.where(most, large, small)[some]
    return [_line(row) for row in cells]


def _line(row: NDArray[np.bytes_]) -> str:
    return row.tobytes().decode("ascii")


def _notes(snapshot: Snapshot) -> Iterator[str]:
    for sentence in snapshot.gaps[:_NOTES]:
        yield f"note: {_ascii(sentence)}"
    if len(snapshot.gaps) > _NOTES:
        yield f"note: and {len(snapshot.gaps) - _NOTES} more"


def _ascii(text: str) -> str:
    return plain(text).encode("ascii", "replace").decode("ascii")
