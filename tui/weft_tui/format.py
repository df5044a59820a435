"""Numbers for people: offsets, counts and clocks; durations are told as in `weft.timeline.units`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from weft.timeline.units import duration

UNITS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns"))
MINUTE_NS: Final = 60_000_000_000
WORDS: Final = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**4, "k"))


def offset(ns: int, step_ns: int) -> str:
    """Return a moment since the start of the trace, with as many digits as tell steps of ``step_ns`` apart."""
    if ns >= MINUTE_NS:
        minutes, rest = divmod(ns, MINUTE_NS)
        digits = _digits(step_ns, 1_000_000_000)
        return f"{minutes}:{rest / 1e9:0{3 + digits if digits else 2}.{digits}f}"
    size, unit = next((pair for pair in UNITS if max(ns, step_ns) >= pair[0]), UNITS[-1])
    return f"{ns / size:.{_digits(step_ns, size)}f} {unit}" if ns else "0"


def brief(ns: int) -> str:
    """Return a duration for a column of a table: ``412 ms``, ``56 s``, and from a minute on ``2:05``, ``1:02:05``."""
    if ns < MINUTE_NS - 500_000_000:
        return duration(ns)
    minutes, seconds = divmod(round(ns / 1_000_000_000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def moment(ns: int) -> str:
    """Return a moment (ns since the start of the trace) for a column of a table: ``4.3 s``, ``1:21.1``."""
    return duration(ns) if ns < MINUTE_NS - 500_000_000 else offset(max(ns, MINUTE_NS), 100_000_000)


def apart(moments: Sequence[int]) -> list[str]:
    """Return moments (ns since the start of the trace) with as many digits as tell those that differ apart."""
    told = [duration(each) for each in moments]
    step_ns = 100_000_000
    while step_ns and len(set(told)) < len(set(moments)):
        told = [offset(each, step_ns) for each in moments]
        step_ns //= 10
    return told


def _digits(step_ns: int, unit_ns: int) -> int:
    digits = 0
    while step_ns % unit_ns and unit_ns > 1:
        unit_ns //= 10
        digits += 1
    return digits


def clock(wall_ns: int, step_ns: int) -> str:
    """Return a wall clock time (ns since the epoch) of day, in the local time zone."""
    digits = 3 if step_ns >= 1_000_000 else 6
    seconds, rest = divmod(wall_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds):%H:%M:%S}.{rest // 10 ** (9 - digits):0{digits}d}"


def count(number: float) -> str:
    """Return a number of things: ``1,240``, ``35.2k``, ``1.2M``."""
    for size, letter in WORDS:
        if number >= size:
            size = 1_000 if letter == "k" else size
            return f"{number / size:.1f}{letter}"
    return f"{number:,.0f}"
