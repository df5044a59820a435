"""What the operating system says of a thread: whether it waits for something, or only for its turn. Linux; elsewhere
nothing is known."""

from __future__ import annotations

from typing import NamedTuple

RUNNABLE = "RD"
"""States in which a thread runs, waits for a processor, or for a disk or a page of memory."""


class Scheduled(NamedTuple):
    """A thread as the operating system sees it.

    Attributes:
        runnable: it waits for nothing but its turn, or the disk.
        worked: how long it has had a processor (ns).
    """

    runnable: bool
    worked: int


def scheduled(native_id: int) -> Scheduled | None:
    """Return how a thread of this process stands, by its number in the operating system; None where that is unknown."""
    folder = f"/proc/self/task/{native_id}"
    try:
        with open(f"{folder}/stat", "rb") as stat, open(f"{folder}/schedstat", "rb") as schedstat:
            state = stat.read().rpartition(b")")[2].split()[0].decode()
            worked = int(schedstat.read().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return Scheduled(state in RUNNABLE, worked)
