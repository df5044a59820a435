"""Record what threads wait for besides locks: conditions, events, semaphores, barriers, queues, futures, timers.

All of them block in `threading.Condition.wait` and nowhere else, and call it only when they have to wait. So that one
method is replaced, and a call that does not block runs as ever. What it waits for is known from the condition's mark
(see `marks`).

Nothing here is shared without a guard: a waiter is written by the one thread that wakes it, before the release that
lets the waiting thread read it.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from ..events import Kind, code_of
from . import buffers, definitions, forking, holders, marks, sections, stacks, traced, trouble
from .buffers import Put, put_here
from .marks import MARK, Mark
from .patches import Patches
from .sections import nobody

_process = object()
_families: dict[tuple[int, int, str], list[Resource]] = {}
"""By place, what it has made that was waited for. A resource keeps its code, so that the id stays its own."""

_named: dict[tuple[str, str, str], Resource] = {}
"""By the name that the app gave, kind and operation."""

NAMES = 1000
"""Names that an app may give to what is waited for."""

_making = forking.guard()


class Resource:
    """What can be waited for: defined in the trace when it is for the first time.

    Args:
        site: where it was made, and its kind.
        operation: what its owner calls the wait, if there are several ways to wait for it.
        name: instead of what it is assigned to.
        shared: what tells it from others of its kind in all processes, if it is the same one in each.
    """

    __slots__ = ("_defined", "_details", "mark", "number")

    mark: Mark | None
    """Of the conditions that it stands for."""

    def __init__(self, site: traced.Site, operation: str = "", name: str = "", shared: str = "") -> None:
        self.number = next(traced.numbers)
        self._details = (*site, operation, name, shared)
        self._defined: object = None
        self.mark = None

    def define(self) -> int:
        """Return the number, which the trace knows then."""
        if self._defined is not _process:
            self._defined = _process
            definitions.pending.append(("lock", self.number, self._details))
        return self.number


def install(patches: Patches) -> None:
    """Replace ``Condition.wait``, and let the conditions of what is made from now on be marked."""
    if not _familiar(threading.Condition):
        trouble.say("this Python's threading.Condition is not known: what is waited for besides locks is not recorded")
        return
    patches.set(threading.Condition, "wait", _waiting(threading.Condition.wait))
    marks.install(patches)


def after_fork() -> None:
    """In a forked child: define everything anew."""
    begin_anew()


def begin_anew() -> None:
    """For another recording: define everything anew."""
    global _process
    _process = object()


def process() -> object:
    """Return what is another one in a forked child."""
    return _process


def _familiar(condition: Any) -> bool:
    """Return whether a condition wakes a thread by releasing what that has put into ``_waiters``."""
    used = {"_is_owned", "_waiters", "_release_save", "_acquire_restore", "acquire", "remove"}
    waking = {"_is_owned", "_waiters", "release", "remove"}
    return used <= {*condition.wait.__code__.co_names} and waking <= {*condition.notify.__code__.co_names}


def rename(condition: Any, text: str) -> None:
    """Let waits in a marked condition go by a name of the app's from now on."""
    mark = getattr(condition, MARK, None)
    if isinstance(mark, Resource):
        mark = mark.mark
    if mark is None:
        return
    code, offset, module, owner, operation, _ = mark
    kind = marks.kind_of(owner)
    with _making:
        known = _named.get((text, kind, operation))
        if known is None:
            if len(_named) >= NAMES:
                return
            site = code, offset, stacks.line_at(code, offset), module, 1, kind
            known = _named[text, kind, operation] = Resource(site, operation, text)
            known.mark = mark
        setattr(condition, MARK, known)


def _resource(condition: Any, mark: Mark) -> Resource:
    """Return what stands for a marked condition, which is waited for the first time."""
    code, offset, module, owner, operation, own_names = mark
    kind = marks.kind_of(owner)
    with _making:
        found = condition._weft_waits_for
        if isinstance(found, Resource):
            return found
        family = _families.setdefault((id(code), offset, operation), [])
        if len(family) < own_names:
            site = code, offset, stacks.line_at(code, offset), module, len(family) + 1, kind
            family.append(Resource(site, operation))
            family[-1].mark = mark
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
        put: Put = nobody
        number = began = 0
        try:
            put = put_here()
            resource = mark if isinstance(mark, Resource) else _resource(condition, mark)
            number = resource.define()
            began = sections.contended(put, holders.oldest(condition), number, timeout)
        except Exception as error:
            trouble.note(error)
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
        began: when the wait began (ns); 0: its beginning could not be recorded.
        number: what was waited for.
        came: it came about; else there was a timeout or an exception.
        by: of the thread that ended the wait.
        woken_at: when that was (ns), 0: not known.
    """
    if not began:
        return
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
