"""Lanes, locks and requests that somebody has singled out: marked, to step over them, or pinned, to keep in sight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class By(Enum):
    """What a row stands for; the value is how many of it are called."""

    THREAD = "lanes"
    LOCK = "locks"
    REQUEST = "requests"


@dataclass(frozen=True, slots=True)
class Picks:
    """Ids of what was singled out, by what a row stands for."""

    lanes: frozenset[int] = frozenset()
    locks: frozenset[int] = frozenset()
    requests: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.lanes) + len(self.locks) + len(self.requests)

    def of(self, by: By) -> frozenset[int]:
        """Return the ids of one kind."""
        return {By.THREAD: self.lanes, By.LOCK: self.locks, By.REQUEST: self.requests}[by]

    def toggled(self, by: By, number: int) -> Picks:
        """Return the picks with one more or one less."""
        ids = self.of(by) ^ {number}
        if by is By.THREAD:
            return replace(self, lanes=ids)
        return replace(self, locks=ids) if by is By.LOCK else replace(self, requests=ids)


NONE = Picks()
