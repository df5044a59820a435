"""Work in several threads, where numpy does it without the GIL."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Final, TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")

_WORTH_THREADS: Final = 4
"""Jobs that are worth several threads."""


_here = threading.local()
"""Whether this thread works beside another one."""


def spread(work: Callable[[Job], Done], jobs: Sequence[Job]) -> list[Done]:
    """Return what the work makes of every job, in their order; work that calls this itself would wait for ever."""
    if len(jobs) < _WORTH_THREADS or getattr(_here, "beside", False):
        return [work(job) for job in jobs]
    return list(_pool().map(work, jobs))


def beside(work: Callable[[], Done]) -> Future[Done]:
    """Begin with work in a thread for such work, in which `spread` uses no others."""
    return _single().submit(work)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(os.cpu_count() or 1, 4), "weft-timeline")


@cache
def _single() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "weft-timeline-beside", lambda: setattr(_here, "beside", True))
