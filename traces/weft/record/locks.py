"""The recorded `Lock` and `RLock`: a raw lock, and closures that write one record per uncontended pass.

``with lock`` looks ``__enter__`` up on the type. Here the type's ``__enter__`` is a slot, whose descriptor hands over
the closure of this one lock: no method is bound and no attribute read, which pays for most of the record.

Between a successful acquire and the release the cells ``own`` and ``t0`` belong to the holder: the raw lock itself
guards them, with or without a GIL. Others may read them (who holds it, since when) and can at worst see the holder a
moment late, so a wait that finds ``own`` empty says "not known" instead of guessing.

A lock is created as a small object; the closures come with its first use.
"""

from __future__ import annotations

import itertools
import sys
import weakref
from _thread import TIMEOUT_MAX, allocate_lock
from _thread import RLock as RawRLock
from collections.abc import Callable, Iterable
from time import perf_counter_ns
from types import CodeType, FrameType
from typing import Any, NoReturn

from ..events import Kind, code_of
from . import definitions, names, stacks, trouble
from .buffers import Put, here, join, owner, put_here

RawLock = type(allocate_lock())

Site = tuple[CodeType, int, int, str, int, str]
"""Code, offset of the call (bytes), line, module, how many locks the place has made, kind."""

in_use: list[weakref.ref[Traced]] = []
"""Locks that have been used, for the drain thread to look at."""

_numbers = itertools.count(1)
_made_at: dict[tuple[int, int], tuple[CodeType, int]] = {}
show_all = False


def nobody(words: Iterable[int]) -> None:
    """Stand in for the owner's ``put`` while a lock is free: there is nothing to record."""


class Traced:
    """What both kinds share. The slots named like methods of a lock hold the closures."""

    __slots__ = ("__weakref__", "_acquire", "_enter", "_leave", "_number", "_peek", "_raw", "_reset", "_site")

    _raw: Any
    _number: int
    _site: Site
    _enter: Callable[[], bool]
    _acquire: Callable[..., bool]
    _leave: Callable[..., None]
    _peek: Callable[[], tuple[Put, int]]
    _reset: Callable[[], None]

    def __init__(self, raw: Any, site: Site) -> None:
        self._raw = raw
        self._site = site
        self._number = next(_numbers)

    # The first use of any of these is the last time that they are called through the type.

    def __enter__(self) -> bool:
        self._promote()
        return self._enter()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        self._promote()
        return self._acquire(blocking, timeout)

    def release(self) -> None:
        self._promote()
        self._leave()

    def __exit__(self, *exc_info: object) -> None:
        self._promote()
        self._leave()

    def _promote(self) -> None:
        if type(self) in _PROMOTED:
            _promote(self)

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
        self._promote()
        return self._save()

    def _acquire_restore(self, state: Any) -> None:
        self._promote()
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


def _promote(lock: Traced) -> None:
    """Give a lock its closures. Two threads may come here at once: `_arming` lets one of them do it."""
    with _arming:
        if type(lock) not in _PROMOTED:
            return
        describe(lock)
        if isinstance(lock, TracedRLock):
            _arm_rlock(lock)
        elif isinstance(lock, TracedLock):
            _arm_lock(lock)
        in_use.append(weakref.ref(lock))
        lock.__class__ = _PROMOTED[type(lock)]  # pyright: ignore[reportAttributeAccessIssue]


_PROMOTED: dict[type[Traced], type[Traced]] = {TracedLock: UsedLock, TracedRLock: UsedRLock}
_arming = RawRLock()


def describe(lock: Traced) -> None:
    """Queue the lock's definition."""
    definitions.pending.append(("lock", lock._number, lock._site))


def _contended(put: Put, own: Put, number: int) -> int:
    """Record that this thread is about to block, with the holder and both stacks; return when the wait began (ns)."""
    began = perf_counter_ns()
    try:
        holder = owner(own)
        waiter_at = stacks.here()
        holder_at = stacks.of(holder.ident) if holder is not None else 0
        put(
            (
                began, holder.thread if holder is not None else 0, code_of(Kind.WAIT, number),
                began, waiter_at, code_of(Kind.WAITER_AT, number),
                began, holder_at, code_of(Kind.HOLDER_AT, number),
            )
        )  # fmt: skip
    except Exception as error:
        trouble.note(error)
    return began


def _blocked(raw: Any, put: Put, own: Put, number: int, timeout: float) -> int:
    """Block on a taken lock; return when the wait began (ns), 0 when it ended without the lock."""
    began = _contended(put, own, number)
    got = False
    try:
        got = raw.acquire(True, timeout)
    finally:
        if not got:
            put((perf_counter_ns(), began, code_of(Kind.GIVE_UP, number)))
    return began if got else 0


def _tried(put: Put, own: Put, number: int) -> None:
    """Record a non-blocking attempt that found the lock taken."""
    holder = owner(own)
    put((perf_counter_ns(), holder.thread if holder is not None else 0, code_of(Kind.TRY_FAILED, number)))


def _got(put: Put, t0: int, began: int, let_go: int, number: int) -> None:
    """Record the end of a wait and since when the lock had been free."""
    put((t0, began, code_of(Kind.ACQUIRE, number), t0, let_go, code_of(Kind.HANDOFF, number)))


