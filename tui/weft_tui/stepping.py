"""What steps go over: only what fits the query and, where something is marked, what touches it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weft.findings import Finding
from weft.timeline import moments
from weft.timeline.columns import FOREVER
from weft.timeline.columns import View as TableView
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Wait, WaitLabel

from .matching import Matches
from .picks import Picks

Bools = NDArray[np.bool_]
Rows = NDArray[np.void]


class Scope:
    """The part of a trace that steps go over.

    Args:
        matches: what fits the query, None without one.
        marks: what is marked; nothing: everything counts.
    """

    def __init__(self, snapshot: Snapshot, matches: Matches | None, marks: Picks) -> None:
        self.snapshot = snapshot
        self.matches = matches
        self.marks = marks
        self._tables = snapshot.tables

    @cached_property
    def waits(self) -> Rows:
        """The waits that count."""
        rows = self.matches.waits if self.matches else self._tables.waits.all()
        return rows[self._touching(rows)]

    def next_wait(self, time_ns: int, step: int) -> Wait | None:
        """Return the nearest wait that begins after (``step`` 1) or before (-1) an instant."""
        rows = self.waits
        rows = rows[(rows["start"] - time_ns) * step > 0]
        if not len(rows):
            return None
        at = int(rows["start"].argmin() if step > 0 else rows["start"].argmax())
        return next(iter(moments.waits(self._tables, rows[at : at + 1])), None)

    def worst_wait(self) -> WaitLabel | None:
        """Return the longest wait for the lock that was waited for the most; its row is a lane."""
        rows = self.waits
        if not len(rows):
            return None
        ends = self._tables.ends(rows)
        lasted = ends - rows["start"]
        totals = np.bincount(rows["lock"], weights=lasted)
        at = int(np.where(rows["lock"] == int(totals.argmax()), lasted, -1).argmax())
        lane = int(self._tables.roster.lane[rows["thread"][at]])
        return WaitLabel(lane, int(rows["start"][at]), int(ends[at]), int(rows["lock"][at]))

    def next_event(self, lane: int, time_ns: int, step: int) -> tuple[int, int] | None:
        """Return lane and moment of the nearest change after (``step`` 1) or before (-1) an instant.

        On one lane, or, where something is marked, wherever that is touched. Looks at twice as much time in each turn.
        """
        low, high = self.snapshot.start_ns, self.snapshot.end_ns
        reach = max((high - low) >> 12, 1)
        while True:
            start, end = (time_ns + 1, time_ns + reach) if step > 0 else (time_ns - reach, time_ns - 1)
            found = [
                (int(times[at]), int(lanes[at]))
                for times, lanes in self._changes(lane, start, end)
                if len(times)
                for at in [times.argmin() if step > 0 else times.argmax()]
            ]
            if found:
                time, where = min(found) if step > 0 else max(found)
                return where, time
            if start <= low if step < 0 else end >= high:
                return None
            reach *= 2

    def findings(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return the findings that count."""
        fitting = self.matches.findings(findings) if self.matches else tuple(findings)
        return tuple(each for each in fitting if self._about_marked(each))

    def _changes(self, lane: int, start: int, end: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield moments from ``start`` to ``end`` (ns), and the lane of each."""
        for view in self._kinds():
            rows = view.within(start, end)
            rows = self._fitting(view, rows)
            rows = rows[self._touching(rows) if self.marks else self._lane_of(rows) == lane]
            lanes = self._lane_of(rows)
            times = np.concatenate((rows["start"], rows["end"]))
            fit = (times >= start) & (times <= end) & (times != FOREVER)
            yield times[fit], np.concatenate((lanes, lanes))[fit]

    def _kinds(self) -> Iterator[TableView]:
        """Yield the tables in which something changes; the query says which of them it is about."""
        tables = self._tables
        yield tables.waits
        query = self.matches.query if self.matches else None
        if query is None or not query.asks("wait"):
            yield tables.holds
            yield tables.handoffs
        if query is None or not query.asks("wait", "lock"):
            yield tables.requests
        if query is None or not query.asks("wait", "lock", "path", "endpoint", "status", "took"):
            yield tables.tasks

    def _fitting(self, view: TableView, rows: Rows) -> Rows:
        matches, tables = self.matches, self._tables
        if matches is None:
            return rows
        if view is tables.waits:
            return matches.fitting_waits(rows)
        if view is tables.holds or view is tables.handoffs:
            return matches.fitting_holds(rows)
        if view is tables.requests:
            return rows[matches.requests(rows)]
        return rows[matches.lanes[self._lane_of(rows)]]

    def _touching(self, rows: Rows) -> Bools:
        """Return which rows are on a marked lane, about a marked lock, or of a marked request."""
        if not self.marks:
            return np.ones(len(rows), np.bool_)
        touching: Bools = np.isin(self._lane_of(rows), [*self.marks.lanes])
        if "lock" in (rows.dtype.names or ()):
            touching |= np.isin(rows["lock"], [*self.marks.locks])
        for thread, start, end in self._marked_requests:
            touching |= (rows["thread"] == thread) & (rows["start"] >= start) & (rows["start"] < end)
        return touching

    @cached_property
    def _marked_requests(self) -> list[tuple[int, int, int]]:
        """Thread, start and end (ns) of the marked requests."""
        if not self.marks.requests:
            return []
        rows = self._tables.requests.all()
        rows = rows[np.isin(rows["id"], [*self.marks.requests])]
        return list(
            zip(rows["thread"].tolist(), rows["start"].tolist(), (self._tables.ends(rows) + 1).tolist(), strict=True)
        )

    def _about_marked(self, finding: Finding) -> bool:
        marks = self.marks
        return not marks or not (
            marks.lanes.isdisjoint(finding.lanes)
            and marks.locks.isdisjoint(finding.locks)
            and marks.requests.isdisjoint(finding.requests)
        )

    def _lane_of(self, rows: Rows) -> NDArray[np.int64]:
        lane: NDArray[np.int64] = self._tables.roster.lane[rows["thread"]]
        return lane
