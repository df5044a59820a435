"""What stands in for `threading.Lock` and `threading.RLock`: the app's locks are recorded, all others stay raw."""

from __future__ import annotations

import sys
from _thread import RLock as RawRLock
from _thread import allocate_lock
from types import CodeType, FrameType
from typing import Any

from . import names, trouble
from .traced import Site, TracedLock, TracedRLock

RawLock = type(allocate_lock())

_made_at: dict[tuple[int, int], tuple[CodeType, int]] = {}
show_all = False
"""Record the locks of the standard library and of frameworks too."""


class _Factory(type):
    """Makes ``isinstance(x, threading.Lock)`` true for recorded and for raw locks alike."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.kinds)  # type: ignore[attr-defined]


class Lock(metaclass=_Factory):
    """Stands in for `threading.Lock`. A class, since werkzeug keeps it as a class attribute."""

    kinds = (RawLock, TracedLock)

    def __new__(cls) -> Any:
        site = _site(sys._getframe(1), "Lock")
        return allocate_lock() if site is None else TracedLock(allocate_lock(), site)


class RLock(metaclass=_Factory):
    """Stands in for `threading.RLock`."""

    kinds = (RawRLock, TracedRLock)

    def __new__(cls) -> Any:
        site = _site(sys._getframe(1), "RLock")
        return RawRLock() if site is None else TracedRLock(RawRLock(), site)


def _site(frame: FrameType, kind: str) -> Site | None:
    """Return where a lock is made, None when it is not the app's."""
    try:
        maker, in_condition = names.creator(frame)
        if not (show_all or names.shown(maker)):
            return None
        code, offset = maker.f_code, maker.f_lasti
        count = _made_at.get((id(code), offset), (code, 0))[1] + 1
        _made_at[id(code), offset] = (code, count)
        module = str(maker.f_globals.get("__name__", "?"))
    except Exception as error:
        trouble.note(error)
        return None
    return code, offset, maker.f_lineno, module, count, "Condition" if in_condition else kind
