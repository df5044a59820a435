"""Traces as intervals: any frame, moment or table of a trace, exactly and in milliseconds."""

from __future__ import annotations

from pathlib import Path

from .fold import Builder
from .snapshot import Snapshot

__all__ = ["Builder", "Snapshot", "load"]


def load(path: Path) -> Snapshot:
    """Read a whole trace.

    Raises:
        WeftError: the file is missing, or it is not a trace.
    """
    from ..log.reader import Tail, ahead

    builder = Builder()
    tail = Tail(path)
    try:
        for items in ahead(tail):
            builder.fold(items)
        builder.fold(tail.finish())
    finally:
        tail.close()
    return builder.snapshot()
