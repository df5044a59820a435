"""Everything that was folded, at one moment: the ground that all answers stand on."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .building import Span, Spans
from .columns import (
    CONTEXT,
    FOREVER,
    HOLD,
    I64,
    MARK,
    NOTE,
    REQUEST,
    SPAN,
    TASK,
    WAIT,
    Bools,
    Rows,
    Table,
    View,
    chosen,
    tell_apart,
)
from .threads import Roster
from .values import Stack


def _nothing() -> I64:
    return np.zeros(0, np.int64)


def _nobody() -> Roster:
    return Roster((), _nothing(), _nothing(), _nothing(), _nothing(), _nothing(), _nothing())


@dataclass(frozen=True, slots=True)
class Tables:
    """Views of all tables, with the lists that their rows index.

    Attributes:
        holds, waits: what threads held and waited for; open ones included.
        handoffs: last parts of waits, in which the lock was free already.
        requests, contexts: what threads served.
        tasks: what threads ran for others that had handed it over.
        submits: when threads handed something over; the value is what that was.
        notes: the holder and the stacks at the begin of a wait; ``start`` is that of the wait.
        said, marks: sections, and moments, that the app told of.
        roster: the threads.
        targets, endpoints, stacks, works, labels: may have grown since.
        awaited: those of the works for which the thread waits that hands them over; may have grown since.
        end_ns: last moment of the trace.
    """

    holds: View = field(default_factory=lambda: Table(HOLD).view())
    waits: View = field(default_factory=lambda: Table(WAIT).view())
    handoffs: View = field(default_factory=lambda: Table(HOLD).view())
    requests: View = field(default_factory=lambda: Table(REQUEST).view())
    contexts: View = field(default_factory=lambda: Table(CONTEXT).view())
    tasks: View = field(default_factory=lambda: Table(TASK).view())
    submits: View = field(default_factory=lambda: Table(NOTE).view())
    notes: View = field(default_factory=lambda: Table(NOTE).view())
    said: View = field(default_factory=lambda: Table(SPAN).view())
    marks: View = field(default_factory=lambda: Table(MARK).view())
    roster: Roster = field(default_factory=_nobody)
    targets: Sequence[tuple[str, str]] = ()
    endpoints: Sequence[str] = ()
    stacks: Sequence[Stack] = ()
    works: Sequence[str] = ()
    awaited: Set[int] = frozenset()
    labels: Sequence[str] = ()
    end_ns: int = 0

    def only(self, threads: Bools, end_ns: int) -> Tables:
        """Return the rows of some threads (bool ``[threads]``), in a trace that ends at a moment (ns)."""

        def mine(view: View) -> View:
            table = Table(view.closed.dtype)
            table.update(*(rows[threads[rows["thread"]]] for rows in (view.closed, view.open)))
            return table.view()

        views = {each.name: getattr(self, each.name) for each in fields(self)}
        chosen: dict[str, Any] = {name: mine(view) for name, view in views.items() if isinstance(view, View)}
        return replace(self, **chosen, end_ns=end_ns)

    def ends(self, rows: Rows) -> I64:
        """Return when rows end (ns), for unfinished ones up to where their thread is known to be there."""
        lasting = np.minimum(self.roster.close[rows["thread"]], self.end_ns)
        ends: I64 = np.maximum(np.where(rows["end"] == FOREVER, lasting, rows["end"]), rows["start"])
        return ends

    def held_until(self, rows: Rows) -> I64:
        """Return when holds end (ns); a lock stays locked when its thread ends, but not when its process does."""
        lasting = np.minimum(self.roster.gone[rows["thread"]], self.end_ns)
        ends: I64 = np.maximum(np.where(rows["end"] == FOREVER, lasting, rows["end"]), rows["start"])
        return ends

    def at(self, view: View, time_ns: int, thread: int | None = None) -> Rows:
        """Return the rows, of one thread or of all, that an instant lies in, oldest first."""
        rows = view.within(time_ns, time_ns)
        on = rows["end"] > time_ns
        if thread is not None:
            on &= rows["thread"] == thread
        rows = chosen(rows, on)
        return rows.take(np.lexsort((rows[tell_apart(rows)], rows["start"])))

    def waited(self, thread: I64, start: I64, end: I64) -> I64:
        """Return how long threads were blocked in windows of their own, ns ``[n]``.

        Args:
            thread, start, end: int64 ``[n]``, a thread and a window (ns) each.
        """
        if not len(thread):
            return np.zeros(0, np.int64)
        waits = self.waits.within(int(start.min()), int(end.max()))
        wanted = np.zeros(len(self.roster), np.bool_)
        wanted[thread] = True
        waits = chosen(waits, wanted[waits["thread"]])
        waits = self.outermost(waits)
        begins, lasts = waits["start"], self.ends(waits) - waits["start"]
        sums = np.concatenate(([0], np.cumsum(lasts)))

        def before(time: I64) -> I64:
            count = not_later(waits["thread"], begins, thread, time)
            if not len(waits):
                return count
            last = np.maximum(count - 1, 0)
            part = np.where(waits["thread"][last] == thread, np.minimum(time - begins[last], lasts[last]), lasts[last])
            return np.where(count > 0, sums[last] + part, 0)

        return before(end) - before(start)

    def outermost(self, waits: Rows) -> Rows:
        """Return the waits that lie in no other one of their thread, sorted by thread and start."""
        waits = waits.take(np.lexsort((waits["start"], waits["thread"])))
        if len(waits) < 2:
            return waits
        end, thread = self.ends(waits), waits["thread"]
        if not ((thread[1:] == thread[:-1]) & (waits["start"][1:] < end[:-1])).any():
            return waits
        rank = np.empty(len(waits), np.int64)
        rank[np.lexsort((-np.arange(len(waits)), end))] = np.arange(len(waits))
        # Above all ranks of the threads before, so that the running maximum begins anew with each thread.
        height = np.cumsum(np.append(0, thread[1:] != thread[:-1])) * len(waits) + rank
        return chosen(waits, height == np.maximum.accumulate(height))

    def _sources(self) -> tuple[tuple[Span, View], ...]:
        return (
            (Span.HOLD, self.holds),
            (Span.WAIT, self.waits),
            (Span.HANDOFF, self.handoffs),
            (Span.REQUEST, self.requests),
            (Span.REQUEST, self.tasks),
        )

    def span_count(self, since_ns: int) -> int:
        """Return about how many intervals end at or after a moment, at most that many."""
        return sum(view.count_since(since_ns) for _, view in self._sources()) + len(self.roster)

    def spans(self, since_ns: int, until_ns: int) -> list[Spans]:
        """Return the intervals that touch a window (ns), each within the life of its thread and the trace."""
        roster = self.roster
        parts = [(what, rows) for what, view in self._sources() for rows in view.near(since_ns, until_ns)]
        spans = [
            self._lived(what, rows["thread"], rows["start"], rows["end"], since_ns, until_ns) for what, rows in parts
        ]
        alive = np.flatnonzero((roster.close >= since_ns) & (roster.start <= until_ns))
        ends = np.minimum(roster.close[alive], self.end_ns)
        return [*spans, Spans(Span.ALIVE, roster.lane[alive], roster.start[alive], ends, roster.start[alive])]

    def _lived(
        self, what: Span, thread: NDArray[np.int32], start: I64, end: I64, since_ns: int, until_ns: int
    ) -> Spans:
        """Return what threads did in a window (ns) within their lives."""
        roster, began = self.roster, start
        through = (roster.start <= since_ns) & (roster.close >= until_ns)
        if until_ns >= self.end_ns or not (through.all() or through.take(thread).all()):
            start = np.maximum(start, roster.start.take(thread))
            end = np.minimum(np.minimum(end, roster.close.take(thread)), self.end_ns)
        return Spans(what, roster.lane.take(thread), start, end, began)


def not_later(thread: NDArray[np.int32], start: I64, of_thread: I64, time: I64) -> I64:
    """Return how many rows, sorted by thread and start, come before or at each (thread, time)."""
    size = len(thread)
    # Rows stand before the moments in what is sorted, so at one moment they count.
    order = np.lexsort((np.concatenate((start, time)), np.concatenate((thread, of_thread))))
    is_row = order < size
    count = np.zeros(len(time), np.int64)
    count[order[~is_row] - size] = np.cumsum(is_row)[~is_row]
    return count
