"""Which thread an id of a process stands for: newcomers are noticed and get rows, leavers give theirs back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ..events import PROCESS_THREAD, Kind
from .catalog import Ids, Room
from .columns import I64
from .intake import Batch, by_process, kinds
from .threads import Threads

_EXIT: Final = kinds(Kind.THREAD_EXIT)


class Register:
    """Knows threads by process and id."""

    def __init__(self, threads: Threads) -> None:
        self.threads = threads
        self._ids: list[Ids] = []

    def add_process(self, room: Room) -> None:
        """Take the next process in."""
        self._ids.append(Ids(room))

    def rename(self, process: int, number: int, name: str) -> None:
        """A definition says what a thread is called, perhaps after its first use."""
        thread = self._ids[process].get(number)
        if thread >= 0 and self.threads.names[thread] != name:
            self.threads.rename(thread, name)

    def find(self, process: I64, number: I64) -> I64:
        """Return the index of each thread, -1 for one that is not known."""
        return by_process(process, number, lambda each, numbers: self._ids[each].find(numbers))

    def admit(self, batch: Batch, names: Sequence[Mapping[int, str]]) -> Batch:
        """Replace the ids of threads by indexes; new threads get lanes, threads that end give theirs back.

        The order is that of the blocks, within a block that of time, so lanes do not depend on how blocks are
        batched.

        Args:
            batch: records with the threads' ids.
            names: per process, id to name.
        """
        # A block is of one process.
        changes = (batch.thread[1:] != batch.thread[:-1]) | (batch.block[1:] != batch.block[:-1])
        runs = np.flatnonzero(np.concatenate(([len(batch) > 0], changes)))
        newcomers = sorted(self._newcomers(batch, runs))
        self._add(newcomers, names)
        index = self.find(batch.process[runs], batch.thread[runs])
        batch = replace(batch, thread=np.repeat(index, np.diff(np.append(runs, len(batch)))))
        self._live(batch, [newcomer[0] for newcomer in newcomers])
        return batch

    def _newcomers(self, batch: Batch, runs: I64) -> Iterator[tuple[int, int, int, int, bool]]:
        """Yield block, start, process, id and "its begin was recorded" of threads not seen before."""
        process, number = batch.process[runs], batch.thread[runs]
        unknown = np.flatnonzero((self.find(process, number) < 0) & (number != PROCESS_THREAD))
        _, first = np.unique(process[unknown] << 22 | number[unknown], return_index=True)
        at = runs[unknown[first]]
        entered = batch.kind[at] == Kind.THREAD_ENTER
        start = batch.time[at]
        for index in np.flatnonzero(~entered).tolist():
            start[index] = _first_sign(batch, int(at[index]))
        columns = (batch.block[at], start, batch.process[at], batch.thread[at], entered)
        yield from zip(*(column.tolist() for column in columns), strict=True)

    def _add(self, newcomers: Sequence[tuple[int, int, int, int, bool]], names: Sequence[Mapping[int, str]]) -> None:
        size = self.threads.size
        called = [names[process].get(number, f"thread {number}") for _, _, process, number, _ in newcomers]
        _, start, process, _, entered = zip(*newcomers, strict=True) if newcomers else ((),) * 5
        count = self.threads.add(process, called, start, entered)
        for index, (_, _, owner, number, _) in enumerate(newcomers[:count], size):
            self._ids[owner].set(number, index)

    def _live(self, batch: Batch, newcomers: Sequence[int]) -> None:
        """Let threads come and go, given the blocks in which the newest threads appeared."""
        threads = self.threads
        fresh = np.arange(threads.size - min(len(newcomers), threads.size), threads.size)
        gone = batch.of(_EXIT).at
        gone = gone[batch.thread.take(gone) >= 0]
        thread = np.concatenate((fresh, batch.thread[gone]))
        if not len(thread):
            return
        start = threads.start[thread]
        time = np.maximum(start, np.concatenate((start[: len(fresh)], batch.time[gone])))
        begins = np.arange(len(thread)) < len(fresh)
        block = np.concatenate((np.array(newcomers[: len(fresh)], np.int64), batch.block[gone]))
        # At one moment a row is left before it is taken, but a thread is there before it is gone.
        turn = np.where(begins, 1, np.where(time > start, 0, 2))
        order = np.lexsort((thread, turn, time, block))
        threads.live(zip(time[order].tolist(), begins[order].tolist(), thread[order].tolist(), strict=True))


def _first_sign(batch: Batch, at: int) -> int:
    """Return the earliest moment (ns) that a thread's records in one block speak of."""
    low, high = np.searchsorted(batch.block, (batch.block[at], batch.block[at] + 1))
    block = batch.only(slice(low, high))
    return int(block.began()[block.thread == batch.thread[at]].min())
