"""Forgets what `threading.local` keeps for a thread, as its end does: so that one thread can stand for several.

Python has no way to ask for that. Up to 3.12 all of it is in a dict of the thread's; in 3.13 every `threading.local`
waits for an object of the thread's to go. Whether a way works is tried, not taken from the version.
"""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from functools import cache, partial
from typing import Any

Forget = Callable[[], object]


def forgetting() -> Forget | None:
    """Return what forgets all that is kept for the current thread; None where there is no way.

    Asked for the first time, it tries the ways in a thread of its own: not on the stage.
    """
    way = _way()
    return way() if way is not None else None


@cache
def _way() -> Callable[[], Forget | None] | None:
    return next((way for way in (_by_dict, _by_watchdogs) if _works(way)), None)


def _works(way: Callable[[], Forget | None]) -> bool:
    kept = threading.local()
    kept.value = 0
    found = []

    def attempt() -> None:
        forget = way()
        for value in (1, 2):
            kept.value = value
            if forget is not None:
                forget()
            found.append(not hasattr(kept, "value"))

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return found == [True, True] and vars(kept) == {"value": 0}


def _by_dict() -> Forget | None:
    try:
        import ctypes
    except ImportError:  # it is optional when Python is built
        return None
    find: Any = ctypes.pythonapi.PyThreadState_GetDict
    clear: Any = ctypes.pythonapi.PyDict_Clear
    find.restype, clear.argtypes, clear.restype = ctypes.c_void_p, [ctypes.c_void_p], None
    return partial(clear, find())  # it is the same one until the thread ends


def _by_watchdogs() -> Forget | None:
    own = threading.local()
    own.value = 1
    for inside in gc.get_referents(own):
        for watchdog in inside if type(inside) is set else ():
            awaited = watchdog() if type(watchdog) is weakref.ref else None
            if awaited is not None:
                return lambda: [one.__callback__(one) for one in weakref.getweakrefs(awaited) if one.__callback__]
    return None
