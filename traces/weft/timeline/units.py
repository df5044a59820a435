"""Numbers and names for people: durations, and text from a trace that cannot command a terminal."""

from __future__ import annotations

import re
from typing import Final

_STEPS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"))
_MINUTE: Final = 60 * 1_000_000_000
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def duration(ns: int) -> str:
    """Return a duration with two or three digits that matter: ``412 ms``, ``1.2 s``, ``830 us``, ``2 min 5 s``."""
    if ns < 0:
        return f"-{duration(-ns)}"
    # 59.95 s and more would be rounded to 60 s.
    if ns >= _MINUTE - 500_000_000:
        return _long(round(ns / 1_000_000_000))
    for unit, name in _STEPS:
        # What would be rounded up to 1000 of the next smaller unit belongs here.
        if ns * 2000 >= unit * 1999:
            return f"{_short(ns / unit)} {name}"
    return f"{ns} ns"


def uncoloured(text: str) -> str:
    """Return a text without the escape sequences that do nothing but colour it, as servers colour their logs."""
    return _COLOURS.sub("", text)


def plain(text: str) -> str:
    """Return the text with everything that does not print (controls, escapes, line ends, bidi marks) made visible."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _REPLACEMENT for char in text)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value < 9.95 else f"{value:.0f}"


def _long(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"
