"""Find what belongs together in columns of records, without a Python loop per record.

Both functions sort one packed integer per record, ``group << 22 | position``: many times faster than sorting by
several keys. That bounds a batch to 2^22 records, threads to 2^21 and locks to 2^20.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .columns import I64, Bools

POSITION_BITS: Final = 22
THREAD_LIMIT: Final = 1 << 21
LOCK_LIMIT: Final = 1 << 20

_POSITION: Final = (1 << POSITION_BITS) - 1
_LEVEL_BITS: Final = 18
_LEVELS: Final = 1 << _LEVEL_BITS


def heads(group: NDArray[np.integer]) -> I64:
    """Return where a new group begins in a sorted (or otherwise grouped) column."""
    if not len(group):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))


def unfinished(key: I64, start: I64, announced: Bools) -> I64:
    """Return the announced rows, at most one per key, that nothing shows to be over.

    A thread waits for one lock at a time and holds a lock once, so only the newest announcement of a key can still
    stand, and only if no complete row of that key begins at the same moment or later.

    Args:
        key: int64 ``[n]``, what there can be only one of at a time.
        start: int64 ``[n]``, ns.
        announced: bool ``[n]``, False for complete rows.
    """
    if not announced.any():
        return np.zeros(0, np.int64)
    packed = np.sort(key << POSITION_BITS | np.arange(len(key)))
    order = packed & _POSITION
    first = heads(packed >> POSITION_BITS)
    start, announced = start[order], announced[order]
    newest = np.maximum.reduceat(np.where(announced, start, -1), first)
    over = np.maximum.reduceat(np.where(announced, -1, start), first)
    sizes = np.diff(np.append(first, len(order)))
    stands = announced & (start == np.repeat(np.where(newest > over, newest, -2), sizes))
    found = np.flatnonzero(stands)
    group = np.searchsorted(first, found, side="right")
    last = np.append(group[1:] != group[:-1], True)[: len(found)]
    return np.sort(order[found[last]])


def nest(key: I64, step: NDArray[np.int8]) -> I64:
    """Match the brackets of each key: return the opener of every closer and of every neutral entry.

    Closers that were never opened (recording began in the middle) match nothing and disturb nothing.

    Args:
        key: int64 ``[n]``, below 2^23; entries of one key nest.
        step: int8 ``[n]``, 1 opens, -1 closes, 0 asks for the innermost open one.

    Returns:
        int64 ``[n]``, the index of the opener, -1 when there is none and for openers.
    """
    size = len(key)
    packed = np.sort(key << POSITION_BITS | np.arange(size))
    order, group = packed & _POSITION, packed >> POSITION_BITS
    level = _levels(group, step.take(order))
    # Where all of a key stand on one level, as almost always, they are in order already.
    if ((level[1:] != level[:-1]) & (group[1:] == group[:-1])).any():
        packed = np.sort((group * _LEVELS + level) << POSITION_BITS | order)
        order, group = packed & _POSITION, packed >> POSITION_BITS
    opens = step.take(order) > 0
    last = np.maximum.accumulate(np.where(opens, np.arange(size), -1))
    matched = np.flatnonzero(~opens & (last >= 0) & (group.take(last, mode="clip") == group))
    owner = np.full(size, -1, np.int64)
    owner[order.take(matched)] = order.take(last.take(matched))
    return owner


def _levels(key: I64, step: NDArray[np.int8]) -> I64:
    """Return the nesting level of each entry of keys in order; an opener and its closer have the same."""
    depth = np.cumsum(step, dtype=np.int64)
    first = heads(key)
    base = depth[first] - step[first]
    depth -= np.repeat(base, np.diff(np.append(first, len(key))))
    return np.clip(depth + (step < 0) + _LEVELS // 2, 0, _LEVELS - 1)
