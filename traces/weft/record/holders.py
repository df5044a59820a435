"""Who has a semaphore, and who works on a future: what somebody who waits for it is told.

A semaphore need not be released by the thread that acquired it. Once one is not, its holders are not known any more,
and nobody is named instead of guessing.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from . import tasks, trouble
from .buffers import Put, here, put_here
from .patches import Patches
from .sections import nobody

HELD = "_weft_held_by"
"""Attribute of a condition: the ``put`` of those who have what is waited for there, oldest first, or None."""

MOST = 64
"""Holders of one semaphore that are remembered."""


def oldest(condition: Any) -> Put:
    """Return the ``put`` of who has had longest what is waited for in a condition."""
    try:
        held = getattr(condition, HELD, None)
        return held[0] if held else nobody
    except Exception:  # given back just now
        return nobody


def of_semaphore(semaphore: Any, marked: bool) -> None:
    """Remember from now on who has a new semaphore, if it is a marked one."""
    setattr(semaphore._cond, HELD, deque(maxlen=min(semaphore._value, MOST)) if marked else None)


def install(patches: Patches) -> None:
    """Wrap the methods by which semaphores are taken and given back."""
    acquire = _acquiring(threading.Semaphore.acquire)
    patches.set(threading.Semaphore, "acquire", acquire)
    patches.set(threading.Semaphore, "__enter__", acquire)
    for kind in (threading.Semaphore, threading.BoundedSemaphore):
        patches.set(kind, "release", _releasing(kind.release))


def watch_futures(patches: Patches, future_class: Any) -> None:
    """Wrap the method by which a worker begins with a future."""
    original = future_class.set_running_or_notify_cancel

    @functools.wraps(original)
    def set_running_or_notify_cancel(self: Any) -> bool:
        running: bool = original(self)
        try:
            if running:
                if self._condition._weft_waits_for is not None:
                    setattr(self._condition, HELD, (put_here(),))
                tasks.begin(self)
        except Exception as error:
            trouble.note(error)
        return running

    patches.set(future_class, "set_running_or_notify_cancel", set_running_or_notify_cancel)


def _acquiring(original: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(original)
    def acquire(self: Any, blocking: bool = True, timeout: float | None = None) -> bool:
        got = original(self, blocking, timeout)
        if got:
            try:
                held = self._cond._weft_held_by
            except AttributeError:  # made before the recorder was there
                return got
            if held is not None:
                try:
                    held.append(here.put)
                except AttributeError:
                    _join(held)
        return got

    return acquire


def _join(held: deque[Put]) -> None:
    try:
        held.append(put_here())
    except Exception as error:
        trouble.note(error)


def _releasing(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def release(self: Any, n: int = 1) -> None:
        # Before the semaphore is given back: whoever gets it then must not be taken for one too many.
        try:
            held = self._cond._weft_held_by
        except AttributeError:
            held = None
        if held is not None:
            try:
                held.remove(here.put)
            except (AttributeError, ValueError, IndexError):
                held.clear()
            if n != 1:
                held.clear()
        original(self, n)

    return release
