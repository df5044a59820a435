"""What a finding is. Texts hold names from the trace as they are: whoever shows them neutralises them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from weft.timeline.values import Place


class Severity(IntEnum):
    """How much a finding matters."""

    NOTE = 0
    """Good to know when reading the others."""
    RISK = 1
    """It has not hurt yet, or it is only suspected."""
    SLOW = 2
    """Threads waited for it."""
    STUCK = 3
    """Threads wait for ever."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line that a finding rests on, and where to look at it.

    Attributes:
        text: what is to be seen there.
        lane: id of the row of the timeline.
        start_ns, end_ns: when (perf_counter ns); ``end_ns`` is None for what goes on.
        lock: id of the lock that it is about, if it is about one.
        place: the line of code, where the trace knows it.
    """

    text: str
    lane: int
    start_ns: int
    end_ns: int | None = None
    lock: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or was.

    Attributes:
        kind: which check found it, as in `weft.findings.KINDS`.
        sentence: what happened, in one full sentence.
        severity: how much it matters.
        key: what it is about, by names; the same in another run of the same program.
        subject: what it is about, by ids of the trace; the same while the trace grows.
        began_ns, ended_ns: perf_counter ns; ``ended_ns`` is None for what goes on.
        cost_ns: how long threads were blocked by it, summed over all of them, ns.
        count: how often it happened.
        evidence: the most telling line first.
        lanes, locks, requests: ids of all that it involves.
    """

    kind: str
    sentence: str
    severity: Severity
    key: tuple[str, ...]
    subject: tuple[int, ...]
    began_ns: int
    ended_ns: int | None
    cost_ns: int
    evidence: tuple[Evidence, ...]
    count: int = 1
    lanes: tuple[int, ...] = ()
    locks: tuple[int, ...] = ()
    requests: tuple[int, ...] = ()

    @property
    def identity(self) -> tuple[str, tuple[int, ...]]:
        """What tells it from all other findings of its trace."""
        return self.kind, self.subject


def unique(numbers: Iterable[int]) -> tuple[int, ...]:
    """Return numbers without repetitions, in their order."""
    return tuple(dict.fromkeys(numbers))
