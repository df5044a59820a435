"""Where the recorder's own errors end: said once on stderr, never raised into the app.

What a signal's handler raises while the recorder runs is not the recorder's own: it is the app's, and goes on to it.
"""

from __future__ import annotations

import os
import signal
import sys
from types import CodeType

count = 0
"""How many errors were swallowed."""

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def note(error: BaseException, doing: str = "recording") -> None:
    """Count an error of ours; the first one is said on stderr.

    Raises:
        BaseException: the error itself, when it is the app's.
    """
    if not forgiven(error, doing):
        raise error


def forgiven(error: BaseException, doing: str = "recording") -> bool:
    """Return whether an error is the recorder's own, and note it then; False: it is the app's and must go on."""
    global count
    try:
        if not isinstance(error, Exception) or _from_outside(error):
            return False
        count += 1
        if count == 1:
            say(f"an error while {doing}, the app goes on without it: {type(error).__name__}: {error}")
    except BaseException:
        # While Python shuts down there may be nothing left to say it with; else a handler has interrupted this too.
        return isinstance(error, Exception) and (sys is None or sys.is_finalizing())
    return True


def say(text: str) -> None:
    """Write one line to stderr, if there is one."""
    try:
        sys.stderr.write(f"weft: {text}\n")
        sys.stderr.flush()
    except Exception:  # a stream of the app's may fail in its own way
        return


def _from_outside(error: Exception) -> bool:
    """Return whether a signal's handler or another thread has raised this into our code."""
    codes = []
    traceback = error.__traceback__
    while traceback is not None:
        codes.append(traceback.tb_frame.f_code)
        traceback = traceback.tb_next
    if codes and codes[-1].co_filename.startswith(_HERE):
        # Raised in C. We cause what Python itself may raise; another thread may have sent anything.
        return type(error).__module__ not in _PYTHONS
    return not _handlers().isdisjoint(codes)


_PYTHONS = frozenset({"builtins", "struct", "zlib", "json", "weft", "weft.errors"})


def _handlers() -> set[CodeType]:
    """Return the code of every handler of a signal that is a function or a method."""
    found = set()
    handler_of = getattr(signal.getsignal, "__wrapped__", signal.getsignal)  # the rest makes enums of numbers
    for number in range(1, signal.NSIG):
        handler = handler_of(number)
        if not callable(handler):
            continue
        handler = getattr(handler, "func", handler)  # of a partial
        for function in (handler, vars(type(handler)).get("__call__")):
            code = getattr(function, "__code__", None)
            if isinstance(code, CodeType):
                found.add(code)
    return found
