"""Sums per lock, kept while folding, and percentiles, computed when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .columns import I64, Rows

_SUMS: Final = 6


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures of every lock over finished rows: int64 ``[locks]`` each, times in ns."""

    acquisitions: I64
    contended: I64
    wait_ns: I64
    wait_max_ns: I64
    hold_ns: I64
    hold_max_ns: I64


def no_sums() -> Sums:
    """Return the figures of no locks."""
    return Sums(*np.zeros((_SUMS, 0), np.int64))


class Tally:
    """Adds up finished rows."""

    def __init__(self) -> None:
        self._sums: I64 = np.zeros((_SUMS, 16), np.int64)

    def sums(self, locks: int) -> Sums:
        """Return the figures of the first ``locks`` locks as they are now."""
        self._reach(locks)
        return Sums(*self._sums[:, :locks].copy())

    def holds(self, rows: Rows) -> None:
        """Count finished holds."""
        self._add(rows, 0, 4, 5)

    def waits(self, rows: Rows) -> None:
        """Count finished waits."""
        self._add(rows, 1, 2, 3)

    def tries(self, lock: I64) -> None:
        """Count tries that failed, given the lock of each."""
        if len(lock):
            self._reach(int(lock.max()) + 1)
            np.add.at(self._sums[1], lock, 1)

    def _add(self, rows: Rows, count: int, total: int, most: int) -> None:
        if not len(rows):
            return
        lock = rows["lock"].astype(np.int64)
        lasted = rows["end"] - rows["start"]
        self._reach(int(lock.max()) + 1)
        self._sums[count] += np.bincount(lock, minlength=self._sums.shape[1])
        np.add.at(self._sums[total], lock, lasted)
        np.maximum.at(self._sums[most], lock, lasted)

    def _reach(self, locks: int) -> None:
        if locks > self._sums.shape[1]:
            grown = np.zeros((_SUMS, 2 * locks), np.int64)
            grown[:, : self._sums.shape[1]] = self._sums
            self._sums = grown


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of durations, ns. Percentiles are by nearest rank: values that occurred."""

    count: int
    total: int
    p50: int
    p99: int
    max: int


NOTHING: Final = Spread(0, 0, 0, 0, 0)


def spreads(group: NDArray[np.integer], lasted: I64) -> dict[int, Spread]:
    """Return the distribution of durations (ns) in each group, by its number."""
    order = np.lexsort((lasted, group))
    group, lasted = group[order], lasted[order]
    numbers, first, counts = np.unique(group, return_index=True, return_counts=True)
    totals = np.add.reduceat(lasted, first) if len(first) else first
    return {
        number: Spread(
            count,
            total,
            p50=int(lasted[at + (count * 50 + 99) // 100 - 1]),
            p99=int(lasted[at + (count * 99 + 99) // 100 - 1]),
            max=int(lasted[at + count - 1]),
        )
        for number, at, count, total in zip(
            numbers.tolist(), first.tolist(), counts.tolist(), totals.tolist(), strict=True
        )
    }
