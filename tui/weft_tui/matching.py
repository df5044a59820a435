"""What of a trace a query asks for: which threads, locks, requests, waits, findings and marks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weft.findings import Finding
from weft.timeline import moments
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import LockFigures

from .query import Query, fits

I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.void]


class Matches:
    """What fits a query; all that a word of it is about has to fit.

    A thread, a lock or a request fits words about others when they have met: the thread waited for the lock, or held
    it, while it served the request.
    """

    def __init__(self, snapshot: Snapshot, query: Query) -> None:
        self.snapshot = snapshot
        self.query = query
        self._tables = snapshot.tables

    # what is there

    @cached_property
    def lanes(self) -> Bools:
        """Which lanes fit, bool ``[lanes]``."""
        if self.query.asks("lock", "wait"):
            return self._some(len(self.snapshot.lanes), self._lane_of(self._uses))
        if self.query.asks("path", "endpoint", "status", "took"):
            rows = self._tables.requests.all()
            return self._some(len(self.snapshot.lanes), self._lane_of(rows[self.requests(rows)]))
        return self._lanes_named

    @cached_property
    def locks(self) -> Bools:
        """Which locks fit, bool ``[locks]``."""
        if self.query.asks("thread", "wait", "path", "endpoint", "status", "took"):
            return self._some(len(self.snapshot.locks), self._uses["lock"])
        return self._locks_named

    def requests(self, rows: Rows) -> Bools:
        """Return which rows of the table of requests fit, bool ``[rows]``."""
        fit = self._requests_named(rows)
        if self.query.asks("lock", "wait"):
            fit &= np.isin(rows["id"], self._used_by)
        return fit

    @cached_property
    def latest_requests(self) -> I64:
        """Places in the rows of all requests of those that fit, in flight (oldest first), then from the newest on."""
        order = self.snapshot.latest_requests
        return order[self.requests(self.snapshot.request_rows)[order]]

    def figures(self, rows: Sequence[LockFigures]) -> list[LockFigures]:
        """Return the rows of the table of locks that fit."""
        return [row for row in rows if self.locks[row.lock.id]]

    def findings(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return the findings about something that fits."""
        return tuple(each for each in findings if self._fits(each))

    def marks(self, rows: Rows) -> Bools:
        """Return which rows of the table of marks are on threads that fit, bool ``[rows]``."""
        fit: Bools = self.lanes[self._lane_of(rows)]
        return fit

    def fitting_waits(self, rows: Rows) -> Rows:
        """Return the rows of the table of waits that fit."""
        rows = rows[self._named(rows)]
        if self.query.asks("wait"):
            low, high = self.query.within("wait")
            lasted = self._tables.ends(rows) - rows["start"]
            rows = rows[(lasted >= low) & (lasted <= high)]
        return self._served(rows)

    def fitting_holds(self, rows: Rows) -> Rows:
        """Return the rows of the table of holds, or of hand-offs, that fit, whatever the query says about waits."""
        return self._served(rows[self._named(rows)])

    # what fits by itself

    @cached_property
    def _lanes_named(self) -> Bools:
        patterns = self.query.patterns("thread")
        return np.array([fits(lane.name, patterns) for lane in self.snapshot.lanes], np.bool_)

    @cached_property
    def _locks_named(self) -> Bools:
        patterns = self.query.patterns("lock")
        return np.array([fits(lock.name, patterns) for lock in self.snapshot.locks], np.bool_)

    def _requests_named(self, rows: Rows) -> Bools:
        query, tables = self.query, self._tables
        fit = self._lanes_named[self._lane_of(rows)]
        if paths := query.patterns("path"):
            fit &= _by_name(rows["target"], [" ".join(target) for target in tables.targets], paths)
        if endpoints := query.patterns("endpoint"):
            fit &= _by_name(rows["endpoint"], tables.endpoints, endpoints)
        if statuses := query.patterns("status"):
            known, which = np.unique(rows["status"], return_inverse=True)
            fit &= np.array([status >= 0 and fits(str(status), statuses) for status in known.tolist()], np.bool_)[which]
        if query.asks("took"):
            low, high = query.within("took")
            took = tables.ends(rows) - rows["start"]
            fit &= (took >= low) & (took <= high)
        return fit

    # what fits together

    @cached_property
    def waits(self) -> Rows:
        """The waits that fit."""
        return self.fitting_waits(self._tables.waits.all())

    @cached_property
    def _uses(self) -> Rows:
        """Thread, start and lock of the waits that fit and, unless their length is asked for, of the holds."""
        parts = [self.waits]
        if not self.query.asks("wait"):
            parts.append(self.fitting_holds(self._tables.holds.all()))
        columns = ["start", "end", "thread", "lock"]
        return np.concatenate([part[columns] for part in parts]) if len(parts) > 1 else parts[0]

    @cached_property
    def _used_by(self) -> I64:
        """Ids of the requests that the uses belong to."""
        uses = self._uses
        if not len(uses):
            return np.zeros(0, np.int64)
        served, which = moments.serving_at(self._tables, uses["thread"].astype(np.int64), uses["start"].copy())
        ids: I64 = served["id"][np.unique(which[which >= 0])].astype(np.int64)
        return ids

    def _named(self, rows: Rows) -> Bools:
        fit: Bools = self._lanes_named[self._lane_of(rows)] & self._locks_named[rows["lock"]]
        return fit

    def _served(self, rows: Rows) -> Rows:
        """Return the rows that belong to a request that fits, if the query is about requests."""
        if not len(rows) or not self.query.asks("path", "endpoint", "status", "took"):
            return rows
        served, which = moments.serving_at(self._tables, rows["thread"].astype(np.int64), rows["start"].copy())
        fit = np.append(self._requests_named(served), False)
        chosen: Rows = rows[fit[which]]
        return chosen

    def _fits(self, finding: Finding) -> bool:
        query = self.query
        low, high = query.within("wait")
        if query.asks("wait") and not low <= finding.cost_ns <= high:
            return False
        if query.asks("lock") and not any(self._locks_named[lock] for lock in finding.locks):
            return False
        if query.asks("thread") and not any(self._lanes_named[lane] for lane in finding.lanes):
            return False
        if query.asks("path", "endpoint", "status", "took"):
            rows = self._tables.requests.all()
            rows = rows[np.isin(rows["id"], finding.requests)]
            return bool(self._requests_named(rows).any())
        return True

    def _lane_of(self, rows: Rows) -> I64:
        lane: I64 = self._tables.roster.lane[rows["thread"]]
        return lane

    def _some(self, size: int, numbers: NDArray[np.integer]) -> Bools:
        found = np.zeros(size, np.bool_)
        found[numbers] = True
        return found


def _by_name(index: NDArray[np.int32], names: Sequence[str], patterns: tuple[str, ...]) -> Bools:
    """Return which indexes are those of names that fit; -1 is that of no name."""
    known, which = np.unique(index, return_inverse=True)
    fit: Bools = np.array([at >= 0 and fits(names[int(at)], patterns) for at in known.tolist()], np.bool_)[which]
    return fit
