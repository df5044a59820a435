"""Record redis-py's `Lock`: who waits for one and who has it, also in other processes that write to the trace.

Locks of one name are one, in all processes. A wait is recorded from the first attempt on that finds the lock taken; a
hold lasts from the acquisition until it is given back, though the server may have let it expire before.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import said, trouble
from .patches import Patches

HOLD = "_weft_hold"
"""Attribute of a lock's ``local``, where its token is too: ends the hold."""

KIND = "Redis lock"


class _Asking(threading.local):
    """What the running thread is about to acquire: begins a wait, and ends it."""

    begin: Callable[[], said.End] | None = None
    end: said.End | None = None


_asking = _Asking()


def watch(patches: Patches) -> dict[str, Callable[[ModuleType], None]]:
    """Return what to do once redis-py's locks are imported."""
    return {"redis.lock": lambda module: _wrap(patches, module)}


def _wrap(patches: Patches, module: Any) -> None:
    _wrap_acquire(patches, module.Lock)
    _wrap_attempt(patches, module.Lock)
    _wrap_release(patches, module.Lock)


def _wrap_acquire(patches: Patches, lock_class: Any) -> None:
    original = lock_class.acquire
    names = "blocking", "blocking_timeout"
    places = [original.__code__.co_varnames.index(name) - 1 for name in names]

    @functools.wraps(original)
    def acquire(self: Any, *args: Any, **kwargs: Any) -> Any:
        lock = _resource(self)
        if lock is None:
            return original(self, *args, **kwargs)
        blocking, limit = (
            args[place] if len(args) > place else kwargs.get(name) for place, name in zip(places, names, strict=True)
        )
        limit = self.blocking_timeout if limit is None else limit
        wait = functools.partial(lock.wait, limit)
        _asking.begin = wait if (self.blocking if blocking is None else blocking) else lock.try_failed
        got = False
        try:
            got = original(self, *args, **kwargs)
            return got
        finally:
            end, _asking.begin, _asking.end = _asking.end, None, None
            try:
                if end is not None:
                    end(bool(got))
                if got:
                    setattr(self.local, HOLD, lock.hold())
            except Exception as error:
                trouble.note(error)

    patches.set(lock_class, "acquire", acquire)


def _wrap_attempt(patches: Patches, lock_class: Any) -> None:
    original = lock_class.do_acquire

    @functools.wraps(original)
    def do_acquire(self: Any, token: Any) -> Any:
        got = original(self, token)
        begin, _asking.begin = _asking.begin, None
        if not got and begin is not None:
            try:
                _asking.end = begin()
            except Exception as error:
                trouble.note(error)
        return got

    patches.set(lock_class, "do_acquire", do_acquire)


def _wrap_release(patches: Patches, lock_class: Any) -> None:
    original = lock_class.release

    @functools.wraps(original)
    def release(self: Any) -> Any:
        try:
            end = getattr(self.local, HOLD, None)
            if end is not None:
                delattr(self.local, HOLD)
                end(True)
        except Exception as error:
            trouble.note(error)
        return original(self)

    patches.set(lock_class, "release", release)


def _resource(lock: Any) -> said.Held | None:
    try:
        name = lock.name
        called = said.plain(name.decode("utf-8", "replace") if isinstance(name, bytes) else name)
        return said.resource(called, KIND, shared=called)
    except Exception as error:
        trouble.note(error)
        return None
