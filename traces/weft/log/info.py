"""What is inside a trace: counted in one pass over its blocks, in memory that does not grow with the file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..events import PROCESS_THREAD, Kind, events_in
from . import format as fmt
from .blocks import Gap
from .reader import Definitions, Events, Header, Tail

_KINDS: Final = 64
_KNOWN: Final = frozenset(map(int, Kind))
_PROCESSES: Final = 4096
_THREADS: Final = 1 << 20
_TEXT: Final = 1000
_ARGUMENTS: Final = 100
_GAPS: Final = 1000
_LATER: Final = frozenset({Kind.SECTION, Kind.HOLD})
_SINCE: Final = frozenset({Kind.ACQUIRE, Kind.GIVE_UP, Kind.RESUME})


@dataclass(slots=True)
class ProcessInfo:
    """One process that wrote to the trace; times are perf_counter ns, -1 for never."""

    pid: int = 0
    argv: tuple[str, ...] = ()
    python: str = ""
    first_ns: int = -1
    last_ns: int = -1
    records: int = 0
    ended: bool = False
    lost: int = 0
    notices: list[str] = field(default_factory=list)
    threads: set[int] = field(default_factory=set, repr=False)


@dataclass(slots=True)
class Info:
    """Counts of one trace; ``kinds`` are records per kind, unknown ones included; ``size`` is in bytes."""

    header: Header
    size: int = 0
    processes: dict[int, ProcessInfo] = field(default_factory=dict)
    kinds: Counter[int] = field(default_factory=Counter)
    definitions: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    more_gaps: int = 0

    @property
    def records(self) -> int:
        """Records of all kinds."""
        return self.kinds.total()

    @property
    def events(self) -> int:
        """Events as docs/events.md counts them."""
        return sum(count * events_in(kind) for kind, count in self.kinds.items() if kind in _KNOWN)

    @property
    def bytes_per_event(self) -> float:
        """Bytes of the file for each event, 0 without events."""
        return (self.size - fmt.FILE_HEADER_SIZE) / self.events if self.events else 0.0

    @property
    def span(self) -> tuple[int, int]:
        """First and last moment, perf_counter ns; zeros without records."""
        heard = [process for process in self.processes.values() if process.last_ns >= 0]
        if not heard:
            return 0, 0
        return min(process.first_ns for process in heard), max(process.last_ns for process in heard)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data; see docs/report.md."""
        first, last = self.span
        return {
            "size_bytes": self.size,
            "format": fmt.VERSION,
            "started_wall_ns": self.header.wall_ns + first - self.header.perf_ns if last else self.header.wall_ns,
            "duration_ns": last - first,
            "records": self.records,
            "events": self.events,
            "bytes_per_event": round(self.bytes_per_event, 2),
            "kinds": {name_of(kind): count for kind, count in sorted(self.kinds.items())},
            "definitions": dict(sorted(self.definitions.items())),
            "threads": sum(len(process.threads) for process in self.processes.values()),
            "locks": self.definitions["lock"],
            "requests": self.kinds[Kind.REQUEST_ENTER],
            "lost": sum(process.lost for process in self.processes.values()),
            "processes": [_process(process, first) for process in self.processes.values()],
            "gaps": [{"offset": gap.offset, "size": gap.size, "reason": gap.reason} for gap in self.gaps],
            "more_gaps": self.more_gaps,
        }


def name_of(kind: int) -> str:
    """Return a kind's name, ``unknown kind 45`` for one that this version does not know."""
    return Kind(kind).name if kind in _KNOWN else f"unknown kind {kind}"


def info(path: Path) -> Info:
    """Count what a trace holds.

    Raises:
        WeftError: the file is missing, or it is not a trace.
    """
    tail = Tail(path)
    try:
        found = Info(tail.header)
        while tail.unread() > 0:
            for item in tail.read():
                _count(found, item)
        for item in tail.finish():
            _count(found, item)
        found.size = tail.size()
        return found
    finally:
        tail.close()


def _count(found: Info, item: Events | Definitions | Gap) -> None:
    if isinstance(item, Gap):
        if len(found.gaps) < _GAPS:
            found.gaps.append(item)
        else:
            found.more_gaps += 1
        return
    if item.process not in found.processes and len(found.processes) >= _PROCESSES:
        return
    process = found.processes.setdefault(item.process, ProcessInfo())
    if isinstance(item, Events):
        _count_records(found, process, item)
    else:
        for entry in item.entries:
            _count_definition(found, process, entry)


def _count_records(found: Info, process: ProcessInfo, events: Events) -> None:
    counts = np.bincount(events.kind, minlength=_KINDS).tolist()
    found.kinds.update({kind: count for kind, count in enumerate(counts) if count})
    process.records += len(events.kind)
    _count_threads(process, events)
    later = np.isin(events.kind, [*_LATER])
    earlier = np.isin(events.kind, [*_SINCE])
    last = int(np.where(later, events.value, events.time).max())
    first = int(np.where(earlier, events.value, events.time).min())
    process.first_ns = first if process.first_ns < 0 else min(process.first_ns, first)
    process.last_ns = max(process.last_ns, last)
    process.ended |= bool(counts[Kind.PROCESS_EXIT])
    if counts[Kind.LOST]:
        process.lost += sum(max(value, 0) for value in events.value[events.kind == Kind.LOST].tolist())


def _count_threads(process: ProcessInfo, events: Events) -> None:
    change = np.flatnonzero(np.diff(events.thread, prepend=-1))
    if len(process.threads) < _THREADS:
        process.threads.update(events.thread[change].tolist())
        process.threads.discard(PROCESS_THREAD)


def _count_definition(found: Info, process: ProcessInfo, entry: dict[str, Any]) -> None:
    what = entry.get("is")
    kind = what[:40] if isinstance(what, str) else "?"
    if kind in found.definitions or len(found.definitions) < _KINDS:
        found.definitions[kind] += 1
    if what == "process":
        argv, pid, python = entry.get("argv"), entry.get("pid"), entry.get("python")
        process.pid = pid if isinstance(pid, int) else 0
        process.python = python[:_TEXT] if isinstance(python, str) else ""
        if isinstance(argv, list):
            process.argv = tuple(part[:_TEXT] for part in argv[:_ARGUMENTS] if isinstance(part, str))
    elif what == "notice" and len(process.notices) < _ARGUMENTS and isinstance(entry.get("text"), str):
        process.notices.append(entry["text"][:_TEXT])


def _process(process: ProcessInfo, start: int) -> dict[str, Any]:
    return {
        "pid": process.pid,
        "argv": list(process.argv),
        "python": process.python,
        "first_ns": process.first_ns - start if process.last_ns >= 0 else 0,
        "last_ns": process.last_ns - start if process.last_ns >= 0 else 0,
        "records": process.records,
        "threads": len(process.threads),
        "ended": process.ended,
        "lost": process.lost,
        "notices": process.notices,
    }
