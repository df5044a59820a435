"""Turn queued definitions into what stands in the trace. Runs in the writing thread, where time is cheap."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from . import names, stacks
from .definitions import Definition

Entry = dict[str, Any]

_OURS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def out(entries: Iterable[Definition]) -> list[Entry]:
    """Return the definitions as they are written; shapes are those of `weft.log.format`."""
    return [{"is": what, "id": number, **_SPELL[what](*details)} for what, number, details in entries]


def _process(pid: int, argv: list[str], python: str, gil: bool, ring: float, contended: bool) -> Entry:
    about: Entry = {"pid": pid, "argv": argv, "python": python, "gil": gil}
    return about | ({"ring": ring} if ring else {}) | ({"contended": True} if contended else {})


def _name(*parts: str) -> Entry:
    return {"parts": parts}


def _lock(
    code: CodeType, offset: int, line: int, module: str, ordinal: int, kind: str, operation: str = "", name: str = ""
) -> Entry:
    what = "lock" if kind in ("Lock", "RLock") else kind.partition(".")[0].lower()
    name = name or names.of_lock(code, offset, module, ordinal, what)
    return {
        "name": f"{name}.{operation}" if operation else name,
        "kind": kind,
        "file": code.co_filename,
        "function": code.co_qualname,
        "line": line,
    }


def _target(method: str, path: str) -> Entry:
    return {"method": method, "path": path}


def _endpoint(name: str) -> Entry:
    return {"name": name}


def _stack(chain: list[tuple[CodeType, int]]) -> Entry:
    shown = [(code, offset) for code, offset in chain if not code.co_filename.startswith(_OURS)]
    return {"frames": [[code.co_filename, code.co_qualname, stacks.line_at(code, offset)] for code, offset in shown]}


def _notice(text: str) -> Entry:
    return {"text": text}


_SPELL: dict[str, Callable[..., Entry]] = {
    "process": _process,
    "notice": _notice,
    "name": _name,
    "lock": _lock,
    "target": _target,
    "endpoint": _endpoint,
    "stack": _stack,
}
