"""Record how long a request had waited for a free worker, where its server has a queue that can be seen from Python.

Two methods of the server are wrapped, that which hands a connection to the workers and that in which one takes it. Only
a wait worth telling is written, so a server with free workers pays for two looks at the clock.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter_ns
from types import ModuleType
from typing import Any

from ..events import Kind, code_of
from . import trouble
from .buffers import put_here
from .patches import Patches

SHORT_NS = 500_000
"""A shorter wait than this is not told of."""

_HANDED = "_weft_handed"
"""Attribute of a connection: when it was handed to the workers (ns)."""

_QUEUED = code_of(Kind.REQUEST_QUEUED)
_last = threading.local()
"""``_last.told`` is true on a worker that has told of the wait before this one."""


def watch(patches: Patches) -> dict[str, Callable[[ModuleType], None]]:
    """Return what to do with the modules of servers once they are imported."""
    return {
        "gunicorn.workers.gthread": partial(_both, patches),
        "waitress.task": lambda module: _wrap_hand(patches, module.ThreadedTaskDispatcher, "add_task"),
        "waitress.channel": lambda module: _wrap_take(patches, module.HTTPChannel, "service", 0),
        "cheroot.workers.threadpool": lambda module: _wrap_hand(patches, module.ThreadPool, "put"),
        "cheroot.server": lambda module: _wrap_take(patches, module.HTTPConnection, "communicate", 0),
        "werkzeug.serving": lambda module: _wrap_threads(patches, module.ThreadedWSGIServer),
    }


def _both(patches: Patches, gthread: ModuleType) -> None:
    _wrap_hand(patches, gthread.ThreadWorker, "enqueue_req")
    _wrap_take(patches, gthread.ThreadWorker, "handle", 1)


def _wrap_hand(patches: Patches, owner: Any, name: str) -> None:
    """Note when a method of a server hands its argument to the workers."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def hand(self: Any, connection: Any, *args: Any, **options: Any) -> Any:
        try:
            setattr(connection, _HANDED, perf_counter_ns())
        except Exception as error:
            trouble.note(error)
        return original(self, connection, *args, **options)

    patches.set(owner, name, hand)


def _wrap_take(patches: Patches, owner: Any, name: str, which: int) -> None:
    """Record how long a connection had waited when a worker calls a method: its argument with that number."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def take(*args: Any, **options: Any) -> Any:
        try:
            connection = args[which]
            handed = getattr(connection, _HANDED, 0)
            _taken(handed)
            if handed:
                setattr(connection, _HANDED, 0)
        except Exception as error:
            trouble.note(error)
        return original(*args, **options)

    patches.set(owner, name, take)


def _wrap_threads(patches: Patches, owner: Any) -> None:
    """Record how long the thread that a server makes for each connection took to run."""
    process_request, in_thread = owner.process_request, owner.process_request_thread
    accepted: dict[int, int] = {}

    @functools.wraps(process_request)
    def process(self: Any, request: Any, client_address: Any) -> Any:
        accepted[id(request)] = perf_counter_ns()
        try:
            return process_request(self, request, client_address)
        except BaseException:
            accepted.pop(id(request), None)
            raise

    @functools.wraps(in_thread)
    def process_in_thread(self: Any, request: Any, client_address: Any) -> Any:
        try:
            _taken(accepted.pop(id(request), 0))
        except Exception as error:
            trouble.note(error)
        return in_thread(self, request, client_address)

    patches.set(owner, "process_request", process)
    patches.set(owner, "process_request_thread", process_in_thread)


def _taken(handed: int) -> None:
    """Record that this thread has taken what was handed over at a time (ns), 0: not known.

    After a wait that was told of the next one is told too, however short: the first may have ended without a request.
    """
    now = perf_counter_ns()
    waited = now - handed if handed else 0
    long = waited >= SHORT_NS
    if long or getattr(_last, "told", False):
        put_here()((now, waited, _QUEUED))
        _last.told = long
