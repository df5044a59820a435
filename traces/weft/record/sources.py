"""What a statement in a source file assigns the result of a call to. Runs in the writing thread, where time is cheap.

Only the statement is parsed, or the function around it: parsing a whole file would hold up the app's threads.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from types import CodeType

FILES, BYTES, LINES = 16, 1 << 20, 500
"""Files that are kept, and the largest file and piece of one that is looked at."""

_OPTIMIZED = 0x01
"""Flag of the code of functions."""

_CLOSING = (")", "]", "}")
_TRANSPARENT = (ast.BoolOp, ast.IfExp, ast.Starred, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)
_ADDING = frozenset({"append", "appendleft", "add", "put", "insert", "extend"})
_WRAPPING = frozenset({"Condition", "cast"})
_KEYED = frozenset({"setdefault", "__setitem__"})
_FACTORIES = frozenset({"default", "default_factory", "factory"})
_MAPPINGS = frozenset({"dict", "OrderedDict", "defaultdict"})
_TRIES = 6

_lines: dict[str, list[bytes]] = {}


def name_at(code: CodeType, offset: int, module: str) -> str | None:
    """Return the name of what is made at an offset (bytes) of some code.

    Empty when it is not assigned to anything, None where its source is not to be had.

    ``locks = {"one": Lock()}`` in module shop is ``shop.locks["one"]``, ``self._lock = Lock()`` in class Cache is
    ``Cache._lock``, a local is ``function.name``.

    Args:
        code, offset: where it is made.
        module: what to call the module.
    """
    try:
        position = _position(code, offset)
        if position is None:
            return None
        for tree in _pieces(code, position):
            path = _find(tree, position)
            if path:
                return _Scope(code, module).name(path) or ""
        return None
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def scope(code: CodeType) -> str:
    """Return the class or function that code stands in, without lambdas and comprehensions; empty for a module's."""
    parts = code.co_qualname.replace(".<locals>", "").split(".")
    while parts and parts[-1].startswith("<"):
        parts.pop()
    return ".".join(parts)


Position = tuple[int, int, int, int]
"""Line, end line, column, end column (bytes)."""


def _position(code: CodeType, offset: int) -> Position | None:
    for at, position in enumerate(code.co_positions()):
        if at * 2 == offset:
            return None if None in position else position  # type: ignore[return-value]
    return None


def _pieces(code: CodeType, position: Position) -> Iterator[ast.AST]:
    """Yield what can be parsed around a position, until it is what was looked for."""
    lines = _read(code.co_filename)
    first, last = position[0], position[1]
    if code.co_name.startswith("<"):
        starts = _statements(lines, first)
    else:
        starts = iter((code.co_firstlineno,))
        last = max([last, *(line for *_, line in code.co_lines() if line)])
    for start in starts:
        for end in _ends(lines, start, last):
            if end - start > LINES:
                break
            try:
                yield _parse(lines[start - 1 : end], start)
            except SyntaxError:
                continue
            break


def _statements(lines: list[bytes], line: int) -> Iterator[int]:
    """Yield the lines, upwards from one, at which the statement of the module that covers it may begin."""
    found = 0
    while line > 0 and found < _TRIES:
        text = lines[line - 1] if line <= len(lines) else b""
        if text[:1].strip() and text[:1] not in b")]}#":
            found += 1
            yield line
        line -= 1


def _ends(lines: list[bytes], start: int, last: int) -> Iterator[int]:
    """Yield the lines, downwards from the last that must be part of it, with which a statement may end."""
    indent = _indent(lines[start - 1])
    end, found = last, 0
    while end < len(lines) and found < _TRIES:
        text = lines[end]
        if text.strip() and _indent(text) <= indent:
            found += 1
            yield end
        end += 1
    yield end


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())


def _parse(lines: list[bytes], start: int) -> ast.AST:
    """Parse lines that begin at line ``start`` of their file; indented ones as the body of something."""
    body = _indent(lines[0]) > 0
    tree = ast.parse((b"if 1:\n" if body else b"") + b"".join(lines))
    return ast.increment_lineno(tree, start - 1 - body)


def _read(file: str) -> list[bytes]:
    known = _lines.get(file)
    if known is None:
        if os.path.getsize(file) > BYTES:
            raise ValueError(file)
        with open(file, "rb") as source:
            known = source.read().removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
        if len(_lines) >= FILES:
            _lines.clear()
        _lines[file] = known
    return known


def _find(node: ast.AST, position: Position) -> list[ast.AST]:
    """Return the way from the outermost node down to the call, or what else makes something, at a position."""
    if isinstance(node, ast.Call | ast.Subscript | ast.Attribute) and _place(node) == position:
        return [node]
    for child in ast.iter_child_nodes(node):
        place = _place(child)
        if place is None or _covers(place, position):
            below = _find(child, position)
            if below:
                return [node, *below]
    return []


def _place(node: ast.AST) -> Position | None:
    if not isinstance(node, ast.expr | ast.stmt | ast.keyword):
        return None
    first = node.lineno
    for decorator in getattr(node, "decorator_list", ()):
        first = min(first, decorator.lineno)
    return first, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0


def _covers(outer: Position, inner: Position) -> bool:
    return outer[0] <= inner[0] and outer[1] >= inner[1]


