"""A part of the lanes as text, to paste into a ticket or a pull request. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from weft.counted import many
from weft.findings import Finding
from weft.timeline.snapshot import Snapshot
from weft.timeline.text import LEGEND, picture
from weft.timeline.units import duration, plain
from weft.timeline.values import Frame, State

from .format import clock, offset
from .lineup import Lineup
from .picks import By
from .reports.text import MARKS
from .widgets.lock_lanes import as_states

MOST_ROWS: Final = 24
MOST_FINDINGS: Final = 5
WIDTH: Final = 100


def as_text(
    snapshot: Snapshot, lineup: Lineup, span: tuple[int, int], title: str, findings: Sequence[Finding] = ()
) -> str:
    """Return a stretch of time as a fenced block of ASCII: a picture of the rows, and what was found in it.

    Args:
        lineup: the rows; those in which nothing happens are left out, and of many those that wait least.
        span: first and last moment, perf_counter ns.
        title: what the trace is called.
    """
    start, end = span[0], max(span[1], span[0] + 1)
    rows = _rows(snapshot, lineup, start, end)
    names = _names(snapshot, lineup, rows)
    frame_in = _frame_in(snapshot, lineup, rows, start, end)
    step = 10 ** (len(str(max((end - start) // 1_000, 1_000))) - 1)
    first, last = (offset(time_ns - snapshot.start_ns, step) for time_ns in (start, end))
    lines = [
        f"{plain(title)}, {first} to {last} of {duration(snapshot.end_ns - snapshot.start_ns)} "
        f"(from {clock(snapshot.wall_ns + start - snapshot.start_ns, step)})",
        "",
        *(picture(names, frame_in, end - start, WIDTH) if names else ["nothing happened"]),
    ]
    if len(rows) < len(lineup):
        lines.append(f"({many(len(lineup) - len(rows), 'other row')} not shown: idle, or waiting less)")
    lines += ["", *LEGEND]
    told = [each for each in findings if each.began_ns < end and (each.ended_ns is None or each.ended_ns > start)]
    lines += ["", *(f"{MARKS[each.severity.name.lower()]} {plain(each.sentence)}" for each in told[:MOST_FINDINGS])]
    if len(told) > MOST_FINDINGS:
        lines.append(f"and {many(len(told) - MOST_FINDINGS, 'more finding')}")
    text = "\n".join(lines).rstrip()
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", text)), 3)
    return f"{fence}text\n{text}\n{fence}\n"


def _rows(snapshot: Snapshot, lineup: Lineup, start: int, end: int) -> list[int]:
    """Return the rows to show, from top to bottom."""
    if not len(lineup):
        return []
    spent = _frame_in(snapshot, lineup, [*range(len(lineup))], start, end)(1).spent[:, :, 0]
    waited = spent[State.WAIT] + spent[State.WAIT_HOLD] + spent[State.HANDOFF]
    busy = spent[State.RUN :].sum(axis=0)
    order = np.lexsort((-busy, -waited))
    chosen = order[busy[order] > 0][:MOST_ROWS]
    return sorted(chosen.tolist())


def _names(snapshot: Snapshot, lineup: Lineup, rows: Sequence[int]) -> list[str]:
    if lineup.by is By.LOCK:
        names = [snapshot.locks[lineup.ids[row]].name for row in rows]
    elif lineup.requests is not None:
        names = [f"{each.method} {each.path}" for each in snapshot.requests_of(lineup.requests[list(rows)])]
    else:
        names = [snapshot.lanes[lineup.ids[row]].name for row in rows]
    if len(snapshot.processes) < 2:
        return names
    pids = {process.id: process.pid for process in snapshot.processes}
    return [f"{pids[int(lineup.process[row])]} {name}" for row, name in zip(rows, names, strict=True)]


def _frame_in(snapshot: Snapshot, lineup: Lineup, rows: Sequence[int], start: int, end: int) -> Callable[[int], Frame]:
    """Return what tells, for a number of columns, what the rows did."""
    ids = [int(lineup.ids[row]) for row in rows]
    if lineup.by is By.LOCK:
        return lambda columns: as_states(snapshot.lock_frame(ids, start, end, columns))
    requests = lineup.requests
    if requests is not None:
        return lambda columns: snapshot.request_frame(requests[list(rows)], start, end, columns)
    return lambda columns: snapshot.frame(ids, start, end, columns)
