"""Functions that no signal's handler interrupts before their first statement, where a ``try`` can take care of it.

Python looks for signals when a function written in Python begins, which no ``try`` in it covers. A lock whose release
is such a function would stay locked for ever when Ctrl-C comes in the body of its ``with``; a release in C is not
interrupted there. The instruction that begins a function has an argument for that: behind ``yield from`` and ``await``
Python does not look, in 3.11 and all later versions so far.
"""

from __future__ import annotations

from collections.abc import Callable
from opcode import opmap
from types import CodeType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., object])

_RESUME = opmap["RESUME"]
_AT_START, _AFTER_YIELD_FROM = 0, 2


def never_at_start(function: F) -> F:
    """Let no signal's handler run before the first statement of a function."""
    changed: Any = function
    changed.__code__ = _undisturbed(changed.__code__)
    return function


def never_in(*names: str) -> Callable[[F], F]:
    """Do so with functions that a function defines, by name."""

    def change(function: F) -> F:
        changed: Any = function
        code = changed.__code__
        inner = (_undisturbed(part) if _called(part, names) else part for part in code.co_consts)
        changed.__code__ = code.replace(co_consts=tuple(inner))
        return function

    return change


def _called(part: object, names: tuple[str, ...]) -> bool:
    return isinstance(part, CodeType) and part.co_name in names


def _undisturbed(code: object) -> CodeType:
    assert isinstance(code, CodeType)  # noqa: S101
    instructions = bytearray(code.co_code)
    for at in range(0, len(instructions), 2):
        if instructions[at] == _RESUME:
            if instructions[at + 1] == _AT_START:
                instructions[at + 1] = _AFTER_YIELD_FROM
            break
    return code.replace(co_code=bytes(instructions))
