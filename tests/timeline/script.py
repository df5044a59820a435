"""Traces written as lines of text.

    main   0  enter
    main  10  section cache 30       held from 10 to 30, written at 30
    ---                              the next block
    2:main 15 wait cache worker      a thread of process 2

A line is ``[process:]thread time kind arguments``; the thread ``*`` is the process itself. Names are defined in
front of the block that uses them first, with ids that begin at 1 in every process. A lock whose name begins with
``event`` is an event; work whose name begins with ``async`` is awaited by who hands it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from weft.events import Kind, code_of
from weft.log.reader import Definitions, Events, Item
from weft.timeline import Builder, Snapshot

Record = tuple[int, str, int, Kind, int | str, str]
"""Process, thread, time, kind, value (a name for kinds whose value is an id), name of the object."""

_KINDS: dict[str, tuple[Kind, str]] = {
    "section": (Kind.SECTION, "lock value"),
    "wait": (Kind.WAIT, "lock thread"),
    "acquire": (Kind.ACQUIRE, "lock value"),
    "handoff": (Kind.HANDOFF, "lock value"),
    "giveup": (Kind.GIVE_UP, "lock value"),
    "resume": (Kind.RESUME, "lock value"),
    "wake": (Kind.WAKE, "lock thread"),
    "try": (Kind.TRY_FAILED, "lock thread"),
    "hold": (Kind.HOLD, "lock value"),
    "timed": (Kind.TIMED, "lock value"),
    "waiter_at": (Kind.WAITER_AT, "lock stack"),
    "holder_at": (Kind.HOLDER_AT, "lock stack"),
    "enter": (Kind.THREAD_ENTER, ""),
    "exit": (Kind.THREAD_EXIT, ""),
    "request": (Kind.REQUEST_ENTER, "value target"),
    "done": (Kind.REQUEST_EXIT, "status"),
    "queued": (Kind.REQUEST_QUEUED, "value"),
    "stream": (Kind.REQUEST_STREAM, "value status"),
    "close": (Kind.REQUEST_CLOSE, "value status"),
    "pop_done": (Kind.POP_AND_EXIT, "value status"),
    "push": (Kind.REQUEST_PUSH, "endpoint"),
    "push_both": (Kind.PUSH_BOTH, "value endpoint"),
    "pop": (Kind.REQUEST_POP, ""),
    "app_push": (Kind.APP_PUSH, ""),
    "app_pop": (Kind.APP_POP, ""),
    "submit": (Kind.TASK_SUBMIT, "work"),
    "task": (Kind.TASK_ENTER, "value by"),
    "task_done": (Kind.TASK_EXIT, "value"),
    "section_in": (Kind.SPAN_ENTER, "value label"),
    "section_out": (Kind.SPAN_EXIT, "value"),
    "mark": (Kind.MARK, "label"),
    "log": (Kind.LOG, "value label"),
    "begin": (Kind.PROCESS_ENTER, "value"),
    "end": (Kind.PROCESS_EXIT, ""),
    "lost": (Kind.LOST, "value"),
    "pulse": (Kind.PULSE, ""),
}
_VALUE_NAMES = {kind: what for kind, form in _KINDS.values() for what in form.split() if what in ("thread", "stack")}
_OBJECT_NAMES = {
    kind: what
    for kind, form in _KINDS.values()
    for what in form.split()
    if what in ("lock", "target", "endpoint", "status", "work", "by", "label")
}


def parse(line: str) -> Record:
    """Return the record that a line describes."""
    who, time, word, *arguments = line.split()
    process, _, thread = who.rpartition(":")
    kind, form = _KINDS[word]
    value: int | str = 0
    obj = ""
    for what, argument in zip(form.split(), arguments, strict=False):
        if what == "value":
            value = int(argument)
        elif what in ("thread", "stack"):
            value = argument
        else:
            obj = argument
    return int(process or 1), thread, int(time), kind, value, obj


class Scribe:
    """Turns records into what a reader would yield."""

    def __init__(self) -> None:
        self._ids: dict[tuple[int, str], dict[str, int]] = {}

    def block(self, records: Iterable[Record]) -> Iterator[Item]:
        """Yield one block per process, its definitions in front; runs of threads keep the order of the records."""
        by_process: dict[int, dict[str, list[Record]]] = {}
        for record in records:
            by_process.setdefault(record[0], {}).setdefault(record[1], []).append(record)
        for process, runs in by_process.items():
            entries: list[dict[str, Any]] = []
            rows = [self._row(record, entries) for run in runs.values() for record in run]
            if entries:
                yield Definitions(process, tuple(entries))
            yield events(process, rows)

    def _row(self, record: Record, entries: list[dict[str, Any]]) -> tuple[int, int, int, int]:
        process, thread, time, kind, value, obj = record
        if isinstance(value, str):
            value = self._id(process, _VALUE_NAMES[kind], value, entries)
        number = self._id(process, _OBJECT_NAMES[kind], obj, entries) if obj else 0
        return self._id(process, "thread", thread, entries), time, value, code_of(kind, number)

    def _id(self, process: int, what: str, name: str, entries: list[dict[str, Any]]) -> int:
        if name in ("*", "-"):
            return 0
        if what == "status":
            return int(name)
        what = "thread" if what == "by" else what
        ids = self._ids.setdefault((process, what), {})
        if name not in ids:
            ids[name] = len(ids) + 1
            entries.append({"is": what, "id": ids[name], **_DETAILS[what](name)})
        return ids[name]


_LOCK = {"file": "shop.py", "function": "<module>", "line": 7}
_RESOURCES = {"pool": {"kind": "Pool"}, "redis": {"kind": "Redis lock", "shared": "/srv/redis"}}
"""What else than a lock a name stands for, by what comes before its colon."""


def _lock(name: str) -> dict[str, Any]:
    kind = "Event" if name.startswith("event") else "Lock"
    return {"name": name, "kind": kind, **_LOCK, **_RESOURCES.get(name.partition(":")[0], {})}


_DETAILS: dict[str, Callable[[str], dict[str, Any]]] = {
    "thread": lambda name: {"name": name.replace("_", " "), "ident": 1},
    "lock": _lock,
    "target": lambda name: {"method": "GET", "path": name},
    "endpoint": lambda name: {"name": name},
    "work": lambda name: {"name": name, "awaited": name.startswith("async")},
    "label": lambda name: {"text": name.replace("_", " ")},
    "stack": lambda name: {"frames": [["shop.py", name, 12], ["app.py", "main", 3]]},
}


def events(process: int, rows: Iterable[tuple[int, int, int, int]]) -> Events:
    """Return a block of (thread, time, value, code)."""
    words = np.array([[word & (1 << 64) - 1 for word in row] for row in rows], np.uint64).reshape(-1, 4)
    thread, time, value = (words[:, column].astype(np.int64) for column in range(3))
    code = words[:, 3]
    return Events(process, thread, (code & 63).astype(np.uint8), (code >> np.uint64(6)).astype(np.int64), time, value)


def items(text: str, scribe: Scribe | None = None) -> list[Item]:
    """Return the blocks that a script describes."""
    scribe = scribe or Scribe()
    blocks = [[parse(line) for line in block.splitlines() if line.strip()] for block in text.split("---")]
    return [item for block in blocks for item in scribe.block(block)]


def play(text: str) -> Snapshot:
    """Return the snapshot of a script."""
    return folded(items(text))


def folded(parts: Iterable[Item]) -> Snapshot:
    """Return the snapshot of items folded in one go."""
    builder = Builder()
    builder.fold(parts)
    return builder.snapshot()


def lane(snapshot: Snapshot, name: str, process: int = 0) -> int:
    """Return the lane of the thread of that name."""
    return next(each.lane for each in snapshot.threads if each.name == name and each.process == process)
