"""Keeps what an app's variables lead to, and puts it back: so one process can make many executions.

What is not known to be unchangeable, and could not be put back, is named: then each execution needs a process of its
own. Runs none of the app's code.
"""

from __future__ import annotations

import contextvars
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import queue
import re
import threading
import types
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from operator import is_
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from . import plain
from .plain import MISSING
from .primitives import Lock

MOST = 20_000
"""Objects that are kept at most."""

_FIXED: tuple[type, ...] = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis), type(NotImplemented),
    types.BuiltinFunctionType, types.CodeType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.GetSetDescriptorType, types.MemberDescriptorType, types.ClassMethodDescriptorType, types.GenericAlias,
    types.UnionType, re.Pattern, decimal.Decimal, fractions.Fraction, uuid.UUID, datetime.date, datetime.time,
    datetime.timedelta, datetime.tzinfo, pathlib.PurePath, enum.Enum, threading.local,
)  # fmt: skip
"""What cannot be changed, or has its own content in every thread."""

_LIBRARIES = (
    "__future__",
    "flask",
    "werkzeug",
    "jinja2",
    "click",
    "logging",
    "typing",
    "blinker",
    "itsdangerous",
    "markupsafe",
    "weft",
)
"""Objects of these are left alone, as far as they keep nothing of the app's."""

_SYNCHRONISING: tuple[type, ...] = (
    threading.Condition, threading.Event, threading.Semaphore, threading.Barrier, queue.Queue,
    queue._PySimpleQueue,  # type: ignore[attr-defined]
)  # fmt: skip