class _Scope:
    """Names as they are spelled from outside of the code that uses them."""

    def __init__(self, code: CodeType, module: str) -> None:
        self._code, self._module = code, module
        self._nested = code.co_name.startswith("<")
        self._parts = [part for part in scope(code).split(".") if part]

    def name(self, path: list[ast.AST]) -> str | None:
        """Return the name of what the last node of a path makes, None when it is not assigned to anything."""
        if isinstance(path[-1], ast.Subscript):
            return self._place(path[-1])
        suffix = ""
        for at in range(len(path) - 2, -1, -1):
            node, child = path[at], path[at + 1]
            match node:
                case ast.Assign(targets=targets):
                    return self._target(targets[0], suffix)
                case ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                    return self._target(target, suffix)
                case ast.withitem(optional_vars=ast.expr() as target):
                    return self._target(target, suffix)
                case ast.Return():
                    return self._returned(suffix)
                case ast.Dict(keys=keys, values=values):
                    key = next((key for key, value in zip(keys, values, strict=True) if value is child), None)
                    suffix = (f"[{_key(key)}]" if key is not None else "") + suffix
                case ast.DictComp():
                    suffix = f"[{_key(node.key)}]{suffix}"
                case ast.List(elts=elements) | ast.Tuple(elts=elements):
                    suffix = f"[{next(at for at, one in enumerate(elements) if one is child)}]{suffix}"
                case ast.keyword(arg=str(argument)):
                    suffix = _keyword(path[at - 1], argument) + suffix
                case ast.Call() if isinstance(child, ast.expr):
                    found = self._argument(node, child, suffix)
                    if found is None or found != suffix:
                        return found
                case ast.arguments():
                    return self._default(path[at - 1], node, child)
                case ast.Call():
                    pass  # its keyword has been told
                case _ if not isinstance(node, _TRANSPARENT):
                    return None
        return None

    def _argument(self, call: ast.Call, child: ast.expr, suffix: str) -> str | None:
        """Return the name of a call's argument; the suffix when the call hands it on, None when nobody knows."""
        called, arguments = _last(call.func), call.args
        if child is call.func:
            return suffix
        if isinstance(call.func, ast.Attribute):
            if called in _ADDING:
                return self._place(call.func.value, suffix)
            if called in _KEYED and len(arguments) == 2 and child is arguments[1]:
                return self._place(call.func.value, f"[{_key(arguments[0])}]{suffix}")
        if called == "setattr" and len(arguments) == 3:
            attribute = getattr(arguments[1], "value", None)
            return self._place(arguments[0], f".{attribute}{suffix}") if isinstance(attribute, str) else None
        return suffix if called in _WRAPPING or isinstance(child, ast.GeneratorExp | ast.Lambda) else None

    def _target(self, target: ast.expr, suffix: str) -> str | None:
        """Return the name of a target; of several, that of the one that a part of the value goes to."""
        while isinstance(target, ast.Tuple | ast.List):
            index, _, rest = suffix[1:].partition("]")
            before = (
                [isinstance(one, ast.Starred) for one in target.elts[: int(index) + 1]] if index.isdigit() else [True]
            )
            if any(before) or len(before) > len(target.elts):
                starred = next((one.value for one in target.elts if isinstance(one, ast.Starred)), None)
                return self._place(starred) if starred is not None else None
            target, suffix = target.elts[int(index)], rest
        return self._place(target, suffix)

    def _returned(self, suffix: str) -> str | None:
        if not self._parts or not any("lock" in part.lower() for part in self._parts[-1:]):
            return None
        return ".".join(self._parts) + suffix

    def _default(self, function: ast.AST, arguments: ast.arguments, value: ast.AST) -> str | None:
        with_default = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) or 10**6 :]
        pairs = [
            *zip(with_default, arguments.defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        named = next((argument.arg for argument, default in pairs if default is value), None)
        if named is None or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        return ".".join((*(self._parts or (self._module,)), function.name, named))

    def _place(self, place: ast.expr, suffix: str = "") -> str | None:
        """Return an expression that names a place, from outside: a variable, an attribute or an item of one."""
        while not isinstance(place, ast.Name):
            match place:
                case ast.Attribute(value=base, attr=attribute):
                    suffix = f".{attribute}{suffix}"
                case ast.Subscript(value=base, slice=key):
                    suffix = f"[{_key(key)}]{suffix}"
                case ast.Call(func=base):
                    suffix = f"(){suffix}"
                case _:
                    return None
            place = base
        return self._variable(place) + suffix

    def _variable(self, name: ast.Name) -> str:
        known, code, parts = name.id, self._code, self._parts
        if not parts:
            return f"{self._module}.{known}"
        here, outside = ".".join(parts), ".".join(parts[:-1])
        if known in ("self", "cls") and outside:
            return outside
        if not self._nested and known in code.co_freevars and outside:
            return f"{outside}.{known}"
        local = known in (*code.co_varnames, *code.co_cellvars, *code.co_freevars)
        if local or not code.co_flags & _OPTIMIZED or (self._nested and isinstance(name.ctx, ast.Store)):
            return f"{here}.{known}"
        return f"{self._module}.{known}"


def _last(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _keyword(call: ast.AST, argument: str) -> str:
    """Return what a keyword adds to the name of what a call makes."""
    called = _last(call.func) if isinstance(call, ast.Call) else ""
    if called in _WRAPPING or argument in _FACTORIES:
        return ""
    return f"[{json.dumps(argument)}]" if called in _MAPPINGS else f".{argument}"


def _key(key: ast.expr) -> str:
    """Return a key as it stands in source code, shortened."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        text = json.dumps(key.value, ensure_ascii=False)
    else:
        text = ast.unparse(key)
    return text if len(text) <= 30 else f"{text[:29]}…"
