"""Turn queued definitions into what stands in the trace. Runs in the writing thread, where time is cheap."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from . import cost, digests, names, stacks
from .definitions import Definition

Entry = dict[str, Any]

_OURS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def out(entries: Iterable[Definition]) -> list[Entry]:
    """Return the definitions as they are written; shapes are those of `weft.log.format`."""
    spelled = [{"is": what, "id": number, **_SPELL[what](*details)} for what, number, details in entries]
    return [*digests.of(_files(spelled)), *spelled]


def _files(entries: Iterable[Entry]) -> set[str]:
    """Return the source files that definitions point to."""
    made = {entry["file"] for entry in entries if entry["is"] == "lock"}
    stood = {frame[0] for entry in entries if entry["is"] == "stack" for frame in entry["frames"]}
    return made | stood


def _process(pid: int, argv: list[str], python: str, gil: bool, ring: float, contended: bool) -> Entry:
    about: Entry = {"pid": pid, "argv": argv, "python": python, "gil": gil}
    return about | ({"ring": ring} if ring else {}) | ({"contended": True} if contended else {})


def _name(*parts: str) -> Entry:
    return {"parts": parts}


def _lock(
    code: CodeType,
    offset: int,
    line: int,
    module: str,
    ordinal: int,
    kind: str,
    operation: str = "",
    name: str = "",
    shared: str = "",
) -> Entry:
    what = "lock" if kind in ("Lock", "RLock") else kind.partition(".")[0].lower()
    name = name or names.of_lock(code, offset, module, ordinal, what)
    return {
        "name": f"{name}.{operation}" if operation else name,
        "kind": kind,
        "file": code.co_filename,
        "function": code.co_qualname,
        "line": line,
        **({"shared": shared} if shared else {}),
    }


def shared(entry: Entry) -> Entry:
    """Return the definition of what processes share, with the name looked up if that was not done yet."""
    if "made" not in entry:
        return entry
    code, offset, module, count = entry["made"]
    kind, operation = entry["kind"], entry["operation"]
    name = names.of_lock(code, offset, module, count, kind.lower())
    return {
        "name": f"{name}.{operation}" if operation else name,
        "kind": f"multiprocessing.{kind}{'.wait' if operation == 'wait' else ''}",
        "file": code.co_filename,
        "function": code.co_qualname,
        "line": stacks.line_at(code, offset),
        "shared": entry["shared"],
    }


def _shared(entry: Entry) -> Entry:
    return {"is": "lock", **shared(entry)}


def _label(text: str) -> Entry:
    return {"text": text}


def _target(method: str, path: str) -> Entry:
    return {"method": method, "path": path}


def _endpoint(name: str) -> Entry:
    return {"name": name}


def _stack(chain: list[tuple[CodeType, int]]) -> Entry:
    shown = [(code, offset) for code, offset in chain if not code.co_filename.startswith(_OURS)]
    return {"frames": [[code.co_filename, code.co_qualname, stacks.line_at(code, offset)] for code, offset in shown]}


def _work(name: str, awaited: bool) -> Entry:
    return {"name": name, **({"awaited": True} if awaited else {})}


def _notice(text: str) -> Entry:
    return {"text": text}


def _unseen(name: str, file: str, line: int, why: str) -> Entry:
    return {"name": name, "file": file, "line": line, "why": why}


def _library(name: str) -> Entry:
    return {"name": name, "version": cost.version_of(name)}


_SPELL: dict[str, Callable[..., Entry]] = {
    "process": _process,
    "notice": _notice,
    "unseen": _unseen,
    "library": _library,
    "name": _name,
    "lock": _lock,
    "shared": _shared,
    "target": _target,
    "endpoint": _endpoint,
    "label": _label,
    "stack": _stack,
    "work": _work,
}
