"""What a lesson is made of: facts that were measured, and the verdict that follows from them. All frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .work import Lab

Value = int | float | str | bool


class Verdict(StrEnum):
    """What became of a claim."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    DEPENDS = "depends"


class Fact(NamedTuple):
    """Something that was measured.

    Attributes:
        key: what `Evidence` knows it by.
        value: the measurement.
        text: what was measured, as a noun phrase; the value stands behind it.
        unit: of the value: ``s``, ``ms``, ``/s``, ``x`` (times as much); empty for counts and words.
    """

    key: str
    value: Value
    text: str
    unit: str = ""


class Judgement(NamedTuple):
    """A verdict and the sentence that says which of the facts led to it."""

    verdict: Verdict
    because: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts of one run of a lesson, in the order in which they were measured."""

    facts: tuple[Fact, ...]

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def __contains__(self, key: str) -> bool:
        return any(fact.key == key for fact in self.facts)

    def text(self, key: str) -> str:
        """Return a fact that is a word."""
        return str(self._value(key))

    def number(self, key: str) -> float:
        """Return a fact that is a number."""
        return float(self._value(key))

    def count(self, key: str) -> int:
        """Return a fact that is a count."""
        return int(self._value(key))

    def _value(self, key: str) -> Value:
        return next(fact.value for fact in self.facts if fact.key == key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """How a claim is measured and judged; the claim itself is the first line of the lesson's module.

    Args:
        measure: runs what has to be run, and yields what it finds.
        judge: says what follows from the facts, and from nothing else.
        fix: what to do about it in an app of one's own.
        shows: which of the recorded runs is looked at, by its label; empty for the first one.
        scenario: the variable of the module that can be stepped through, empty for none.
    """

    measure: Callable[[Lab], Iterable[Fact]]
    judge: Callable[[Evidence], Judgement]
    fix: str
    shows: str = ""
    scenario: str = ""
