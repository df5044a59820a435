"""Where the recorder's own errors end: said once on stderr, never raised into the app."""

from __future__ import annotations

import sys

count = 0
"""How many errors were swallowed."""


def note(error: BaseException, doing: str = "recording") -> None:
    """Count an error of ours; the first one is said on stderr."""
    global count
    count += 1
    if count == 1:
        say(f"an error while {doing}, the app goes on without it: {type(error).__name__}: {error}")


def say(text: str) -> None:
    """Write one line to stderr, if there is one."""
    try:
        sys.stderr.write(f"weft: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return
