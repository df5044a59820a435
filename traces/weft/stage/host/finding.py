"""Finds, when an access is about to happen, what it touches. One small class for each form that an access takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from types import BuiltinMethodType, GeneratorType, WrapperDescriptorType
from typing import Any, NamedTuple, Protocol

from . import cells, plain, touches
from .expressions import Evaluate, View
from .methods import METHODS, Effect
from .plain import UNKNOWN
from .source import Sources
from .touches import WHOLE, Key

Part = tuple[object, Key]
"""What is touched and which part of it."""


class Find(Protocol):
    """Returns what an access touches; None when it touches nothing that could be shared."""

    def __call__(self, view: View) -> Part | None:
        """Return the object and the part of it."""


class Global(NamedTuple):
    """A variable of the frame's module."""

    name: str

    def __call__(self, view: View) -> Part | None:
        """Return it."""
        return view.frame.f_globals, ("global", self.name)


class Cell(NamedTuple):
    """A closure variable."""

    name: str

    def __call__(self, view: View) -> Part | None:
        """Return it."""
        found = cells.cell(view.frame, self.name)
        return (UNKNOWN if found is None else found), ("cell", self.name)


class Attribute(NamedTuple):
    """An attribute, read or written. When it is ``called``, it is taken for a method unless it is known to be none."""

    base: Evaluate
    name: str
    writes: bool
    called: bool
    sources: Sources
    own: dict[int, type]
    """Classes whose instances keep it themselves as far as anybody does, by their ids."""

    def __call__(self, view: View) -> Part | None:
        """Return it, on the object that keeps it."""
        obj = self.base(view)
        if id(type(obj)) in self.own:
            return obj, ("attr", self.name)
        if obj is UNKNOWN:
            return None if self.called else (UNKNOWN, ("attr", self.name))
        found = plain.find(obj, self.name)
        if found.where == "module":
            return self._of_module(found.holder)
        if found.where == "code" and type(plain.on_class(type(obj), self.name)[1]) is cached_property:
            return UNKNOWN, ("attr", self.name)  # two may compute it at once
        if found.where == "code" or (self.writes and plain.writes_code(obj)):
            return None
        if self._is_own(type(obj)):
            self.own[id(type(obj))] = type(obj)
        if self.writes or found.where in ("own", "slot", "absent"):
            return obj, ("attr", self.name)
        return self._of_class(obj, found)

    def _is_own(self, cls: type) -> bool:
        if not plain.keeps(cls, self.name) or self.sources.stores_on_class(self.name):
            return False
        return self.writes or plain.on_class(cls, self.name)[0] is None or self.sources.stores(self.name)

    def _of_module(self, namespace: Any) -> Part | None:
        if self.writes or self.sources.rebinds(namespace, self.name):
            return namespace, ("global", self.name)
        return None

    def _of_class(self, obj: object, found: plain.Found) -> Part | None:
        """Class-level values are constants unless something stores them: on the class, or on the object over them."""
        if found.where == "method" or not self.sources.stores(self.name):
            return None
        holder = found.holder if plain.is_a(obj, type) or self.sources.stores_on_class(self.name) else obj
        return holder, ("attr", self.name)


class Named(NamedTuple):
    """An attribute whose name is an argument: ``getattr``, ``setattr`` and the like, if it is these."""

    base: Evaluate
    name: Evaluate
    writes: bool
    sources: Sources
    callee: Evaluate
    expected: object

    def __call__(self, view: View) -> Part | None:
        """Return it, on the object that keeps it."""
        if self.callee(view) is not self.expected:
            return None
        name = self.name(view)
        if type(name) is not str:
            return UNKNOWN, ("unknown", "")
        return Attribute(self.base, name, self.writes, False, self.sources, {})(view)


class Bound(NamedTuple):
    """A method of a container is called by another name: ``push = jobs.append``."""

    callee: Evaluate
    key: Evaluate | None
    unknown: str

    def __call__(self, view: View) -> Part | None:
        """Return what it touches."""
        method = self.callee(view)
        if type(method) is not BuiltinMethodType or method.__name__ not in METHODS:
            return (UNKNOWN, ("unknown", self.unknown)) if method is UNKNOWN else None
        obj, name = method.__self__, method.__name__
        return Method(lambda view: obj, name, METHODS[name], self.key, self.unknown)(view)


