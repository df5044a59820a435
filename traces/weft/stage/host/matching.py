"""Matches the instructions of a function with its syntax tree, by position: what each of them does, in source terms."""

from __future__ import annotations

import ast
import dis
import inspect
from collections.abc import Callable
from types import CodeType
from typing import NamedTuple

from . import finding, switches, wording
from .expressions import Evaluate, Expressions
from .finding import Find
from .methods import BUILTINS, FUNCTIONS, LAZY, METHODS, VIEWS
from .source import Position, Source, Sources
from .switches import Switch


class Found(NamedTuple):
    """What an instruction does, in source terms; see `weft.stage.host.sites.Site`."""

    kind: str
    text: str
    base: str = ""
    line: int = 0
    rooted: bool = False
    find: Find | None = None
    switch: Switch | None = None
    target: int = -1


class Function:
    """Matches the instructions of one code object with its source."""

    def __init__(self, code: CodeType, source: Source, sources: Sources) -> None:
        self._code, self._source, self._sources = code, source, sources
        local = frozenset((*code.co_varnames, *code.co_cellvars, *code.co_freevars))
        self._expressions = Expressions(source.scopes.mangled, local)
        self._seen: set[ast.AST | None] = set()

    def sites(self) -> dict[int, Found]:
        """Return what the instructions do, by offset."""
        positions = list(self._code.co_positions())
        instructions = list(dis.get_instructions(self._code))
        sites: dict[int, Found] = {}
        for index, one in enumerate(instructions):
            at = _At(one, positions[one.offset // 2], index, instructions, positions)
            found = self._site(at)
            if found is not None:
                sites[one.offset] = found if found.line else found._replace(line=at.position[0] or 0)
            truth = self._tested(at) if one.opname == "TO_BOOL" else self._loaded(at)
            if truth is not None:
                sites[one.offset if one.opname == "TO_BOOL" else at.next_offset()] = truth
        return self._with_jumps(sites, instructions)

    def _site(self, at: _At) -> Found | None:
        opname = at.instruction.opname
        if opname in switches.ALWAYS_AT:
            return Found("switch", opname.lower(), switch=switches.always)
        handler = _HANDLERS.get(opname)
        return handler(self, at) if handler is not None else None

    def _loaded(self, at: _At) -> Found | None:
        """Return the read of a container that was loaded and is about to be tested for being empty."""
        if not at.instruction.opname.startswith(("LOAD_", "BINARY_SUBSCR")):
            return None
        node = self._source.at(at.position, (ast.Name, ast.Attribute, ast.Subscript))
        self._seen.add(node)
        return self._read_if_tested(node)

    def _tested(self, at: _At) -> Found | None:
        """Return the same for a variable that 3.13 has loaded together with another one, which has the position."""
        node = self._source.at(at.position, (ast.Name, ast.BoolOp, ast.UnaryOp))
        if isinstance(node, ast.BoolOp):
            node = node.values[at.count_before() % (len(node.values) - 1)]
        elif isinstance(node, ast.UnaryOp):
            node = node.operand
        return self._read_if_tested(node) if isinstance(node, ast.Name) and node not in self._seen else None

    def _read_if_tested(self, node: ast.AST | None) -> Found | None:
        if not isinstance(node, ast.expr) or node not in self._source.truths:
            return None
        return self._iteration(node, node.end_lineno or node.lineno)

    def _with_jumps(self, sites: dict[int, Found], instructions: list[dis.Instruction]) -> dict[int, Found]:
        for one in instructions:
            if one.opname.startswith(switches.CONDITIONAL):
                found = sites.get(one.offset) or Found("switch", "while")
                sites[one.offset] = found._replace(target=one.argval)
        return sites

    # What instructions do

    def global_variable(self, at: _At) -> Found | None:
        """Return the access to a variable of the module that some function rebinds."""
        name = str(at.instruction.argval)
        rebound = self._source.scopes.rebound_globals
        if name not in rebound and name not in self._stored_by_others():
            return None
        return Found(_kind(at), name, name, rooted=True, find=finding.Global(name))

    def closure_variable(self, at: _At) -> Found | None:
        """Return the access to a closure variable that some function rebinds."""
        name = str(at.instruction.argval)
        node = self._source.at(at.position, ast.Name)
        if node not in self._source.scopes.rebound_cells:
            return None
        return Found(_kind(at), name, name, rooted=True, find=finding.Cell(name))

    def attribute(self, at: _At) -> Found | None:
        """Return the access to an attribute."""
        node = self._source.attribute(at.position)
        name = str(at.instruction.argval)
        if node is None or self._source.scopes.mangled(node) != name or _is_super(node.value):
            return None
        called = self._source.is_called(node)
        if called and name in METHODS:
            return None  # the call is what matters
        base = self._compile(node.value)
        find = finding.Attribute(base, name, _kind(at) == "write", called, self._sources, {})
        switch = switches.of_attribute(base, name)
        return self._access(at, node, node.value, find, node.end_lineno, switch)

    def item(self, at: _At) -> Found | None:
        """Return the access to an item or slice."""
        node = self._source.at(at.position, ast.Subscript)
        if not isinstance(node, ast.Subscript):
            return None
        method = {"DELETE_SUBSCR": "__delitem__"}.get(
            at.instruction.opname, "__setitem__" if _kind(at) == "write" else "__getitem__"
        )
        base = self._compile(node.value)
        key = None if isinstance(node.slice, ast.Slice) else self._compile(node.slice)
        find = finding.Item(base, key, method, wording.of(node.value))
        return self._access(at, node, node.value, find, node.lineno, switches.of_item(base, method))

    def membership(self, at: _At) -> Found | None:
        """Return the read of ``key in container``."""
        node = self._source.at(at.position, ast.Compare) or self._negated(at)
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            return None
        container = node.comparators[0]
        base = self._compile(container)
        answer = isinstance(node.ops[0], ast.In)
        find = finding.Membership(base, self._compile(node.left), wording.of(container), answer)
        switch = switches.of_item(base, "__contains__")
        return self._access(at, node, container, find, node.lineno, switch, kind="read")

    def iterator(self, at: _At) -> Found | None:
        """GET_ITER: of a ``for`` statement when the loop comes next, else of a comprehension."""
        loop = (self._source.loop if at.next_is("FOR_ITER") else self._source.comprehension)(at.position)
        if loop is None or _lazy(loop.over) is not loop.over:
            return None  # d.items() was an access itself
        return self._iteration(loop.over, loop.line)

    def iteration(self, at: _At) -> Found | None:
        """Return the read that a turn of a ``for`` makes."""
        loop = self._source.loop(at.position)
        return self._iteration(_lazy(loop.over), loop.line) if loop is not None else None

    def call(self, at: _At) -> Found | None:
        """Return what a call may do: touch a container, let threads be switched, or both."""
        if at.is_exit_call():
            return Found("switch", "with", switch=switches.always)
        node = self._source.call(at.position)
        if node is None:
            quiet = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Assert)
            decorates = self._source.at(at.position, quiet) is None
            return Found("switch", "call", switch=switches.always) if decorates else None
        switch = switches.of_call(node, self._expressions, at.next_is("POP_TOP"))
        line = node.func.end_lineno if isinstance(node.func, ast.Attribute) else node.lineno
        starred = self._starred(at, node) if at.instruction.opname == "CALL_FUNCTION_EX" else None
        return (
            self._called(at, node, switch, line or 0)
            or starred
            or Found("switch", f"{wording.of(node.func)}()", line=line or 0, switch=switch)
        )

    def imports(self, at: _At) -> Found | None:
        """Return where an import may let threads be switched."""
        node = self._source.at(at.position, (ast.Import, ast.ImportFrom))
        level = node.level if isinstance(node, ast.ImportFrom) else 0
        name = str(at.instruction.argval)
        return Found("switch", f"import {name}", switch=switches.of_import(name, level))

    def starred(self, at: _At) -> Found | None:
        """Return the read of what is put into a display or among arguments: ``[*rows]``, ``{**names}``."""
        return self._starred(at, self._source.at(at.position, (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Call)))

    def operands(self, at: _At) -> Found | None:
        """Return the read of a container that is compared or combined with another one, or changed in place."""
        node = self._source.at(at.position, (ast.Compare, ast.BinOp, ast.AugAssign))
        match node:
            case ast.Compare(left=left, ops=[_], comparators=[right]):
                sides = [left, right]
            case ast.BinOp(
                left=left, op=ast.Add() | ast.Sub() | ast.BitOr() | ast.BitAnd() | ast.BitXor(), right=right
            ):
                sides = [left, right]
            case ast.AugAssign(target=target, value=value) if not isinstance(value, _NUMBERS):
                find = finding.Whole([self._compile(target)])
                text = f"{wording.of(target)} {_SIGNS.get(type(node.op), '')}= …"
                return Found("write", text, wording.of(target), node.lineno, self._rooted(target), find)
            case _:
                return None
        if any(isinstance(one, _NUMBERS) for one in sides):
            return None
        shared: list[ast.expr] = [one for one in sides if isinstance(one, ast.Name | ast.Attribute | ast.Subscript)]
        return self._through(shared, at.position[0] or 0)

    def unpacking(self, at: _At) -> Found | None:
        """Return the read of what is unpacked: ``first, second = pair``."""
        target = self._source.at(at.position, (ast.Tuple, ast.List))
        over = self._source.unpacked.get(target) if target is not None else None
        return self._iteration(over, over.lineno) if over is not None else None

    def running(self, at: _At) -> Found | None:
        """Return the write that a generator makes to itself before it yields or ends."""
        if not self._code.co_flags & inspect.CO_GENERATOR or self._code.co_name == "<genexpr>":
            return None
        if self._source.is_manager(self._code):
            return None
        name = self._code.co_name
        return Found("write", f"{name}()", f"{name}()", at.position[0] or 0, False, finding.Running())

    def delegation(self, at: _At) -> Found | None:
        """Return the read of what ``yield from`` goes through."""
        node = self._source.at(at.position, ast.YieldFrom)
        return self._iteration(node.value, node.lineno) if isinstance(node, ast.YieldFrom) else None

    def _starred(self, at: _At, node: ast.AST | None) -> Found | None:
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                inner = [one.value for one in elements if isinstance(one, ast.Starred)]
            case ast.Dict(keys=keys, values=values):
                inner = [value for key, value in zip(keys, values, strict=True) if key is None]
            case ast.Call(args=args, keywords=keywords) if at.instruction.opname == "DICT_MERGE":
                inner = [one.value for one in keywords if one.arg is None]
            case ast.Call(args=args):
                inner = [one.value for one in args if isinstance(one, ast.Starred)]
                if at.instruction.opname == "CALL_FUNCTION_EX" and len(args) != 1:
                    inner = []  # they are in a list already
            case _:
                return None
        return self._iteration(inner[at.count_before() % len(inner)], at.position[0] or 0) if inner else None

    def _through(self, over: list[ast.expr], line: int) -> Found | None:
        if not over:
            return None
        text = wording.of(over[0])
        find = finding.Whole([self._compile(one) for one in over])
        return Found("read", text, text, line, any(self._rooted(one) for one in over), find)

    # Calls

    def _called(self, at: _At, node: ast.Call, switch: Switch, line: int) -> Found | None:
        arguments = [one for one in node.args if not isinstance(one, ast.Starred)]
        match node.func:
            case ast.Attribute(value=base, attr=name) if (
                name in _ARGUMENTS and arguments and not self._rooted(base) and self._rooted(arguments[0])
            ):
                over, text = arguments[0], f"{wording.of(node.func)}()"
                return self._whole("read", text, over, finding.Whole([self._compile(over)]), line, switch)
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in self._sources.cached():
                return self._whole("read", wording.of(node), node.func, finding.Unknown(name), line, switch)
            case ast.Name(id=name) if name in _NAMED and len(arguments) > 1:
                return self._by_name(node, arguments, *_NAMED[name], line, switch)
            case ast.Name(id=name) if METHODS.get(self._source.aliases.get(name, "")) is not None:
                first = self._compile(arguments[0]) if arguments and node.args[0] is arguments[0] else None
                bound = finding.Bound(self._compile(node.func), first, f"{name}()")
                kind = METHODS[self._source.aliases[name]].kind
                return self._whole(kind, f"{name}()", node.func, bound, line, switch)
            case ast.Attribute(value=base, attr=name) if name in METHODS and not _is_super(base):
                key = self._compile(arguments[0]) if arguments and node.args[0] is arguments[0] else None
                text = f"{wording.of(node.func)}()"
                find: Find = finding.Method(self._compile(base), name, METHODS[name], key, text)
                return self._whole(METHODS[name].kind, text, base, find, line, switch)
            case ast.Name(id="next") if arguments:
                find = finding.Next(self._compile(arguments[0]), self._compile(node.func))
                return self._whole("write", wording.of(node), arguments[0], find, line, switch)
            case ast.Name(id=name) if name in BUILTINS and arguments:
                return self._looks_through(node, arguments, BUILTINS[name], "read", line, switch)
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in FUNCTIONS and arguments:
                return self._looks_through(node, arguments[:1], None, FUNCTIONS[name].kind, line, switch)
            case _:
                return None

    def _by_name(
        self, node: ast.Call, arguments: list[ast.expr], expected: object, writes: bool, line: int, switch: Switch
    ) -> Found:
        base, name, callee = (self._compile(one) for one in (*arguments[:2], node.func))
        find = finding.Named(base, name, writes, self._sources, callee, expected)
        return self._whole("write" if writes else "read", wording.of(node), arguments[0], find, line, switch)

    def _looks_through(
        self, node: ast.Call, arguments: list[ast.expr], expected: object, kind: str, line: int, switch: Switch
    ) -> Found | None:
        candidates = [self._compile(_lazy(one)) for one in arguments]
        find = finding.Whole(candidates, self._compile(node.func), expected)
        return self._whole(kind, wording.of(node), _lazy(arguments[0]), find, line, switch)

    def _whole(self, kind: str, text: str, base: ast.expr, find: Find, line: int, switch: Switch) -> Found:
        return Found(kind, text, wording.of(base), line, self._rooted(base), find, switch)

    # Parts

    def _access(
        self, at: _At, node: ast.expr, base: ast.expr, find: Find, line: int | None, switch: Switch, kind: str = ""
    ) -> Found:
        text, rooted = wording.of(node), self._rooted(base)
        return Found(kind or _kind(at), text, wording.of(base), line or 0, rooted, find, switch)

    def _iteration(self, over: ast.expr, line: int) -> Found | None:
        if not isinstance(over, ast.Name | ast.Attribute | ast.Subscript):
            return None
        text = wording.of(over)
        return Found("read", text, text, line, self._rooted(over), finding.Whole([self._compile(over)]))

    def _negated(self, at: _At) -> ast.AST | None:
        node = self._source.at(at.position, ast.UnaryOp)
        return node.operand if isinstance(node, ast.UnaryOp) else None

    def _stored_by_others(self) -> set[str]:
        return self._sources.module_stores()

    def _compile(self, node: ast.expr) -> Evaluate:
        return self._expressions.compile(node)

    def _rooted(self, node: ast.expr) -> bool:
        """Return whether an expression starts at something that outlives the call."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        return node in self._source.scopes.roots


class _At(NamedTuple):
    """An instruction among its neighbours."""

    instruction: dis.Instruction
    position: Position
    number: int
    instructions: list[dis.Instruction]
    positions: list[Position]

    def next_is(self, opname: str) -> bool:
        """Return whether an instruction follows."""
        for one in self.instructions[self.number + 1 :]:
            if one.opname != "EXTENDED_ARG":
                return one.opname == opname
        return False

    def count_before(self) -> int:
        """Return how many instructions like this were at the same position before."""
        return sum(
            one.opname == self.instruction.opname and self.positions[one.offset // 2] == self.position
            for one in self.instructions[: self.number]
        )

    def next_offset(self) -> int:
        """Return where the next instruction stands."""
        return self.instructions[min(self.number + 1, len(self.instructions) - 1)].offset

    def is_exit_call(self) -> bool:
        """Return whether this is the call of ``__exit__`` at the end of a ``with``: of three Nones placed like it."""
        before = [one for one in self.instructions[max(self.number - 4, 0) : self.number] if one.opname != "PRECALL"][
            -3:
        ]
        return len(before) == 3 and all(
            one.opname == "LOAD_CONST" and one.argval is None and self.positions[one.offset // 2] == self.position
            for one in before
        )


def _kind(at: _At) -> str:
    return "write" if at.instruction.opname.startswith(("STORE", "DELETE")) else "read"


def _lazy(node: ast.expr) -> ast.expr:
    """Return what is looked through behind ``d.items()``, ``enumerate(x)`` and the like."""
    match node:
        case ast.Call(func=ast.Attribute(value=base, attr=name), args=[]) if name in VIEWS:
            return base
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in LAZY:
            return _lazy(node.args[1] if name in ("map", "filter") and len(node.args) > 1 else first)
        case _:
            return node


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


_NUMBERS = (ast.Constant, ast.JoinedStr)
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^"}
_ARGUMENTS = frozenset(
    ["join", "extend", "update", "union", "intersection", "difference", "issubset", "issuperset", "isdisjoint"]
)
"""Methods that go through their first argument; where that is not the app's own what it is a method of counts."""
_NAMED: dict[str, tuple[object, bool]] = {
    "getattr": (getattr, False),
    "hasattr": (hasattr, False),
    "setattr": (setattr, True),
    "delattr": (delattr, True),
}

_Handler = Callable[[Function, _At], Found | None]
_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(["LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"], Function.global_variable),
    **dict.fromkeys(["LOAD_DEREF", "STORE_DEREF", "DELETE_DEREF"], Function.closure_variable),
    **dict.fromkeys(["LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR"], Function.attribute),
    **dict.fromkeys(["BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR", "BINARY_SLICE", "STORE_SLICE"], Function.item),
    **dict.fromkeys(switches.CALLS, Function.call),
    **dict.fromkeys(["LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"], Function.starred),
    **dict.fromkeys(["COMPARE_OP", "BINARY_OP"], Function.operands),
    **dict.fromkeys(["UNPACK_SEQUENCE", "UNPACK_EX"], Function.unpacking),
    "GET_YIELD_FROM_ITER": Function.delegation,
    **dict.fromkeys(["YIELD_VALUE", "RETURN_VALUE", "RETURN_CONST"], Function.running),
    "CONTAINS_OP": Function.membership,
    "GET_ITER": Function.iterator,
    "FOR_ITER": Function.iteration,
    "IMPORT_NAME": Function.imports,
}
