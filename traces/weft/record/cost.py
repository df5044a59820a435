"""What recording costs in this very process, measured; and what stands around it: libraries, and waits in C code."""

from __future__ import annotations

import sys
from _thread import allocate_lock
from collections.abc import Iterator
from time import perf_counter_ns
from types import ModuleType
from typing import Any

from . import buffers, contended, sections, traced
from .definitions import Definition

PASSES, ROUNDS = 500, 5

LIBRARIES = (
    *("flask", "werkzeug", "gunicorn", "waitress", "cheroot", "uwsgi", "mod_wsgi", "gevent", "eventlet", "asgiref"),
)
"""Top-level modules that a reader is told of."""

IN_C = {
    "concurrent.futures.thread": ("idle threads of a ThreadPoolExecutor", "they wait in queue.SimpleQueue"),
    "multiprocessing.synchronize": ("locks and queues of multiprocessing", "other processes hold them too"),
    "psycopg2": ("answers of the database", "psycopg2 waits for them"),
    "psycopg_c": ("answers of the database", "psycopg waits for them"),
    "MySQLdb": ("answers of the database", "MySQLdb waits for them"),
    "grpc": ("answers of other services", "grpc waits for them"),
}
"""Modules whose waits are in C code: what is not seen, and why."""

_measured: dict[bool, tuple[int, int]] = {}


def of_pass() -> tuple[int, int]:
    """Return what an uncontended ``with lock:`` takes, bare and recorded as it is now, ps.

    About 2 ms of work, once per program and way of recording.

    The running thread must be one of ours: what it records meanwhile is thrown away.
    """
    only = traced.contended_only
    if only not in _measured:
        scrap: list[int] = []
        here: Any = buffers.here
        here.put = scrap.extend
        try:
            enter, _, leave, *_ = (contended if only else sections).of_lock(allocate_lock(), 0)
            # As a recorded lock hands its closures over: from slots of its type.
            kind = type("Measured", (), {"__enter__": staticmethod(enter), "__exit__": staticmethod(leave)})
            _measured[only] = _fastest(allocate_lock(), scrap), _fastest(kind(), scrap)
        finally:
            if vars(here).get("put") is not None:
                del here.put
    return _measured[only]


def _fastest(lock: Any, scrap: list[int]) -> int:
    """Return the time of a pass in the quickest round, ps."""
    taken = []
    for _ in range(ROUNDS):
        began = perf_counter_ns()
        for _ in range(PASSES):
            with lock:
                pass
        taken.append(perf_counter_ns() - began)
        scrap.clear()
    return min(taken) * 1000 // PASSES


class Surroundings:
    """Finds what has been imported since the last look."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def look(self) -> Iterator[Definition]:
        """Yield definitions of what is new."""
        for name in (*LIBRARIES, *IN_C):
            if name in sys.modules and name not in self._known:
                self._known.add(name)
                if name in IN_C:
                    what, why = IN_C[name]
                    yield "unseen", len(self._known), (what, "", 0, f"{why}, in C code")
                else:
                    yield "library", len(self._known), (name,)


def version_of(name: str) -> str:
    """Return a library's version, nothing where that would take an import. Runs in the writing thread."""
    module: ModuleType | None = sys.modules.get(name)
    version = vars(module).get("__version__") if module is not None else None
    metadata: Any = sys.modules.get("importlib.metadata")
    if not isinstance(version, str) and metadata is not None:
        try:
            version = metadata.version(name)
        except Exception:
            version = None
    return version if isinstance(version, str) else ""
