"""Looking at any object without running a line of the app's code: no property, no ``__getattr__``, no comparison."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from threading import local
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
    WrapperDescriptorType,
)
from typing import Any, NamedTuple


class Sentinel:
    """A value that stands for none.

    Args:
        text: how it is shown.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


MISSING = Sentinel("(nothing)")
UNKNOWN = Sentinel("(unknown)")
"""What could only be found out by running code."""

_mro = type.__dict__["__mro__"].__get__
_class_dict = type.__dict__["__dict__"].__get__
_METHODS = (
    FunctionType,
    MethodType,
    classmethod,
    staticmethod,
    MethodDescriptorType,
    WrapperDescriptorType,
    ClassMethodDescriptorType,
    BuiltinFunctionType,
    type,
    ModuleType,
)


_STORES_PLAINLY = (object, type, BaseException, SimpleNamespace)
"""Classes whose ``__setattr__`` is the ordinary one."""


class Found(NamedTuple):
    """Where an attribute is kept.

    Attributes:
        where: own (in the object's ``__dict__``), slot, class, method, module, absent, or code when only running some
            can tell.
        holder: the object that keeps it.
    """

    where: str
    holder: object
    value: Any


class _Class(NamedTuple):
    """What is asked of a class again and again.

    Attributes:
        cls: the class itself: kept, so that its id cannot come to mean another one.
        kind: class (of classes), instance, or code when its instances look up attributes in their own way.
        own: the descriptor of ``__dict__``.
        stores: its instances store attributes in their own way.
        method: its instances are methods of the classes that have them, or classes of their own.
        gets, sets: its instances decide what an attribute of an object is, or what storing one does.
    """

    cls: type
    kind: str
    own: GetSetDescriptorType | MemberDescriptorType | None
    stores: bool
    method: bool
    gets: bool
    sets: bool


_classes: dict[int, _Class] = {}
_MOST = 20_000


def among(cls: object, classes: Iterable[object]) -> bool:
    """Return whether a class is one of these; ``in`` and `dict` would ask its metaclass for ``==`` and ``hash``."""
    for one in classes:  # noqa: SIM110 - a generator takes three times as long
        if one is cls:
            return True
    return False


def mro(cls: type) -> tuple[type, ...]:
    """Return a class and its bases, whatever its metaclass says."""
    found: tuple[type, ...] = _mro(cls)
    return found


def class_dict(cls: type) -> Mapping[str, Any]:
    """Return the namespace of a class."""
    found: Mapping[str, Any] = _class_dict(cls)
    return found


def is_a(obj: object, cls: type) -> bool:
    """Return whether an object is of a class by its type; ``isinstance`` may ask the object."""
    own = type(obj)
    if own is cls:
        return True
    return among(cls, _mro(own))


def on_class(cls: type, name: str) -> tuple[type | None, Any]:
    """Return the class that defines a name, and what it defines."""
    for one in _mro(cls):
        namespace = _class_dict(one)
        if name in namespace:
            return one, namespace[name]
    return None, MISSING


def own_dict(obj: object) -> dict[str, Any] | None:
    """Return the ``__dict__`` of an instance; None without one, or when its class makes one up."""
    descriptor = _about(type(obj)).own
    if descriptor is None:
        return None
    try:
        found = descriptor.__get__(obj)
    except (AttributeError, TypeError):
        return None
    return found if type(found) is dict else None


def unwrapped(obj: Any) -> Any:
    """Return what one of Flask's proxies stands for now; any other object itself."""
    if type(obj) is not (_proxies[0] if _proxies else _proxy()):
        return obj
    try:
        return object.__getattribute__(obj, "_get_current_object")()
    except RuntimeError:
        return UNKNOWN


def _proxy() -> type | None:
    """Return the class of Flask's proxies, if there are any."""
    found: type | None = getattr(sys.modules.get("werkzeug.local"), "LocalProxy", None)
    if found is not None:
        _proxies.append(found)
    return found


_proxies: list[type] = []


