"""A measured lesson in words: lines of plain text, the same for the terminal, the screen and the document."""

from __future__ import annotations

from .catalog import Told
from .measuring import Measured
from .values import Fact, Lesson

BRIEF = 16
"""Measurements with more characters are sentences."""


def value(fact: Fact) -> str:
    """Return a measurement with its unit: ``8``, ``1,234 /s``, ``0.21 s``, ``1.9 x``."""
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    if isinstance(fact.value, float):
        digits = 0 if abs(fact.value) >= 100 else 1 if abs(fact.value) >= 10 else 2
        number = f"{fact.value:,.{digits}f}"
    else:
        number = f"{fact.value:,}" if isinstance(fact.value, int) else fact.value
    return f"{number} {fact.unit}".rstrip()


def facts(measured: Measured) -> list[str]:
    """Return a line per fact, the values below each other."""
    told = [(value(fact), fact.text) for fact in measured.facts]
    width = max((len(number) for number, _ in told if len(number) <= BRIEF), default=0)
    return [
        f"{number.rjust(width)}  {text}" if len(number) <= BRIEF else f"{' ' * width}  {text}: {number}"
        for number, text in told
    ]


def ran_on(measured: Measured) -> str:
    """Return what it was measured on."""
    cores = f"{measured.cores} core{'s' if measured.cores != 1 else ''}"
    return f"Python {measured.python}, {cores}, {measured.seconds:.1f} s"


def verdict(measured: Measured) -> str:
    """Return the verdict with its reason."""
    return f"{measured.judgement.verdict.value}: {measured.judgement.because}"


def as_text(told: Told, lesson: Lesson, measured: Measured) -> str:
    """Return all that there is to say, for a terminal."""
    lines = [told.claim, "", f"  {verdict(measured)}", "", *(f"  {line}" for line in facts(measured)), ""]
    lines += [f"  note: {note}" for note in measured.notes]
    if measured.steps:
        lines += ["  the order that breaks it:", *(f"    {n}. {step}" for n, step in enumerate(measured.steps, 1)), ""]
    lines += [f"  what to do: {lesson.fix}", "", f"  {ran_on(measured)}"]
    lines += [f"  {label} ({measured.servers[label]}): weft replay {path}" for label, path in measured.traces.items()]
    return "\n".join(lines)
