"""What every lane did in a stretch of time: exact answers for any columns from one binary search.

A change is the moment from which on a lane is in another layer, kept as one sorted column of keys
``lane << shift | time`` with the layer beside it. Changes stand in blocks of a few; of every block the time that had
been spent in each layer before it is known. One `np.searchsorted` among the blocks answers for all lanes and columns
at once; what is left is to add up the few changes of a block that come before the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .columns import I64
from .together import spread

Bytes = NDArray[np.uint8]


class Layer(IntEnum):
    """What a lane is in, of several things the one that tells most."""

    SERVING = 0
    """Inside a request, neither holding nor waiting."""
    BARE = 1
    """Alive, outside any request, neither holding nor waiting."""
    HOLD = 2
    WAIT = 3
    WAIT_HOLD = 4
    HANDOFF = 5
    OFF = 6


LAYERS: Final = Layer.OFF
"""Layers in which time is counted: the first so many."""

BLOCK: Final = 8
"""Changes in a block."""

_LAST: Final = (1 << 63) - 1
"""Larger than all keys."""

_TIME_BITS: Final = 50
"""A segment lasts for less than so many bits of ns, 13 days: what `BLOCK` changes last fits into a float then."""

_PIECE: Final = 1 << 13
"""Blocks that are added up together: they fit into a processor's cache."""