def find(obj: object, name: str) -> Found:
    """Return where an attribute is kept and its value."""
    if type(obj) is ModuleType:
        namespace = ModuleType.__getattribute__(obj, "__dict__")
        return Found("module", namespace, namespace.get(name, MISSING))
    kind = _about(type(obj)).kind
    if kind == "class":
        return _of_class(obj, name)  # type: ignore[arg-type]
    return _of_instance(obj, name) if kind == "instance" else Found("code", obj, UNKNOWN)


def value(obj: object, name: str) -> Any:
    """Return the value of an attribute, or UNKNOWN."""
    found = find(obj, name)
    if found.where in ("code", "absent") or found.value is MISSING:
        return UNKNOWN
    return unwrapped(_bare(found.value) if found.where == "method" else found.value)


def keeps(cls: type, name: str) -> bool:
    """Return whether instances of a class keep an attribute themselves, or else have its value from the class."""
    about = _about(cls)
    where, entry = on_class(cls, name)
    if about.kind != "instance" or about.stores:
        return False
    if where is None:
        return on_class(cls, "__getattr__")[0] is None
    kind = _about(type(entry))
    return type(entry) is MemberDescriptorType or not (kind.gets or kind.method)


def writes_code(obj: object) -> bool:
    """Return whether storing an attribute runs code of the class."""
    return _about(type(obj)).stores


def _about(cls: type) -> _Class:
    known = _classes.get(id(cls))
    if known is None:
        if len(_classes) >= _MOST:
            _classes.clear()
        known = _classes[id(cls)] = _class(cls)
    return known


def _class(cls: type) -> _Class:
    bases = _mro(cls)
    if any(one is type for one in bases):
        kind = "class"
    else:
        kind = "instance" if _is_ordinary(cls) and not any(one is local for one in bases) else "code"
    _, own = on_class(cls, "__dict__")
    stores, _ = on_class(cls, "__setattr__")
    return _Class(
        cls,
        kind,
        own if among(type(own), (GetSetDescriptorType, MemberDescriptorType)) else None,
        not among(stores, _STORES_PLAINLY),
        any(among(one, bases) for one in _METHODS),
        on_class(cls, "__get__")[0] is not None,
        on_class(cls, "__set__")[0] is not None or on_class(cls, "__delete__")[0] is not None,
    )


def _of_class(obj: type, name: str) -> Found:
    where, value = on_class(obj, name)
    if where is None:
        return Found("absent", obj, MISSING)
    if is_a(value, property) or among(type(value), (MemberDescriptorType, GetSetDescriptorType)):
        return Found("method", where, value)
    return Found("method" if _about(type(value)).method else "class", where, value)


def _of_instance(obj: object, name: str) -> Found:
    where, entry = on_class(type(obj), name)
    if type(entry) is MemberDescriptorType:
        return Found("slot", obj, _slot(entry, obj))
    about = _about(type(entry))
    if where is not None and about.gets and about.sets:
        return Found("code", obj, UNKNOWN)
    own = own_dict(obj)
    if own is not None and name in own:
        return Found("own", obj, own[name])
    if where is None:
        return Found("absent" if on_class(type(obj), "__getattr__")[0] is None else "code", obj, MISSING)
    if about.method:
        return Found("method", where, entry)
    return Found("code", obj, UNKNOWN) if about.gets else Found("class", where, entry)


def _is_ordinary(cls: type) -> bool:
    """Return whether instances look up attributes the usual way."""
    where, entry = on_class(cls, "__getattribute__")
    return where is object or (type(entry) is WrapperDescriptorType and where is not None and _is_builtin(where))


def _is_builtin(cls: type) -> bool:
    return cls is SimpleNamespace or class_dict(cls).get("__module__", "builtins") in ("builtins", "collections")


def _bare(value: Any) -> Any:
    return value.__func__ if among(type(value), (classmethod, staticmethod)) else value


def _slot(descriptor: MemberDescriptorType, obj: object) -> Any:
    try:
        return descriptor.__get__(obj)
    except AttributeError:
        return MISSING
