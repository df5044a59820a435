"""Finished holds or waits by lock: how long, how many and how many at once before any moment, from binary searches.

Waits of one lock overlap, so no running state will do. With starts and ends sorted apart, the time spent before ``t``
is the sum of ``t - start`` over what has begun less the sum of ``t - end`` over what is over. Both are sorted columns
of keys ``lock << shift | time`` with running sums beside them. Rows are indexed in blocks as they come; the answers of
blocks add up, and blocks far from a window need not be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .columns import CHUNK, I64, Rows, View

_LARGEST: Final = 1 << 20
"""Rows of a block; larger ones are not made."""

_NAME: Final = "by lock"


@dataclass(frozen=True, slots=True)
class Block:
    """Rows ``first`` … ``last`` - 1 of a table, by lock.

    Attributes:
        low, high: earliest start and latest end, ns.
        shift: how many bits of a key are time since ``low`` - 1.
        starts, ends: int64 ``[n]``, sorted keys.
        start_sums, end_sums: int64 ``[n + 1]``, running sums of the times in the keys; they may overflow, differences
            are right all the same.
    """

    first: int
    last: int
    low: int
    high: int
    shift: int
    starts: I64
    ends: I64
    start_sums: I64
    end_sums: I64

    def measure(self, locks: I64, edges: I64) -> tuple[I64, I64, I64]:
        """Return the time spent before each edge, how many are on at it, and how many began before it.

        Args:
            locks: int64 ``[locks]``, ids.
            edges: int64 ``[edges]``, ns, rising.

        Returns:
            int64 ``[locks, edges]`` each; what is summed counts from some moment that is the same for one lock.
        """
        since = np.clip(edges, self.low - 1, self.high + 1) - (self.low - 1)
        query = ((locks << self.shift)[:, None] + since).ravel()
        shape = (len(locks), len(edges))
        begun = np.searchsorted(self.starts, query, side="right")
        over = np.searchsorted(self.ends, query, side="right")
        on = (begun - over).reshape(shape)
        spent = on * since - (self.start_sums.take(begun) - self.end_sums.take(over)).reshape(shape)
        return spent, on, np.searchsorted(self.starts, query, side="left").reshape(shape)


def measure(view: View, locks: Sequence[int], edges: I64) -> tuple[tuple[I64, I64, I64], Rows]:
    """Return what all blocks say of a table's finished rows, as `Block.measure`, and the rows that are in none."""
    shape = (len(locks), len(edges))
    spent, on, began = (np.zeros(shape, np.int64) for _ in range(3))
    wanted = np.array(locks, np.int64)
    blocks = _blocks(view)
    for block in blocks:
        if block.low <= edges[-1] and block.high >= edges[0]:
            for total, part in zip((spent, on, began), block.measure(wanted, edges), strict=True):
                total += part
    rest: Rows = view.closed[blocks[-1].last if blocks else 0 :]
    return (spent, on, began), rest


def _blocks(view: View) -> Sequence[Block]:
    """Return the blocks of the rows that a view has, as far as it is worth it; they are kept for later views."""
    known: tuple[Block, ...] = view.memo.get(_NAME, ())
    size = len(view.closed)
    done = known[-1].last if known else 0
    while size - done >= 2 * CHUNK:
        first, last = done, min(done + _LARGEST, size // CHUNK * CHUNK)
        # As many rows again or less before: sort them together, so that there are few blocks.
        while known and known[-1].last - known[-1].first <= last - first and last - known[-1].first <= _LARGEST:
            first = known[-1].first
            known = known[:-1]
        block = _block(view.closed[first:last], first, last)
        if block is None:
            break
        known = (*known, block)
        done = last
    # Later views of the table have more rows than earlier ones, and find them in more blocks.
    view.memo[_NAME] = known
    return [block for block in known if block.last <= size]


def _block(rows: Rows, first: int, last: int) -> Block | None:
    """Return rows as a block, None when their keys were too wide."""
    start, lock = rows["start"].copy(), rows["lock"].astype(np.int64)
    end = np.maximum(rows["end"], start)
    low, high = int(start.min()), int(end.max())
    shift = (high - low + 2).bit_length()
    if shift + int(lock.max()).bit_length() > 62:
        return None
    mask = (1 << shift) - 1
    lock <<= shift
    starts = np.sort(lock | (start - (low - 1)))
    ends = np.sort(lock | (end - (low - 1)))
    return Block(first, last, low, high, shift, starts, ends, _running(starts & mask), _running(ends & mask))


def _running(times: I64) -> I64:
    sums = np.zeros(len(times) + 1, np.int64)
    np.cumsum(times, out=sums[1:])
    return sums
