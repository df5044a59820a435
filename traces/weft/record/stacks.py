"""Stacks as chains of (code, last instruction): 2 µs to take; lines and names are looked up by the writing thread."""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

from . import names
from .definitions import Table

DEPTH = 40
"""Frames kept, innermost first."""


def _describe(key: tuple[int, ...], chain: list[tuple[CodeType, int]]) -> tuple[Any, ...]:
    # The chain is kept with its definition only; ids of code objects stay unique while the table holds the code.
    _alive[key] = chain
    return (chain,)


_alive: dict[tuple[int, ...], list[tuple[CodeType, int]]] = {}
_table = Table("stack", _describe)


def here() -> int:
    """Return the id of the caller's stack without the recorder's own frames, and without those it waits in."""
    return _id(names.waiter(sys._getframe(1)))


def of(ident: int) -> int:
    """Return the id of another thread's stack at this moment, 0 where it cannot be taken safely.

    Walking the frames of a running thread is safe under the GIL only.
    """
    if not _gil():
        return 0
    return _id(sys._current_frames().get(ident))


def forget() -> None:
    """Define every stack anew (in a forked child)."""
    _table.forget()
    _alive.clear()


def line_at(code: CodeType, offset: int) -> int:
    """Return the line of the instruction at a byte offset, the function's first line when it has none."""
    for start, end, line in code.co_lines():
        if start <= offset < end and line is not None:
            return line
    return code.co_firstlineno


def _id(frame: FrameType | None) -> int:
    key: list[int] = []
    chain: list[tuple[CodeType, int]] = []
    while frame is not None and len(chain) < DEPTH:
        code, offset = frame.f_code, frame.f_lasti
        key += (id(code), offset)
        chain.append((code, offset))
        frame = frame.f_back
    if not chain:
        return 0
    known = tuple(key)
    number = _table.get(known)
    if number is not None:
        return number
    if len(_alive) >= 4096:
        forget()
    return _table.add(known, chain)


def _gil() -> bool:
    return getattr(sys, "_is_gil_enabled", lambda: True)()
