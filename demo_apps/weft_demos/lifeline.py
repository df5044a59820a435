"""What a demo's server and customers share as child processes: how they report, and how they learn to end."""

from __future__ import annotations

import _thread
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

LISTENING = "listening on "
"""What the one line that a server prints begins with; its address follows."""


def interrupt_on_signals() -> None:
    """Let the first SIGTERM or SIGINT raise KeyboardInterrupt in the main thread, and a second one kill."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)


def at_end_of_input(end: Callable[[], None]) -> None:
    """Call a function, in its own thread, when stdin is at its end: whoever held the other side is gone.

    Started below `threading`, so that a recording of the demo shows the app's threads only.
    """
    _thread.start_new_thread(_drain_input, (end,))


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt


def _drain_input(end: Callable[[], None]) -> None:
    # os.read and not sys.stdin.read: an interpreter that ends while a thread is inside the latter aborts
    with suppress(OSError):
        while os.read(sys.__stdin__.fileno() if sys.__stdin__ else 0, 4096):
            pass
    end()
