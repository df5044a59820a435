"""Records about locks to rows: holds, waits, hand-offs, and notes on who held a lock when a wait began."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..events import Kind
from .columns import FOREVER, HOLD, I64, NOTE, WAIT, Rows, Table, chosen, joined, keys, rows_of
from .figures import Tally
from .grouping import LOCK_LIMIT, unfinished
from .intake import Batch, Find, Part, kinds

LOCKING: Final = kinds(*(kind for kind in Kind if kind < Kind.THREAD_ENTER))

HOLDER, WAITER_AT, HOLDER_AT, WAKER, LIMIT = 0, 1, 2, 3, 4
"""What a note's value is: a thread, the waiter's stack, the holder's stack, the thread that ended the wait, or for how
long it lasts at most (ms)."""

_WAIT: Final = kinds(Kind.WAIT)
_TIMED: Final = kinds(Kind.TIMED)
_SECTION: Final = kinds(Kind.SECTION)
_TRY: Final = kinds(Kind.TRY_FAILED)
_HANDOFF: Final = kinds(Kind.HANDOFF)
_END_WAIT: Final = kinds(Kind.ACQUIRE, Kind.GIVE_UP, Kind.RESUME)
_GOT_IT: Final = kinds(Kind.ACQUIRE, Kind.RESUME)
_HOLDING: Final = kinds(Kind.ACQUIRE, Kind.HOLD)
_NOTES: Final = {
    HOLDER: (_WAIT, "thread"),
    WAITER_AT: (kinds(Kind.WAITER_AT), "stack"),
    HOLDER_AT: (kinds(Kind.HOLDER_AT), "stack"),
    WAKER: (kinds(Kind.WAKE), "thread"),
}


class Locking:
    """The tables about locks as they grow.

    Args:
        resources: locks in which a thread that waits for them may wait for others; may grow.
    """

    def __init__(self, resources: Set[int] = frozenset()) -> None:
        self._resources = resources
        self.holds = Table(HOLD)
        self.waits = Table(WAIT)
        self.handoffs = Table(HOLD)
        self.notes = Table(NOTE)
        self.tally = Tally()

    def fold(self, batch: Batch, lock: I64, find: Mapping[str, Find]) -> None:
        """Take in records about known locks.

        Args:
            batch: records of known threads; of kinds that are not in `LOCKING` nothing is taken.
            lock: int64 ``[n]``, index of the lock where the kind has one.
            find: makes indexes of each ``thread`` and ``stack`` that notes name.
        """
        ending = batch.of(_END_WAIT)
        waits = _rows(WAIT, ending, lock, ending.value, ending.time)
        waits["acquired"] = _GOT_IT[ending.kind]
        announced = _announced(WAIT, batch.of(_WAIT), lock, ending, ending.value)
        self._settle(self.waits, announced, waits)

        passes = batch.of(_SECTION)
        holds = _rows(HOLD, passes, lock, passes.time, passes.value)
        announced = _announced(HOLD, batch.of(_HOLDING), lock, passes, passes.time)
        self._settle(self.holds, announced, holds)

        self.tally.tries(batch.of(_TRY).of(lock))
        self._hand_off(batch, lock)
        self._note(batch, find)

    def cut(self, threads: NDArray[np.bool_], time: int) -> None:
        """Say that from ``time`` on nothing is known of the open waits and holds of some threads."""
        for table in (self.waits, self.holds):
            rows = table.open.copy()
            mine = threads[rows["thread"]]
            rows["end"][mine] = np.minimum(rows["end"][mine], np.maximum(time, rows["start"][mine]))
            table.update(rows[:0], rows)

    def _settle(self, table: Table, announced: Rows, complete: Rows) -> None:
        """Add complete rows, and keep of the announced ones those that nothing shows to be over."""
        before = table.open
        announced = joined(before, announced)
        if not len(announced):
            self._update(table, complete, announced)
            return
        rivals = _since(complete, announced)
        both = joined(announced, rivals)
        key = both["thread"].astype(np.int64) * LOCK_LIMIT
        if table is self.holds:
            key += both["lock"]
        elif self._resources:
            key += np.where(np.isin(both["lock"], [*self._resources]), both["lock"] + 1, 0)
        stands = unfinished(key, both["start"].copy(), np.arange(len(both)) < len(announced))
        orphans = _orphans(before, key, stands, both, rivals)
        finished = joined(complete, orphans)
        self._update(table, finished, chosen(announced, stands))

    def _update(self, table: Table, finished: Rows, still_open: Rows) -> None:
        table.update(finished, still_open)
        if table is self.holds:
            self.tally.holds(finished)
        else:
            self.tally.waits(finished)

    def _hand_off(self, batch: Batch, lock: I64) -> None:
        """Append the last parts of waits; a hand-off stands behind its wait's end, if not in an earlier batch."""
        given = batch.of(_HANDOFF)
        if not len(given):
            return
        let_go, end, thread = given.value, given.time, given.thread
        before = np.maximum(given.at - 1, 0)
        beside = _GOT_IT[batch.kind.take(before)] & (batch.time.take(before) == end)
        beside &= batch.thread.take(before) == thread
        began = np.where(beside, batch.value.take(before), FOREVER)
        if not beside.all():
            waits = self.waits.view()
            for apart in np.flatnonzero(~beside).tolist():
                near = waits.within(int(end[apart]), int(end[apart]))
                own = near["start"][(near["thread"] == thread[apart]) & (near["end"] == end[apart])]
                began[apart] = own[0] if len(own) else FOREVER
        start = np.maximum(let_go, began)
        rows = _rows(HOLD, given, lock, start, end)
        real = (let_go > 0) & (start < end)
        self.handoffs.update(rows if real.all() else chosen(rows, real))

    def _note(self, batch: Batch, find: Mapping[str, Find]) -> None:
        timed = batch.of(_TIMED)
        if len(timed):
            limit = np.clip(timed.value // 1_000_000, 0, np.iinfo(np.int32).max)
            self.notes.update(_notes(LIMIT, timed, limit))
        for what, (kind, meant) in _NOTES.items():
            said = batch.of(kind)
            if len(said):
                value = find[meant](said.process, said.value)
                rows = _notes(what, said, value)
                self.notes.update(rows if (value >= 0).all() else chosen(rows, value >= 0))


def _rows(dtype: np.dtype[np.void], part: Part, lock: I64, start: I64, end: I64) -> Rows:
    return rows_of(dtype, len(part), start=start, end=end, thread=part.thread, lock=part.of(lock))


def _notes(what: int, part: Part, value: I64) -> Rows:
    return rows_of(NOTE, len(part), start=part.time, end=part.time, thread=part.thread, what=what, value=value)


def _announced(dtype: np.dtype[np.void], opening: Part, lock: I64, closing: Part, began: I64) -> Rows:
    """Return what is announced as rows, but for those whose completion is simply the next one in the batch.

    Args:
        dtype: that of the rows.
        opening, closing: announcements and completions.
        lock: int64 ``[n]``, index of the lock of each record of the batch.
        began: int64 ``[len(closing)]``, when what is completed had begun, ns.
    """
    start, thread, locks = opening.time, opening.thread, opening.of(lock)
    left = np.ones(len(opening), np.bool_)
    if len(opening) and len(closing):
        after = np.searchsorted(closing.at, opening.at)
        left = began.take(after, mode="clip") != start
        left |= closing.thread.take(after, mode="clip") != thread
        left |= closing.of(lock).take(after, mode="clip") != locks
    at = np.flatnonzero(left)
    return rows_of(dtype, len(at), start=start.take(at), thread=thread.take(at), lock=locks.take(at))


def _since(complete: Rows, announced: Rows) -> Rows:
    """Return the complete rows that begin no earlier than the first announced one of their thread."""
    size = 1 + int(max(complete["thread"].max(initial=0), announced["thread"].max(initial=0)))
    first = np.full(size, FOREVER, np.int64)
    np.minimum.at(first, announced["thread"], announced["start"])
    return chosen(complete, first.take(complete["thread"]) <= complete["start"])


def _orphans(before: Rows, key: I64, stands: I64, both: Rows, rivals: Rows) -> Rows:
    """Return the rows that were cut, are no longer open and were never completed: their ends are lost.

    Args:
        before: rows that were open; the first of ``both``.
        key, both: what there can be only one of at a time, and all rows that speak of it.
        stands: which of ``both`` are open now.
        rivals: the complete ones among them.
    """
    cut = np.flatnonzero(before["end"] != FOREVER)
    cut = np.setdiff1d(cut, stands) if len(cut) else cut
    if not len(cut):
        return before[:0]
    early = {*keys(rivals[rivals["start"] <= before["start"].max(initial=-1)]), *keys(both[stands])}
    lost = cut[np.array([row not in early for row in keys(before[cut])], np.bool_)]
    orphans: Rows = before[lost]
    for orphan, at in zip(orphans, lost.tolist(), strict=True):
        # What came next shows that it was over by then.
        later = both["start"][(key == key[at]) & (both["start"] > orphan["start"])]
        orphan["end"] = min(orphan["end"], later.min(initial=FOREVER))
    return orphans
