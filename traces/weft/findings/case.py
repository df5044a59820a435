"""A trace, or its last stretch, as the columns that the checks ask, each made once and only when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from weft.timeline import moments
from weft.timeline.columns import FOREVER, I64, Bools, Rows, View, chosen
from weft.timeline.locking import HOLDER_AT, WAITER_AT
from weft.timeline.snapshot import Snapshot
from weft.timeline.tables import Tables
from weft.timeline.values import Request, Stack

from .history import History
from .options import Options
from .sweep import Crowd, Moments, Nest, ordered


@dataclass(frozen=True, slots=True)
class Spans:
    """Rows of a table as columns, by lock and start.

    Attributes:
        rows: the rows themselves.
        thread, lock, start, end: int64 ``[n]``; ``end`` (ns) is never later than the trace.
        lasting: bool ``[n]``, its end has not been seen.
    """

    rows: Rows
    thread: I64
    lock: I64
    start: I64
    end: I64
    lasting: Bools

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, lock: int) -> slice:
        """Return where the rows of a lock are."""
        first, last = np.searchsorted(self.lock, (lock, lock + 1))
        return slice(int(first), int(last))

    def only(self, some: Bools) -> Spans:
        """Return the chosen ones."""
        at = np.flatnonzero(some)
        return Spans(*(getattr(self, name).take(at) for name in Spans.__slots__))


class Case:
    """What the checks look at.

    Args:
        snapshot: the trace.
        options: thresholds.
        since_ns: only what lasted until then or began later counts (perf_counter ns).
        history: what is known from before.
        known_ns: up to when (perf_counter ns) the trace is known to tell everything, though nothing happened lately.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        options: Options,
        since_ns: int | None = None,
        history: History | None = None,
        known_ns: int = 0,
    ) -> None:
        self.snapshot = snapshot
        self.known_ns = max(known_ns, snapshot.tables.end_ns)
        self._history = history or History()
        self._living: dict[int, frozenset[int]] = {}
        self.options = options
        self.since_ns = since_ns

    @property
    def tables(self) -> Tables:
        """The tables of the trace."""
        return self.snapshot.tables

    @cached_property
    def is_lock(self) -> Bools:
        """Which of all that is waited for can be held by one thread, bool ``[locks]``."""
        return self._history.is_lock(self.snapshot.locks)

    @cached_property
    def history(self) -> History:
        """Who has ended waits so far."""
        self._history.read(self.tables, self.is_lock)
        return self._history

    @cached_property
    def dead(self) -> frozenset[int]:
        """The threads that have ended, whatever they still hold; not those whose process has."""
        roster = self.tables.roster
        return frozenset(np.flatnonzero(roster.end < roster.gone).tolist())

    def living(self, process: int) -> frozenset[int]:
        """Return the threads of a process that have not ended before it did."""
        if process not in self._living:
            roster = self.tables.roster
            mine = np.flatnonzero((roster.process == process) & (roster.end >= roster.gone))
            self._living[process] = frozenset(mine.tolist())
        return self._living[process]

    @cached_property
    def holds(self) -> Spans:
        """What threads held."""
        rows = self._rows(self.tables.holds)
        return _spans(rows, self.tables.held_until(rows))

    @cached_property
    def waits(self) -> Spans:
        """What threads waited for, locks or not."""
        rows = self._rows(self.tables.waits)
        return _spans(rows, self.tables.ends(rows))

    @cached_property
    def lock_waits(self) -> Spans:
        """What threads waited for that can be held."""
        return self.waits.only(self.is_lock[self.waits.lock])

    @cached_property
    def queue(self) -> Crowd:
        """How many threads waited for each lock."""
        return Crowd.of(self.lock_waits.lock, self.lock_waits.start, self.lock_waits.end)

    @cached_property
    def contended(self) -> Spans:
        """The holds of locks that somebody waited for."""
        wanted = np.zeros(len(self.snapshot.locks), np.bool_)
        wanted[self.lock_waits.lock] = True
        return self.holds.only(wanted[self.holds.lock])

    @cached_property
    def costs(self) -> I64:
        """How long others waited during each of the contended holds, ns ``[n]``, summed over the waiters."""
        holds = self.contended
        return self.queue.spent(holds.lock, holds.start, holds.end)

    @cached_property
    def acquired(self) -> Moments:
        """When the contended locks were taken."""
        return Moments.of(self.contended.lock, self.contended.start)

    @cached_property
    def nest(self) -> Nest:
        """What each thread held at once; its rows are those of `holds`."""
        return Nest.of(self.holds.thread, self.holds.start, self.holds.end)

    @cached_property
    def requests(self) -> Rows:
        """The requests."""
        return self._rows(self.tables.requests)

    def notes(self, what: int) -> Rows:
        """Return the notes of one kind on the beginnings of waits."""
        notes = self._rows(self.tables.notes)
        return chosen(notes, notes["what"] == what)

    def requests_at(self, thread: I64, time: I64) -> tuple[Rows, I64]:
        """Return rows of requests, and for each (thread, time) which of them was served there, -1: none."""
        if not len(thread):
            return self.tables.requests.closed[:0], np.zeros(0, np.int64)
        return moments.serving_at(self.tables, thread, time)

    def request_at(self, thread: int, time_ns: int) -> Request | None:
        """Return the request that a thread served at a moment."""
        rows, which = self.requests_at(np.array([thread]), np.array([time_ns]))
        return moments.requests(self.tables, rows[which])[0] if which[0] >= 0 else None

    def waiter_at(self, thread: int, start_ns: int) -> Stack:
        """Return where a thread was when a wait of it began."""
        return self._told(WAITER_AT, thread, start_ns)

    def holder_at(self, thread: int, start_ns: int) -> Stack:
        """Return where the holder was when a wait of a thread began."""
        return self._told(HOLDER_AT, thread, start_ns)

    def _told(self, what: int, thread: int, start_ns: int) -> Stack:
        notes = self.tables.notes.within(start_ns, start_ns)
        notes = chosen(notes, (notes["thread"] == thread) & (notes["start"] == start_ns) & (notes["what"] == what))
        return self.tables.stacks[int(notes["value"][0])] if len(notes) else ()

    def _rows(self, view: View) -> Rows:
        return view.all() if self.since_ns is None else view.within(self.since_ns, FOREVER - 1)


def _spans(rows: Rows, end: I64) -> Spans:
    order = ordered(rows["lock"].astype(np.int64), rows["start"].astype(np.int64))
    rows = rows.take(order)
    return Spans(
        rows,
        thread=rows["thread"].astype(np.int64),
        lock=rows["lock"].astype(np.int64),
        start=rows["start"].astype(np.int64),
        end=end[order],
        lasting=rows["end"] == FOREVER,
    )
