"""The states of all lanes as a list of segments that follow each other: built once, merged as they get many.

Like the levels of a log-structured merge tree: the newest stretch is built anew whenever records arrive, older ones
are sealed. A record that comes later than that opens what it touches again, so the answer is always that of the
whole trace built at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Protocol

import numpy as np

from .building import Spans, build
from .columns import I64
from .segments import LAYERS, Bytes, Changes, Layer, Segment, Totals, mergeable
from .together import beside, spread

LATE_NS: Final = 250_000_000
"""A hold is announced after at most two ticks of the recorder, so most records are not later than this."""

_SEAL: Final = 8192
"""Intervals in the newest stretch that are worth a segment of their own."""

_LARGEST: Final = 1 << 22
"""Intervals; larger segments are not merged any more."""

_WORTH: Final = 7 << 19
"""Changes and waits that are worth a segment of their own while more is folded."""

_SLICE: Final = 1 << 18
"""Intervals that are built together, about: fewer, and threads get in each other's way more often."""

_GROUP: Final = 8
"""Slices that are merged at once, for the same reason, …"""

_GROUPS: Final = 2
"""… but more if what is sealed at once became more segments than that: a frame takes the longer the more there are."""


class Source(Protocol):
    """Where the intervals are."""

    def span_count(self, since_ns: int) -> int:
        """Return about how many intervals end at or after a moment (ns), at most that many."""
        raise NotImplementedError

    def spans(self, since_ns: int, until_ns: int) -> Sequence[Spans]:
        """Return the intervals that touch a window (ns), and perhaps others."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Picture:
    """Segments of one moment, in order of time and without holes."""

    segments: tuple[Segment, ...]

    def totals(self, lanes: I64, edges: I64) -> Totals:
        """Return totals and layers, as `Segment.measure`, at any rising edges (ns)."""
        shape = (len(lanes), len(edges))
        if not self.segments or not len(edges):
            layer = np.full(shape, Layer.OFF, np.uint8)
            return Totals(np.zeros((LAYERS, *shape), np.int64), np.zeros(shape, np.int64), layer)
        found = Totals(np.empty((LAYERS, *shape), np.int64), np.empty(shape, np.int64), np.empty(shape, np.uint8))
        inside = np.clip(edges, self.segments[0].start, self.segments[-1].end)
        ends = np.array([segment.end for segment in self.segments[:-1]], np.int64)
        owner = np.searchsorted(ends, inside, side="right")
        spent, began = np.zeros((LAYERS, len(lanes), 1), np.int64), np.zeros((len(lanes), 1), np.int64)
        for number in range(int(owner[0]), int(owner[-1]) + 1):
            segment = self.segments[number]
            low, high = np.searchsorted(owner, (number, number + 1))
            part = segment.measure(lanes, np.concatenate(([segment.start], inside[low:high], [segment.end])))
            spent = spent - part.spent[:, :, :1]
            began = began - part.began[:, :1]
            np.add(part.spent[:, :, 1:-1], spent, out=found.spent[:, :, low:high])
            np.add(part.began[:, 1:-1], began, out=found.began[:, low:high])
            found.layer[:, low:high] = part.layer[:, 1:-1]
            spent, began = spent + part.spent[:, :, -1:], began + part.began[:, -1:]
        found.layer[:, edges != inside] = Layer.OFF
        return found

    def layers(self, lanes: I64, time_ns: int) -> Bytes:
        """Return the `Layer` of lanes at an instant, uint8 ``[lanes]``."""
        segment = next((each for each in self.segments if each.start <= time_ns < each.end), None)
        return np.full(len(lanes), Layer.OFF, np.uint8) if segment is None else segment.layers(lanes, time_ns)


class Index:
    """Keeps the picture up to date."""

    def __init__(self) -> None:
        self._sealed: list[Segment] = []
        self._built: list[Changes] = []
        """What follows the sealed segments, to be put together."""
        self._newest: tuple[Segment, ...] = ()
        self._sealing: tuple[Future[None], int] | None = None
        """Work in another thread, to which all that is sealed belongs meanwhile, and up to when (ns) it seals."""

    @property
    def sealed_ns(self) -> int:
        """What happened before is drawn and will only be drawn again if it changes; -1 for nothing yet."""
        if self._sealing is not None:
            return self._sealing[1]
        return self._end(-1)

    def _end(self, none: int) -> int:
        """Return up to when all is sealed, ns, or the given moment while nothing is."""
        return self._built[-1].end if self._built else self._sealed[-1].end if self._sealed else none

    def picture(self) -> Picture:
        """Return the segments as `update` has left them."""
        return Picture((*self._sealed, *self._newest))

    def update(self, source: Source, lanes: int, start: int, end: int, changed: int) -> None:
        """Take in new intervals.

        Args:
            source: where they are.
            lanes: how many there are now.
            start, end: first and last moment of the trace, ns.
            changed: earliest moment (ns) at which something differs from the last time.
        """
        since = self._open_since(start, changed)
        until, count = end - LATE_NS, source.span_count(since)
        self._put_together()
        if count >= _SEAL and until > since:
            self._seal(source, lanes, since, until, count)
            since = until
        # Its last moment belongs to the trace, too.
        self._newest = tuple(Segment.of([part]) for part in build(source.spans(since, end), since, end + 1, lanes))

    def seal_beside(self, source: Source, lanes: int, start: int, end: int, changed: int) -> None:
        """Begin in another thread with a part of what `update` would do; its result is there after the next one."""
        since, until = self._open_since(start, changed), end - LATE_NS
        if until > since:
            count = source.span_count(since)
            self._sealing = beside(lambda: self._build(source, lanes, since, until, count)), until

    @property
    def sealing(self) -> bool:
        """Whether another thread is at work."""
        return self._sealing is not None and not self._sealing[0].done()

    def _open_since(self, start: int, changed: int) -> int:
        """Return up to when all is sealed and stays so, ns."""
        if self._sealing is not None:
            self._sealing[0].result()
            self._sealing = None
        for sealed in (self._built, self._sealed):
            while sealed and sealed[-1].end > changed:
                sealed.pop()
        return self._end(start)

    def _build(self, source: Source, lanes: int, since: int, until: int, count: int) -> None:
        """Build a stretch, and put together what is worth a segment: each as large as all before, so they are few."""
        self._built += _parts(source, lanes, _cuts(since, until, count))
        if sum(map(len, self._built)) >= max(_WORTH, sum(map(len, self._sealed))):
            self._put_together()

    def _seal(self, source: Source, lanes: int, since: int, until: int, count: int) -> None:
        """Build a stretch and put it together, a part after the other so that little memory is needed besides."""
        cuts = _cuts(since, until, count)
        slices = len(cuts) - 1
        groups = -(-slices // max(_GROUP, slices // _GROUPS))
        for number in range(groups):
            first, last = slices * number // groups, slices * (number + 1) // groups
            self._built += _parts(source, lanes, cuts[first : last + 1])
            self._put_together()

    def _put_together(self) -> None:
        """Make segments of all that is built."""
        built, self._built = self._built, []
        for parts in [built] if built and mergeable(built) else [[part] for part in built]:
            self._sealed.append(Segment.of(parts))
            self._merge()

    def _merge(self) -> None:
        """Merge from the end while the last segment is not much smaller than the one before."""
        while len(self._sealed) > 1:
            first, second = self._sealed[-2:]
            if len(first) >= 2 * len(second) or len(first) + len(second) > _LARGEST:
                return
            if not mergeable((first, second)):
                return
            self._sealed[-2:] = [Segment.of([first.changes(), second.changes()])]


def _cuts(since: int, until: int, count: int) -> list[int]:
    """Return where to cut a stretch (ns) of about so many intervals into slices, its ends included."""
    slices = min(max(count // _SLICE, 1), until - since)
    return [since + (until - since) * number // slices for number in range(slices + 1)]


def _parts(source: Source, lanes: int, cuts: Sequence[int]) -> list[Changes]:
    """Return the changes between each two moments (ns)."""

    def built(stretch: tuple[int, int]) -> list[Changes]:
        return list(build(source.spans(*stretch), *stretch, lanes))

    return [part for several in spread(built, [*pairwise(cuts)]) for part in several]
