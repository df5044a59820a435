"""Blocks of records to one batch of columns: joined, checked, and with global thread indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..events import PROCESS_THREAD, Kind
from ..log.reader import Events
from .catalog import ID_LIMIT
from .columns import I64, Bools

Column = NDArray[Any]

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
        self._grouped: dict[int, tuple[Column, Column]] = {}

    def of(self, chosen: kinds) -> tuple[I64, slice | None]:
        """Return the places of all kinds of a set, rising, not to be written to; and where in `grouped` those are.

        If there are records of several of the kinds they are not beside each other there.
        """
        runs = [slice(self._ends[kind] - int(self.counts[kind]), self._ends[kind]) for kind in chosen.numbers]
        some = [run for run in runs if run.start < run.stop] or [slice(0, 0)]
        if len(some) > 1:
            return np.sort(np.concatenate([self._order[run] for run in some])), None
        return self._order[some[0]], some[0]

    def grouped(self, column: Column) -> Column:
        """Return a column of the same records by kind, within a kind as it was; made once."""
        known = self._grouped.get(id(column))
        if known is None:
            known = self._grouped[id(column)] = column, column.take(self._order)
        return known[1]


class Part:
    """The records of a batch that are of some kinds; a column of theirs is made when it is asked for.

    Attributes:
        at: int64 ``[n]``, where they stand in the batch, rising.
    """

    __slots__ = ("_batch", "_run", "at")

    def __init__(self, batch: Batch, chosen: kinds) -> None:
        self._batch = batch
        self.at, self._run = batch.places.of(chosen)

    def __len__(self) -> int:
        return len(self.at)

    def of(self, column: Column) -> Column:
        """Return these records' cells of a column of the batch, not to be written to."""
        if _one(column):
            return column[: len(self)]
        # Where they stand side by side nothing is copied.
        return column.take(self.at) if self._run is None else self._batch.places.grouped(column)[self._run]

    @property
    def process(self) -> I64:
        """As in `Batch`."""
        return self.of(self._batch.process)

    @property
    def thread(self) -> I64:
        """As in `Batch`."""
        return self.of(self._batch.thread)

    @property
    def kind(self) -> NDArray[np.uint8]:
        """As in `Batch`."""
        return self._batch.kind.take(self.at)

    @property
    def obj(self) -> I64:
        """As in `Batch`."""
        return self.of(self._batch.obj)

    @property
    def time(self) -> I64:
        """As in `Batch`."""
        return self.of(self._batch.time)

    @property
    def value(self) -> I64:
        """As in `Batch`."""
        return self.of(self._batch.value)

    def began(self) -> I64:
        """Return when each record's matter began, ns ``[n]``."""
        return _began(self.kind, self.time, self.value)


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

    def of(self, chosen: kinds) -> Part:
        """Return the records of some kinds."""
        return Part(self, chosen)

    def only(self, chosen: Bools | slice) -> Batch:
        """Return the chosen records."""
        # Places to take from are much faster than a mask that every column is held against.
        if isinstance(chosen, slice):
            return Batch(*(getattr(self, name)[chosen] for name in _COLUMNS))
        at = np.flatnonzero(chosen)
        return Batch(*(getattr(self, name).take(at) for name in _COLUMNS))

    def began(self) -> I64:
        """Return when each record's matter began, ns ``[n]``."""
        return _began(self.kind, self.time, self.value)

    def extent(self) -> tuple[int, int]:
        """Return the first and the last moment that the records speak of, ns."""
        since, ago, until = map(self.of, (SINCE, AGO, UNTIL))
        first = (self.time, since.value, ago.time - ago.value)
        last = (self.time, until.value)
        return min(int(some.min()) for some in first if len(some)), max(int(some.max()) for some in last if len(some))


_COLUMNS: Final = ("process", "thread", "kind", "obj", "time", "value", "block")


def _began(kind: NDArray[np.uint8], time: I64, value: I64) -> I64:
    return np.where(SINCE[kind], value, np.where(AGO[kind], time - value, time))


def _one(column: Column) -> bool:
    """Return whether a column was made of one value, which it has throughout and only once in memory."""
    return column.strides == (0,)


def distinct(process: I64) -> list[int]:
    """Return the processes that occur."""
    if len(process) and (_one(process) or (process == process[0]).all()):
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
            process=_repeated(processes, sizes),
            thread=np.concatenate([block.thread for block in blocks]),
            kind=np.concatenate([block.kind for block in blocks]),
            obj=np.concatenate([block.obj for block in blocks]),
            time=np.concatenate([block.time for block in blocks]),
            value=np.concatenate([block.value for block in blocks]),
            block=np.repeat(np.arange(len(blocks)), sizes),
        )
        # A record about the process belongs to no thread, wherever it stands.
        batch.thread[batch.of(OF_PROCESS).at] = PROCESS_THREAD
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
        until, since, ago = batch.of(UNTIL), batch.of(_BACK), batch.of(AGO)
        bad.append(until.at[(until.value < until.time) | (until.value > high)])
        bad.append(since.at[(since.value > since.time) | (since.value < low)])
        bad.append(ago.at[(ago.value < 0) | (ago.value > ago.time - low)])
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


def _repeated(values: Sequence[int], sizes: Sequence[int]) -> I64:
    """Return each value as often as its size says."""
    if len({*values}) == 1:
        return np.broadcast_to(np.int64(values[0]), sum(sizes))
    return np.repeat(np.array(values, np.int64), sizes)
