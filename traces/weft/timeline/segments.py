"""What every lane did in a stretch of time: exact answers for any columns from one binary search.

A change is the moment from which on a lane is in another layer, kept as one sorted column of keys
``lane << shift | time`` with the layer beside it. Changes stand in blocks of a few; of every block the time that had
been spent in each layer before it is known. One search among the blocks answers for all lanes and columns at once: a
grid of equal stretches of keys tells near which block each is. What is left is to add up the few changes of a block
that come before the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .columns import I64

Bytes = NDArray[np.uint8]
Column = NDArray[Any]


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

_GRID: Final = 2
"""Bits by which a grid has fewer stretches than there are blocks: it stays small, and leaves little to look for."""

_LAST: Final = (1 << 63) - 1
"""Larger than all keys."""

_TIME_BITS: Final = 50
"""A segment lasts for less than so many bits of ns, 13 days: what `BLOCK` changes last fits into a float then."""

_PIECE: Final = 1 << 12
"""Blocks that are added up together: they fit into a processor's cache."""

_SLOTS: Final = 8
"""Sums per block while it is added up: one for each `Layer`, and a power of two."""


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

    def __len__(self) -> int:
        return len(self.keys) + len(self.began)


@dataclass(frozen=True, slots=True)
class Segment:
    """Changes that can be asked.

    All that is known of a block stands in one row, so that a question touches little memory.

    Attributes:
        start, end, lanes, shift: as in `Changes`.
        size: how many changes there are.
        begins: int64 ``[waits + 1]``, keys of the moments at which waits began; the last one is larger than all.
        most: how many waits begin in a block at most.
        heads: int64 ``[blocks + 1]``, the first key of every block; the last one is larger than all.
        grain: how many bits of a key tell where it is in its stretch of the grid.
        grid: int32 ``[stretches + 1]``, how many blocks begin before each stretch.
        blocks: int64 ``[blocks + 1, n]``: in a row the keys of a block, the ns in each layer before it, how many waits
            have begun before it, and its layers as bytes. The very first change is before all.
    """

    start: int
    end: int
    lanes: int
    shift: int
    size: int
    begins: I64
    most: int
    heads: I64
    grain: int
    grid: NDArray[np.int32]
    blocks: I64

    @classmethod
    def of(cls, parts: list[Changes]) -> Segment:
        """Put parts together, each of which begins where the one before ends; they must be `mergeable`.

        They are used up, so that there need not be memory for all of them and the segment.
        """
        size = sum(len(part.keys) for part in parts)
        count = -(-(size + 1) // BLOCK)
        keys, layers = np.empty(count * BLOCK + 1, np.int64), np.empty(count * BLOCK, np.uint8)
        keys[0], keys[size + 1 :] = -1, _LAST
        layers[0], layers[size + 1 :] = Layer.OFF, Layer.OFF
        start, end, lanes, shift = parts[0].start, parts[-1].end, max(part.lanes for part in parts), _shift(parts)
        began = _put_together(parts, keys[1 : size + 1], layers[1 : size + 1])
        parts.clear()
        heads = keys[::BLOCK].copy()
        blocks = _blocks(keys, layers, heads, began)
        most = int(np.diff(blocks[:, BLOCK + LAYERS]).max())
        grain, grid = _grid(heads, (lanes + 1) << shift)
        return cls(start, end, lanes, shift, size, np.append(began, _LAST), most, heads, grain, grid, blocks)

    def changes(self) -> Changes:
        """Return what the segment was made of, as a copy."""
        inside = slice(1, self.size + 1)
        keys, layers = self.blocks[:-1, :BLOCK].flatten()[inside], _layers_of(self.blocks[:-1]).flatten()[inside]
        return Changes(self.start, self.end, self.lanes, self.shift, keys, layers, self.begins[:-1].copy())

    def __len__(self) -> int:
        return self.size + len(self.begins) - 1

    def measure(self, lanes: I64, edges: I64) -> Totals:
        """Return totals and layers at edges.

        Args:
            lanes: int64 ``[lanes]``.
            edges: int64 ``[edges]``, ns, from ``start`` to ``end``.
        """
        query = (np.minimum(lanes, self.lanes) << self.shift)[:, None] + (edges - self.start)
        shape = query.shape
        query = query.ravel()
        block = self._block(query)
        rows = self.blocks.take(block, axis=0)
        keys = np.empty((BLOCK + 1, len(query)), np.int64)
        keys[:BLOCK], keys[BLOCK] = rows[:, :BLOCK].T, self.heads.take(block + 1)
        layers = np.ascontiguousarray(_layers_of(rows).T)
        last = (keys[:BLOCK] <= query).sum(axis=0, dtype=np.uint8) - np.uint8(1)
        # A change behind the edge lasts from the edge to the edge.
        lasts = np.diff(np.minimum(keys, query, out=keys), axis=0)
        into = np.multiply(layers, len(query), dtype=np.int64)
        into += np.arange(len(query))
        # What changes of a block last is small enough for sums of floats to be exact, but for how long a lane is off.
        within = np.bincount(into.ravel(), lasts.ravel(), len(Layer) * len(query)).reshape(len(Layer), -1)
        spent = rows[:, BLOCK : BLOCK + LAYERS].T + within[:LAYERS].astype(np.int64)
        began = self._begun(query, rows[:, BLOCK + LAYERS])
        there = layers[last, np.arange(len(query))]
        return Totals(spent.reshape(LAYERS, *shape), began.reshape(shape), there.reshape(shape))

    def layers(self, lanes: I64, time_ns: int) -> Bytes:
        """Return the `Layer` of lanes at one moment from ``start`` to ``end``, uint8 ``[lanes]``."""
        query = (np.minimum(lanes, self.lanes) << self.shift) + (time_ns - self.start)
        rows = self.blocks.take(self._block(query), axis=0)
        last = (rows[:, :BLOCK] <= query[:, None]).sum(axis=1) - 1
        there: Bytes = _layers_of(rows)[np.arange(len(query)), last]
        return there

    def _block(self, query: I64) -> I64:
        """Return the block in which each key is."""
        stretch = query >> self.grain
        before = self.grid.take(stretch)
        step = 1 << int((self.grid.take(stretch + 1) - before).max(initial=0)).bit_length() >> 1
        block = before.astype(np.int64)
        block -= 1
        while step:
            block += (self.heads.take(block + step, mode="clip") <= query) * step
            step //= 2
        return block

    def _begun(self, query: I64, before: I64) -> I64:
        """Return how many waits began before each key, given how many before its block."""
        count = before.copy()
        step = 1 << self.most.bit_length() >> 1
        while step:
            # Behind the waits of its block are those of later ones, and at the very end a key larger than all.
            count += (self.begins.take(count + (step - 1), mode="clip") < query) * step
            step //= 2
        return count


def widest(lanes: int) -> int:
    """Return how many bits the time of one segment may take, so that its keys fit and its sums are exact."""
    return min(63 - lanes.bit_length(), _TIME_BITS)


def mergeable(parts: Sequence[Changes | Segment]) -> bool:
    """Return whether one segment has room for the time of all parts."""
    return _shift(parts) <= widest(max(part.lanes for part in parts))


def _shift(parts: Sequence[Changes | Segment]) -> int:
    return (parts[-1].end - parts[0].start + 1).bit_length()


def _put_together(parts: Sequence[Changes], keys: I64, layers: Bytes) -> I64:
    """Fill in the keys and layers of all parts, by lane and time; return when waits began. The parts are used up."""
    began = np.empty(sum(len(part.began) for part in parts), np.int64)
    runs = _moved(parts, [part.keys for part in parts])
    _fill(keys, [part.keys for part in parts], runs)
    _fill(layers, [part.layers for part in parts], runs)
    runs = _moved(parts, [part.began for part in parts])
    _fill(began, [part.began for part in parts], runs)
    return began


def _moved(parts: Sequence[Changes], columns: Sequence[I64]) -> list[tuple[int, int, int]]:
    """Make the keys of parts such of the whole; return all that is of one lane and part: part, from where, to where.

    It is in order of the keys: within a lane those of one part follow those of the part before.
    """
    lanes, shift = max(part.lanes for part in parts), _shift(parts)
    lane = np.arange(lanes + 1)
    borders = np.stack([np.searchsorted(keys, lane << part.shift) for part, keys in zip(parts, columns, strict=True)])
    sizes = np.diff(borders, axis=1)
    for part, keys, size in zip(parts, columns, sizes, strict=True):
        gain = (lane[:-1] << shift) - (lane[:-1] << part.shift) + (part.start - parts[0].start)
        keys += np.repeat(gain, size)
    at, number = np.nonzero(sizes.T)
    bounds = borders[number, at], borders[number, at + 1]
    return list(zip(number.tolist(), *(bound.tolist() for bound in bounds), strict=True))


def _fill(whole: Column, columns: Sequence[Column], runs: Sequence[tuple[int, int, int]]) -> None:
    """Write runs of the columns of several parts one after the other."""
    if runs:
        np.concatenate([columns[number][low:high] for number, low, high in runs], out=whole)


def _blocks(keys: I64, layers: Bytes, heads: I64, began: I64) -> I64:
    """Return what a segment knows of each block, given all keys with the first one behind the last block."""
    count = len(heads) - 1
    blocks = np.zeros((count + 1, BLOCK + LAYERS + 1 + -(-BLOCK // 8)), np.int64)
    most = min(count, _PIECE)
    number = np.repeat(np.arange(0, most * _SLOTS, _SLOTS), BLOCK)
    into, lasts = np.empty(most * BLOCK, np.int64), np.empty(most * BLOCK, np.float64)
    spent = np.zeros(LAYERS, np.int64)
    for first in range(0, count, _PIECE):
        last = min(first + _PIECE, count)
        size, inside = last - first, slice(first * BLOCK, last * BLOCK)
        here = blocks[first:last]
        here[:, :BLOCK] = keys[inside].reshape(-1, BLOCK)
        _layers_of(here)[:] = layers[inside].reshape(-1, BLOCK)
        before, until = began.searchsorted(heads[first : last + 1 : size])
        np.add(began[before:until].searchsorted(heads[first:last]), before, out=here[:, BLOCK + LAYERS])
        some = slice(0, size * BLOCK)
        np.copyto(lasts[some], keys[inside.start + 1 : inside.stop + 1] - keys[inside])
        np.add(number[some], layers[inside], out=into[some])
        # How long a lane is off nobody asks; all else is small enough for sums of floats to be exact.
        sums = np.bincount(into[some], lasts[some], size * _SLOTS).reshape(size, _SLOTS)[:, :LAYERS].astype(np.int64)
        here[0, BLOCK : BLOCK + LAYERS] = spent
        sums[0] += spent
        np.cumsum(sums, axis=0, out=sums)
        here[1:, BLOCK : BLOCK + LAYERS] = sums[:-1]
        spent = sums[-1]
    blocks[count, :BLOCK] = _LAST
    blocks[count, BLOCK : BLOCK + LAYERS], blocks[count, BLOCK + LAYERS] = spent, len(began)
    return blocks


def _grid(heads: I64, end: int) -> tuple[int, NDArray[np.int32]]:
    """Return the grain and the grid of a segment, given the key behind its last one."""
    count = len(heads) - 1
    grain = max(end.bit_length() - max(count.bit_length() - _GRID, 0), 0)
    begin = np.bincount(np.maximum(heads[:-1], 0) >> grain, minlength=((end - 1) >> grain) + 1)
    return grain, np.append(0, np.cumsum(begin)).astype(np.int32)


def _layers_of(blocks: I64) -> Bytes:
    """Return the bytes of blocks that are layers, uint8 ``[blocks, BLOCK]``, to be written to."""
    offset = 8 * (BLOCK + LAYERS + 1)
    return blocks.view(np.uint8)[:, offset : offset + BLOCK]
