"""A trace in a sentence, after a recording or instead of what cannot be shown."""

from __future__ import annotations

import shlex
from pathlib import Path

from weft import WeftError
from weft.counted import many
from weft.events import Kind, events_in
from weft_tui import invoked, numbers

_LIFE = frozenset({Kind.THREAD_ENTER, Kind.THREAD_EXIT, Kind.PROCESS_ENTER, Kind.PROCESS_EXIT})


def of_recording(trace: Path, *, ring: bool = False) -> str:
    """Return one sentence on a recording that has just ended, and what to do with it.

    Args:
        trace: the recording.
        ring: it was a flight recorder's, which writes only when there is cause.
    """
    numbers.load()
    from weft.log.info import info

    kinds = (found := info(trace)).kinds
    processes, threads = kinds[Kind.PROCESS_ENTER], kinds[Kind.THREAD_ENTER]
    if ring and not processes:
        return "nothing was written, since nothing asked the flight recorder to (see `weft record --help`)"
    shown = shlex.quote(str(trace))
    if not processes:
        return (
            "nothing was recorded: the command ended before a Python that can be recorded started "
            "(3.11 or newer, without -I, -E or -S)"
        )
    if threads <= processes and not any(events_in(kind) for kind in kinds if kind not in _LIFE):
        return "the command ended before anything was recorded: no lock, no request, no second thread"
    return f"{many(found.events, 'event')} recorded; look at them with: {invoked.weft()} replay {shown}"


def need_trace(path: Path) -> None:
    """Check that a file is a trace.

    Raises:
        WeftError: it is none, or not there.
    """
    numbers.load()
    from weft.log.reader import Tail

    Tail(path).close()


def need_events(path: Path) -> None:
    """Check that there is something to show.

    Raises:
        WeftError: the file is no trace, or nothing in it can be shown.
    """
    numbers.load()
    from weft.log.reader import Gap, read

    if not holds_events(path):
        why = "is damaged throughout" if any(isinstance(item, Gap) for item in read(path)) else "holds no events"
        raise WeftError(f"{path} {why}; record again with `weft record -- CMD`")


def holds_events(path: Path) -> bool:
    """Return whether anything can be read from a trace."""
    from weft.log.reader import Events, read

    return any(isinstance(item, Events) for item in read(path))
