"""The cells behind a frame's closure variables.

Two requests that run the same inner function may or may not share its variables: only the cell tells. Python has no
way to ask a running frame for it (``f_locals`` knows values only), so it is read from the frame's own memory, whose
layout is fixed within 3.11 to 3.13. On any other build, and when a first try shows something else than expected, there
are no cells, and what is behind them counts as unknown.
"""

from __future__ import annotations

import inspect
import sys
import sysconfig
from collections.abc import Generator
from functools import cache
from types import CellType, CodeType, FrameType, GeneratorType
from typing import Any

_FRAME_POINTER = 24
"""PyFrameObject: the object's header (16), f_back (8), then f_frame."""
_FIRST_VARIABLE = 72
"""_PyInterpreterFrame: nine words, the last one holding stacktop and flags, then localsplus."""


def cell(frame: FrameType, name: str) -> CellType | None:
    """Return the cell of a closure variable of a running frame; None when it cannot be found."""
    return _read(frame, _index(frame.f_code, name)) if _works() else None


def generator(frame: FrameType) -> Any:
    """Return the generator that a running frame belongs to, which holds the frame's memory; None if it is not found."""
    distance = _distance()
    if not distance or not frame.f_code.co_flags & inspect.CO_GENERATOR:
        return None
    from ctypes import c_void_p, cast, py_object

    inner = c_void_p.from_address(id(frame) + _FRAME_POINTER).value
    # Its class is the second word of every object.
    if inner is None or c_void_p.from_address(inner - distance + 8).value != id(GeneratorType):
        return None
    return cast(c_void_p(inner - distance), py_object).value


@cache
def _distance() -> int:
    """Return how far behind the beginning of a generator its frame's memory is, 0 when that is not to be told."""
    if not _works():
        return 0
    from ctypes import c_void_p

    def generate() -> Generator[None, None, None]:
        yield

    one: Any = generate()
    other: Any = generate()
    found = {(c_void_p.from_address(id(it.gi_frame) + _FRAME_POINTER).value or 0) - id(it) for it in (one, other)}
    distance = found.pop()
    return distance if not found and 16 < distance < 512 else 0


@cache
def _index(code: CodeType, name: str) -> int:
    """Return the index in localsplus: variables, then cells that are no arguments, then those from outside."""
    cells = [one for one in code.co_cellvars if one not in code.co_varnames]
    order = [*code.co_varnames, *cells, *code.co_freevars]
    if name in code.co_freevars:
        return len(order) - len(code.co_freevars) + code.co_freevars.index(name)
    return order.index(name) if name in code.co_cellvars else -1


def _read(frame: FrameType, index: int) -> CellType | None:
    if index < 0:
        return None
    from ctypes import c_void_p, py_object

    inner = c_void_p.from_address(id(frame) + _FRAME_POINTER).value
    if inner is None:
        return None
    address = inner + _FIRST_VARIABLE + 8 * index
    if c_void_p.from_address(address).value is None:
        return None
    found: Any = py_object.from_address(address).value
    return found if type(found) is CellType else None


@cache
def _works() -> bool:
    """Return whether frames look as expected, by trying it on one of our own."""
    if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return False
    if sys.maxsize < 2**32 or sysconfig.get_config_var("Py_GIL_DISABLED") or hasattr(sys, "gettotalrefcount"):
        return False
    try:
        import ctypes  # noqa: F401 - it is optional when Python is built
    except ImportError:
        return False
    return _try()


def _try() -> bool:
    kept = object()

    def inner(argument: int) -> bool:
        other = argument
        found = _read(sys._getframe(), _index(sys._getframe().f_code, "kept"))
        return found is not None and found.cell_contents is kept and other == argument

    return inner(1)
