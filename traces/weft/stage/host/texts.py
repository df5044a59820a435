"""Any value as one short line, without running any of the app's code: no ``__repr__``, no property."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from . import plain
from .plain import Sentinel

DEPTH = 3
ITEMS = 12
_DIGITS = 30
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
    dict: ("{", "}"),
    OrderedDict: ("{", "}"),
    defaultdict: ("{", "}"),
    Counter: ("Counter({", "})"),
}
_SIMPLE = (bool, float, complex, type(None), type(Ellipsis), Sentinel, range)
_MAPPINGS = (dict, OrderedDict, defaultdict, Counter)


def safe_text(value: Any, limit: int = 60) -> str:
    """Return a value as text of at most ``limit`` characters, all of them printable."""
    pieces: list[str] = []
    left = limit + 1
    for piece in _pieces(value, DEPTH, left):
        pieces.append(piece)
        left -= len(piece)
        if left <= 0:
            break
    text = "".join(pieces)
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def _pieces(value: Any, depth: int, limit: int) -> Iterator[str]:
    cls = type(value)
    if plain.among(cls, _SIMPLE):
        yield repr(value)
    elif cls is int:
        yield _integer(value)
    elif plain.among(cls, (str, bytes, bytearray)):
        yield _string(value, limit)
    elif plain.among(cls, _BRACKETS):
        yield from _container(value, depth, limit)
    else:
        yield from _object(value, depth, limit)


def _integer(value: int) -> str:
    """Converting a huge number takes long, and is refused beyond 4,300 digits."""
    if value.bit_length() > _DIGITS * 3:
        return f"<int of {value.bit_length()} bits>"
    return repr(value)


def _string(value: str | bytes | bytearray, limit: int) -> str:
    kept = value[:limit]
    text = ascii(kept) if not isinstance(kept, str) else "".join(_visible(one) for one in repr(kept))
    return text if len(kept) == len(value) else text[:-1]


def _visible(one: str) -> str:
    return one if one.isprintable() else ascii(one)[1:-1]


def _container(value: Any, depth: int, limit: int) -> Iterator[str]:
    cls = type(value)
    opening, closing = _BRACKETS[cls]
    if not len(value):
        yield "set()" if cls is set else "frozenset()" if cls is frozenset else opening + closing
        return
    yield opening
    if depth <= 0:
        yield "…"
    else:
        pairs = cls in _MAPPINGS
        entries = _first(dict.items(value) if pairs else cls.__iter__(value))
        yield from _entries(entries, len(value), pairs, depth - 1, limit)
    yield ",)" if cls is tuple and len(value) == 1 else closing


def _first(values: Iterable[Any]) -> list[Any]:
    """Return the first items; another thread may change the size meanwhile."""
    found: list[Any] = []
    try:
        for one in values:
            if len(found) >= ITEMS:
                break
            found.append(one)
    except RuntimeError:
        pass
    return found


def _entries(entries: Iterable[Any], length: int, pairs: bool, depth: int, limit: int) -> Iterator[str]:
    count = 0
    for count, entry in enumerate(entries, 1):
        if count > 1:
            yield ", "
        if pairs:
            yield from _pieces(entry[0], depth, limit)
            yield ": "
        yield from _pieces(entry[1] if pairs else entry, depth, limit)
    if count < length:
        yield ", …"


def _object(value: Any, depth: int, limit: int) -> Iterator[str]:
    name = named(value)
    fields = plain.own_dict(value) if name is None and depth == DEPTH else None
    if name is not None or not fields:
        yield _clean(f"<{name or type_name(value)}>")
        return
    yield _clean(f"{type_name(value)}(")
    for index, key in enumerate(_first(fields)):
        yield _clean(f"{', ' if index else ''}{key if type(key) is str else '?'}=")
        yield from _pieces(fields.get(key), 0 if depth < 1 else 1, limit)
    yield ")"


def named(value: Any) -> str | None:
    """Return what a function, class or module calls itself; None for other objects."""
    cls = type(value)
    if plain.among(cls, (FunctionType, BuiltinFunctionType, CodeType)):
        return f"{'code' if cls is CodeType else 'function'} {getattr(value, 'co_name', None) or value.__name__}"
    if cls is MethodType:
        inner = value.__func__
        return f"method {inner.__name__}" if type(inner) is FunctionType else "method"
    if cls is ModuleType:
        name = plain.find(value, "__name__").value
        return f"module {name}" if type(name) is str else "module"
    if plain.is_a(value, type):
        return f"class {type.__dict__['__name__'].__get__(value)}"
    return None


def type_name(value: object) -> str:
    """Return the name of an object's class."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def _clean(text: str) -> str:
    return "".join(_visible(one) for one in text)
