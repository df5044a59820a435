"""Where statements begin, by instruction: the line events of the interpreters differ from version to version."""

from __future__ import annotations

import ast
import dis
from types import CodeType

from .source import Source

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NO_STOP = (*_DEFINITIONS, ast.Pass, ast.Break, ast.Continue, ast.Try, ast.TryStar, ast.Global, ast.Nonlocal)
"""Statements that do little by themselves: compilers differ in what they leave of them."""
_EVALUATES = ("LOAD_", "PUSH_NULL", "BUILD_", "IMPORT_NAME", "DELETE_", "RAISE_VARARGS", "RETURN_CONST")
"""What the first instruction of a statement does; other ones tidy up after an exception, or end a loop."""
_ONCE = (ast.If, ast.For, ast.AsyncFor, ast.Match)
"""Statements whose later instructions belong to their end."""


def starts(code: CodeType, source: Source) -> dict[int, int]:
    """Return the lines of statements by the offsets at which they begin, a ``for`` goes on or a ``with`` ends."""
    positions = list(code.co_positions())
    found: dict[int, int] = {}
    seen: set[ast.stmt] = set()
    last: ast.stmt | None = None
    instructions = list(dis.get_instructions(code))
    for index, one in enumerate(instructions):
        line, _, column, _ = positions[one.offset // 2]
        statement = source.statement(line, column) if line is not None and column is not None else None
        if statement is None or one.opname == "RESUME":
            continue
        if one.opname == "FOR_ITER" and isinstance(statement, ast.For):
            if source.loop(positions[one.offset // 2]) is not None:
                found[one.offset] = statement.lineno
        elif statement is not last and one.opname.startswith(_EVALUATES) and _counts(statement, seen):
            following = instructions[min(index + 1, len(instructions) - 1)]
            if isinstance(statement, ast.Return) or not _returns_none(one, following):
                found[one.offset] = statement.lineno
        last = statement
        seen.add(statement)
    return found


def _counts(statement: ast.stmt, seen: set[ast.stmt]) -> bool:
    if isinstance(statement, _NO_STOP):
        return False
    if isinstance(statement, ast.While) and isinstance(statement.test, ast.Constant):
        return False
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return False
    return not (isinstance(statement, _ONCE) and statement in seen)


def _returns_none(one: dis.Instruction, following: dis.Instruction) -> bool:
    """Return whether this is the end of a function without ``return``."""
    if one.argval is not None:
        return False
    return one.opname == "RETURN_CONST" or (one.opname == "LOAD_CONST" and following.opname == "RETURN_VALUE")
