"""Record waits in `queue.SimpleQueue`, a C type that cannot be wrapped in place: the app gets a subclass of it.

Only ``get`` is replaced, and it takes what is there before it blocks; ``put`` stays C code, so it may still be called
from signal handlers and ``__del__`` at any moment, and no record tells who ended a wait. What the standard library and
frameworks make for themselves (executors do) has the ``get`` of the C type too.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NoReturn

from . import locks, sections, stacks, trouble, waits
from .buffers import put_here
from .marks import MARK, OWN_NAMES
from .patches import Patches
from .sections import nobody


def install(patches: Patches, queue: ModuleType) -> None:
    """Replace ``queue.SimpleQueue`` by a subclass, where it is a C type."""
    raw: Any = queue.SimpleQueue
    if raw.__module__ != "queue":
        patches.set(queue, "SimpleQueue", _subclass(raw, queue.Empty))


_made: dict[tuple[int, int], list[waits.Resource]] = {}
"""By place, what it has made. A resource keeps its code, so that the id stays its own."""


def _subclass(raw: Any, empty: type[Exception]) -> type:
    """Return a class that stands in for the C type."""

    class SimpleQueue(raw):  # type: ignore[misc]
        __slots__ = (MARK,)

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            frame = sys._getframe(1)
            if not locks.wanted(frame):
                return raw.__new__(Plain if cls is SimpleQueue else cls, *args, **kwargs)
            made = raw.__new__(cls, *args, **kwargs)
            _mark(made, frame)
            return made

        def __getstate__(self) -> NoReturn:
            kind = type(self)
            name = f"{raw.__module__}.{raw.__qualname__}" if kind in (SimpleQueue, Plain) else kind.__name__
            raise TypeError(f"cannot pickle '{name}' object")

        get = _waiting(raw.get, empty)

    class Plain(SimpleQueue):
        """One that nobody watches."""

        __slots__ = ()
        get = raw.get

    for kind in (SimpleQueue, Plain):
        kind.__module__, kind.__name__, kind.__qualname__ = raw.__module__, raw.__name__, raw.__qualname__
        kind.__doc__ = raw.__doc__
    return SimpleQueue


def _mark(made: Any, frame: Any) -> None:
    try:
        setattr(made, MARK, (frame.f_code, frame.f_lasti, str(frame.f_globals.get("__name__", "?"))))
    except Exception as error:
        trouble.note(error)


def _resource(mark: Any, made: Any) -> waits.Resource:
    """Return what stands for a queue, which is waited for the first time."""
    code, offset, module = mark
    family = _made.setdefault((id(code), offset), [])
    if len(family) < OWN_NAMES:
        site = code, offset, stacks.line_at(code, offset), module, len(family) + 1, "SimpleQueue"
        family.append(waits.Resource(site, "get"))
    resource = family[-1]
    setattr(made, MARK, resource)
    return resource


def _waiting(original: Any, empty: type[Exception]) -> Any:
    def get(self: Any, /, block: Any = True, timeout: Any = None) -> Any:
        mark = getattr(self, MARK, None)
        sensible = timeout is None or (type(timeout) in (int, float) and timeout > 0)
        if mark is None or not block or not sensible:
            return original(self, block, timeout)
        try:
            return original(self, False)
        except empty:
            pass
        put, number = put_here(), 0
        try:
            resource = mark if isinstance(mark, waits.Resource) else _resource(mark, self)
            number = resource.define()
        except Exception as error:
            trouble.note(error)
        began, came = sections.contended(put, nobody, number, timeout), False
        try:
            item = original(self, block, timeout)
            came = True
            return item
        finally:
            waits.over(put, began, number, came=came)

    get.__annotations__ = {}
    get.__doc__, get.__qualname__ = original.__doc__, original.__qualname__
    return get
