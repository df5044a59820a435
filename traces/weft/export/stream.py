"""A trace as slices, instants and flows, one after the other, in the order in which they are known to be over."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..events import PROCESS_THREAD, Kind
from ..log.blocks import Gap
from ..log.reader import Definitions, Events, Tail, ahead

LOCK_LANES: Final = 1 << 30
"""A lock's lane is this and its id, so that it is no thread's; 32 bits are all that some tools keep."""

_NEAR: Final = 64
"""Earlier slices of a lane that a later one is fitted to."""

_RELEASES: Final = 1 << 14
_TEXT: Final = 200
_NAMES: Final = 1 << 20
"""Names kept of one kind and process: what is more has none."""


class Name(NamedTuple):
    """A lane (``lane`` 0: a process itself) is called so."""

    process: int
    lane: int
    name: str


class Slice(NamedTuple):
    """Something lasted from ``start`` to ``end`` (ns) on a lane.

    ``what`` is ``request``, ``wait``, ``hold``, ``release`` or, for a moment, ``instant``; ``shown`` is the start and
    end to draw, which nest on every lane.
    """

    what: str
    process: int
    lane: int
    name: str
    start: int
    end: int
    shown: tuple[int, int]
    args: dict[str, str | int]


class Flow(NamedTuple):
    """A wait was ended by a release on another lane: ``began`` lies in the wait's slice, ``time`` in the release's."""

    number: int
    process: int
    waiter: int
    began: int
    releaser: int
    time: int


Part = Name | Slice | Flow


@dataclass(slots=True)
class _Process:
    pid: int
    names: dict[tuple[str, int], Any] = field(default_factory=dict)
    requests: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    waits: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """Begin and holder of waits in progress, by thread and lock."""
    holds: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """Begin and last sign of holds in progress."""
    released: dict[tuple[int, int], int] = field(default_factory=dict)
    """Thread by lock and moment of release."""
    near: dict[int, deque[tuple[int, int]]] = field(default_factory=dict)


class Stream:
    """Reads a trace once.

    Args:
        path: the trace.
        chunk: at most about so many bytes are read at once.

    Raises:
        WeftError: as `Tail`.
    """

    def __init__(self, path: Path, chunk: int = 1 << 20) -> None:
        Tail(path).close()
        self._path = path
        self._chunk = chunk
        self.gaps = 0
        self._processes: dict[int, _Process] = {}
        self._flows = 0
        self._last = 0

    def parts(self) -> Iterator[Part]:
        """Yield everything."""
        tail = Tail(self._path, self._chunk)
        try:
            with closing(ahead(tail)) as read:
                for items in read:
                    for item in items:
                        yield from self._part(item)
            for item in tail.finish():
                yield from self._part(item)
            yield from self._unfinished()
        finally:
            tail.close()

    def _part(self, item: Events | Definitions | Gap) -> Iterator[Part]:
        if isinstance(item, Gap):
            self.gaps += 1
            return
        process = self._processes.setdefault(item.process, _Process(item.process >> 32 or item.process))
        if isinstance(item, Definitions):
            for entry in item.entries:
                yield from _define(process, entry)
        else:
            yield from self._records(process, item)

    def _records(self, process: _Process, events: Events) -> Iterator[Part]:
        columns = (events.thread, events.kind, events.obj, events.time, events.value)
        rows = [*zip(*(column.tolist() for column in columns), strict=True)]
        for thread, kind, obj, _, value in rows:
            if kind == Kind.SECTION:
                process.released[obj, value] = thread
        while len(process.released) > _RELEASES:
            process.released.pop(next(iter(process.released)))
        for thread, kind, obj, time, value in rows:
            self._last = max(self._last, value if kind == Kind.SECTION else time)
            if thread != PROCESS_THREAD and kind in _FOLD:
                yield from _FOLD[kind](self, process, thread, obj, time, value)

    def _section(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        process.holds.pop((thread, lock), None)
        yield from self._held(process, thread, lock, time, value)

    def _held(self, process: _Process, thread: int, lock: int, start: int, end: int) -> Iterator[Part]:
        lock_name, holder = _named(process, "lock", lock), _named(process, "thread", thread)
        args: dict[str, str | int] = {"lock": lock_name, "thread": holder, **_serving(process, thread)}
        yield _slice(process, "hold", thread, f"hold {lock_name}", start, end, args)
        yield _slice(process, "hold", LOCK_LANES + lock, holder, start, end, args)

    def _wait(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        process.waits[thread, lock] = time, value
        yield from ()

    def _waited(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        yield from self._over(process, thread, lock, value, time, {"outcome": "got it"})

    def _gave_up(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        yield from self._over(process, thread, lock, value, time, {"outcome": "gave up"})

    def _over(
        self, process: _Process, thread: int, lock: int, start: int, end: int, more: dict[str, str | int]
    ) -> Iterator[Part]:
        _, holder = process.waits.pop((thread, lock), (start, 0))
        name = _named(process, "lock", lock)
        args: dict[str, str | int] = {"lock": name, **more, **_serving(process, thread)}
        if holder:
            args["held by"] = _named(process, "thread", holder)
        yield _slice(process, "wait", thread, f"wait for {name}", start, end, args)

    def _acquired(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        yield from self._waited(process, thread, lock, time, value)
        process.waits[thread, -lock] = value, 0

    def _handed(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        began, _ = process.waits.pop((thread, -lock), (0, 0))
        releaser = process.released.get((lock, value))
        if releaser is not None and began and began <= value <= time:
            self._flows += 1
            # Who reads this binds an arrow to the slice that began last on its lane: so the release is one.
            freed = max(value - 1, began)
            name = _named(process, "lock", lock)
            args: dict[str, str | int] = {"lock": name, "to": _named(process, "thread", thread)}
            yield _slice(process, "release", releaser, f"release {name}", freed, value, args)
            yield Flow(self._flows, process.pid, thread, began, releaser, freed)

    def _try_failed(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        name = _named(process, "lock", lock)
        args: dict[str, str | int] = {"lock": name}
        if value:
            args["held by"] = _named(process, "thread", value)
        yield Slice("instant", process.pid, thread, f"try of {name} failed", time, time, (time, time), args)

    def _hold(self, process: _Process, thread: int, lock: int, time: int, value: int) -> Iterator[Part]:
        process.holds[thread, lock] = time, value
        yield from ()

    def _enter(self, process: _Process, thread: int, target: int, time: int, value: int) -> Iterator[Part]:
        method, path = process.names.get(("target", target), ("", ""))
        process.requests.setdefault(thread, []).append(
            {"start": time, "request": value, "method": method, "path": path}
        )
        yield from ()

    def _push(self, process: _Process, thread: int, endpoint: int, time: int, value: int) -> Iterator[Part]:
        requests = process.requests.get(thread)
        if requests and endpoint:
            requests[-1].setdefault("endpoint", _named(process, "endpoint", endpoint))
        yield from ()

    def _exit(self, process: _Process, thread: int, status: int, time: int, value: int) -> Iterator[Part]:
        requests = process.requests.get(thread)
        if requests:
            yield _request(process, thread, requests.pop(), time, {"status": status})

    def _stream(self, process: _Process, thread: int, status: int, time: int, value: int) -> Iterator[Part]:
        requests = process.requests.get(thread)
        if requests:
            yield _request(process, thread, requests.pop(), time, {"status": status, "streamed": 1})

    def _close(self, process: _Process, thread: int, status: int, time: int, value: int) -> Iterator[Part]:
        args: dict[str, str | int] = {"request": value, "status": status}
        yield Slice("instant", process.pid, thread, "response closed", time, time, (time, time), args)

    def _unfinished(self) -> Iterator[Part]:
        """Yield what the trace does not tell the end of, up to the last moment."""
        for process in self._processes.values():
            for (thread, lock), (start, _) in [*process.waits.items()]:
                if lock > 0:
                    yield from self._over(process, thread, lock, start, self._last, {"outcome": "still waits"})
            for (thread, lock), (start, _) in process.holds.items():
                yield from self._held(process, thread, lock, start, self._last)
            for thread, requests in process.requests.items():
                while requests:
                    yield _request(process, thread, requests.pop(), self._last, {})


_FOLD: Final = {
    Kind.SECTION: Stream._section,
    Kind.WAIT: Stream._wait,
    Kind.ACQUIRE: Stream._acquired,
    Kind.RESUME: Stream._waited,
    Kind.GIVE_UP: Stream._gave_up,
    Kind.HANDOFF: Stream._handed,
    Kind.TRY_FAILED: Stream._try_failed,
    Kind.HOLD: Stream._hold,
    Kind.REQUEST_ENTER: Stream._enter,
    Kind.REQUEST_PUSH: Stream._push,
    Kind.PUSH_BOTH: Stream._push,
    Kind.REQUEST_EXIT: Stream._exit,
    Kind.POP_AND_EXIT: Stream._exit,
    Kind.REQUEST_STREAM: Stream._stream,
    Kind.REQUEST_CLOSE: Stream._close,
}


def _define(process: _Process, entry: dict[str, Any]) -> Iterator[Part]:
    what, number = entry.get("is"), entry.get("id")
    if what == "process":
        argv = entry.get("argv")
        yield Name(process.pid, 0, _text(" ".join(map(str, argv[:9])) if isinstance(argv, list) else ""))
        return
    if not isinstance(number, int) or not isinstance(what, str) or len(process.names) >= _NAMES:
        return
    if what == "target":
        process.names[what, number] = _text(entry.get("method")), _text(entry.get("path"))
    elif what in ("thread", "lock", "endpoint"):
        name = process.names[what, number] = _text(entry.get("name")) or f"{what} {number}"
        if what == "thread":
            yield Name(process.pid, number, name)
        elif what == "lock":
            yield Name(process.pid, LOCK_LANES + number, f"lock {name}")


def _request(process: _Process, thread: int, request: dict[str, Any], end: int, more: dict[str, str | int]) -> Slice:
    start = int(request.pop("start"))
    name = f"{request['method']} {request['path']}".strip() or "request"
    return _slice(process, "request", thread, name, start, end, {**request, **more})


def _serving(process: _Process, thread: int) -> dict[str, str | int]:
    """Return what tells the request that a thread serves."""
    requests = process.requests.get(thread)
    if not requests:
        return {}
    return {"request": requests[-1]["request"], "for": f"{requests[-1]['method']} {requests[-1]['path']}"}


def _slice(
    process: _Process, what: str, lane: int, name: str, start: int, end: int, args: dict[str, str | int]
) -> Slice:
    """Return a slice that is drawn so that it nests with those before it: locks may be let go in any order."""
    end = max(start, end)
    near = process.near.setdefault(lane, deque(maxlen=_NEAR))
    low, high = start, end
    for begun, over in near:
        if begun < low < over < high:
            low = over
        elif low < begun < high < over:
            high = begun
    near.append((low, high))
    return Slice(what, process.pid, lane, name, start, end, (low, high), args)


def _named(process: _Process, what: str, number: int) -> str:
    name: str = process.names.get((what, number), f"{what} {number}")
    return name


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value[:_TEXT].encode("utf-8", "backslashreplace").decode()
