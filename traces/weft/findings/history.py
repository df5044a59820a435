"""What is known of waits for what nobody holds: which of them end by themselves, and who ended the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from weft.timeline.columns import I64, Bools
from weft.timeline.listings import HELD
from weft.timeline.locking import WAKER
from weft.timeline.tables import Tables
from weft.timeline.values import Lock

_MOST: Final = 64
"""Threads that are remembered for one event; where more have set it, anybody may."""


class History:
    """Grows with the trace: every row is looked at once.

    Attributes:
        timed: ids of what a wait for was given up once, so that it has a timeout.
        wakers: threads that ended waits, by id of what was waited for.
    """

    def __init__(self) -> None:
        self._locks: list[bool] = []
        self.timed: set[int] = set()
        self.wakers: dict[int, set[int]] = defaultdict(set)
        self._waits = 0
        self._notes = 0

    def read(self, tables: Tables, is_lock: Bools) -> None:
        """Take in what has ended since the last call."""
        waits, notes = tables.waits.closed[self._waits :], tables.notes.closed[self._notes :]
        self._waits, self._notes = len(tables.waits.closed), len(tables.notes.closed)
        waits = waits[~is_lock[waits["lock"]]]
        self.timed.update(np.unique(waits["lock"][waits["acquired"] == 0]).tolist())
        notes = notes[notes["what"] == WAKER]
        lock = joined(waits["thread"], waits["start"], waits["lock"], notes["thread"], notes["start"])
        pairs = np.unique(np.stack((lock, notes["value"].astype(np.int64)), axis=1)[lock >= 0], axis=0)
        for each, thread in pairs.tolist():
            self.wakers[each].add(thread)

    def is_lock(self, locks: Sequence[Lock]) -> Bools:
        """Return which of all that is waited for can be held by one thread, bool ``[locks]``."""
        fresh = locks[len(self._locks) :]
        self._locks += [lock.kind in HELD and "Semaphore" not in lock.kind for lock in fresh]
        return np.array(self._locks, np.bool_)

    def may_end(self, lock: int) -> bool:
        """Return whether a wait may end although nobody who is known ends it."""
        return lock in self.timed or len(self.wakers.get(lock, ())) > _MOST


def joined(thread: I64, start: I64, value: I64, of_thread: I64, at: I64) -> I64:
    """Return the value of the row of each (thread, start), -1 where there is none, int64 ``[n]``.

    Looks rows up by one mixed number and checks what is found, so two that mix to one number can only be missed.
    """
    key, wanted = _mixed(thread, start), _mixed(of_thread, at)
    if not len(key):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(key)
    place = order[np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)]
    return np.where((thread[place] == of_thread) & (start[place] == at), value[place], -1).astype(np.int64)


def _mixed(thread: I64, start: I64) -> I64:
    mixed: I64 = start.astype(np.int64) ^ (thread.astype(np.int64) << 42)
    return mixed