class Totals(NamedTuple):
    """What lanes did up to edges, and at them.

    Attributes:
        spent: int64 ``[6, lanes, edges]``, ns in each `Layer` but `Layer.OFF` since some moment that is the same for
            one lane.
        began: int64 ``[lanes, edges]``, how many waits have begun before, likewise.
        layer: uint8 ``[lanes, edges]``, the `Layer` at the edge.
    """

    spent: I64
    began: I64
    layer: Bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes from ``start`` (ns) until ``end``, at which all lanes are taken to be off; nothing is known outside.

    Attributes:
        lanes: how many lanes there were; later ones are off.
        shift: how many bits of a key are time since ``start``.
        keys, layers: int64 and uint8 ``[n]``; of several changes at one moment the last one counts.
        began: int64 ``[waits]``, keys of the moments at which waits began.
    """

    start: int
    end: int
    lanes: int
    shift: int
    keys: I64
    layers: Bytes
    began: I64


@dataclass(frozen=True, slots=True)
class Segment:
    """Changes that can be asked.

    Attributes:
        changes: they.
        keys, layers: int64 and uint8 ``[blocks, BLOCK]``, the same in blocks, behind one that is before all.
        heads: int64 ``[blocks + 1]``, the first key of every block, and one that is larger than all.
        sums: int64 ``[blocks + 1, 6]``, ns in each layer before the block.
    """

    changes: Changes
    keys: I64
    layers: Bytes
    heads: I64
    sums: I64

    @classmethod
    def of(cls, parts: Sequence[Changes]) -> Segment:
        """Put parts together, each of which begins where the one before ends; they must be `mergeable`."""
        size = 1 + sum(len(part.keys) for part in parts)
        blocks = -(-size // BLOCK)
        flat_keys, flat_layers = np.empty(blocks * BLOCK, np.int64), np.empty(blocks * BLOCK, np.uint8)
        flat_keys[0], flat_keys[size:] = -1, _LAST
        flat_layers[0], flat_layers[size:] = Layer.OFF, Layer.OFF
        changes = _put_together(parts, flat_keys[1:size], flat_layers[1:size])
        keys, layers = flat_keys.reshape(-1, BLOCK), flat_layers.reshape(-1, BLOCK)
        heads = np.append(keys[:, 0], _LAST)
        return cls(changes, keys, layers, heads, _sums(keys, layers, heads))

    @property
    def start(self) -> int:
        """First moment, ns."""
        return self.changes.start

    @property
    def end(self) -> int:
        """Up to where it reaches, ns."""
        return self.changes.end

    def __len__(self) -> int:
        return len(self.changes.keys) + len(self.changes.began)

    def measure(self, lanes: I64, edges: I64) -> Totals:
        """Return totals and layers at edges.

        Args:
            lanes: int64 ``[lanes]``.
            edges: int64 ``[edges]``, ns, from ``start`` to ``end``.
        """
        query = (np.minimum(lanes, self.changes.lanes) << self.changes.shift)[:, None] + (edges - self.start)
        shape = query.shape
        query = query.ravel()
        block = np.searchsorted(self.heads, query, side="right") - 1
        keys = np.empty((BLOCK + 1, len(query)), np.int64)
        keys[:BLOCK], keys[BLOCK] = self.keys.take(block, axis=0).T, self.heads.take(block + 1)
        layers = np.ascontiguousarray(self.layers.take(block, axis=0).T)
        last = np.count_nonzero(keys[:BLOCK] <= query, axis=0) - 1
        # A change behind the edge lasts from the edge to the edge.
        lasts = np.diff(np.minimum(keys, query, out=keys), axis=0)
        spent = self.sums.take(block, axis=0).T.copy()
        for layer in range(Layer.OFF):
            spent[layer] += (lasts * (layers == layer)).sum(axis=0)
        began = np.searchsorted(self.changes.began, query, side="left")
        there = layers[last, np.arange(len(query))]
        return Totals(spent.reshape(LAYERS, *shape), began.reshape(shape), there.reshape(shape))


def widest(lanes: int) -> int:
    """Return how many bits the time of one segment may take, so that its keys fit and its sums are exact."""
    return min(63 - lanes.bit_length(), _TIME_BITS)


def mergeable(parts: Sequence[Changes]) -> bool:
    """Return whether one segment has room for the time of all parts."""
    return _shift(parts) <= widest(max(part.lanes for part in parts))


def _shift(parts: Sequence[Changes]) -> int:
    return (parts[-1].end - parts[0].start + 1).bit_length()


def _put_together(parts: Sequence[Changes], keys: I64, layers: Bytes) -> Changes:
    """Fill in the keys and layers of all parts, by lane and time."""
    lanes, shift = max(part.lanes for part in parts), _shift(parts)
    began = np.empty(sum(len(part.began) for part in parts), np.int64)
    keys_of = _moved(parts, [part.keys for part in parts], lanes, shift)
    began_of = _moved(parts, [part.began for part in parts], lanes, shift)

    def put(number: int) -> None:
        where, moved = keys_of(number)
        keys[where], layers[where] = moved, parts[number].layers
        where, moved = began_of(number)
        began[where] = moved

    spread(put, range(len(parts)))
    return Changes(parts[0].start, parts[-1].end, lanes, shift, keys, layers, began)


def _moved(
    parts: Sequence[Changes], columns: Sequence[I64], lanes: int, shift: int
) -> Callable[[int], tuple[I64, I64]]:
    """Return what tells of each part where its keys come to stand among those of all, and what they are there.

    Within a lane the keys of one part follow those of the part before.
    """
    lane = np.arange(lanes + 1)
    borders = np.stack([np.searchsorted(keys, lane << part.shift) for part, keys in zip(parts, columns, strict=True)])
    sizes = np.diff(borders, axis=1)
    further = np.cumsum(sizes.T).reshape(sizes.T.shape).T - borders[:, 1:]

    def moved(number: int) -> tuple[I64, I64]:
        part, keys = parts[number], columns[number]
        gain = (lane[:-1] << shift) - (lane[:-1] << part.shift) + (part.start - parts[0].start)
        where = np.repeat(further[number], sizes[number])
        where += np.arange(len(keys))
        return where, keys + np.repeat(gain, sizes[number])

    return moved


def _sums(keys: I64, layers: Bytes, heads: I64) -> I64:
    """Return what is spent in each layer before each block."""
    sums = np.zeros((len(heads), LAYERS), np.int64)

    def add_up(first: int) -> None:
        last = min(first + _PIECE, len(keys))
        lasts = np.diff(keys[first:last].ravel(), append=heads[last])
        into = np.repeat(np.arange(last - first) * (LAYERS + 1), BLOCK) + layers[first:last].ravel()
        # How long a lane is off nobody asks; all else is small enough for sums of floats to be exact.
        spent = np.bincount(into, lasts, (last - first) * (LAYERS + 1)).reshape(-1, LAYERS + 1)
        sums[first + 1 : last + 1] = spent[:, :LAYERS]

    spread(add_up, range(0, len(keys), _PIECE))
    return np.cumsum(sums, axis=0, out=sums)
