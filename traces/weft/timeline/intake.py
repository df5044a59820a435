"""Blocks of records to one batch of columns: joined, checked, and with global thread indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..events import PROCESS_THREAD, Kind
from ..log.reader import Events
from .catalog import ID_LIMIT
from .columns import I64, Bools

SPAN_LIMIT: Final = 1 << 51
"""Times further than this (ns, 26 days) from the first block's are damage."""


class kinds:
    """A set of kinds to look a column of them up in, several times as fast as by an index into a table."""

    def __init__(self, *chosen: Kind) -> None:
        self.numbers = [*map(int, chosen)]
        self._table = bytes(kind in chosen for kind in range(256))

    def __getitem__(self, column: NDArray[np.uint8]) -> Bools:
        """Return which entries of a column are in the set, bool ``[n]``, not to be written to."""
        return np.frombuffer(column.tobytes().translate(self._table), np.bool_)


KNOWN: Final = kinds(*Kind)
OF_PROCESS: Final = kinds(Kind.PROCESS_ENTER, Kind.PROCESS_EXIT, Kind.LOST, Kind.PULSE, Kind.COST)
UNTIL: Final = kinds(Kind.SECTION, Kind.HOLD)
"""``value`` is a later moment than ``time``."""
SINCE: Final = kinds(Kind.ACQUIRE, Kind.GIVE_UP, Kind.RESUME, Kind.TASK_EXIT)
"""``value`` is an earlier moment than ``time``."""
HANDED: Final = kinds(Kind.TASK_ENTER)
"""``value`` is an earlier moment of another thread."""
_BACK: Final = kinds(*(Kind(number) for number in (*SINCE.numbers, *HANDED.numbers)))
AGO: Final = kinds(Kind.PUSH_BOTH, Kind.POP_AND_EXIT)
"""``value`` tells how long before ``time`` something else had happened (ns)."""


class Places:
    """Where each kind stands in a column of them, found once for all kinds; ``counts`` is int64 ``[256]``."""

    def __init__(self, kind: NDArray[np.uint8]) -> None:
        self._order = np.argsort(kind, kind="stable")
        self.counts: I64 = np.bincount(kind, minlength=256)
        self._ends = np.cumsum(self.counts).tolist()

    def of(self, chosen: kinds) -> I64:
        """Return the places of all kinds of a set, rising; not to be written to."""
        found = [self._order[self._ends[kind - 1] if kind else 0 : self._ends[kind]] for kind in chosen.numbers]
        some = [each for each in found if len(each)]
        return np.sort(np.concatenate(some)) if len(some) > 1 else (some or [self._order[:0]])[0]


