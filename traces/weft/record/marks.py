"""Mark the conditions of what the app makes with the place, for `waits` to know what is waited for there.

The classes of the standard library get another ``__init__``, which runs the original and then looks who called it.
A mark is set before anybody else knows the object, so no lock is needed.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Sequence
from operator import attrgetter
from types import CodeType, FrameType, ModuleType
from typing import Any

from . import holders, imports, locks, tasks, trouble
from .patches import Patches

MARK = "_weft_waits_for"
"""Attribute of a condition that the app has made: its `Mark`, and once it was waited for, its
`weft.record.waits.Resource`."""

OWN_NAMES = 100
"""Objects of one place that are told apart; all further ones share the name of the last."""

Mark = tuple[CodeType, int, str, type, str, int]
"""Code that made an object, offset of the call (bytes), module, class, operation, how many are told apart."""

conditions_of: dict[type, list[tuple[Callable[[Any], Any], str]]] = {}
"""By class that is marked: how to get at an object's conditions, and what a wait there is called."""
_STDLIB = frozenset({"threading", "queue", "concurrent.futures._base"})

_VARIABLE = 0x04 | 0x08
"""Flags of code that takes ``*args`` or ``**kwargs``."""


def install(patches: Patches) -> None:
    """Mark the conditions of what is made from now on."""
    patches.set(threading.Condition, MARK, None)
    _mark(patches, threading.Condition, [("", "wait")])
    # concurrent.futures.wait and as_completed wait for an event.
    _mark(patches, threading.Event, [("_cond", "")], maker=submitter)
    _mark(patches, threading.Barrier, [("_cond", "")])
    for counted in (threading.Semaphore, threading.BoundedSemaphore):
        _mark(patches, counted, [("_cond", "")], then=holders.of_semaphore)
    _mark(patches, threading.Timer, [("finished._cond", "")])
    holders.install(patches)
    imports.watch(
        {
            "queue": functools.partial(_mark_queues, patches),
            "concurrent.futures._base": functools.partial(_mark_futures, patches),
            "concurrent.futures.thread": functools.partial(tasks.install, patches),
        }
    )


def _mark_queues(patches: Patches, queue: ModuleType) -> None:
    _mark(patches, queue.Queue, [("not_empty", "get"), ("not_full", "put"), ("all_tasks_done", "join")])
    _mark(patches, queue._PySimpleQueue, [("_count._cond", "get")])


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
    conditions: list[tuple[Callable[[Any], Any], str]] = [
        (attrgetter(path) if path else _itself, operation) for path, operation in parts
    ]
    conditions_of[owner] = conditions

    def mark(made: Any, caller: FrameType) -> None:
        try:
            frame = caller if maker is None else maker(caller)
            marked = locks.wanted(frame)
            if marked:
                frame = outermost(frame, made)
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


def parts_of(kind: type) -> list[tuple[Callable[[Any], Any], str]]:
    """Return, for objects of a class that is marked, how to get to their conditions and what a wait there is called."""
    return next((conditions_of[base] for base in kind.__mro__ if base in conditions_of), [])


def kind_of(kind: type) -> str:
    """Return what the standard library calls a class, or the class that it derives from."""
    name = next(each.__name__ for each in kind.__mro__ if each.__module__ in _STDLIB).removeprefix("_Py")
    return "Condition.wait" if name == "Condition" else name  # as its lock is called Condition already


def _itself(made: Any) -> Any:
    return made


def submitter(frame: FrameType) -> FrameType:
    """Return the innermost frame outside of concurrent.futures."""
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("concurrent.futures."):
        frame = frame.f_back
    return frame


def outermost(frame: FrameType, made: object) -> FrameType:
    """Return the frame that calls the outermost ``__init__`` of an object, where a subclass has its own."""
    while frame.f_code.co_name == "__init__" and frame.f_back is not None and frame.f_code.co_argcount:
        if frame.f_locals.get(frame.f_code.co_varnames[0]) is not made:
            break
        frame = frame.f_back
    return frame
