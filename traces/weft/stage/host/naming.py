"""What the things that threads touch are called: as a person would find them from the app's variables."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from types import CellType, FunctionType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from . import plain, texts
from .touches import CONTAINERS, Touch

DEPTH, MOST, MOST_ITEMS = 6, 5_000, 100
_MAPPINGS = (dict, OrderedDict, defaultdict, Counter)
_SEQUENCES = (list, tuple, deque)
_ATOMS = (int, str, float, bool, bytes, complex, type(None), ModuleType)
_HOOKS = ("before_request_funcs", "after_request_funcs", "teardown_request_funcs", "teardown_appcontext_funcs")


class _Seen(NamedTuple):
    """An object on the way through the app, and how it was reached."""

    obj: Any
    path: str
    depth: int


class Names:
    """Names objects by their shortest path from the variables of the user's modules; others by their type."""

    def __init__(self) -> None:
        # Objects are kept along with their names, so that an id cannot come to mean another one.
        self._known: dict[int, tuple[object, str]] = {}
        self._scanned: set[int] = set()
        self._owners: dict[str, int] = {}
        self._modules: dict[int, str] = {}
        self._variables: dict[str, list[dict[str, Any]]] = {}
        self._ours: set[str] = set()
        self._files: set[str] = set()

    def scan(self, modules: Iterable[ModuleType], app: object = None) -> None:
        """Name what can be reached from the user's modules and from the Flask app that they have made."""
        spaces = [(module, plain.find(module, "__name__").holder) for module in modules]
        for _, namespace in spaces:
            self._enter(namespace)
        queue = deque(_Seen(obj, path, 1) for _, space in spaces for path, obj in self._globals(space))
        if app is not None:
            queue.append(_Seen(app, "app", 1))
        while queue and len(self._known) < MOST:
            seen = queue.popleft()
            if self._name(seen) and seen.depth < DEPTH:
                queue.extend(_Seen(obj, path, seen.depth + 1) for path, obj in self._inside(seen, app))
        self._scanned = {*self._known, *self._modules}

    def of(self, touch: Touch) -> str:
        """Return the name of what is touched."""
        kind, key = touch.key
        if not touch.known:
            return touch.text
        if kind == "global":
            return self._variable(touch.obj, str(key))
        if kind == "cell":
            return self.called(touch.obj, str(key))
        base = self.called(touch.obj, touch.base)
        if kind == "attr":
            return f"{base}.{key}"
        return f"{base}[{literal(key)}]" if kind == "item" else base

    def path(self, obj: object) -> str:
        """Return how an object that was there at the `scan` is reached; empty for others."""
        known = self._known.get(id(obj))
        return known[1] if known is not None else ""

    def stays(self, obj: object) -> bool:
        """Return whether an object was there at the `scan`: it is still there, and its id means nothing else."""
        return id(obj) in self._scanned

    def called(self, obj: object, text: str = "") -> str:
        """Return the name of an object; ``text`` is what it is called where it was met, for nameless containers."""
        known = self._known.get(id(obj))
        if known is not None:
            return known[1]
        named = texts.named(obj)
        if named is not None:
            name = named.partition(" ")[2] or named
        elif plain.among(type(obj), CONTAINERS) or type(obj) is CellType:
            name = text or texts.type_name(obj)
        else:
            name = self._free(texts.type_name(obj), obj)
        self._keep(obj, name)
        return name

    # Variables

    def _enter(self, namespace: Any) -> None:
        file, name = dict.get(namespace, "__file__"), dict.get(namespace, "__name__")
        self._modules[id(namespace)] = _label(name, file)
        self._ours.add(str(name))
        self._files.add(str(file))
        for variable in namespace:
            if type(variable) is str:
                self._variables.setdefault(variable, []).append(namespace)

    def _variable(self, namespace: Any, name: str) -> str:
        if len(self._variables.get(name, ())) < 2:
            return name
        return f"{self._modules.get(id(namespace), '')}.{name}".lstrip(".")

    def _globals(self, namespace: Any) -> Iterator[tuple[str, Any]]:
        """Yield the variables of a module; with its name where another module has a different object of that name."""
        for name, obj in list(dict.items(namespace)):
            if type(name) is str and not name.startswith("__"):
                same = all(dict.get(other, name) is obj for other in self._variables[name])
                yield name if same else self._variable(namespace, name), obj

    # What is inside of what

    def _inside(self, seen: _Seen, app: object) -> Iterator[tuple[str, Any]]:
        obj, path, _ = seen
        if obj is app and app is not None:
            # What the views share by their closures goes by those variables' names, shorter than extensions'.
            for view in _views(obj):
                yield from self._cells(view)
            yield from _of_app(obj, path)
        elif plain.among(type(obj), _MAPPINGS):
            yield from _items(dict.items(obj), path)
        elif plain.among(type(obj), _SEQUENCES):
            yield from _items(enumerate(type(obj).__iter__(obj)), path)
        elif type(obj) is FunctionType:
            yield from self._cells(obj)
        elif plain.is_a(obj, type):
            if self._is_ours(obj):
                yield from _attributes(plain.class_dict(obj), path)
        elif self._is_ours(type(obj)) or type(obj) is SimpleNamespace:
            yield from _attributes(plain.own_dict(obj) or {}, path)
            yield from _slots(obj, path)

    def _cells(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        """Yield the closure variables of a user's function, and what they hold: both go by the variable's name."""
        wrapped = function.__dict__.get("__wrapped__")
        if wrapped is not None:
            yield function.__name__, wrapped
        if function.__code__.co_filename not in self._files:
            return
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
            if id(cell) not in self._known:
                self._keep(cell, self._free(name, cell, apart=True))
            try:
                yield name, cell.cell_contents
            except ValueError:
                continue

    def _is_ours(self, cls: type) -> bool:
        return plain.class_dict(cls).get("__module__") in self._ours

    # Keeping names

    def _name(self, seen: _Seen) -> bool:
        """Give an object its name, unless it has one already or needs none; return whether it is new."""
        obj = seen.obj
        if plain.among(type(obj), _ATOMS) or id(obj) in self._known or plain.unwrapped(obj) is not obj:
            return False
        self._keep(obj, self._free(seen.path, obj))
        return True

    def _free(self, name: str, obj: object, *, apart: bool = False) -> str:
        """Return a name that no other object has; cells are told apart from objects."""
        number = 1
        while True:
            tried = name if number == 1 else f"{name} #{number}"
            if self._owners.setdefault(f"cell {tried}" if apart else tried, id(obj)) == id(obj):
                return tried
            number += 1

    def _keep(self, obj: object, name: str) -> None:
        self._known[id(obj)] = (obj, name)


def literal(key: object) -> str:
    """Return a key as it stands in source code, shortened."""
    if type(key) is str:
        short = key if len(key) <= 30 else key[:29] + "…"
        return json.dumps(short, ensure_ascii=not short.isprintable())
    return texts.safe_text(key, 30)


def _label(name: object, file: object) -> str:
    if name == "__main__" and type(file) is str:
        name = file.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    return str(name).rpartition(".")[2]


def _items(pairs: Iterable[tuple[Any, Any]], path: str) -> Iterator[tuple[str, Any]]:
    for count, (key, obj) in enumerate(list(pairs)):
        if count >= MOST_ITEMS:
            break
        yield f"{path}[{literal(key)}]", obj


def _attributes(fields: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, obj in list(fields.items()):
        if type(name) is str and not name.startswith("__") and type(obj) is not FunctionType:
            yield f"{path}.{name}", obj


def _slots(obj: object, path: str) -> Iterator[tuple[str, Any]]:
    for cls in plain.mro(type(obj)):
        for name in plain.class_dict(cls):
            found = plain.find(obj, name) if not name.startswith("__") else None
            if found is not None and found.where == "slot":
                yield f"{path}.{name}", found.value


def _views(app: object) -> list[FunctionType]:
    views = plain.value(app, "view_functions")
    return [view for view in views.values() if type(view) is FunctionType] if type(views) is dict else []


def _of_app(app: object, path: str) -> Iterator[tuple[str, Any]]:
    """Yield what hangs on a Flask app: its hooks, extensions and settings."""
    for hook in _HOOKS:
        yield from _functions(plain.value(app, hook))
    for part in ("extensions", "config"):
        found = plain.value(app, part)
        if plain.is_a(found, dict):
            yield f"{path}.{part}", found
            yield from _items(dict.items(found), f"{path}.{part}")


def _functions(hooks: Any) -> Iterator[tuple[str, Any]]:
    groups = list(dict.values(hooks)) if plain.is_a(hooks, dict) else [hooks]
    for group in groups:
        if type(group) is list:
            yield from ((one.__name__, one) for one in group if type(one) is FunctionType)