def _must_raise(blocking: bool, timeout: float) -> bool:
    """Return whether the raw lock rejects these arguments."""
    return timeout != -1 and (not blocking or not 0 <= timeout <= TIMEOUT_MAX)


def _arm_lock(lock: TracedLock) -> None:
    raw, number, section = lock._raw, lock._number, code_of(Kind.SECTION, lock._number)
    try_acquire, let, clock = raw.acquire, raw.release, perf_counter_ns
    own: Put = nobody
    t0 = let_go = 0

    def enter() -> bool:
        nonlocal own, t0
        if try_acquire(False):
            t0 = clock()
            try:
                own = here.put
            except AttributeError:
                own = join()
            return True
        return wait(-1)

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, let_go
        try:
            let_go = clock()
            own((t0, let_go, section))
            own = nobody
        except Exception as error:
            trouble.note(error)
        finally:
            let()

    def wait(timeout: float) -> bool:
        nonlocal own, t0
        put = put_here()
        began = _blocked(raw, put, own, number, timeout)
        if began:
            t0, own = clock(), put
            _got(put, t0, began, let_go, number)
        return began > 0

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, t0
        if _must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        if try_acquire(False):
            t0, own = clock(), put_here()
            return True
        if blocking:
            return wait(timeout)
        _tried(put_here(), own, number)
        return False

    def reset() -> None:
        nonlocal own
        own = nobody

    lock._enter, lock._leave, lock._acquire = enter, leave, acquire
    lock._peek, lock._reset = lambda: (own, t0), reset


def _arm_rlock(lock: TracedRLock) -> None:
    raw, number, section = lock._raw, lock._number, code_of(Kind.SECTION, lock._number)
    try_acquire, let, owned, clock = raw.acquire, raw.release, raw._is_owned, perf_counter_ns
    own: Put = nobody
    t0 = let_go = depth = 0

    def acquire(blocking: bool = True, timeout: float = -1) -> bool:
        nonlocal own, t0, depth
        if timeout != -1 and _must_raise(blocking, timeout):
            return bool(raw.acquire(blocking, timeout))
        if try_acquire(False):
            depth += 1
            if depth == 1:
                t0, own = clock(), put_here()
            return True
        if blocking:
            return wait(timeout)
        _tried(put_here(), own, number)
        return False

    def leave(kind: object = None, value: object = None, traceback: object = None) -> None:
        nonlocal own, let_go, depth
        if not owned():
            let()  # raises
        try:
            depth -= 1
            if depth == 0:
                let_go = clock()
                own((t0, let_go, section))
                own = nobody
        except Exception as error:
            trouble.note(error)
        finally:
            let()

    def wait(timeout: float) -> bool:
        nonlocal own, t0, depth
        put = put_here()
        began = _blocked(raw, put, own, number, timeout)
        if began:
            depth = 1
            t0, own = clock(), put
            _got(put, t0, began, let_go, number)
        return began > 0

    def save() -> Any:
        nonlocal own, let_go, depth
        if not owned():
            return raw._release_save()  # raises
        let_go = clock()
        own((t0, let_go, section))
        saved, depth, own = depth, 0, nobody
        return raw._release_save(), saved

    def restore(state: Any) -> None:
        nonlocal own, t0, depth
        put, began = put_here(), 0
        if try_acquire(False):
            for _ in range(state[1] - 1):
                try_acquire(False)
        else:
            began = _contended(put, own, number)
            raw._acquire_restore(state[0])
        depth, t0, own = state[1], clock(), put
        if began:
            _got(put, t0, began, let_go, number)

    def reset() -> None:
        nonlocal own, depth
        own, depth = nobody, 0

    lock._enter, lock._leave, lock._acquire = acquire, leave, acquire
    lock._save, lock._restore = save, restore
    lock._peek, lock._reset = lambda: (own, t0), reset


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
    maker, in_condition = names.creator(frame)
    if not (show_all or names.shown(maker)):
        return None
    code, offset = maker.f_code, maker.f_lasti
    count = _made_at.get((id(code), offset), (code, 0))[1] + 1
    _made_at[id(code), offset] = (code, count)
    module = str(maker.f_globals.get("__name__", "?"))
    return code, offset, maker.f_lineno, module, count, "Condition" if in_condition else kind


def after_fork() -> None:
    """In a forked child: define the locks in use anew, and forget holders that do not live here."""
    _arming._at_fork_reinit()  # type: ignore[attr-defined]
    for reference in in_use:
        lock = reference()
        if lock is not None:
            describe(lock)
            if lock._peek()[0] is not put_here():
                lock._reset()


def held(first: int, count: int) -> list[tuple[Traced, Put, int]]:
    """Return the locks held at this moment among ``count`` used ones: lock, owner's ``put``, since when (ns).

    Forgets locks that are gone. Only the drain thread calls this, so nothing else shortens the list.
    """
    part = in_use[first : first + count]
    alive = [(reference, lock) for reference in part if (lock := reference()) is not None]
    if len(alive) < len(part):
        in_use[first : first + len(part)] = [reference for reference, _ in alive]
    peeked = [(lock, *lock._peek()) for _, lock in alive]
    return [(lock, own, t0) for lock, own, t0 in peeked if own is not nobody]
