"""Record waits for a connection of SQLAlchemy's pools, and who has one: from checkout to checkin.

A wait is recorded when the pool's queue is empty, so a checkout that does not block writes its hold only. Pools for
asyncio are left alone: there a task waits, and its thread runs others.

``__init__`` of a pool must stay the function that it is, since ``create_engine`` reads its arguments from its code.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

from . import said, trouble
from .patches import Patches

POOL = "_weft_pool"
"""Attribute of a pool and of its queue: what stands for it in the trace."""

HOLDS = "_weft_holds"
"""Attribute of a connection's record in its pool: the ends of those who have it."""

_LIBRARIES = frozenset({"sqlalchemy", "flask_sqlalchemy"})


def watch(patches: Patches) -> dict[str, Callable[[ModuleType], None]]:
    """Return what to do once SQLAlchemy's pools are imported."""
    return {"sqlalchemy.pool.impl": lambda impl: _wrap(patches, impl)}


def _wrap(patches: Patches, impl: Any) -> None:
    base: Any = sys.modules["sqlalchemy.pool.base"]
    _follow_making(base.Pool)
    _wrap_queue(patches, impl.QueuePool, impl.sqla_queue)
    _wrap_checkout(patches, base._ConnectionRecord)
    _wrap_return(patches, base._ConnectionRecord, "checkin", lambda record: record)
    _wrap_return(patches, base._ConnectionFairy, "detach", lambda fairy: fairy._connection_record)


def _follow_making(pool_class: Any) -> None:
    if "__new__" in vars(pool_class):
        return

    def __new__(cls: type, *args: Any, **kwargs: Any) -> Any:
        made: Any = object.__new__(cls)
        try:
            setattr(made, POOL, _named(sys._getframe(1)))
        except Exception as error:
            trouble.note(error)
        return made

    # Not for `Patches`: a class whose __new__ was taken away does not go back to that of object.
    pool_class.__new__ = __new__


def _named(frame: FrameType) -> said.Held:
    """Return what stands for a new pool; one that replaces another goes by the name of that."""
    outer: FrameType | None = frame
    while outer is not None and str(outer.f_globals.get("__name__")).partition(".")[0] in _LIBRARIES:
        if outer.f_code.co_name == "recreate":
            before = getattr(outer.f_locals.get("self"), POOL, None)
            if before is not None:
                return before  # type: ignore[no-any-return]
        frame, outer = outer, outer.f_back
    return said.resource_of(outer or frame, "Pool")


def _wrap_queue(patches: Patches, pool_class: Any, queues: Any) -> None:
    get_connection, get = pool_class._do_get, queues.Queue.get

    @functools.wraps(get_connection)
    def _do_get(self: Any) -> Any:
        setattr(self._pool, POOL, getattr(self, POOL, None))
        return get_connection(self)

    @functools.wraps(get)
    def get_waiting(self: Any, block: bool = True, timeout: float | None = None) -> Any:
        pool = getattr(self, POOL, None)
        if pool is None or not block:
            return get(self, block, timeout)
        try:
            return get(self, False)
        except queues.Empty:
            end = _begin(functools.partial(pool.wait, timeout))
        came = False
        try:
            got = get(self, block, timeout)
            came = True
            return got
        finally:
            end(came)

    patches.set(pool_class, "_do_get", _do_get)
    patches.set(queues.Queue, "get", get_waiting)


def _wrap_checkout(patches: Patches, record_class: Any) -> None:
    original = record_class.checkout.__func__

    @functools.wraps(original)
    def checkout(cls: Any, pool: Any) -> Any:
        fairy = original(cls, pool)
        try:
            held = getattr(pool, POOL, None)
            if held is not None and not getattr(getattr(pool, "_dialect", None), "is_async", False):
                record = fairy._connection_record
                vars(record).setdefault(HOLDS, []).append(held.hold())
        except Exception as error:
            trouble.note(error)
        return fairy

    patches.set(record_class, "checkout", classmethod(checkout))


def _wrap_return(patches: Patches, owner: Any, name: str, record_of: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def give_back(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            record = record_of(self)
            holds = vars(record).get(HOLDS) if record is not None else None
            if holds:
                holds.pop()(True)
        except Exception as error:
            trouble.note(error)
        return original(self, *args, **kwargs)

    patches.set(owner, name, give_back)


def _begin(what: Callable[[], said.End]) -> said.End:
    try:
        return what()
    except Exception as error:
        trouble.note(error)
        return lambda came: None
