"""Where an interpreter with the GIL may let another thread run.

CPython looks for a request to drop the GIL when a function is entered, when it jumps backwards and after most calls;
everything else, ``STATE["stock"] -= 1`` in particular, it does in one go. Measured on 3.11, 3.12 and 3.13 with a switch
interval of a microsecond; see ``tests/stage/test_switches.py``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from . import plain, touches
from .expressions import Evaluate, Expressions, View
from .plain import UNKNOWN

Switch = Callable[[View], bool]

ALWAYS_AT = frozenset(
    {
        "JUMP_BACKWARD",
        "BEFORE_WITH",
        "BEFORE_ASYNC_WITH",
        "WITH_EXCEPT_START",
    }
)
CONDITIONAL = "POP_JUMP_BACKWARD_IF_"
"""3.11 only: the end of a ``while``, where threads may be switched if it jumps."""
CALLS = frozenset({"CALL", "CALL_KW", "CALL_FUNCTION_EX"})

_QUICK: dict[tuple[str, int], object] = {("len", 1): len, ("isinstance", 2): isinstance, ("type", 1): type}
"""Builtins, by name and number of arguments, that the interpreter calls without looking for requests."""


def always(view: View) -> bool:
    """Say that threads may be switched here, whatever the values."""
    return True


def of_call(node: ast.Call, expressions: Expressions, result_unused: bool) -> Switch:
    """Return whether a call may switch."""
    plainly = not node.keywords and not any(isinstance(one, ast.Starred) for one in node.args)
    match node.func:
        case ast.Name(id=name) if plainly and (name, len(node.args)) in _QUICK:
            return _unless_it_is(expressions.compile(node.func), _QUICK[name, len(node.args)])
        case ast.Attribute(value=base, attr="append") if plainly and len(node.args) == 1 and result_unused:
            return _unless_list(expressions.compile(base))
        case _:
            return always


def of_attribute(base: Evaluate, name: str) -> Switch:
    """Return whether getting or setting an attribute may switch: it does when it calls a property or the like."""

    def switches(view: View) -> bool:
        obj = base(view)
        return obj is not UNKNOWN and plain.find(obj, name).where == "code"

    return switches


def of_item(base: Evaluate, method: str) -> Switch:
    """Return whether ``base[key]`` may switch: it does when it calls a method of the app."""

    def switches(view: View) -> bool:
        obj = base(view)
        return obj is not UNKNOWN and _is_python(obj, method)

    return switches


def of_import(name: str, level: int) -> Switch:
    """Return whether an import may switch: it does unless the module is there already."""

    def switches(view: View) -> bool:
        found: Any = sys.modules.get(_absolute(view, name, level))
        return not isinstance(found, ModuleType)

    return switches


def _unless_it_is(callee: Evaluate, expected: object) -> Switch:
    return lambda view: callee(view) is not expected


def _unless_list(base: Evaluate) -> Switch:
    return lambda view: type(base(view)) is not list


def _is_python(obj: object, method: str) -> bool:
    if touches.is_container(obj, method):
        return False
    return type(plain.on_class(type(obj), method)[1]) is FunctionType


def _absolute(view: View, name: str, level: int) -> str:
    if not level:
        return name
    package = dict.get(view.frame.f_globals, "__package__")
    if type(package) is not str:
        return ""
    parent = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{parent}.{name}" if name else parent
