"""Recorded locks as objects: small until their first use, then with the closures of `sections` in their slots.

``with lock`` looks ``__enter__`` up on the type. Here the type's ``__enter__`` is a slot, whose descriptor hands over
the closure of this one lock: no method is bound and no attribute read, which pays for most of the record.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from types import CodeType
from typing import Any, NoReturn

from . import contended, definitions, forking, interrupts, sections, trouble
from .buffers import Put, put_here
from .sections import nobody

Site = tuple[CodeType, int, int, str, int, str]
"""Code, offset of the call (bytes), line, module, how many locks the place has made, kind."""

NamedSite = tuple[CodeType, int, int, str, int, str, str, str]
"""A `Site`, an operation (empty for a lock), and a name where that does not come from the place."""

in_use: list[weakref.ref[Any]] = []
"""Locks that have been used, for the drain thread to look at."""

contended_only = False
"""Record of locks only what somebody waits for."""

numbers = itertools.count(1)
"""Ids of locks, and of all else that is waited for."""


class Traced:
    """What both kinds share. The slots named like methods of a lock hold the closures."""

    __slots__ = (
        "__weakref__",
        "_acquire",
        "_announced",
        "_enter",
        "_leave",
        "_number",
        "_peek",
        "_raw",
        "_reset",
        "_site",
    )

    _raw: Any
    _number: int
    _site: Site | NamedSite
    _enter: Callable[[], bool]
    _acquire: Callable[..., bool]
    _leave: Callable[..., None]
    _peek: Callable[[], tuple[Put, int]]
    _announced: int
    """Since when (ns) the hold lasts that the drain thread has told of last."""
    _reset: Callable[..., None]

    def __init__(self, raw: Any, site: Site | NamedSite) -> None:
        self._raw = raw
        self._site = site
        self._number = next(numbers)
        self._announced = 0

    # The first use of any of these is the last time that they are called through the type, but for a Condition, which
    # keeps them. Nobody has taken through us what has no closures yet.

    def __enter__(self) -> bool:
        if self.__class__ in _PROMOTED and not _promoted(self):
            return bool(self._raw.__enter__())
        return self._enter()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self.__class__ in _PROMOTED and not _promoted(self):
            return bool(self._raw.acquire(blocking, timeout))
        return self._acquire(blocking, timeout)

    @interrupts.never_at_start
    def release(self) -> None:
        if self.__class__ in _PROMOTED:
            self._raw.release()
        else:
            self._leave()

    @interrupts.never_at_start
    def __exit__(self, *exc_info: object) -> None:
        if self.__class__ in _PROMOTED:
            self._raw.release()
        else:
            self._leave()

    def _carry_on(self) -> None:
        """In a forked child: define it anew, and forget a holder that does not live here."""
        describe(self)
        self._reset(put_here())

    def _at_fork_reinit(self) -> None:
        self._raw._at_fork_reinit()
        if type(self) not in _PROMOTED:
            self._reset()

    def __getattr__(self, name: str) -> Any:
        if name in Traced.__slots__:
            raise AttributeError(name)
        return getattr(self._raw, name)

    def __repr__(self) -> str:
        return repr(self._raw)

    def __reduce__(self) -> NoReturn:
        kind = type(self._raw)
        raise TypeError(f"cannot pickle '{kind.__module__}.{kind.__qualname__}' object")


class TracedLock(Traced):
    """A `threading.Lock` that nobody has used yet."""

    __slots__ = ()

    def locked(self) -> bool:
        return bool(self._raw.locked())

    # Condition asks a lock without this by trying to acquire it, which would be recorded as a try.
    _is_owned = locked


class TracedRLock(Traced):
    """A `threading.RLock` that nobody has used yet."""

    __slots__ = ("_restore", "_save")

    _save: Callable[[], Any]
    _restore: Callable[[Any], None]

    def _is_owned(self) -> bool:
        return bool(self._raw._is_owned())

    def _release_save(self) -> Any:
        return self._raw._release_save() if self.__class__ in _PROMOTED else self._save()

    @interrupts.never_at_start
    def _acquire_restore(self, state: Any) -> None:
        if self.__class__ in _PROMOTED:
            self._raw._acquire_restore(state)
        else:
            self._restore(state)


_slots: dict[str, Any] = {**vars(Traced), **vars(TracedRLock)}
"""The descriptors that hand over the closures."""


class UsedLock(TracedLock):
    """A lock in use."""

    __slots__ = ()
    __enter__ = _slots["_enter"]
    acquire = _slots["_acquire"]
    release = __exit__ = _slots["_leave"]


class UsedRLock(TracedRLock):
    """A re-entrant lock in use."""

    __slots__ = ()
    __enter__ = _slots["_enter"]
    acquire = _slots["_acquire"]
    release = __exit__ = _slots["_leave"]
    _release_save = _slots["_save"]
    _acquire_restore = _slots["_restore"]


def _promoted(lock: Traced) -> bool:
    """Give a lock its closures; return False where that fails. Of two threads at once `_arming` lets one do it."""
    try:
        with _arming:
            if type(lock) not in _PROMOTED:
                return True
            describe(lock)
            how = contended if contended_only else sections
            made = (how.of_rlock if isinstance(lock, TracedRLock) else how.of_lock)(lock._raw, lock._number)
            lock._enter, lock._acquire, lock._leave, lock._peek, lock._reset, *_ = made
            if isinstance(lock, TracedRLock) and made.save and made.restore:
                lock._save, lock._restore = made.save, made.restore
            in_use.append(weakref.ref(lock))
            lock.__class__ = _PROMOTED[type(lock)]  # pyright: ignore[reportAttributeAccessIssue]
    except Exception as error:
        trouble.note(error)
        return False
    return True


_PROMOTED: dict[type[Traced], type[Traced]] = {TracedLock: UsedLock, TracedRLock: UsedRLock}
_arming = forking.guard()


def describe(lock: Traced) -> None:
    """Queue the lock's definition."""
    definitions.pending.append(("lock", lock._number, lock._site))


def rename(lock: Traced, text: str) -> None:
    """Give a lock a name of the app's, for what has been recorded of it too."""
    code, offset, line, module, ordinal, kind = lock._site[:6]
    lock._site = code, offset, line, module, ordinal, kind, "", text
    if type(lock) not in _PROMOTED:
        describe(lock)


def after_fork() -> None:
    """In a forked child: let the locks in use carry on."""
    for reference in in_use:
        lock = reference()
        if lock is not None:
            lock._carry_on()


def begin_anew() -> None:
    """For another recording: define the locks in use anew, and forget holders, whose buffers are gone."""
    for reference in in_use[:]:
        lock = reference()
        if isinstance(lock, Traced):
            describe(lock)
            lock._reset()
        elif lock is not None:
            lock._carry_on()


def held(first: int, count: int) -> list[tuple[Any, Put, int]]:
    """Return the locks held at this moment among ``count`` used ones: lock, owner's ``put``, since when (ns).

    Of locks that nobody waits for it is not known with `contended_only`.

    Forgets locks that are gone. Only the drain thread calls this, so nothing else shortens the list.
    """
    part = in_use[first : first + count]
    alive = [(reference, lock) for reference in part if (lock := reference()) is not None]
    if len(alive) < len(part):
        in_use[first : first + len(part)] = [reference for reference, _ in alive]
    peeked = [(lock, *lock._peek()) for _, lock in alive]
    return [(lock, own, t0) for lock, own, t0 in peeked if own is not nobody and t0]
