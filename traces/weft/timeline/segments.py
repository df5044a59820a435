"""What every lane did in a stretch of time: exact answers for any columns from one binary search per layer.

A layer is a sorted column of keys ``lane << shift | time`` with the running sum of durations beside it, so the time
that a lane spent in a layer before an edge is ``sum[i] + min(edge - start[i], duration[i])`` for the last interval
``i`` that begins before the edge. One `np.searchsorted` per layer answers for all lanes and columns at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from .columns import I64, Bools


class Layer(IntEnum):
    """What a segment keeps per lane. Running inside a request is what remains of `ALIVE`."""

    ALIVE = 0
    BARE = 1
    """Alive, outside any request, neither holding nor waiting."""
    HOLD = 2
    WAIT = 3
    WAIT_HOLD = 4
    HANDOFF = 5
    BEGAN = 6
    """Moments at which waits began."""


LAYERS: Final = len(Layer)


@dataclass(frozen=True, slots=True)
class Segment:
    """The layers from ``start`` (ns) until ``end``; nothing is known outside.

    Attributes:
        lanes: how many lanes there were; later ones are off.
        shift: how many bits of a key are time since ``start``.
        keys: per layer int64 ``[1 + n]``, the first is a sentinel.
        sums: per layer int64 ``[2 + n]``, ns in the layer before the interval.
    """

    start: int
    end: int
    lanes: int
    shift: int
    keys: tuple[I64, ...]
    sums: tuple[I64, ...]

    def __len__(self) -> int:
        return sum(len(keys) for keys in self.keys)

    def measure(self, lanes: I64, edges: I64) -> tuple[I64, Bools]:
        """Return running totals and states at edges.

        Args:
            lanes: int64 ``[lanes]``.
            edges: int64 ``[edges]``, ns, from ``start`` to ``end``.

        Returns:
            int64 ``[7, lanes, edges]``, ns per layer (for `Layer.BEGAN` the number of waits) since some moment that
            is the same for one lane; and bool of the same shape, whether an interval of the layer is on at the edge.
        """
        rows = np.minimum(lanes, self.lanes) << self.shift
        query = (rows[:, None] + (edges - self.start)).ravel()
        shape = (LAYERS, len(lanes), len(edges))
        total, on = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        for layer in range(Layer.BEGAN):
            keys, sums = self.keys[layer], self.sums[layer]
            if len(keys) == 1:
                continue
            last = np.searchsorted(keys, query, side="right") - 1
            before = sums.take(last)
            lasts = sums.take(last + 1) - before
            since = query - keys.take(last)
            total[layer] = (before + np.minimum(since, lasts)).reshape(shape[1:])
            on[layer] = (since < lasts).reshape(shape[1:])
        began = self.keys[Layer.BEGAN]
        if len(began) > 1:
            total[Layer.BEGAN] = np.searchsorted(began, query, side="left").reshape(shape[1:])
        return total, on


def merged(parts: Sequence[Segment]) -> Segment | None:
    """Return segments, each of which begins where the one before ends, as one; None when keys get too wide."""
    first, last = parts[0], parts[-1]
    lanes = max(part.lanes for part in parts)
    shift = (last.end - first.start + 1).bit_length()
    if shift + lanes.bit_length() > 63:
        return None
    keys, sums = zip(*(_joined(parts, layer, first.start, shift) for layer in range(LAYERS)), strict=True)
    return Segment(first.start, last.end, lanes, shift, keys, sums)


def _joined(parts: Sequence[Segment], layer: int, start: int, shift: int) -> tuple[I64, I64]:
    """Return a layer's keys and sums over several segments."""
    sizes = [len(part.keys[layer]) - 1 for part in parts]
    lane = np.empty(sum(sizes), np.uint32)
    time = np.empty(len(lane), np.int64)
    lasts = np.empty(len(lane), np.int64)
    at = 0
    for part, size in zip(parts, sizes, strict=True):
        keys, here = part.keys[layer][1:], slice(at, at + size)
        lane[here] = keys >> part.shift
        np.bitwise_and(keys, (1 << part.shift) - 1, out=time[here])
        time[here] += part.start - start
        np.subtract(part.sums[layer][2:], part.sums[layer][1:-1], out=lasts[here])
        at += size
    # Times rise from part to part, so only lanes have to be sorted: small numbers, which numpy does without comparing.
    small = lane.astype(np.uint16) if not len(lane) or lane.max() < 1 << 16 else lane
    order = np.argsort(small, kind="stable")
    time |= lane.astype(np.int64) << shift
    return with_sentinel(time.take(order)), running(lasts.take(order))


def with_sentinel(keys: I64) -> I64:
    """Return keys behind one that is smaller than all."""
    return np.concatenate(([-1], keys))


def running(lasts: I64) -> I64:
    """Return the sums before each interval (the sentinel, which lasts nothing, included) and behind the last one."""
    sums = np.zeros(len(lasts) + 2, np.int64)
    np.cumsum(lasts, out=sums[2:])
    return sums