Find = Callable[[I64, I64], I64]
"""Makes indexes of ids: the process and the id of each, both int64 ``[n]``, to int64 ``[n]``, `UNKNOWN` allowed."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of several blocks in file order.

    Attributes:
        process, thread: int64 ``[n]``, global indexes; -1 for a thread that is none.
        kind: uint8 ``[n]``.
        obj: int64 ``[n]``, an id of the process.
        time, value: int64 ``[n]``.
        block: int64 ``[n]``, rises with every block.
    """

    process: I64
    thread: I64
    kind: NDArray[np.uint8]
    obj: I64
    time: I64
    value: I64
    block: I64
    _places: list[Places] = field(default_factory=list, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def places(self) -> Places:
        """Where each kind stands."""
        if not self._places:
            self._places.append(Places(self.kind))
        return self._places[0]

    def at(self, chosen: kinds) -> I64:
        """Return where records of some kinds are, rising places, not to be written to."""
        return self.places.of(chosen)

    def only(self, chosen: Bools | slice) -> Batch:
        """Return the chosen records."""
        # Places to take from are much faster than a mask that every column is held against.
        if isinstance(chosen, slice):
            return Batch(*(getattr(self, name)[chosen] for name in _COLUMNS))
        at = np.flatnonzero(chosen)
        return Batch(*(getattr(self, name).take(at) for name in _COLUMNS))

    def began(self) -> I64:
        """Return when each record's matter began, ns ``[n]``."""
        return self.began_at(np.arange(len(self)))

    def began_at(self, at: I64) -> I64:
        """Return when the matter of some records began, ns ``[len(at)]``."""
        kind, time, value = self.kind.take(at), self.time.take(at), self.value.take(at)
        return np.where(SINCE[kind], value, np.where(AGO[kind], time - value, time))

    def extent(self) -> tuple[int, int]:
        """Return the first and the last moment that the records speak of, ns."""
        since, ago, until = map(self.at, (SINCE, AGO, UNTIL))
        first = (self.time, self.value.take(since), self.time.take(ago) - self.value.take(ago))
        last = (self.time, self.value.take(until))
        return min(int(some.min()) for some in first if len(some)), max(int(some.max()) for some in last if len(some))


_COLUMNS: Final = ("process", "thread", "kind", "obj", "time", "value", "block")


def distinct(process: I64) -> list[int]:
    """Return the processes that occur."""
    if len(process) and (process == process[0]).all():
        return [int(process[0])]
    return np.flatnonzero(np.bincount(process)).tolist()


def by_process(process: I64, numbers: I64, find: Callable[[int, I64], NDArray[np.int32]]) -> I64:
    """Return what ``find(process, numbers)`` returns for the numbers of each process, int64 ``[n]``."""
    present = distinct(process)
    if len(present) == 1:
        return find(present[0], numbers).astype(np.int64)
    found = np.full(len(numbers), -1, np.int64)
    for each in present:
        mine = process == each
        found[mine] = find(each, numbers[mine])
    return found


class Sieve:
    """Lets sound records through and counts the others."""

    def __init__(self, skipped: Counter[tuple[str, str]]) -> None:
        self._skipped = skipped
        self._range: tuple[int, int] | None = None

    def join(self, blocks: Sequence[Events], processes: Sequence[int]) -> Batch:
        """Join blocks (with the index of the process of each) and drop what cannot be."""
        sizes = [len(block.kind) for block in blocks]
        batch = Batch(
            process=np.repeat(np.array(processes, np.int64), sizes),
            thread=np.concatenate([block.thread for block in blocks]),
            kind=np.concatenate([block.kind for block in blocks]),
            obj=np.concatenate([block.obj for block in blocks]),
            time=np.concatenate([block.time for block in blocks]),
            value=np.concatenate([block.value for block in blocks]),
            block=np.repeat(np.arange(len(blocks)), sizes),
        )
        # A record about the process belongs to no thread, wherever it stands.
        batch.thread[batch.at(OF_PROCESS)] = PROCESS_THREAD
        batch = self._known(batch)
        batch = self._without(batch, self._untimely(batch), ("record", "with an impossible time"))
        nobody = np.flatnonzero((batch.thread <= PROCESS_THREAD) | (batch.thread >= ID_LIMIT))
        nobody = nobody[~OF_PROCESS[batch.kind.take(nobody)]]
        return self._without(batch, nobody, ("record", "of no thread"))

    def _known(self, batch: Batch) -> Batch:
        counts = batch.places.counts.copy()
        counts[KNOWN.numbers] = 0
        if not counts.any():
            return batch
        for kind in np.flatnonzero(counts).tolist():
            self._skipped["record", f"of unknown kind {kind}"] += int(counts[kind])
        return batch.only(KNOWN[batch.kind])

    def _without(self, batch: Batch, bad: I64, reason: tuple[str, str]) -> Batch:
        """Return a batch without the records at some places."""
        if not len(bad):
            return batch
        good = np.ones(len(batch), np.bool_)
        good[bad] = False
        self._skipped[reason] += len(batch) - int(np.count_nonzero(good))
        return batch.only(good)

    def _untimely(self, batch: Batch) -> I64:
        """Return the places, some perhaps twice, of records that speak of times that cannot be."""
        low, high = self._range or self._first_range(batch)
        bad = [np.flatnonzero((batch.time < low) | (batch.time > high))]
        until, since, ago = batch.at(UNTIL), batch.at(_BACK), batch.at(AGO)
        time, value = batch.time.take(until), batch.value.take(until)
        bad.append(until[(value < time) | (value > high)])
        time, value = batch.time.take(since), batch.value.take(since)
        bad.append(since[(value > time) | (value < low)])
        time, value = batch.time.take(ago), batch.value.take(ago)
        bad.append(ago[(value < 0) | (value > time - low)])
        return np.concatenate(bad)

    def _first_range(self, batch: Batch) -> tuple[int, int]:
        """Judge all times by the first block that has possible ones."""
        possible = np.flatnonzero((batch.time >= 0) & (batch.time < 1 << 62))
        if not len(possible):
            return 0, -1
        first = batch.time[possible[batch.block[possible] == batch.block[possible[0]]]]
        middle = int(np.sort(first)[len(first) // 2])
        self._range = max(0, middle - SPAN_LIMIT), middle + SPAN_LIMIT
        return self._range
