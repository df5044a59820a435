"""When something counts as a finding: every threshold, in one table."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

from ..errors import WeftError

_UNITS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def _option(default: int, text: str) -> Any:
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True, slots=True)
class Options:
    """Thresholds, each with its default; names that end in ``_ns`` are durations in nanoseconds.

    Attributes:
        off: kinds of findings that are not wanted.
    """

    deadlock_ns: int = _option(
        300_000_000, "how long all threads of a ring have waited for each other, or one for a lock held across a fork"
    )
    signal_ns: int = _option(600_000_000, "the same where somebody waits for an event, a queue or a notification")
    blame_ns: int = _option(100_000_000, "how long a request waited for one lock")
    long_hold_ns: int = _option(200_000_000, "how long a lock was held while others waited for it")
    brief_ns: int = _option(20_000_000, "what is shorter than that never makes a slow request or a long hold")
    total_ns: int = _option(1_000_000_000, "what is longer does when it cost all threads so much together")
    blocking_hold_ns: int = _option(
        20_000_000, "how long others waited behind a holder that waited for I/O or a thread"
    )
    convoy_waiters: int = _option(3, "how many threads queue for a lock all the time")
    convoy_ns: int = _option(400_000_000, "for how long they do")
    convoy_holds: int = _option(10, "how often the lock changes hands meanwhile, at least")
    starvation_ns: int = _option(200_000_000, "how long one thread waited")
    starvation_overtaken: int = _option(20, "how often the lock was taken meanwhile by threads that came later")
    request_end_ns: int = _option(1_000_000, "how long a lock was held after the end of the request that took it")
    pool_threads: int = _option(3, "how many threads that serve requests make a pool")
    pool_ns: int = _option(300_000_000, "for how long all of them were taken by one lock")
    lost_wakeup_ns: int = _option(1_000_000_000, "how long nobody notified")
    lost_wakeup_before_ns: int = _option(500_000_000, "how long before the wait another thread had the condition")
    most: int = _option(20, "findings of one kind that are told, at most")
    off: frozenset[str] = frozenset()


def table() -> list[tuple[str, int, str]]:
    """Return name, default and meaning of every threshold."""
    return [
        (each.name, int(getattr(Options(), each.name)), each.metadata["text"])
        for each in fields(Options)
        if "text" in each.metadata
    ]


def with_settings(options: Options, settings: dict[str, str]) -> Options:
    """Return options changed as texts say, ``{"convoy_ns": "200ms"}``; a trailing ``_ns`` may be left out.

    Raises:
        WeftError: a name is not known, or a value is no number or duration.
    """
    known = {name for name, _, _ in table()}
    values = {each.name: getattr(options, each.name) for each in fields(Options)}
    for name, text in settings.items():
        full = name.replace("-", "_")
        full = full if full in known else f"{full}_ns"
        if full not in known:
            raise WeftError(f"{name!r} is no threshold; there is: {', '.join(sorted(known))}")
        value = duration_ns(text) if full.endswith("_ns") else int(text) if text.isdecimal() else None
        if value is None:
            what = "duration, such as 200ms" if full.endswith("_ns") else "whole number"
            raise WeftError(f"{name}={text}: {text!r} is no {what}")
        values[full] = value
    return Options(**values)


def duration_ns(text: str) -> int | None:
    """Return the nanoseconds of ``5ms``, ``1.5s``, ``200us`` or ``10ns``, None for anything else."""
    for unit in ("ns", "us", "ms", "s"):
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdecimal() and number[0] != "." and number.isascii():
            return round(float(number) * _UNITS[unit])
    return None