class Running(NamedTuple):
    """The generator whose function this is, before it yields or ends: nobody else can go on with it meanwhile."""

    def __call__(self, view: View) -> Part | None:
        """Return it."""
        found = cells.generator(view.frame)
        return (found, WHOLE) if found is not None else None


class Unknown(NamedTuple):
    """What only running the app's code, or a library's, could tell."""

    unknown: str

    def __call__(self, view: View) -> Part | None:
        """Return that it is not known."""
        return UNKNOWN, ("unknown", self.unknown)


class Item(NamedTuple):
    """An item of a container; a slice touches all of it."""

    base: Evaluate
    key: Evaluate | None
    method: str
    unknown: str

    def __call__(self, view: View) -> Part | None:
        """Return it."""
        obj = self.base(view)
        if obj is UNKNOWN:
            return UNKNOWN, ("unknown", self.unknown)
        if not touches.is_container(obj, self.method):
            return None
        return obj, _part(obj, self.key(view) if self.key is not None else UNKNOWN)


class Membership(NamedTuple):
    """``key in container``: of a list, all items are looked at. ``answer`` is what comes of it when it is there."""

    base: Evaluate
    key: Evaluate
    unknown: str
    answer: bool

    def __call__(self, view: View) -> Part | None:
        """Return it."""
        obj = self.base(view)
        if obj is UNKNOWN:
            return UNKNOWN, ("unknown", self.unknown)
        if not touches.is_container(obj, "__contains__"):
            return None
        keyed = plain.is_a(obj, dict) or plain.is_a(obj, set)
        return obj, (_part(obj, self.key(view)) if keyed else WHOLE)


class Method(NamedTuple):
    """A method of a container is called."""

    base: Evaluate
    name: str
    effect: Effect
    key: Evaluate | None
    unknown: str

    def __call__(self, view: View) -> Part | None:
        """Return what it touches."""
        obj = self.base(view)
        if obj is UNKNOWN:
            return UNKNOWN, ("unknown", self.unknown)
        if not touches.is_container(obj, self.name):
            return None
        if not self.effect.keyed or self.key is None:
            return obj, WHOLE
        keyed = plain.is_a(obj, set) if self.effect.member else plain.is_a(obj, dict)
        direct = self.name in ("__getitem__", "__setitem__", "__delitem__")
        return obj, (_part(obj, self.key(view)) if keyed or direct else WHOLE)


class Whole(NamedTuple):
    """A container is looked through: iterated over, or given to a function.

    Attributes:
        candidates: expressions of which the first that is a container counts.
        callee, expected: the function, which must be the one that it looks like.
    """

    candidates: Sequence[Evaluate]
    callee: Evaluate | None = None
    expected: object = None

    def __call__(self, view: View) -> Part | None:
        """Return it."""
        if self.callee is not None and not self._is_expected(self.callee(view)):
            return None
        for one in self.candidates:
            obj = one(view)
            if obj is not UNKNOWN and (type(obj) is GeneratorType or touches.is_container(obj, "__iter__")):
                return obj, WHOLE
        return None

    def _is_expected(self, callee: object) -> bool:
        return callee is self.expected if self.expected is not None else not plain.is_a(callee, type)


class Next(NamedTuple):
    """``next(iterator)``: moves an iterator on that is written in C, or a generator."""

    base: Evaluate
    callee: Evaluate

    def __call__(self, view: View) -> Part | None:
        """Return the iterator."""
        obj = self.base(view)
        if self.callee(view) is not next or obj is UNKNOWN:
            return None
        _, moves = plain.on_class(type(obj), "__next__")
        return (obj, WHOLE) if type(moves) is WrapperDescriptorType else None


def inserts(obj: object, key: Key) -> bool:
    """Return whether reading an item stores it first: it is missing in a defaultdict."""
    part: Any = obj
    return plain.is_a(obj, defaultdict) and key[0] == "item" and not dict.__contains__(part, key[1])


def _part(obj: object, key: Any) -> Key:
    if key is UNKNOWN:
        return WHOLE
    if type(key) is int and key < 0 and plain.is_a(obj, list):
        key += list.__len__(obj)  # type: ignore[arg-type]
    return touches.item(key)
