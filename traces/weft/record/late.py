"""What was there before the recorder: names in the app's modules that can still be made to mean what is recorded.

A lock that was made early is not replaced: its name comes to mean a recorded lock around that very lock. So it does
not matter whether a thread holds it or waits for it meanwhile, nor how long others keep the bare one: both exclude each
other, and only what goes through the bare one is not seen. One that is held at the moment of the look is left alone,
for its holder could not be told, and is named instead, as is all else that cannot be recorded.

Conditions, events, semaphores, barriers and queues only get a mark that the recorded ``Condition.wait`` looks for,
which is one attribute and concerns nobody who waits already.

What no module has a name for, as variables of functions and of closures, is looked for in `nameless`, and told.
"""

from __future__ import annotations

import ast
import sys
import threading
from _thread import RLock as RawRLock
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

from . import locks, marks, nameless, names
from .nameless import Unseen
from .patches import Patches
from .traced import Site, TracedLock, TracedRLock
from .waits import Resource

_NEVER = frozenset({"threading", "_thread", "importlib", "_frozen_importlib", "signal", "weft", "_weft"})
"""Top-level modules whose locks the recorder or the import of modules may need."""

_RAW = (locks.RawLock, RawRLock)


@dataclass(frozen=True, slots=True)
class _Name:
    owner: Any
    attribute: str
    value: Any
    called: str
    module: ModuleType
    kept: bool
    """In a place whose name can be rebound."""


def catch_up(patches: Patches, makers: Mapping[Any, Any], everything: bool) -> list[Unseen]:
    """Rebind what the app's modules have by name, and return what cannot be recorded.

    Args:
        patches: remembers the way back.
        makers: what stands in, by what it stands for (`threading.Lock`, `threading.RLock`).
        everything: in libraries too.
    """
    unseen: list[Unseen] = []
    made: dict[int, Any] = {}
    lines = _Lines()
    modules = [module for name, module in sys.modules.copy().items() if _concerns(name, module, everything)]
    every = [name for module in modules for name in _names(module)]
    for name in every:
        if any(name.value is maker for maker in makers):
            patches.set(name.owner, name.attribute, next(makers[each] for each in makers if each is name.value))
    some = [name for name in every if issubclass(type(name.value), _RAW) or marks.parts_of(type(name.value))]
    # Where it is assigned is its name, and where it is imported an alias.
    for name in sorted(some, key=lambda name: (not name.kept, not lines.of(name))):
        if issubclass(type(name.value), _RAW):
            _lock(patches, name, made, unseen, lines)
        else:
            _mark(patches, name, made, lines)
    known = {*made, *(id(name.value) for name in some), *(id(each) for each in made.values())}
    return unseen + nameless.found({module.__name__: module for module in modules}, known)


def give_back(makers: Mapping[Any, Any]) -> list[str]:
    """Rebind names that were bound to what stands in while it did; return those that cannot be."""
    left = []
    for module in [*sys.modules.copy().values()]:
        if not issubclass(type(module), ModuleType) or _is_ours(module.__name__):
            continue
        for owner in (module, *_classes(module)):
            for attribute, value in _items(owner):
                if any(value is maker for maker in makers):
                    try:
                        setattr(owner, attribute, next(makers[each] for each in makers if each is value))
                    except (AttributeError, TypeError):
                        left.append(f"{module.__name__}.{attribute}")
    return left


def _concerns(name: str, module: object, everything: bool) -> bool:
    if not issubclass(type(module), ModuleType) or name.partition(".")[0] in _NEVER or _is_ours(name):
        return False
    file = getattr(module, "__file__", None)
    if file is None:
        return name == "__main__"
    return everything or names.is_own(name, str(file))


def _is_ours(name: str) -> bool:
    ours = (__package__ or "").partition(".")[0]
    return name == ours or name.startswith(f"{ours}.")


def _names(module: ModuleType) -> Iterator[_Name]:
    """Yield the names of a module, of its classes and of the objects that it keeps, and what is in its containers."""
    called = names.module_called(module.__name__, str(getattr(module, "__file__", "")))
    for attribute, value in _items(module):
        yield _Name(module, attribute, value, f"{called}.{attribute}", module, kept=True)
        if issubclass(type(value), dict | list | tuple | set):
            inside = value.values() if issubclass(type(value), dict) else value
            for each in [*inside][:100]:
                if issubclass(type(each), _RAW):
                    yield _Name(module, attribute, each, f"{called}.{attribute}[…]", module, kept=False)
        elif type(value).__module__ == module.__name__ and _plain(value):
            for inner, part in _items(value):
                yield _Name(value, inner, part, f"{type(value).__qualname__}.{inner}", module, kept=True)
    for owner in _classes(module):
        for attribute, value in _items(owner):
            yield _Name(owner, attribute, value, f"{owner.__qualname__}.{attribute}", module, kept=True)


