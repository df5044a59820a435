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
from .intake import Batch, Find, kinds

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
        ending = batch.at(_END_WAIT)
        waits = _rows(WAIT, batch, lock, ending, batch.value.take(ending), batch.time.take(ending))
        waits["acquired"] = _GOT_IT[batch.kind.take(ending)]
        beginning = _unanswered(batch, lock, batch.at(_WAIT), ending, batch.value)
        announced = _rows(WAIT, batch, lock, beginning, batch.time[beginning], FOREVER)
        self._settle(self.waits, announced, waits)

        passes = batch.at(_SECTION)
        holds = _rows(HOLD, batch, lock, passes, batch.time.take(passes), batch.value.take(passes))
        holding = _unanswered(batch, lock, batch.at(_HOLDING), passes, batch.time)
        announced = _rows(HOLD, batch, lock, holding, batch.time[holding], FOREVER)
        self._settle(self.holds, announced, holds)

        self.tally.tries(lock.take(batch.at(_TRY)))
        self._hand_off(batch, lock, batch.at(_HANDOFF))
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

    def _hand_off(self, batch: Batch, lock: I64, at: I64) -> None:
        """Append the last parts of waits; a hand-off stands behind its wait's end, if not in an earlier batch."""
        if not len(at):
            return
        before = np.maximum(at - 1, 0)
        beside = _GOT_IT[batch.kind.take(before)] & (batch.time.take(before) == batch.time.take(at))
        beside &= batch.thread.take(before) == batch.thread.take(at)
        began = np.where(beside, batch.value.take(before), FOREVER)
        if not beside.all():
            waits = self.waits.view()
            for apart in np.flatnonzero(~beside).tolist():
                time, thread = int(batch.time[at[apart]]), int(batch.thread[at[apart]])
                near = waits.within(time, time)
                own = near["start"][(near["thread"] == thread) & (near["end"] == time)]
                began[apart] = own[0] if len(own) else FOREVER
        let_go, end = batch.value.take(at), batch.time.take(at)
        start = np.maximum(let_go, began)
        real = np.flatnonzero((let_go > 0) & (start < end))
        self.handoffs.update(_rows(HOLD, batch, lock, at.take(real), start.take(real), end.take(real)))

    def _note(self, batch: Batch, find: Mapping[str, Find]) -> None:
        timed = batch.at(_TIMED)
        if len(timed):
            limit = np.clip(batch.value.take(timed) // 1_000_000, 0, np.iinfo(np.int32).max)
            start = batch.time.take(timed)
            columns = {"start": start, "end": start, "thread": batch.thread.take(timed), "value": limit}
            self.notes.update(rows_of(NOTE, len(timed), what=LIMIT, **columns))
        for what, (kind, meant) in _NOTES.items():
            at = batch.at(kind)
            if not len(at):
                continue
            value = find[meant](batch.process.take(at), batch.value.take(at))
            known = value >= 0
            if not known.all():
                at, value = at[known], value[known]
            time = batch.time.take(at)
            columns = {"start": time, "end": time, "thread": batch.thread.take(at), "value": value}
            self.notes.update(rows_of(NOTE, len(at), what=what, **columns))


def _rows(dtype: np.dtype[np.void], batch: Batch, lock: I64, at: I64, start: I64, end: I64 | int) -> Rows:
    return rows_of(dtype, len(at), start=start, end=end, thread=batch.thread.take(at), lock=lock.take(at))


def _unanswered(batch: Batch, lock: I64, opening: I64, closing: I64, began: I64) -> I64:
    """Return the announcements but those whose completion is simply the next one in the batch.

    Args:
        batch, lock: the records.
        opening, closing: rising places of announcements and completions.
        began: int64 ``[len(batch)]``, when what is completed had begun, ns.
    """
    if not len(opening) or not len(closing):
        return opening
    after = closing.take(np.searchsorted(closing, opening), mode="clip")
    answered = began.take(after) == batch.time.take(opening)
    answered &= batch.thread.take(after) == batch.thread.take(opening)
    answered &= lock.take(after) == lock.take(opening)
    unanswered: I64 = opening[~answered]
    return unanswered


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
    cut = np.setdiff1d(np.flatnonzero(before["end"] != FOREVER), stands)
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
