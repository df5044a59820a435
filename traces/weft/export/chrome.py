"""Chrome's JSON trace format, which the Perfetto UI, chrome://tracing and speedscope open.

See "Trace Event Format" by the Catapult project. Times are microseconds with three decimals.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, BinaryIO

from .stream import LOCK_LANES, Flow, Name, Part, Slice


def write(parts: Iterable[Part], file: BinaryIO) -> None:
    """Write parts as one JSON object."""
    file.write(b'{"displayTimeUnit":"ns","traceEvents":[\n')
    first = True
    for part in parts:
        for event in _events(part):
            file.write(b"" if first else b",\n")
            file.write(json.dumps(event, separators=(",", ":")).encode("ascii"))
            first = False
    file.write(b"\n]}\n")


def _events(part: Part) -> list[dict[str, Any]]:
    if isinstance(part, Name):
        return _naming(part)
    if isinstance(part, Flow):
        ends = {"cat": "lock", "name": "released", "id": part.number, "pid": part.process}
        return [
            {"ph": "s", **ends, "tid": part.waiter, "ts": _us(part.began)},
            {"ph": "f", "bp": "e", **ends, "tid": part.releaser, "ts": _us(part.time)},
        ]
    return [_slice(part)]


def _slice(part: Slice) -> dict[str, Any]:
    low, high = part.shown
    lane = {"cat": part.what, "name": part.name, "pid": part.process, "tid": part.lane, "ts": _us(low)}
    args = part.args if (low, high) == (part.start, part.end) else {**part.args, "lasted_ns": part.end - part.start}
    if part.what == "instant":
        return {"ph": "i", "s": "t", **lane, "args": args}
    return {"ph": "X", **lane, "dur": _us(high - low), "args": args}


def _naming(part: Name) -> list[dict[str, Any]]:
    if not part.lane:
        return [{"ph": "M", "name": "process_name", "pid": part.process, "tid": 0, "args": {"name": part.name}}]
    lane = {"ph": "M", "pid": part.process, "tid": part.lane}
    order = part.lane - LOCK_LANES + 1_000_000 if part.lane >= LOCK_LANES else part.lane
    return [
        {**lane, "name": "thread_name", "args": {"name": part.name}},
        {**lane, "name": "thread_sort_index", "args": {"sort_index": order}},
    ]


def _us(ns: int) -> float:
    return ns / 1000
