"""Intervals that overlap as they like to the layers of a segment: one sort, one running sum, one table look-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from .columns import I64
from .grouping import heads
from .segments import Bytes, Changes, Layer, widest


class Span(IntEnum):
    """What an interval says of its lane."""

    HOLD = 0
    REQUEST = 1
    WAIT = 2
    HANDOFF = 3
    ALIVE = 4


@dataclass(frozen=True, slots=True)
class Spans:
    """Intervals of all lanes in any order, and the moments at which waits began.

    Attributes:
        lane, start, end: int64 ``[n]``, times in ns.
        what: uint8 ``[n]``, a `Span`.
        began_lane, began: int64 ``[waits]``, times in ns.
    """

    lane: I64
    start: I64
    end: I64
    what: Bytes
    began_lane: I64
    began: I64

    def __len__(self) -> int:
        return len(self.lane)


_CODE_BITS: Final = 4
"""Below the time in a packed boundary: which span, and whether it ends."""

_BITS: Final = (20, 16, 10, 8, 8)
"""How deep spans of each kind may overlap in the running sum, which is one integer for all kinds."""

_SHIFTS: Final = tuple(sum(_BITS[:kind]) for kind in range(len(_BITS)))
_MASKS: Final = tuple(((1 << bits) - 1) << shift for bits, shift in zip(_BITS, _SHIFTS, strict=True))
_STEP: Final = np.array([sign << shift for shift in _SHIFTS for sign in (1, -1)], np.int64)


def _layer(on: int) -> int:
    """Return the layer for a set of spans, one bit each; the most telling one wins."""
    holding, serving, waiting, handed, alive = (on >> kind & 1 for kind in Span)
    if not alive:
        return Layer.OFF
    if handed:
        return Layer.HANDOFF
    if waiting:
        return Layer.WAIT_HOLD if holding else Layer.WAIT
    if holding:
        return Layer.HOLD
    return Layer.SERVING if serving else Layer.BARE


_LAYER: Final = bytes(_layer(on % (1 << len(Span))) for on in range(256))


def build(spans: Spans, start: int, end: int, lanes: int) -> Iterator[Changes]:
    """Yield stretches, almost always one, of what happened from ``start`` to ``end`` (ns).

    Args:
        spans: intervals; what lies outside the stretch is ignored.
        start, end: ns; ``end`` itself does not belong to the stretch.
        lanes: how many there are.
    """
    step = (1 << min(widest(lanes), 63 - _CODE_BITS - lanes.bit_length())) - 2
    for first in range(start, end, step):
        yield _stretch(spans, first, min(first + step, end), lanes)


def _stretch(spans: Spans, start: int, end: int, lanes: int) -> Changes:
    shift = (end - start + 1).bit_length()
    low, high = np.maximum(spans.start, start), np.minimum(spans.end, end)
    real = np.flatnonzero(low < high)
    base = (spans.lane << shift) - start
    keys, layers = _changes((base + low).take(real), (base + high).take(real), spans.what.take(real))
    counted = np.flatnonzero((spans.began >= start) & (spans.began < end))
    began = np.sort((spans.began_lane.take(counted) << shift) + spans.began.take(counted) - start)
    return Changes(start, end, lanes, shift, keys, layers, began)


def _changes(low: I64, high: I64, what: Bytes) -> tuple[I64, Bytes]:
    """Return keys of the moments at which lanes change, and what layer they are in from then on."""
    code = what.astype(np.int64) << 1
    packed = np.concatenate((low << _CODE_BITS | code, high << _CODE_BITS | code | 1))
    packed.sort()
    depth = np.cumsum(_STEP.take(packed & ((1 << _CODE_BITS) - 1)))
    packed >>= _CODE_BITS
    # Of several boundaries at one moment of a lane only the sum counts.
    last = np.flatnonzero(np.append(packed[1:] != packed[:-1], np.ones(min(len(packed), 1), np.bool_)))
    depth = depth.take(last)
    on: Bytes = np.zeros(len(depth), np.uint8)
    for kind, mask in enumerate(_MASKS):
        on |= ((depth & mask) != 0).view(np.uint8) << np.uint8(kind)
    layers = np.frombuffer(on.tobytes().translate(_LAYER), np.uint8)
    changes = heads(layers)
    return packed.take(last.take(changes)), layers.take(changes)
