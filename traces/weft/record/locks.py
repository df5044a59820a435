"""What stands in for `threading.Lock` and `threading.RLock`: the app's locks are recorded, all others stay raw."""

from __future__ import annotations

import sys
from _thread import RLock as RawRLock
from _thread import allocate_lock
from types import CodeType, FrameType
from typing import Any

from . import names, trouble
from .traced import NamedSite, TracedLock, TracedRLock

RawLock = type(allocate_lock())

_made_at: dict[tuple[int, int, str], tuple[CodeType, int]] = {}
show_all = False
"""Record the locks of the standard library and of frameworks too."""


def wanted(frame: FrameType) -> bool:
    """Return whether what is made in a frame, or waited for there, is to be recorded."""
    return names.shown(frame) or (show_all and not names.is_ours(frame))


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


def _site(frame: FrameType, kind: str) -> NamedSite | None:
    """Return where a lock is made, None when it is not the app's."""
    try:
        maker, in_condition = names.creator(frame)
        shown = names.shown(maker)
        if not shown and (not show_all or names.is_ours(maker)):
            return None
        attribute = owner = ""
        if not shown or names.is_generated(maker.f_code):
            maker, attribute, owner = _owned(maker)
        code, offset = maker.f_code, maker.f_lasti
        place = (0, 0, owner) if owner else (id(code), offset, attribute)
        count = _made_at.get(place, (code, 0))[1] + 1
        _made_at[place] = (code, count)
        module = str(maker.f_globals.get("__name__", "?"))
        name = names.numbered(owner, count) if owner else ""
    except Exception as error:
        trouble.note(error)
        return None
    return code, offset, maker.f_lineno, module, count, "Condition" if in_condition else kind, attribute, name


def _owned(frame: FrameType) -> tuple[FrameType, str, str]:
    """Return where to look for the name of a lock that an object of a library keeps, or that name.

    A queue's in ``jobs = Queue()`` is ``shop.jobs.mutex``, one that a library has for itself ``logging.Handler.lock``.

    Returns:
        The frame, the attribute to add to the name of what is made there, and the name if there is no need to look.
    """
    attribute = owner = ""
    generated = names.is_generated(frame.f_code)
    while (found := names.constructed(frame)) is not None:
        frame, owner, kept_in = found
        attribute = f"{kept_in}.{attribute}" if attribute else kept_in
        if generated:
            return frame, "", f"{owner.rpartition('.')[2]}.{attribute}"
        if names.shown(frame):
            return frame, attribute, ""
    return frame, "", f"{owner}.{attribute}" if owner else ""
