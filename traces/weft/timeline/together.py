"""Work in several threads, where numpy does it without the GIL."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")

_WORTH_THREADS: Final = 4
"""Jobs that are worth several threads."""


def spread(work: Callable[[Job], Done], jobs: Sequence[Job]) -> list[Done]:
    """Return what the work makes of every job, in their order; work that calls this itself would wait for ever."""
    if len(jobs) < _WORTH_THREADS:
        return [work(job) for job in jobs]
    return list(_pool().map(work, jobs))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(os.cpu_count() or 1, 4), "weft-timeline")
