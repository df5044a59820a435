"""Questions to intervals of many groups at once, without a Python loop per interval.

A group is a lock or a thread. All columns are int64 ``[n]``, times in ns. Sums may wrap around on the way: what is
returned are differences, which are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from weft.timeline.columns import I64, Bools


def ordered(group: I64, time: I64) -> I64:
    """Return the order by group and time; one packed sort where the numbers allow it."""
    if len(time) == 0:
        return np.zeros(0, np.int64)
    low = int(time.min())
    bits = (int(time.max()) - low).bit_length()
    if bits + int(group.max()).bit_length() > 62:
        return np.lexsort((time, group))
    return np.argsort(group << bits | (time - low), kind="stable")


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of groups in order, to count them before others.

    Attributes:
        group, time: by group and time.
        sums: int64 ``[n + 1]``, running sum of the times.
    """

    group: I64
    time: I64
    sums: I64

    @classmethod
    def of(cls, group: I64, time: I64) -> Moments:
        """Put moments in order."""
        order = ordered(group, time)
        sums = np.zeros(len(time) + 1, np.int64)
        np.cumsum(time[order], out=sums[1:])
        return cls(group[order], time[order], sums)

    def before(self, group: I64, time: I64, *, too: bool = False) -> I64:
        """Return how many moments of this and all lower groups are earlier than each (group, time).

        Args:
            group, time: what to ask for.
            too: those at the same moment count too.
        """
        if not len(self.time) or not len(time):
            return np.zeros(len(time), np.int64)
        low = min(int(self.time.min()), int(time.min()))
        high = max(int(self.time.max()), int(time.max()))
        bits = (high - low).bit_length() + 1
        top = max(int(self.group[-1]), int(group.max()))
        if bits + top.bit_length() <= 62:
            keys = self.group << bits | (self.time - low)
            return np.searchsorted(keys, group << bits | (time - low), side="right" if too else "left")
        return self._slowly(group, time, too)

    def _slowly(self, group: I64, time: I64, too: bool) -> I64:
        found = np.zeros(len(time), np.int64)
        for each in np.unique(group).tolist():
            first, last = np.searchsorted(self.group, (each, each + 1))
            mine = group == each
            here = self.time[first:last]
            found[mine] = first + np.searchsorted(here, time[mine], side="right" if too else "left")
        return found


@dataclass(frozen=True, slots=True)
class Crowd:
    """Intervals that overlap: how many are on at a moment, and how long they were on up to it."""

    starts: Moments
    ends: Moments

    @classmethod
    def of(cls, group: I64, start: I64, end: I64) -> Crowd:
        """Take in intervals."""
        return cls(Moments.of(group, start), Moments.of(group, end))

    def depth(self, group: I64, time: I64) -> I64:
        """Return how many are on at each (group, time)."""
        return self.starts.before(group, time, too=True) - self.ends.before(group, time, too=True)

    def spent(self, group: I64, start: I64, end: I64) -> I64:
        """Return the time that all intervals of a group together were on in each window of it."""
        return self._until(group, end) - self._until(group, start)

    def _until(self, group: I64, time: I64) -> I64:
        began, ended = self.starts.before(group, time), self.ends.before(group, time)
        return (began - ended) * time - (self.starts.sums[began] - self.ends.sums[ended])


@dataclass(frozen=True, slots=True)
class Runs:
    """Stretches of groups."""

    group: I64
    start: I64
    end: I64

    def only(self, chosen: Bools) -> Runs:
        """Return the chosen ones."""
        return Runs(self.group[chosen], self.start[chosen], self.end[chosen])

    def __len__(self) -> int:
        return len(self.group)


def crowded(group: I64, start: I64, end: I64, least: int, gap: int) -> Runs:
    """Return when at least ``least`` intervals of a group are on; interruptions up to ``gap`` (ns) do not count."""
    if not len(group):
        return Runs(group, start, end)
    both, time = np.concatenate((group, group)), np.concatenate((start, end))
    order = ordered(both, time)
    both, time = both[order], time[order]
    step = np.where(order < len(group), 1, -1)
    depth = np.cumsum(step)
    last = np.append((both[1:] != both[:-1]) | (time[1:] != time[:-1]), True)
    both, time, deep = both[last], time[last], depth[last] >= least
    before = np.concatenate(([False], deep[:-1]))
    rises, falls = np.flatnonzero(deep & ~before), np.flatnonzero(~deep & before)
    runs = Runs(both[rises], time[rises], time[falls])
    if not len(runs):
        return runs
    apart = np.append(True, (runs.group[1:] != runs.group[:-1]) | (runs.start[1:] - runs.end[:-1] > gap))
    first = np.flatnonzero(apart)
    return Runs(runs.group[first], runs.start[first], np.maximum.reduceat(runs.end, first))


LEVELS = 12
"""Locks that one thread holds at once, at most, as far as they are looked for."""


@dataclass(frozen=True, slots=True)
class Nest:
    """Holds by thread and start, with how many others the thread had when each began.

    Attributes:
        row: int64 ``[n]``, which row of the caller's each is.
        thread, start, end: int64 ``[n]``.
        level: int64 ``[n]``.
    """

    row: I64
    thread: I64
    start: I64
    end: I64
    level: I64
    starts: Moments

    @classmethod
    def of(cls, thread: I64, start: I64, end: I64) -> Nest:
        """Put holds in order."""
        order = ordered(thread, start)
        thread, start, end = thread[order], start[order], end[order]
        starts = Moments(thread, start, np.zeros(0, np.int64))
        ended = Moments.of(thread, end).before(thread, start, too=True)
        return cls(order, thread, start, end, np.arange(len(order)) - ended, starts)

    def held(self, thread: I64, time: I64) -> I64:
        """Return the rows of what threads held right before each (thread, time): int64 ``[levels, n]``, -1: none."""
        at = self.starts.before(thread, time) - 1
        deepest = min(int(self.level.max(initial=-1)) + 1, LEVELS)
        found = np.full((deepest, len(time)), -1, np.int64)
        if not len(self.row):
            return found
        near = np.maximum(at, 0)
        numbers = np.arange(len(self.row))
        for level in range(deepest):
            last = np.maximum.accumulate(np.where(self.level == level, numbers, -1))[near]
            safe = np.maximum(last, 0)
            on = (at >= 0) & (last >= 0) & (self.thread[safe] == thread) & (self.end[safe] > time)
            found[level] = np.where(on, self.row[safe], -1)
        return found