class Kept:
    """What is there now.

    Args:
        modules: of the app.
        app: the Flask app, if there is one.

    Attributes:
        unable: what cannot be put back, in words; empty when all can.
    """

    def __init__(self, modules: Iterable[ModuleType], app: object) -> None:
        self.unable = ""
        self._app = app
        self._ours = {module.__name__ for module in modules}
        self._seen: dict[int, object] = {}
        self._back: list[Callable[[], None]] = []
        self._dicts: list[tuple[Any, Any, list[Any], list[Any]]] = []
        todo: deque[tuple[str, object]] = deque((module.__name__, module) for module in modules)
        if app is not None:
            todo.append(("app", app))
        while todo and not self.unable:
            path, obj = todo.popleft()
            if id(obj) in self._seen:
                continue
            self._seen[id(obj)] = obj  # so that its id stays its own
            if len(self._seen) > MOST:
                self.unable = "more than can be kept"
            todo.extend(self._keep(path, obj))

    def put_back(self) -> None:
        """Make everything what it was."""
        length = dict.__len__
        for obj, base, keys, values in self._dicts:
            if not keys and not length(obj):
                continue
            # Names that are kept elsewhere are the same objects again when they come back, so identity will do.
            if (
                length(obj) != len(keys)
                or not all(map(is_, base.values(obj), values))
                or not all(map(is_, base.keys(obj), keys))
            ):
                base.clear(obj)
                for key, value in zip(keys, values, strict=True):
                    base.__setitem__(obj, key, value)
        for back in self._back:
            back()

    def _keep(self, path: str, obj: Any) -> Iterator[tuple[str, object]]:
        """Remember an object's content, and return what is in it."""
        kind = type(obj)
        if kind is ModuleType:
            return self._module(path, obj)
        if plain.is_a(obj, type):
            return self._class(path, obj) if self._is_ours(obj) else iter(())
        if any(plain.is_a(obj, one) for one in (tuple, frozenset)):
            base: Any = tuple if plain.is_a(obj, tuple) else frozenset
            return ((f"{path}[…]", one) for one in base.__iter__(obj))
        if plain.is_a(obj, dict):
            return self._dict(path, obj)
        for base in (list, set, deque, bytearray):
            if plain.is_a(obj, base):
                return self._sequence(path, obj, base)
        if kind is FunctionType:
            return self._function(path, obj)
        if kind in (MethodType, staticmethod, classmethod, property, functools.partial):
            return self._wrapped(path, obj)
        if kind is CellType:
            return self._cell(path, obj)
        if any(plain.is_a(obj, one) for one in _FIXED):
            return iter(())
        if plain.is_a(obj, Lock):
            return self._lock(obj)
        if kind is contextvars.ContextVar:
            return iter([(path, default) for default in _defaults(obj)])  # values are in contexts, which are new
        if self._is_ours(kind) or any(plain.is_a(obj, one) for one in _SYNCHRONISING) or obj is self._app:
            return self._instance(path, obj)
        if plain.class_dict(kind).get("__module__", "").partition(".")[0] in _LIBRARIES:
            return iter(())
        self.unable = f"{path}, a {kind.__name__}"
        return iter(())

    def _is_ours(self, cls: type) -> bool:
        return plain.class_dict(cls).get("__module__") in self._ours

    def _module(self, path: str, module: ModuleType) -> Iterator[tuple[str, object]]:
        if module.__name__ not in self._ours:
            return iter(())
        namespace = ModuleType.__getattribute__(module, "__dict__")
        self._restore(namespace, dict(namespace))
        return ((f"{path}.{name}", value) for name, value in list(namespace.items()) if name[:2] != "__")

    def _class(self, path: str, cls: type) -> Iterator[tuple[str, object]]:
        saved = dict(plain.class_dict(cls))

        def back() -> None:
            now = plain.class_dict(cls)
            if len(now) == len(saved) and all(map(is_, now.values(), saved.values())) and all(map(is_, now, saved)):
                return
            for name in [name for name in now if name not in saved]:
                type.__delattr__(cls, name)
            for name, value in saved.items():
                if now.get(name, MISSING) is not value:
                    type.__setattr__(cls, name, value)

        self._back.append(back)
        return ((f"{path}.{name}", value) for name, value in saved.items() if name not in ("__dict__", "__weakref__"))

    def _dict(self, path: str, obj: Any) -> Iterator[tuple[str, object]]:
        base: Any = OrderedDict if plain.is_a(obj, OrderedDict) else dict  # which keeps an order of its own
        self._restore(obj, dict(base.items(obj)), base)
        own = self._own(path, obj) if self._is_ours(type(obj)) else iter(())
        inside = [
            (f"{path}[{key!r}]" if type(key) in (str, int) else f"{path}[…]", value) for key, value in dict.items(obj)
        ]
        return iter([*inside, *((path, key) for key in dict.keys(obj)), *own])

    def _restore(self, obj: Any, saved: dict[Any, Any], base: Any = dict) -> None:
        self._dicts.append((obj, base, list(saved), list(saved.values())))

    def _sequence(self, path: str, obj: Any, base: Any) -> Iterator[tuple[str, object]]:
        saved = base.copy(obj)

        def back() -> None:
            same = base.__len__(obj) == len(saved) and all(map(is_, base.__iter__(obj), saved))
            if same and base is not set:
                return
            base.clear(obj)
            getattr(base, "update" if base is set else "extend")(obj, saved)

        self._back.append(back)
        own = self._own(path, obj) if self._is_ours(type(obj)) else iter(())
        return iter([*((f"{path}[…]", one) for one in base.__iter__(obj)), *own])

    def _function(self, path: str, obj: FunctionType) -> Iterator[tuple[str, object]]:
        if obj.__module__ not in self._ours:
            return iter(())
        self._restore(obj.__dict__, dict(obj.__dict__))
        cells = [
            (f"{path}.{name}", cell) for name, cell in zip(obj.__code__.co_freevars, obj.__closure__ or (), strict=True)
        ]
        defaults = [(path, one) for one in (*(obj.__defaults__ or ()), *(obj.__kwdefaults__ or {}).values())]
        return iter([*cells, *defaults, *((f"{path}.{name}", one) for name, one in obj.__dict__.items())])

    def _wrapped(self, path: str, obj: Any) -> Iterator[tuple[str, object]]:
        names = ("__func__", "__self__", "fget", "fset", "fdel", "func", "args", "keywords")
        return iter([(path, getattr(obj, name)) for name in names if hasattr(obj, name)])

    def _cell(self, path: str, cell: CellType) -> Iterator[tuple[str, object]]:
        try:
            saved: Any = cell.cell_contents
        except ValueError:
            saved = MISSING

        def back() -> None:
            if saved is MISSING:
                del cell.cell_contents
            else:
                cell.cell_contents = saved

        self._back.append(back)
        return iter([(path, saved)])

    def _lock(self, lock: Lock) -> Iterator[tuple[str, object]]:
        """Let it be free again, as it is when nobody runs: whoever had it may have ended without a release."""
        if lock.locked():
            self.unable = f"{lock.name}, which is held"
        self._back.append(lock.free)
        return iter(())

    def _instance(self, path: str, obj: Any) -> Iterator[tuple[str, object]]:
        return iter(list(self._own(path, obj)))

    def _own(self, path: str, obj: Any) -> Iterator[tuple[str, object]]:
        """Keep the attributes of an instance, those in slots too."""
        own = plain.own_dict(obj)
        if own is not None:
            self._restore(own, dict(own))
            yield from ((f"{path}.{name}", value) for name, value in list(own.items()))
        for cls in plain.mro(type(obj)):
            for name, entry in plain.class_dict(cls).items():
                if type(entry) is types.MemberDescriptorType and self._is_ours(cls):
                    yield from self._slot(f"{path}.{name}", obj, entry)

    def _slot(self, path: str, obj: Any, entry: types.MemberDescriptorType) -> Iterator[tuple[str, object]]:
        try:
            saved = entry.__get__(obj)
        except AttributeError:
            saved = MISSING

        def back() -> None:
            if saved is not MISSING:
                entry.__set__(obj, saved)

        self._back.append(back)
        yield path, saved


def _defaults(variable: contextvars.ContextVar[Any]) -> list[object]:
    try:
        return [contextvars.Context().run(variable.get)]
    except LookupError:
        return []
