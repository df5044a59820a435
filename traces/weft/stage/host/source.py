"""A user's source file, parsed once: its nodes by position, and which names its functions rebind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from .scopes import Scopes

Position = tuple[int | None, int | None, int | None, int | None]
"""Line, end line, column, end column: in the order of `CodeType.co_positions`."""

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_CODE_NAMES: dict[type[ast.AST], str] = {
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
    ast.GeneratorExp: "<genexpr>",
}


class Loop(NamedTuple):
    """What is iterated over, and the line of the ``for``."""

    over: ast.expr
    line: int


class Source:
    """The nodes of one file.

    Args:
        tree: the parsed file.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._nodes: dict[Position, list[ast.AST]] = {}
        self._tails: dict[tuple[int, int], ast.Attribute] = {}
        self._calls: dict[ast.expr, ast.Call] = {}
        self._loops: dict[Position, Loop] = {}
        self._comprehensions: dict[Position, Loop] = {}
        self._functions: set[tuple[str, int]] = set()
        self._statements: dict[int, list[ast.stmt]] = {}
        self.truths: set[ast.AST] = set()
        """Expressions of which only counts whether they are true: of a container, whether it is empty."""
        self.unpacked: dict[ast.AST, ast.expr] = {}
        """By target of an assignment that unpacks: what is unpacked."""
        self.aliases: dict[str, str] = {}
        """Names that a method may be called by: ``push = jobs.append``."""
        self._managers: set[tuple[str, int]] = set()
        self.cached: set[str] = set()
        """Names of functions that `functools` remembers results of."""
        self.scopes = Scopes(tree)
        for node in ast.walk(tree):
            self._index(node)

    def at(self, position: Position, kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> ast.AST | None:
        """Return the node of a kind at a position."""
        for node in self._nodes.get(position, ()):
            if isinstance(node, kind):
                return node
        return None

    def attribute(self, position: Position) -> ast.Attribute | None:
        """Return the attribute at a position. The compiler lets an attribute on a line of its own begin there."""
        node = self.at(position, ast.Attribute)
        return node if isinstance(node, ast.Attribute) else self._tail(position)

    def call(self, position: Position) -> ast.Call | None:
        """Return the call at a position; a method call begins at the line of its last attribute."""
        node = self.at(position, ast.Call)
        if isinstance(node, ast.Call):
            return node
        tail = self._tail(position)
        return self._calls.get(tail) if tail is not None else None

    def is_called(self, node: ast.expr) -> bool:
        """Return whether an expression is the function of a call."""
        return node in self._calls

    def statement(self, line: int, column: int) -> ast.stmt | None:
        """Return the innermost statement that covers a place."""
        for node in reversed(self._statements.get(line, ())):  # outer ones come first
            if (node.lineno, node.col_offset) <= (line, column) < (node.end_lineno or 0, node.end_col_offset or 0):
                return node
        return None

    def loop(self, position: Position) -> Loop | None:
        """Return the ``for`` statement at a position: its own (3.11, 3.12) or that of what it iterates over (3.13)."""
        return self._loops.get(position)

    def comprehension(self, position: Position) -> Loop | None:
        """Return the outermost loop of the comprehension at a position: its own or that of its outermost iterable."""
        return self._comprehensions.get(position)

    def has(self, code: CodeType) -> bool:
        """Return whether a code object can stem from this text: a file may have changed since it was imported."""
        return (code.co_name, code.co_firstlineno) in self._functions

    def is_manager(self, code: CodeType) -> bool:
        """Return whether a generator is a context manager's: one ``with`` goes through it, and nobody else."""
        return (code.co_name, code.co_firstlineno) in self._managers

    def _tail(self, position: Position) -> ast.Attribute | None:
        line, _, column, _ = position
        return None if line is None or column is None else self._tails.get((line, column))

    def _index(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr | ast.stmt):
            self._nodes.setdefault(_position(node), []).append(node)
        if isinstance(node, ast.stmt):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                self._statements.setdefault(line, []).append(node)
        if isinstance(node, ast.Assign):
            self._index_assignment(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(_last(one) in ("cache", "lru_cache") for one in node.decorator_list):
                self.cached.add(node.name)
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            self._functions.add((node.name, first))
            if any(_last(one) == "contextmanager" for one in node.decorator_list):
                self._managers.add((node.name, first))
        elif isinstance(node, ast.Lambda):
            self._functions.add(("<lambda>", node.lineno))
        elif isinstance(node, Comprehension):
            self._index_comprehension(node)
        elif isinstance(node, ast.For):
            loop = Loop(node.iter, node.lineno)
            self._loops[_position(node)] = self._loops[_position(node.iter)] = loop
        elif isinstance(node, ast.Attribute):
            self._index_tail(node)
        elif isinstance(node, ast.Call):
            self._calls[node.func] = node
        self.truths.update(_tested(node))

    def _index_assignment(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Tuple | ast.List):
                self.unpacked[target] = node.value
            elif isinstance(target, ast.Name) and isinstance(node.value, ast.Attribute):
                self.aliases[target.id] = node.value.attr

    def _index_comprehension(self, node: Comprehension) -> None:
        self._functions.add((_CODE_NAMES[type(node)], node.lineno))
        outermost = node.generators[0].iter
        loop = Loop(outermost, outermost.lineno)
        self._comprehensions[_position(node)] = self._comprehensions[_position(outermost)] = loop

    def _index_tail(self, node: ast.Attribute) -> None:
        if node.lineno != node.end_lineno and node.end_lineno is not None and node.end_col_offset is not None:
            self._tails[node.end_lineno, node.end_col_offset - len(node.attr)] = node


class Sources:
    """The files of the user that were seen so far, by the name in their code objects."""

    def __init__(self) -> None:
        self._files: dict[str, Source | None] = {}
        self._stored: dict[tuple[str, bool], bool] = {}
        self.version = 0
        """Grows when another file was read: it may rebind what earlier ones only read."""

    def of(self, code: CodeType) -> Source | None:
        """Return the source of a code object; None when it is missing, was changed or cannot be parsed."""
        source = self.file(code.co_filename)
        return source if source is not None and source.has(code) else None

    def file(self, filename: str) -> Source | None:
        """Return the source of a file, read at the first call."""
        if filename not in self._files:
            self._files[filename] = _read(filename)
            self._stored.clear()
            self.version += 1
        return self._files[filename]

    def rebinds(self, namespace: dict[str, object], name: str) -> bool:
        """Return whether some function rebinds a variable of a module."""
        filename = dict.get(namespace, "__file__")
        source = self._files.get(filename) if type(filename) is str else None
        if source is not None and name in source.scopes.rebound_globals:
            return True
        return name in self.module_stores()

    def module_stores(self) -> set[str]:
        """Return the names that some file stores as an attribute of a module."""
        return {name for one in self._known() for name in one.scopes.module_stores}

    def cached(self) -> set[str]:
        """Return the names of functions in some file that `functools` remembers results of."""
        return {name for one in self._known() for name in one.cached}

    def stores(self, attribute: str) -> bool:
        """Return whether some code, other than a constructor for its own object, stores an attribute of this name."""
        return self._some_stores(attribute, False)

    def stores_on_class(self, attribute: str) -> bool:
        """Return whether some code stores an attribute of this name on a class."""
        return self._some_stores(attribute, True)

    def _some_stores(self, attribute: str, on_class: bool) -> bool:
        known = self._stored.get((attribute, on_class))
        if known is None:
            scopes = [one.scopes for one in self._known()]
            known = any(attribute in (one.class_stores if on_class else one.attribute_stores) for one in scopes)
            self._stored[attribute, on_class] = known
        return known

    def _known(self) -> Iterable[Source]:
        return (one for one in self._files.values() if one is not None)


def _tested(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the parts of a node whose truth decides how it goes on."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            yield from _operands(test)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _operands(operand)
        case ast.BoolOp(values=values):
            yield from values[:-1]
        case ast.comprehension(ifs=tests):
            for one in tests:
                yield from _operands(one)
        case _:
            pass


def _last(decorator: ast.expr) -> str:
    """Return the last name of a decorator."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _operands(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        for one in test.values:
            yield from _operands(one)
    else:
        yield test


def _read(filename: str) -> Source | None:
    try:
        return Source(ast.parse(Path(filename).read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def _position(node: ast.expr | ast.stmt) -> Position:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
