"""Rows for threads that follow each other: those of one family, of which no two are alive at once, share one."""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass, field
from typing import Final

_TRIES: Final = 64
_DIGITS: Final = re.compile(r"\d+")
_TARGET: Final = re.compile(r"Thread-N \((.+)\)")


def family_name(name: str) -> str:
    """Return what the names of a family have in common: ``Thread-N (worker)`` for ``Thread-12 (worker)``."""
    return _DIGITS.sub("N", name)


@dataclass(slots=True)
class Family:
    """The lanes of threads whose names differ in digits only, numbered from 1."""

    rows: dict[int, int] = field(default_factory=dict)
    lane_of: dict[int, int] = field(default_factory=dict)
    """Of the threads that are alive."""
    free: list[int] = field(default_factory=list)
    free_at: dict[int, int] = field(default_factory=dict)
    shared: bool = False
    """Threads have followed each other on one lane."""

    def take(self, start: int) -> int | None:
        """Return the lowest lane that nobody used at ``start`` or later."""
        skipped: list[int] = []
        found = None
        while self.free and found is None and len(skipped) < _TRIES:
            lane = heapq.heappop(self.free)
            if self.free_at[lane] <= start:
                found = lane
            else:
                skipped.append(lane)
        for lane in skipped:
            heapq.heappush(self.free, lane)
        return found

    def give(self, lane: int, time: int) -> None:
        """Free a lane from ``time`` on."""
        self.free_at[lane] = time
        heapq.heappush(self.free, lane)


def row_name(name: str, row: int) -> str:
    """Return ``worker 3`` for threads called ``Thread-N (worker)`` or ``worker_N``."""
    family = family_name(name)
    target = _TARGET.fullmatch(family)
    short = target[1] if target else family.replace("N", "").strip(" -_#:()") if family != name else name
    return f"{short or 'thread'} {row}"
