"""Record what threads wait for besides locks: conditions, events, semaphores, barriers, queues, futures, timers.

All of them block in `threading.Condition.wait` and nowhere else, and call it only when they have to wait. So that one
method is replaced, and a call that does not block runs as ever. What it waits for is known from the object's
``__init__``, behind which its conditions are marked with the place when the app has made the object.

Nothing here is shared without a guard: a mark is set before anybody else knows the object, a waiter is written by
the one thread that wakes it, before the release that lets the waiting thread read it.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from _thread import RLock as RawRLock
from collections.abc import Callable, Sequence
from operator import attrgetter
from time import perf_counter_ns
from types import CodeType, FrameType, ModuleType
from typing import Any

from ..events import Kind, code_of
from . import buffers, definitions, holders, locks, names, sections, stacks, traced, trouble
from .buffers import Put, put_here
from .flask_app import WhenImported
from .patches import Patches
from .sections import nobody

MARK = "_weft_waits_for"
"""Attribute of a condition that the app has made: its `Mark`, and once it was waited for, its `Resource`."""

OWN_NAMES = 100
"""Objects of one place that are told apart; all further ones share the name of the last."""

_STDLIB = frozenset({"threading", "queue", "concurrent.futures._base"})

_process = object()
_families: dict[tuple[int, int, str], list[Resource]] = {}
"""By place, what it has made that was waited for. A resource keeps its code, so that the id stays its own."""

_making = RawRLock()

_VARIABLE = 0x04 | 0x08
"""Flags of code that takes ``*args`` or ``**kwargs``."""

Mark = tuple[CodeType, int, str, type, str, int]
"""Code that made an object, offset of the call (bytes), module, class, operation, how many are told apart."""


class Resource:
    """What can be waited for: defined in the trace when it is for the first time.

    Args:
        site: where it was made, and its kind.
        operation: what its owner calls the wait, if there are several ways to wait for it.
        name: instead of what it is assigned to.
    """

    __slots__ = ("_defined", "_details", "number")

    def __init__(self, site: traced.Site, operation: str = "", name: str = "") -> None:
        self.number = next(traced.numbers)
        self._details = (*site, operation, name)
        self._defined: object = None

    def define(self) -> int:
        """Return the number, which the trace knows then."""
        if self._defined is not _process:
            self._defined = _process
            definitions.pending.append(("lock", self.number, self._details))
        return self.number


def install(patches: Patches) -> None:
    """Replace ``Condition.wait`` and mark the conditions of what is made from now on."""
    if not _familiar(threading.Condition):
        trouble.say("this Python's threading.Condition is not known: what is waited for besides locks is not recorded")
        return
    patches.set(threading.Condition, MARK, None)
    patches.set(threading.Condition, "wait", _waiting(threading.Condition.wait))
    _mark(patches, threading.Condition, [("", "wait")])
    # concurrent.futures.wait and as_completed wait for an event.
    _mark(patches, threading.Event, [("_cond", "")], maker=submitter)
    _mark(patches, threading.Barrier, [("_cond", "")])
    for counted in (threading.Semaphore, threading.BoundedSemaphore):
        _mark(patches, counted, [("_cond", "")], then=holders.of_semaphore)
    _mark(patches, threading.Timer, [("finished._cond", "")])
    holders.install(patches)
    for module, then in (("queue", _mark_queues), ("concurrent.futures._base", _mark_futures)):
        loaded = sys.modules.get(module)
        if loaded is not None:
            then(patches, loaded)
        else:
            sys.meta_path.insert(0, WhenImported(module, functools.partial(then, patches)))


def after_fork() -> None:
    """In a forked child: define everything anew."""
    global _process
    _making._at_fork_reinit()  # type: ignore[attr-defined]
    _process = object()


def _familiar(condition: Any) -> bool:
    """Return whether a condition wakes a thread by releasing what that has put into ``_waiters``."""
    used = {"_is_owned", "_waiters", "_release_save", "_acquire_restore", "acquire", "remove"}
    waking = {"_is_owned", "_waiters", "release", "remove"}
    return used <= {*condition.wait.__code__.co_names} and waking <= {*condition.notify.__code__.co_names}


def _mark_queues(patches: Patches, queue: ModuleType) -> None:
    _mark(patches, queue.Queue, [("not_empty", "get"), ("not_full", "put"), ("all_tasks_done", "join")])


def _mark_futures(patches: Patches, base: ModuleType) -> None:
    # There may be one per request, so those of one place have one name.
    _mark(patches, base.Future, [("_condition", "")], own_names=1, maker=submitter)
    holders.watch_futures(patches, base.Future)


def _mark(
    patches: Patches,
    owner: type,
    parts: Sequence[tuple[str, str]],
    own_names: int = OWN_NAMES,
    maker: Callable[[FrameType], FrameType] | None = None,
    then: Callable[[Any, bool], None] | None = None,
) -> None:
    """Let a class mark its conditions.

    Args:
        patches: remember the way back.
        owner: the class.
        parts: paths of attributes from an object to its conditions, and what a wait there is called.
        own_names: objects of one place that are told apart.
        maker: returns the frame on whose behalf an object is made, if that is not who calls the class.
        then: is done with every object; the second argument is whether it was marked.
    """
    original: Callable[..., None] = owner.__init__  # type: ignore[misc]
    dull: dict[int, CodeType] = {}
    """Code of libraries, kept so that its id stays its own."""
    conditions = [(attrgetter(path) if path else _itself, operation) for path, operation in parts]

    def mark(made: Any, caller: FrameType) -> None:
        try:
            frame = caller if maker is None else maker(caller)
            marked = locks.show_all or names.shown(frame)
            if marked:
                frame = _outermost(frame, made)
                module = frame.f_globals.get("__name__", "?")
                for condition, operation in conditions:
                    # Not through the instance's __dict__: to ask for that makes all its attributes slower.
                    place = frame.f_code, frame.f_lasti, module, type(made), operation, own_names
                    setattr(condition(made), MARK, place)
            elif frame is caller and then is None:
                dull[id(caller.f_code)] = caller.f_code
            if then is not None:
                then(made, marked)
        except Exception as error:
            trouble.note(error)

    patches.set(owner, "__init__", _init(original, dull, mark))


def _init(
    original: Callable[..., None], dull: dict[int, CodeType], mark: Callable[[Any, FrameType], None]
) -> Callable[..., None]:
    """Return an ``__init__`` that marks what it has made, unless the code that calls it is known to be a library's."""
    code, frame_of = original.__code__, sys._getframe

    def of_nothing(self: Any) -> None:
        original(self)
        caller = frame_of(1)
        if id(caller.f_code) not in dull:
            mark(self, caller)

    def of_lock(self: Any, lock: Any = None) -> None:
        original(self, lock)
        caller = frame_of(1)
        if id(caller.f_code) not in dull:
            mark(self, caller)

    def of_anything(self: Any, /, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        caller = frame_of(1)
        if id(caller.f_code) not in dull:
            mark(self, caller)

    # The first two are what every request may make some of: without ``*args`` they take half the time.
    chosen: Callable[..., None] = of_anything
    if code.co_argcount == 1 and not code.co_flags & _VARIABLE:
        chosen = of_nothing
    elif code.co_varnames[: code.co_argcount] == ("self", "lock") and original.__defaults__ == (None,):
        chosen = of_lock
    return functools.wraps(original)(chosen)


def _itself(made: Any) -> Any:
    return made


def submitter(frame: FrameType) -> FrameType:
    """Return the innermost frame outside of concurrent.futures."""
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("concurrent.futures."):
        frame = frame.f_back
    return frame


def _outermost(frame: FrameType, made: object) -> FrameType:
    """Return the frame that calls the outermost ``__init__`` of an object, where a subclass has its own."""
    while frame.f_code.co_name == "__init__" and frame.f_back is not None and frame.f_code.co_argcount:
        if frame.f_locals.get(frame.f_code.co_varnames[0]) is not made:
            break
        frame = frame.f_back
    return frame


def _resource(condition: Any, mark: Mark) -> Resource:
    """Return what stands for a marked condition, which is waited for the first time."""
    code, offset, module, owner, operation, own_names = mark
    kind = next(each.__name__ for each in owner.__mro__ if each.__module__ in _STDLIB)
    if kind == "Condition":  # as its lock is called already
        kind = "Condition.wait"
    with _making:
        found = condition._weft_waits_for
        if isinstance(found, Resource):
            return found
        family = _families.setdefault((id(code), offset, operation), [])
        if len(family) < own_names:
            site = code, offset, stacks.line_at(code, offset), module, len(family) + 1, kind
            family.append(Resource(site, operation))
        setattr(condition, MARK, family[-1])
        return family[-1]


def _waiting(original: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(original)
    def wait(self: Any, timeout: float | None = None) -> bool:
        # The rest is Condition.wait, with a waiter that notes who wakes it, and records around its blocking.
        mark = self._weft_waits_for
        if mark is None:
            return original(self, timeout)
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        if timeout is not None and not timeout > 0:
            return original(self, timeout)
        waiter = _Waiter()
        self._waiters.append(waiter)
        saved = self._release_save()
        woken = False
        try:
            woken = waiter.block(self, mark, timeout)
            return woken
        finally:
            self._acquire_restore(saved)
            if not woken:
                with contextlib.suppress(ValueError):
                    self._waiters.remove(waiter)

    return wait


class _Waiter:
    """A thread that waits in a condition; stands where ``Condition.wait`` has a locked lock."""

    __slots__ = ("_at", "_by", "_lock")

    def __init__(self) -> None:
        self._lock = threading._allocate_lock()  # type: ignore[attr-defined]
        self._lock.acquire()
        self._by: Put = nobody
        self._at = 0

    def release(self) -> None:
        """Wake the thread; RuntimeError when it has been woken already, as a lock does."""
        try:
            self._by, self._at = put_here(), perf_counter_ns()
        except Exception as error:
            trouble.note(error)
        self._lock.release()

    def block(self, condition: Any, mark: Mark | Resource, timeout: float | None) -> bool:
        """Block until woken, or for ``timeout`` seconds; return whether it was woken.

        Args:
            condition: what the thread waits in.
            mark: its mark.
            timeout: None: without one.
        """
        put, number = put_here(), 0
        try:
            resource = mark if isinstance(mark, Resource) else _resource(condition, mark)
            number = resource.define()
        except Exception as error:
            trouble.note(error)
        began = sections.contended(put, holders.oldest(condition), number)
        woken: bool = False
        try:
            woken = self._lock.acquire() if timeout is None else self._lock.acquire(True, timeout)
            return woken
        finally:
            over(put, began, number, came=woken, by=self._by, woken_at=self._at)


def over(put: Put, began: int, number: int, *, came: bool, by: Put = nobody, woken_at: int = 0) -> None:
    """Record the end of a wait for what nobody holds.

    Args:
        put: of the waiting thread.
        began: when the wait began (ns).
        number: what was waited for.
        came: it came about; else there was a timeout or an exception.
        by: of the thread that ended the wait.
        woken_at: when that was (ns), 0: not known.
    """
    try:
        now = perf_counter_ns()
        waker = buffers.owner(by)
        if not came:
            put((now, began, code_of(Kind.GIVE_UP, number)))
        elif waker is None:
            put((now, began, code_of(Kind.RESUME, number)))
        else:
            put(
                (
                    now, began, code_of(Kind.RESUME, number),
                    now, woken_at, code_of(Kind.HANDOFF, number),
                    began, waker.thread, code_of(Kind.WAKE, number),
                )
            )  # fmt: skip
    except Exception as error:
        trouble.note(error)