def _classes(module: ModuleType) -> list[type]:
    own = module.__name__
    return [value for _, value in _items(module) if issubclass(type(value), type) and value.__module__ == own]


def _items(owner: Any) -> list[tuple[str, Any]]:
    try:
        return list(vars(owner).items())
    except (TypeError, RuntimeError):  # without a __dict__, or it changes at this moment
        return []


def _plain(value: Any) -> bool:
    """Return whether an object's attributes are what its ``__dict__`` says, and may be set."""
    kind: Any = type(value)
    plain: Any = object
    return (
        not issubclass(type(value), type | ModuleType)
        and "__dict__" in dir(kind)
        and kind.__setattr__ is plain.__setattr__
        and kind.__getattribute__ is plain.__getattribute__
    )


def _lock(patches: Patches, name: _Name, made: dict[int, Any], unseen: list[Unseen], lines: _Lines) -> None:
    known = made.get(id(name.value))
    line = lines.of(name)
    file = str(getattr(name.module, "__file__", "") or "")
    if known is None and not name.kept:
        unseen.append(Unseen(name.called, file, line, "made before the recording, kept in a container"))
    elif known is None and _is_held(name.value):
        unseen.append(Unseen(name.called, file, line, "made before the recording, and held when it began"))
    elif name.kept:
        if known is None:
            known = made[id(name.value)] = _recorded(name.value, _site(name, line, lines))
        patches.set(name.owner, name.attribute, known)


def _recorded(raw: Any, site: Site) -> Any:
    return (TracedRLock if issubclass(type(raw), RawRLock) else TracedLock)(raw, site)


def _is_held(raw: Any) -> bool:
    # A re-entrant lock does not say it in another way before Python 3.14.
    return repr(raw).startswith("<locked")


def _mark(patches: Patches, name: _Name, made: dict[int, Any], lines: _Lines) -> None:
    line = lines.of(name)
    for condition_of, operation in marks.parts_of(type(name.value)):
        condition = condition_of(name.value)
        if id(condition) in made:
            continue
        kind = marks.kind_of(type(name.value))
        site = _site(name, line, lines, kind)
        made[id(condition)] = condition
        patches.set(condition, marks.MARK, Resource(site[:6], operation, name.called))
        if type(name.value) is threading.Condition:
            _rebind_condition(patches, name, condition, made, site)


def _rebind_condition(patches: Patches, name: _Name, condition: Any, made: dict[int, Any], site: Site) -> None:
    """Let a condition use a recorded lock: it keeps some of its lock's methods."""
    raw = condition._lock
    if not issubclass(type(raw), _RAW) or (id(raw) not in made and _is_held(raw)):
        return
    lock = made.setdefault(id(raw), _recorded(raw, (*site[:5], "Condition", *site[6:])))
    for attribute in ("acquire", "release", "_release_save", "_acquire_restore", "_is_owned"):
        if attribute in vars(condition):
            patches.set(condition, attribute, getattr(lock, attribute))
    patches.set(condition, "_lock", lock)


def _site(name: _Name, line: int, lines: _Lines, kind: str = "") -> Site:
    kind = kind or ("RLock" if issubclass(type(name.value), RawRLock) else "Lock")
    return lines.code(name.module), 0, line, name.module.__name__, 1, kind, "", name.called  # type: ignore[return-value]


class _Lines:
    """Where names are assigned, read from the modules' sources."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeType] = {}
        self._of: dict[str, dict[str, int]] = {}

    def of(self, name: _Name) -> int:
        """Return the line of the first assignment to a name, 0 when it is not found."""
        key = name.module.__name__
        if key not in self._of:
            self._of[key] = dict(_assigned(str(getattr(name.module, "__file__", ""))))
        return self._of[key].get(name.attribute, 0)

    def code(self, module: ModuleType) -> CodeType:
        """Return code that stands for a module's."""
        known = self._codes.get(module.__name__)
        if known is None:
            file = str(getattr(module, "__file__", None) or "<string>")
            known = self._codes[module.__name__] = compile("", file, "exec")
        return known


def _assigned(file: str) -> Iterable[tuple[str, int]]:
    try:
        with open(file, encoding="utf-8") as source:
            tree = ast.parse(source.read())
    except (OSError, ValueError, SyntaxError, RecursionError):
        return []
    targets: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for part in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(part, ast.Name | ast.Attribute):
                        targets.append((part.id if isinstance(part, ast.Name) else part.attr, node.lineno))
    return reversed(targets)
