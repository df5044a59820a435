"""Levels of log records: their numbers, as Python's logging has them, and their names."""

from __future__ import annotations

from typing import Final

from .errors import WeftError

NAMES: Final = {0: "all", 10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}

_NUMBERS: Final = {name: number for number, name in NAMES.items()}
_MOST: Final = 1000


def number(text: str) -> int:
    """Return the number of a level that is named, or given as a number.

    Raises:
        WeftError: there is no such level.
    """
    found = _NUMBERS.get(text.lower(), int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1)
    if not 0 <= found <= _MOST:
        raise WeftError(f"{text!r} is no level of logging; there are {', '.join(_NUMBERS)}, and numbers up to {_MOST}")
    return found


def name(level: int) -> str:
    """Return the name of a level: ``WARNING``, ``LEVEL 25``."""
    return NAMES[level].upper() if level in NAMES and level else f"LEVEL {level}"
