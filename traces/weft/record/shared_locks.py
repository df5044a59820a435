"""Record the locks of `multiprocessing`, and what is built of them: conditions, events, barriers and queues.

All of them block in the ``acquire`` of a semaphore that is written in C, which Python objects hand out as their own
methods. Those of the app's hand out ours, which try first. A queue's ``get`` blocks in a pipe instead.

What processes share has a key that is the same in all of them, so that a reader knows that it is one lock: who holds
it may live in another process, where nobody can be asked. What is held is written by the thread that holds it, which
the lock itself guards. A child that is not forked gets the names along with what `multiprocessing.spawn` tells it.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
import weakref
from collections.abc import Callable
from operator import attrgetter
from time import perf_counter_ns
from types import FrameType
from typing import Any

from ..events import Kind, code_of
from . import definitions, imports, locks, marks, sections, spell, traced, trouble, waits
from .buffers import Put, put_here
from .patches import Patches
from .sections import nobody

Entry = dict[str, Any]
"""The definition of a lock, but for its id."""

GIVEN = "weft"
"""Key of what a child that is not forked is told: name of a semaphore to its part and entry."""

_SHARED = "_weft_shared"
_MAKERS = ("multiprocessing.context", "multiprocessing.sharedctypes")
_tokens = itertools.count(1)
_made_at: dict[tuple[int, int], tuple[Any, int]] = {}
_named: weakref.WeakValueDictionary[str, Shared] = weakref.WeakValueDictionary()
"""By the names that semaphores have outside of a forking world."""

known: dict[int, weakref.ref[Shared]] = {}
"""By number."""

_inherited: dict[str, tuple[str, Entry]] = {}

MUTEX, COUNTED, READ = "mutex", "counted", "read"
"""Parts that a semaphore may have: it is held, it is waited for, or it guards a pipe that is read."""


def install(patches: Patches) -> None:
    """Record what is made from now on."""
    imports.watch(
        {
            "multiprocessing.synchronize": functools.partial(_watch_locks, patches),
            "multiprocessing.queues": functools.partial(_watch_queues, patches),
            "multiprocessing.spawn": functools.partial(_tell_children, patches),
        }
    )


class Shared:
    """A semaphore that the app shares between processes, as this process sees it.

    Args:
        semaphore: the `multiprocessing.synchronize.SemLock`.
        part: what it is there for.
        entry: its definition.
    """

    __slots__ = ("__weakref__", "_announced", "_known", "_number", "_own", "_raw", "_recursive", "_t0", "entry", "part")

    def __init__(self, semaphore: Any, part: str, entry: Entry) -> None:
        self._raw = semaphore._semlock
        self._recursive: bool = self._raw.kind == 0
        self.part = part
        self.entry = entry
        self._number = next(traced.numbers)
        self._known: object = None
        self._own: Put = nobody
        self._t0 = self._announced = 0

    def define(self) -> int:
        """Return the number, which the trace knows then."""
        if self._known is not waits.process():
            self._known = waits.process()
            definitions.pending.append(("shared", self._number, (self.entry,)))
        return self._number

    def acquire(self, block: Any = True, timeout: Any = None) -> bool:
        """Acquire the semaphore as the C method does, and record it if that blocks."""
        raw, at = self._raw, 0
        sensible = timeout is None or (type(timeout) in (int, float) and timeout > 0)
        if not block or not sensible:
            got: bool = raw.acquire(block, timeout)
            if not block and not got and self.part == MUTEX:
                self._tried()
        else:
            got = raw.acquire(False)
            at = 0 if got else self._wait(timeout)
            got = got or at > 0
        if got and self.part == MUTEX and (not self._recursive or raw._count() == 1):
            self._hold(at)
        return got

    def release(self) -> None:
        """Release the semaphore as the C method does, and record how long it was held."""
        raw = self._raw
        if self.part == MUTEX and (not self._recursive or (raw._is_mine() and raw._count() == 1)):
            self._let_go()
        raw.release()

    def around(self, work: Callable[[], Any], limit: float | None = None) -> Any:
        """Do something that blocks until this comes about, for ``limit`` seconds at most if it is not None."""
        put, number = put_here(), self.define()
        began, came = sections.contended(put, nobody, number, limit), False
        try:
            result = work()
            came = True
            return result
        finally:
            waits.over(put, began, number, came=came)

    # The drain thread, which tells of long holds, and a forked child ask these of every lock in use.

    def _peek(self) -> tuple[Put, int]:
        return self._own, self._t0

    def _carry_on(self) -> None:
        self._own = nobody

    def _wait(self, timeout: float | None) -> int:
        """Block; return when that ended with the semaphore (ns), 0 when it ended without."""
        put, number = put_here(), self.define()
        began, got, now = sections.contended(put, self._own, number, timeout), False, 0
        try:
            got = self._raw.acquire(True, timeout)
        finally:
            now = perf_counter_ns()
            if got and self.part == MUTEX:
                put((now, began, code_of(Kind.ACQUIRE, number)))
            else:
                waits.over(put, began, number, came=got)
        return now if got else 0

    def _hold(self, at: int) -> None:
        try:
            self.define()
            self._t0, self._own = at or perf_counter_ns(), put_here()
        except Exception as error:
            trouble.note(error)

    def _let_go(self) -> None:
        try:
            number = self.define()
            own, self._own = self._own, nobody
            own((self._t0, perf_counter_ns(), code_of(Kind.SECTION, number)))
        except Exception as error:
            trouble.note(error)

    def _tried(self) -> None:
        try:
            number = self.define()
            sections.tried(self._own, number)
        except Exception as error:
            trouble.note(error)


def of(semaphore: Any) -> Shared | None:
    """Return what a semaphore is recorded as, None when it is not."""
    try:
        found: Shared | None = semaphore.__dict__.get(_SHARED)
    except AttributeError:
        return None
    return found


def _record(semaphore: Any, part: str, entry: Entry) -> None:
    """Let a semaphore be recorded."""
    shared = Shared(semaphore, part, entry)
    setattr(semaphore, _SHARED, shared)
    if part != READ:
        semaphore.acquire, semaphore.release = shared.acquire, shared.release
    if part == MUTEX:
        traced.in_use.append(weakref.ref(shared))
    number = shared._number
    known[number] = weakref.ref(shared, lambda _: known.pop(number, None))
    if semaphore._semlock.name is not None:
        _named[semaphore._semlock.name] = shared


Parts = tuple[tuple[str, str, str], ...]
"""Where the semaphores are in an object, what each is there for, and what a wait for it is called."""

_BUILT_OF: dict[str, Parts] = {
    **dict.fromkeys(("Lock", "RLock"), (("", MUTEX, ""),)),
    **dict.fromkeys(("Semaphore", "BoundedSemaphore"), (("", COUNTED, ""),)),
    "Condition": (("_lock", MUTEX, ""), ("_wait_semaphore", COUNTED, "wait")),
    **dict.fromkeys(("Event", "Barrier"), (("_cond._wait_semaphore", COUNTED, ""),)),
}
_QUEUE: Parts = (("_rlock", READ, "get"), ("_sem", COUNTED, "put"))
_QUEUES_BUILT_OF: dict[str, Parts] = {
    "Queue": _QUEUE,
    "JoinableQueue": (*_QUEUE, ("_cond._wait_semaphore", COUNTED, "join")),
    "SimpleQueue": _QUEUE[:1],
}


def _watch_locks(patches: Patches, synchronize: Any) -> None:
    base = synchronize.SemLock
    enter, leave, restore = base.__enter__, base.__exit__, base.__setstate__

    @functools.wraps(enter)
    def __enter__(self: Any) -> Any:
        shared = of(self)
        return enter(self) if shared is None or shared.part == READ else shared.acquire()

    @functools.wraps(leave)
    def __exit__(self: Any, *args: Any) -> Any:
        shared = of(self)
        return leave(self, *args) if shared is None or shared.part == READ else shared.release()

    @functools.wraps(restore)
    def __setstate__(self: Any, state: Any) -> None:
        restore(self, state)
        given = _inherited.get(state[3])
        if given is not None:
            _record(self, *given)

    patches.set(base, "__enter__", __enter__)
    patches.set(base, "__exit__", __exit__)
    patches.set(base, "__setstate__", __setstate__)
    for name, parts in _BUILT_OF.items():
        _watch(patches, getattr(synchronize, name), parts)


def _watch_queues(patches: Patches, queues: Any) -> None:
    queue, simple, empty = queues.Queue, queues.SimpleQueue, queues.Empty
    for name, parts in _QUEUES_BUILT_OF.items():
        _watch(patches, getattr(queues, name), parts)
    get, simple_get = queue.get, simple.get

    @functools.wraps(get)
    def get_or_wait(self: Any, block: bool = True, timeout: float | None = None) -> Any:
        shared = of(self._rlock)
        sensible = timeout is None or (type(timeout) in (int, float) and timeout > 0)
        if shared is None or not block or not sensible:
            return get(self, block, timeout)
        try:
            return get(self, False)
        except empty:
            pass
        return shared.around(lambda: get(self, block, timeout), timeout)

    @functools.wraps(simple_get)
    def simple_get_or_wait(self: Any) -> Any:
        shared = of(self._rlock)
        if shared is None or self._poll():
            return simple_get(self)
        return shared.around(lambda: simple_get(self))

    patches.set(queue, "get", get_or_wait)
    patches.set(simple, "get", simple_get_or_wait)


def _tell_children(patches: Patches, spawn: Any) -> None:
    """Let children that are not forked know the names of what they are given."""
    telling, preparing = spawn.get_preparation_data, spawn.prepare

    @functools.wraps(telling)
    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = telling(name)
        try:
            told = {name: (shared.part, spell.shared(shared.entry)) for name, shared in list(_named.items())}
            if told:
                data[GIVEN] = told
        except Exception as error:
            trouble.note(error)
        return data

    @functools.wraps(preparing)
    def prepare(data: dict[str, Any]) -> None:
        try:
            _inherited.update(data.get(GIVEN, {}))
        except Exception as error:
            trouble.note(error)
        preparing(data)

    patches.set(spawn, "get_preparation_data", get_preparation_data)
    patches.set(spawn, "prepare", prepare)


def _watch(patches: Patches, owner: Any, parts: Parts) -> None:
    """Record the semaphores of what the app makes."""
    original = owner.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        try:
            frame = _maker(sys._getframe(1))
            if locks.wanted(frame):
                _record_parts(self, parts, _place(marks.outermost(frame, self), owner.__name__))
        except Exception as error:
            trouble.note(error)

    patches.set(owner, "__init__", __init__)


def _record_parts(made: Any, parts: Parts, place: Entry) -> None:
    for path, part, operation in parts:
        semaphore = attrgetter(path)(made) if path else made
        if path != "_lock" or of(semaphore) is None:  # a condition may have been given the app's own
            _record(semaphore, part, {**place, "operation": operation, "shared": _key(semaphore, operation)})
        if path == "_lock":
            made._make_methods()  # which hands out those of its lock


def _maker(frame: FrameType) -> FrameType:
    while frame.f_back is not None and frame.f_globals.get("__name__") in _MAKERS:
        frame = frame.f_back
    return frame


def _place(frame: FrameType, kind: str) -> Entry:
    code, offset = frame.f_code, frame.f_lasti
    count = _made_at.get((id(code), offset), (code, 0))[1] + 1
    _made_at[id(code), offset] = (code, count)
    module = str(frame.f_globals.get("__name__", "?"))
    return {"made": (code, offset, module, count), "kind": kind}


def _key(semaphore: Any, operation: str) -> str:
    name = semaphore._semlock.name or f"{os.getpid()}-{perf_counter_ns()}-{next(_tokens)}"
    return f"{name}.{operation}" if operation else str(name)
