"""Record threads of the app that wait for the end of another: who waits, for which thread, and where that one is."""

from __future__ import annotations

import functools
import sys
import threading
from _thread import get_ident
from types import FrameType

from . import buffers, locks, marks, sections, trouble, waits
from .buffers import put_here
from .patches import Patches
from .sections import nobody
from .waits import Resource

FAMILIES = 1000
"""Names of threads (but for their last number) that are told apart."""

_joined: dict[tuple[str, ...], Resource] = {}


def install(patches: Patches) -> None:
    """Wrap ``Thread.join``."""
    original, is_alive = threading.Thread.join, threading.Thread.is_alive

    @functools.wraps(original)
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        try:
            resource = None
            if is_alive(self) and self.ident != get_ident() and (timeout is None or timeout > 0):
                resource = _resource(self.name, sys._getframe(1))
        except Exception:
            resource = None  # and the original says what is wrong
        if resource is None:
            return original(self, timeout)
        put: buffers.Put = nobody
        began = 0
        try:
            put = put_here()
            began = sections.contended(put, _put_of(self.ident), resource.define(), timeout)
        except Exception as error:
            trouble.note(error)
        try:
            return original(self, timeout)
        finally:
            waits.over(put, began, resource.number, came=not is_alive(self))

    patches.set(threading.Thread, "join", join)


def _resource(name: str, frame: FrameType) -> Resource | None:
    """Return what stands for the end of threads of that name, None where it is not the app that waits."""
    frame = marks.submitter(frame)
    if not locks.wanted(frame):
        return None
    family: tuple[str, ...] = buffers.family(name) if len(_joined) < FAMILIES else ("", "")
    known = _joined.get(family)
    if known is None:
        code, offset, module = frame.f_code, frame.f_lasti, frame.f_globals.get("__name__", "?")
        site = code, offset, frame.f_lineno, module, 1, "Thread"
        known = _joined[family] = Resource(site, "join", "N".join(family) or "thread")
    return known


def _put_of(ident: int | None) -> buffers.Put:
    """Return the ``put`` of a thread that has not ended."""
    put = buffers.idents.get(ident or 0, nobody)
    buffer = buffers.owner(put)
    return put if buffer is not None and not buffer.left else nobody
