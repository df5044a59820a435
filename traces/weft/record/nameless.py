"""Locks that were made before the recorder, and that no module has a name for: found and named, not recorded.

They are in closures, in local variables of the functions that call `weft.instrument`, and in objects of the app's
classes that only other objects know. Nothing of them is changed, and none of the app's code runs.
"""

from __future__ import annotations

import gc
import sys
from _thread import RLock as RawRLock
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType, FunctionType, ModuleType
from typing import Any

from . import locks, names, trouble

MOST_LOOKED_AT = 300_000
"""Objects: a look takes some tens of milliseconds at most."""

MOST_TOLD = 100

_RAW = (locks.RawLock, RawRLock)
_LOST = "made before the recording"


@dataclass(frozen=True, slots=True)
class Unseen:
    """What cannot be recorded: its name, where it is, and why."""

    name: str
    file: str
    line: int
    why: str


def found(modules: Mapping[str, ModuleType], known: set[int]) -> list[Unseen]:
    """Return the locks that are kept where they cannot be replaced, each once.

    Args:
        modules: the app's, by name.
        known: ids of locks that have been dealt with.
    """
    told: Counter[Unseen] = Counter()
    seen = {*known}
    try:
        for lock, unseen in (*_in_callers(modules), *_in_objects(modules)):
            if id(lock) not in seen and (unseen in told or len(told) < MOST_TOLD):
                seen.add(id(lock))
                told[unseen] += 1
    except Exception as error:
        trouble.note(error, "looking for locks without a name")
    return [
        unseen if count == 1 else Unseen(f"{unseen.name} ({count} of them)", unseen.file, unseen.line, unseen.why)
        for unseen, count in told.items()
    ]


def _in_callers(modules: Mapping[str, ModuleType]) -> Iterator[tuple[Any, Unseen]]:
    """Yield the locks in local variables of the functions that are being called in this thread."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") in modules and frame.f_locals is not frame.f_globals:
            code = frame.f_code
            called = _called(frame.f_globals, code.co_qualname)
            for variable, value in [*frame.f_locals.items()]:
                if variable in code.co_freevars:
                    continue
                for lock in _locks(value):
                    why = f"{_LOST}, kept in a local variable"
                    yield lock, Unseen(f"{called}, variable {variable}", code.co_filename, code.co_firstlineno, why)
        frame = frame.f_back


def _in_objects(modules: Mapping[str, ModuleType]) -> Iterator[tuple[Any, Unseen]]:
    """Yield the locks in closures of the app's functions, and in attributes of objects of its classes."""
    interesting: dict[type, bool] = {}
    for thing in gc.get_objects()[:MOST_LOOKED_AT]:
        kind = type(thing)
        wanted = interesting.get(kind)
        if wanted is None:
            own = type(kind) is type and kind.__module__ in modules and _plain(kind)
            wanted = interesting[kind] = kind is FunctionType or own
        if not wanted:
            continue
        if kind is FunctionType:
            if thing.__closure__ and thing.__globals__.get("__name__") in modules:
                yield from _in_closure(thing)
        else:
            yield from _in_attributes(thing, modules[kind.__module__])


def _in_attributes(thing: Any, module: ModuleType) -> Iterator[tuple[Any, Unseen]]:
    file, why = str(getattr(module, "__file__", "") or ""), f"{_LOST}, kept in an object that no module has a name for"
    owner = _called(vars(module), type(thing).__qualname__)
    for attribute, value in [*vars(thing).items()]:
        for lock in _locks(value):
            yield lock, Unseen(f"{owner}.{attribute}", file, 0, why)


def _in_closure(function: FunctionType) -> Iterator[tuple[Any, Unseen]]:
    code = function.__code__
    called = _called(function.__globals__, function.__qualname__)
    # A variable of its own is a better name than one of several.
    for variable, value in sorted(_cells(function), key=lambda cell: type(cell[1]) not in _RAW):
        for lock in _locks(value):
            why = f"{_LOST}, kept in a closure"
            name = f"closure of {called}, variable {variable}"
            yield lock, Unseen(name, code.co_filename, code.co_firstlineno, why)


def _cells(function: FunctionType) -> Iterator[tuple[str, object]]:
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield variable, cell.cell_contents
        except ValueError:  # it has none yet
            continue


def _locks(value: Any) -> list[Any]:
    """Return a bare lock, or those in a plain container."""
    if issubclass(type(value), _RAW):
        return [value]
    if type(value) in (list, tuple, set, dict):
        inside: Any = value.values() if issubclass(type(value), dict) else value
        return [each for each in [*inside][:100] if issubclass(type(each), _RAW)]
    return []


def _plain(kind: type) -> bool:
    plain: Any = object
    return "__dict__" in dir(kind) and kind.__getattribute__ is plain.__getattribute__


def _called(space: Mapping[str, Any], qualname: str) -> str:
    module = names.module_called(str(space.get("__name__", "?")), str(space.get("__file__", "")))
    return f"{module}.{qualname.replace('.<locals>', '')}"
