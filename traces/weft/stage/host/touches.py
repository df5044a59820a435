"""What an access touches: an object, a part of it, and how to look at it without running the app's code."""

from __future__ import annotations

import sys
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, MutableMapping, MutableSequence, MutableSet
from types import CellType
from typing import Any

from ...record import names
from . import plain
from .plain import MISSING, UNKNOWN

Key = tuple[str, object]
"""``("item", k)``, ``("attr", name)``, ``("global", name)``, ``("cell", name)``, or WHOLE."""

WHOLE: Key = ("*", None)
ORDER: Key = ("order", None)
"""Stands for the order of a dict's keys, or a set's."""
CONTAINERS: tuple[type, ...] = (dict, list, set, deque, OrderedDict, defaultdict, Counter, bytearray)
"""What is shared by reference and changed in place, in C."""

_containers: dict[tuple[int, str], bool] = {}
_ABSTRACT = (MutableMapping, MutableSequence, MutableSet)
_OF_REQUESTS = ("flask", "werkzeug")
"""What these make (sessions, headers, forms) belongs to one request."""
_libraries: dict[tuple[int, int], tuple[bool, type, type]] = {}
"""By ids of a class and of the one that defines a method; these are kept, so that the ids stay theirs."""
_ATOMS = (str, int, bool, float, bytes, type(None))


class Touch:
    """What an access is about. Keeps the object, so that its id cannot come to mean another one.

    Attributes:
        obj: the dict of a module, a cell, an instance, a class, a container; UNKNOWN when only running code can tell.
        key: which part of it.
        kind: read or write.
        text: the access in source terms.
        base: the object in source terms.
        asks: it only asks whether the part is there; this is the answer if so.
    """

    __slots__ = ("_namer", "asks", "base", "key", "kind", "obj", "text")

    def __init__(
        self,
        obj: object,
        key: Key,
        kind: str,
        text: str,
        base: str,
        namer: Callable[[Touch], str] | None = None,
        asks: bool | None = None,
    ) -> None:
        self.obj, self.key, self.kind, self.text, self.base, self._namer = obj, key, kind, text, base, namer
        self.asks = asks

    @property
    def name(self) -> str:
        """What is touched, the same whichever way it was reached."""
        return self._namer(self) if self._namer is not None else self.text

    @property
    def base_name(self) -> str:
        """What the object is called of which a part is touched."""
        return self._namer(Touch(self.obj, WHOLE, self.kind, self.base, self.base)) if self._namer else self.base

    @property
    def known(self) -> bool:
        """Whether the object is known."""
        return self.obj is not UNKNOWN


def conflicts(one: Key, other: Key) -> bool:
    """Return whether two parts of the same object overlap."""
    if one == other:
        return True
    return {one[0], other[0]} == {"*", "item"}


def has_order(obj: object, key: Key) -> bool:
    """Return whether to write to a part of an object may put a key into a dict or set."""
    return key[0] == "item" and (plain.is_a(obj, dict) or plain.is_a(obj, set))


def inserts(obj: Any, key: Key) -> bool:
    """Return whether to write to a part of an object now puts a key into a dict or set."""
    if key[0] != "item":
        return False
    if plain.is_a(obj, dict):
        return not dict.__contains__(obj, key[1])
    return plain.is_a(obj, set) and not set.__contains__(obj, key[1])


def item(key: Any) -> Key:
    """Return the part of a container for a key; all of it when comparing the key could run the app's code."""
    return ("item", key) if _is_plain(key) else WHOLE


def is_container(obj: object, method: str = "__getitem__") -> bool:
    """Return whether a method of an object is that of a builtin container: subclasses may keep or replace it."""
    known = _containers.get((id(type(obj)), method))
    if known is None:
        where, _ = plain.on_class(type(obj), method)
        known = plain.among(where, CONTAINERS)
        if plain.among(type(obj), CONTAINERS):  # which never change
            _containers[id(type(obj)), method] = known
        return known or (where is not None and _is_library(type(obj), where))
    return known


def _is_library(cls: type, where: type) -> bool:
    """Return whether a class of mappings, sequences or sets is a library's, whose code is not looked into."""
    known = _libraries.get((id(cls), id(where)))
    if known is None:
        bases = plain.mro(cls)
        is_one = any(one in _ABSTRACT for one in bases) or cls is array
        of_request = any(str(one.__module__).partition(".")[0] in _OF_REQUESTS for one in bases)
        module = str(plain.class_dict(where).get("__module__", ""))
        file = str(getattr(sys.modules.get(module), "__file__", None) or "<frozen")
        known = is_one and not of_request and not names.is_own(module, file), cls, where
        _libraries[id(cls), id(where)] = known
    return known[0]


def at(obj: object, key: Any) -> Any:
    """Return an item of a container or tuple; UNKNOWN when it is none, or has no such item."""
    if not _is_plain(key):
        return UNKNOWN
    if plain.is_a(obj, dict) and is_container(obj):
        return plain.unwrapped(dict.get(obj, key, UNKNOWN))  # type: ignore[call-overload]
    if type(key) is not int and type(key) is not bool:
        return UNKNOWN
    for cls in (list, deque, tuple, bytearray):
        if plain.is_a(obj, cls) and plain.on_class(type(obj), "__getitem__")[0] is cls:
            return plain.unwrapped(_indexed(cls, obj, key))
    return UNKNOWN


def peek(touch: Touch) -> Any:
    """Return the value that is there now, MISSING when there is none."""
    kind, key = touch.key
    obj: Any = touch.obj
    if obj is UNKNOWN:
        return UNKNOWN
    if kind == "global":
        return dict.get(obj, key, MISSING)
    if kind == "cell":
        return _contents(obj)
    if kind == "attr":
        found = plain.find(obj, str(key))
        return MISSING if found.where in ("code", "method") else found.value
    if kind == "item":
        return _item(obj, key)
    return obj


def _item(obj: Any, key: Any) -> Any:
    if plain.is_a(obj, set):
        return set.__contains__(obj, key)
    found = at(obj, key)
    if found is UNKNOWN and not any(plain.is_a(obj, one) for one in CONTAINERS):
        return UNKNOWN  # a library's own way of keeping it
    return MISSING if found is UNKNOWN else found


def _indexed(cls: Any, obj: object, key: int) -> Any:
    try:
        return cls.__getitem__(obj, key)
    except IndexError:
        return UNKNOWN


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def _is_plain(key: Any) -> bool:
    if type(key) is tuple:
        return all(_is_plain(one) for one in key)
    return plain.among(type(key), _ATOMS)
