"""How a child process of a demo learns that it should end: a signal, or the end of its input."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType


def interrupt_on_signals() -> None:
    """Let the first SIGTERM or SIGINT raise KeyboardInterrupt in the main thread, and a second one kill."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)


def at_end_of_input(end: Callable[[], None]) -> None:
    """Call a function, in a thread of its own, when stdin is at its end: whoever held the other side is gone."""
    threading.Thread(target=_drain_input, args=(end,), name="until-eof", daemon=True).start()


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt


def _drain_input(end: Callable[[], None]) -> None:
    # os.read and not sys.stdin: a daemon thread inside a buffered read takes the interpreter's shutdown down with it
    with suppress(OSError):
        while os.read(sys.__stdin__.fileno() if sys.__stdin__ else 0, 4096):
            pass
    end()
