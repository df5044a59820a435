"""Work in several threads, where numpy does it without the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")


def side_by_side(worth: bool, first: Callable[[], object], second: Callable[[], object]) -> None:
    """Do two things that do not touch each other's data, at once where that is worth it."""
    if not worth:
        first()
        second()
        return
    other = _pool().submit(second)
    try:
        first()
    finally:
        other.result()


def spread(work: Callable[[Job], Done], jobs: Sequence[Job]) -> list[Done]:
    """Return what the work makes of every job, in their order."""
    return list(_pool().map(work, jobs))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(os.cpu_count() or 1, 4), "weft-timeline")
