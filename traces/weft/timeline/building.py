"""Intervals that overlap as they like to the layers of a segment: one sort, one running sum, one table look-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
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
    """Intervals of one kind in any order, while the lane is `Span.ALIVE` if they are of another kind.

    Attributes:
        what: the kind.
        lane, start, end: int64 ``[n]``, times in ns.
        began: int64 ``[n]``, when they began before anything was cut off, ns.
    """

    what: Span
    lane: I64
    start: I64
    end: I64
    began: I64


_CODE_BITS: Final = 4
"""Below the time in a packed boundary: which span, and whether it ends."""

_DEPTHS: Final = {Span.ALIVE: 8, Span.REQUEST: 16, Span.HOLD: 20, Span.WAIT: 10, Span.HANDOFF: 8}
"""How deep spans of each kind may overlap in the running sum, which is one integer for all kinds, in bits from the
lowest: the higher, the more a kind tells."""

_SHIFTS: Final = dict(zip(_DEPTHS, accumulate((0, *_DEPTHS.values())), strict=False))
_STEP: Final = np.array([sign << _SHIFTS[kind] for kind in Span for sign in (1, -1)], np.int64)
_HOLDING: Final = (1 << _DEPTHS[Span.HOLD]) - 1 << _SHIFTS[Span.HOLD]
_HOLDING_BIT: Final = 8

_RANKED: Final = (Layer.OFF, Layer.BARE, Layer.SERVING, Layer.HOLD, Layer.WAIT, Layer.HANDOFF)
"""Layers by how many kinds the one that tells most is up from none, in the order of `_DEPTHS`."""

_LAYER: Final = bytes(
    Layer.WAIT_HOLD if on == _RANKED.index(Layer.WAIT) | _HOLDING_BIT else _RANKED[on % _HOLDING_BIT % len(_RANKED)]
    for on in range(256)
)


def build(spans: Sequence[Spans], start: int, end: int, lanes: int) -> Iterator[Changes]:
    """Yield stretches, almost always one, of what happened from ``start`` to ``end`` (ns).

    Args:
        spans: intervals; what lies outside the stretch is ignored.
        start, end: ns; ``end`` itself does not belong to the stretch.
        lanes: how many there are.
    """
    step = (1 << min(widest(lanes), 63 - _CODE_BITS - lanes.bit_length())) - 2
    for first in range(start, end, step):
        yield _stretch(spans, first, min(first + step, end), lanes)


def _stretch(spans: Sequence[Spans], start: int, end: int, lanes: int) -> Changes:
    shift = (end - start + 1).bit_length()
    size = sum(len(some.lane) for some in spans)
    packed, done = np.empty((2, size), np.int64), 0
    for some in spans:
        low, high = packed[:, done : done + len(some.lane)]
        done += len(some.lane)
        # What lies outside comes to begin and end at one moment, which changes nothing.
        np.minimum(np.maximum(some.start, start, out=low), end, out=low)
        np.maximum(np.minimum(some.end, end, out=high), low, out=high)
        of_lane = some.lane << (shift + _CODE_BITS)
        for code, bound in enumerate((low, high), some.what << 1):
            bound -= start
            bound <<= _CODE_BITS
            bound |= of_lane
            bound |= code
    keys, layers = _changes(packed.reshape(-1))
    waits = [some for some in spans if some.what == Span.WAIT]
    began = np.sort(np.concatenate([_began(some, start, end, shift) for some in waits] or [keys[:0]]))
    return Changes(start, end, lanes, shift, keys, layers, began)


def _began(spans: Spans, start: int, end: int, shift: int) -> I64:
    at = np.flatnonzero((spans.began >= start) & (spans.began < end))
    return (spans.lane.take(at) << shift) + (spans.began.take(at) - start)


def _changes(packed: I64) -> tuple[I64, Bytes]:
    """Return keys of the moments at which lanes change, and what layer they are in from then on."""
    packed.sort()
    depth = np.cumsum(_STEP.take(packed & ((1 << _CODE_BITS) - 1)))
    packed >>= _CODE_BITS
    # Of several boundaries at one moment of a lane only the sum counts.
    last = np.flatnonzero(np.append(packed[1:] != packed[:-1], np.ones(min(len(packed), 1), np.bool_)))
    depth = depth.take(last)
    on: Bytes = np.zeros(len(depth), np.uint8)
    for shift in _SHIFTS.values():
        on += (depth >= 1 << shift).view(np.uint8)
    depth &= _HOLDING
    on |= (depth != 0).view(np.uint8) * np.uint8(_HOLDING_BIT)
    layers = np.frombuffer(on.tobytes().translate(_LAYER), np.uint8)
    changes = heads(layers)
    return packed.take(last.take(changes)), layers.take(changes)
