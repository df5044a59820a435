"""The states of all lanes as a list of segments that follow each other: built once, merged as they get many.

Like the levels of a log-structured merge tree: the newest stretch is built anew whenever records arrive, older ones
are sealed. A record that comes later than that opens what it touches again, so the answer is always that of the
whole trace built at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

import numpy as np

from .building import Spans, build
from .columns import I64, Bools
from .segments import LAYERS, Segment, merged
from .together import spread

LATE_NS: Final = 250_000_000
"""A hold is announced after at most two ticks of the recorder, so most records are not later than this."""

_SEAL: Final = 8192
"""Intervals in the newest stretch that are worth a segment of their own."""

_LARGEST: Final = 1 << 22
"""Intervals; larger segments are not merged any more."""

_SLICE: Final = 1 << 16
"""Intervals that are built together, about."""

_GROUP: Final = 32
"""Slices that are merged at once."""

_WORTH_THREADS: Final = 4
"""Slices that are worth several threads."""


class Source(Protocol):
    """Where the intervals are."""

    def span_count(self, since_ns: int) -> int:
        """Return about how many intervals end at or after a moment (ns), at most that many."""
        raise NotImplementedError

    def spans(self, since_ns: int, until_ns: int) -> Spans:
        """Return the intervals that touch a window (ns)."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Picture:
    """Segments of one moment, in order of time and without holes."""

    segments: tuple[Segment, ...]

    def totals(self, lanes: I64, edges: I64) -> tuple[I64, Bools]:
        """Return running totals and states, as `Segment.measure`, at any rising edges (ns)."""
        shape = (LAYERS, len(lanes), len(edges))
        total, on = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        if not self.segments or not len(edges):
            return total, on
        inside = np.clip(edges, self.segments[0].start, self.segments[-1].end)
        ends = np.array([segment.end for segment in self.segments[:-1]], np.int64)
        owner = np.searchsorted(ends, inside, side="right")
        carry = np.zeros((LAYERS, len(lanes), 1), np.int64)
        for number in range(int(owner[0]), int(owner[-1]) + 1):
            segment = self.segments[number]
            low, high = np.searchsorted(owner, (number, number + 1))
            asked = np.concatenate(([segment.start], inside[low:high], [segment.end]))
            part, part_on = segment.measure(lanes, asked)
            part -= part[:, :, :1]
            total[:, :, low:high] = part[:, :, 1:-1] + carry
            on[:, :, low:high] = part_on[:, :, 1:-1]
            carry = carry + part[:, :, -1:]
        outside = edges != inside
        if outside.any():
            on[:, :, outside] = False
        return total, on


class Index:
    """Keeps the picture up to date."""

    def __init__(self) -> None:
        self._sealed: list[Segment] = []
        self._newest: tuple[Segment, ...] = ()

    @property
    def sealed_ns(self) -> int:
        """What happened before is drawn and will only be drawn again if it changes; -1 for nothing yet."""
        return self._sealed[-1].end if self._sealed else -1

    def picture(self) -> Picture:
        """Return the segments as they are now."""
        return Picture((*self._sealed, *self._newest))

    def update(self, source: Source, lanes: int, start: int, end: int, changed: int) -> None:
        """Take in new intervals.

        Args:
            source: where they are.
            lanes: how many there are now.
            start, end: first and last moment of the trace, ns.
            changed: earliest moment (ns) at which something differs from the last time.
        """
        while self._sealed and self._sealed[-1].end > changed:
            self._sealed.pop()
        since = self._sealed[-1].end if self._sealed else start
        until, count = end - LATE_NS, source.span_count(since)
        if count >= _SEAL and until > since:
            self._seal(source, lanes, since, until, count)
            since = until
        # Its last moment belongs to the trace, too.
        self._newest = tuple(build(source.spans(since, end), since, end + 1, lanes))

    def _seal(self, source: Source, lanes: int, since: int, until: int, count: int) -> None:
        """Build a stretch, slice by slice so that what is sorted fits into the processor's cache."""
        slices = min(max(count // _SLICE, 1), until - since)
        cuts = [since + (until - since) * number // slices for number in range(slices + 1)]

        def built(stretch: tuple[int, int]) -> list[Segment]:
            return list(build(source.spans(*stretch), *stretch, lanes))

        for group in range(0, slices, _GROUP):
            stretches = [*pairwise(cuts[group : group + _GROUP + 1])]
            slices_ = spread(built, stretches) if len(stretches) >= _WORTH_THREADS else map(built, stretches)
            parts = [part for segments in slices_ for part in segments]
            whole = merged(parts) if len(parts) > 1 else None
            for segment in parts if whole is None else [whole]:
                self._sealed.append(segment)
                self._merge()

    def _merge(self) -> None:
        """Merge from the end while the last segment is not much smaller than the one before."""
        while len(self._sealed) > 1:
            first, second = self._sealed[-2:]
            if len(first) >= 2 * len(second) or len(first) + len(second) > _LARGEST:
                return
            both = merged((first, second))
            if both is None:
                return
            self._sealed[-2:] = [both]
