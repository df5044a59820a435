"""Expressions of the app, evaluated in a frame without running any of its code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from . import plain, touches
from .plain import UNKNOWN


class View:
    """The variables of a frame. Asking for its locals copies them (3.11, 3.12), so that is put off.

    Args:
        frame: a running frame.
    """

    __slots__ = ("_locals", "frame")

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        self._locals: Mapping[str, Any] | None = None

    def variable(self, name: str) -> Any:
        """Return a variable of the function, or from outside of it."""
        if self._locals is None:
            self._locals = self.frame.f_locals
        try:
            return self._locals[name]
        except KeyError:
            return self.outside(name)

    def outside(self, name: str) -> Any:
        """Return a global or builtin."""
        found = dict.get(self.frame.f_globals, name, UNKNOWN)
        return found if found is not UNKNOWN else dict.get(self.frame.f_builtins, name, UNKNOWN)


Evaluate = Callable[[View], Any]


class Expressions:
    """Turns expressions into functions of a frame.

    Args:
        mangled: the name under which a name or attribute is kept.
        local: names that are variables of the function or of those around it.
    """

    def __init__(self, mangled: Callable[[ast.Name | ast.Attribute], str], local: frozenset[str]) -> None:
        self._mangled = mangled
        self._local = local

    def compile(self, node: ast.expr) -> Evaluate:
        """Return a function that evaluates an expression, to UNKNOWN if that could run the app's code."""
        match node:
            case ast.Constant(value=value):
                return lambda view: value
            case ast.Name():
                return self._name(node)
            case ast.Attribute(value=base, attr="__class__"):
                return _class(self.compile(base))
            case ast.Call(func=ast.Name(id="type") as callee, args=[base], keywords=[]):
                return _class(self.compile(base), self.compile(callee))
            case ast.Attribute(value=base):
                return _attribute(self.compile(base), self._mangled(node))
            case ast.Subscript(value=base, slice=key):
                return _item(self.compile(base), self.compile(key))
            case ast.Tuple(elts=elements):
                return _tuple([self.compile(one) for one in elements])
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _negative(self.compile(operand))
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as operator, right=right):
                return _sum(self.compile(left), self.compile(right), isinstance(operator, ast.Sub))
            case ast.JoinedStr(values=values):
                return self._joined(values)
            case ast.NamedExpr(target=target):
                return self.compile(target)
            case _:
                return _unknown

    def _name(self, node: ast.Name) -> Evaluate:
        name = self._mangled(node)
        if name in self._local:
            return lambda view: plain.unwrapped(view.variable(name))
        return _outside(name)

    def _joined(self, values: list[ast.expr]) -> Evaluate:
        pieces: list[Evaluate] = []
        for one in values:
            if isinstance(one, ast.FormattedValue):
                if one.conversion != -1 or one.format_spec is not None:
                    return _unknown
                one = one.value
            pieces.append(self.compile(one))
        return _text(pieces)


def _outside(name: str) -> Evaluate:
    get, unwrapped = dict.get, plain.unwrapped

    def evaluate(view: View) -> Any:
        found = get(view.frame.f_globals, name, UNKNOWN)
        return unwrapped(found if found is not UNKNOWN else view.outside(name))

    return evaluate


def _unknown(view: View) -> Any:
    return UNKNOWN


def _attribute(base: Evaluate, name: str) -> Evaluate:
    def evaluate(view: View) -> Any:
        obj = base(view)
        return UNKNOWN if obj is UNKNOWN else plain.value(obj, name)

    return evaluate


def _class(base: Evaluate, callee: Evaluate | None = None) -> Evaluate:
    def evaluate(view: View) -> Any:
        obj = base(view)
        return UNKNOWN if obj is UNKNOWN or (callee is not None and callee(view) is not type) else type(obj)

    return evaluate


def _item(base: Evaluate, key: Evaluate) -> Evaluate:
    def evaluate(view: View) -> Any:
        obj, which = base(view), key(view)
        return UNKNOWN if obj is UNKNOWN or which is UNKNOWN else touches.at(obj, which)

    return evaluate


def _tuple(elements: list[Evaluate]) -> Evaluate:
    def evaluate(view: View) -> Any:
        values = tuple(one(view) for one in elements)
        return UNKNOWN if any(one is UNKNOWN for one in values) else values

    return evaluate


def _negative(operand: Evaluate) -> Evaluate:
    def evaluate(view: View) -> Any:
        value = operand(view)
        return -value if type(value) is int else UNKNOWN

    return evaluate


def _sum(left: Evaluate, right: Evaluate, minus: bool) -> Evaluate:
    def evaluate(view: View) -> Any:
        one, other = left(view), right(view)
        if type(one) is int and type(other) is int:
            return one - other if minus else one + other
        return one + other if type(one) is str and type(other) is str and not minus else UNKNOWN

    return evaluate


def _text(pieces: list[Evaluate]) -> Evaluate:
    def evaluate(view: View) -> Any:
        values = [one(view) for one in pieces]
        return "".join(map(str, values)) if all(type(one) is str or type(one) is int for one in values) else UNKNOWN

    return evaluate
