"""A run on the stage as a trace: the same events that a recorder writes, so that the dashboard and the reports show it.

A step lasts a millisecond. What a thread waits for (a queue, an event, another thread) stands in the trace as a lock.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from ..events import PROCESS_THREAD, Kind, code_of
from ..log.writer import Records, TraceWriter
from .moment import ActorView, Moment, Place, Status
from .session import Info, Node

STEP_NS = 1_000_000


def write(path: Path, info: Info, root: Node, steps: Sequence[Node]) -> None:
    """Append a run to an empty trace.

    Args:
        path: of the trace, made by `weft.log.writer.create`.
        root, steps: the beginning, and the steps after it.

    Raises:
        OSError: the file cannot be written.
    """
    begin = perf_counter_ns() - (len(steps) + 1) * STEP_NS
    telling = _Telling(begin, info)
    telling.enter(root.moment)
    for number, node in enumerate(steps, 1):
        telling.step(begin + number * STEP_NS, node)
    end = begin + (len(steps) + 1) * STEP_NS
    telling.end(end)
    records = Records()
    for thread, words in sorted(telling.words.items()):
        records.add(thread, words)
    records.pack()
    writer = TraceWriter(str(path), os.getpid(), begin)
    try:
        writer.write(telling.defined, records, end)
    finally:
        writer.close()


class _Telling:
    """Turns the steps of a run into records and definitions."""

    def __init__(self, begin: int, info: Info) -> None:
        command = ["weft", "step", info.target]
        self.defined: list[dict[str, Any]] = [
            {"is": "process", "pid": os.getpid(), "argv": command, "python": info.python, "gil": info.gil}
        ]
        self.words: dict[int, list[int]] = {PROCESS_THREAD: [begin, 0, code_of(Kind.PROCESS_ENTER)]}
        self._now = begin
        self._ids: dict[tuple[str, object], int] = {}
        self._waiting: dict[int, tuple[str, int]] = {}
        self._held: dict[str, tuple[int, int]] = {}
        self._requests = 0
        self._views: Sequence[ActorView] = ()
        self._kinds: dict[str, str] = {}
        self._made: dict[str, Place] = {}
        self._endpoints: dict[int, str] = {}
        self._pushed: set[int] = set()

    def enter(self, moment: Moment) -> None:
        """Begin with what is there before the first step."""
        self._look(moment)

    def step(self, now: int, node: Node) -> None:
        """Tell what a step did, and who waits afterwards."""
        self._now = now
        actor, operation = node.actor, node.operation
        view = node.moment.actors[actor]
        acquired = {on for kind, on, _ in node.moment.happened if kind == "acquire"}
        if operation is not None and operation.on not in acquired:
            self._woken(actor, view, operation.on)
        for kind, on, value in node.moment.happened:
            if kind == "acquire":
                self._acquired(actor, on)
            elif kind == "release":
                self._released(value, on)
            elif kind == "request":
                self._request(value, on)
            elif kind == "endpoint":
                self._endpoints[value] = on
            elif kind == "response":
                self._answer(actor, value)
        if operation is not None and operation.kind in ("read", "write"):
            access = Kind.READ if operation.kind == "read" else Kind.WRITE
            self._put(actor, access, 0, self._id("variable", operation.on, {"name": operation.on}))
        self._look(node.moment)

    def end(self, now: int) -> None:
        """Tell what is still held, and that the recording has ended."""
        self._now = now
        for lock, (actor, since) in self._held.items():
            self._put_at(actor, since, Kind.HOLD, now, self._lock(lock))
        over = all(view.status in (Status.DONE, Status.FAILED) for view in self._views if view.own)
        self.words[PROCESS_THREAD] += (now, 0, code_of(Kind.PROCESS_EXIT if over else Kind.PULSE))

    def _look(self, moment: Moment) -> None:
        before = self._views
        self._kinds.update((lock.name, lock.kind) for lock in moment.locks)
        self._made.update((lock.name, lock.made_at) for lock in moment.locks if lock.made_at is not None)
        for actor, view in enumerate(moment.actors):
            if actor >= len(before):
                self._put(actor, Kind.THREAD_ENTER, 0, self._id("name", view.name, {"parts": [view.name]}))
            self._contexts(actor, before[actor] if actor < len(before) else None, view)
            if view.status is Status.BLOCKED and actor not in self._waiting:
                self._waits(actor, view, moment)
            ended = view.status in (Status.DONE, Status.FAILED)
            if ended and (actor >= len(before) or before[actor].status not in (Status.DONE, Status.FAILED)):
                self._put(actor, Kind.THREAD_EXIT)
        self._views = moment.actors

    def _contexts(self, actor: int, before: ActorView | None, view: ActorView) -> None:
        had = before.context.request if before is not None and before.context is not None else ""
        has = view.context.request if view.context is not None else ""
        if had and has != had:
            self._pop(actor)
        if has and has != had:
            self._push(actor)

    def _push(self, actor: int) -> None:
        name = self._endpoints.get(actor, "")
        self._put(actor, Kind.APP_PUSH)
        self._put(actor, Kind.REQUEST_PUSH, 0, self._id("endpoint", name, {"name": name}) if name else 0)
        self._pushed.add(actor)

    def _pop(self, actor: int) -> None:
        self._put(actor, Kind.REQUEST_POP)
        self._put(actor, Kind.APP_POP)

    def _answer(self, actor: int, status: int) -> None:
        if actor not in self._pushed:
            # Its contexts came and went between two stops.
            self._push(actor)
            self._pop(actor)
        self._pushed.discard(actor)
        self._put(actor, Kind.REQUEST_EXIT, 0, status)

    def _waits(self, actor: int, view: ActorView, moment: Moment) -> None:
        on = (view.next.on or view.next.text) if view.next is not None else ""
        self._waiting[actor] = (on, self._now)
        lock = self._lock(on)
        holder = view.waits_for[0] if view.waits_for else -1
        self._put(actor, Kind.WAIT, holder + 1, lock)
        self._put(actor, Kind.WAITER_AT, self._stack(view.frames), lock)
        if holder >= 0:
            self._put(actor, Kind.HOLDER_AT, self._stack(moment.actors[holder].frames), lock)

    def _woken(self, actor: int, view: ActorView, on: str) -> None:
        """End a wait that did not end with a lock: it was given up, or it was for what nobody can hold."""
        name, since = self._waiting.get(actor, ("", 0))
        if not name or name != on or view.status is Status.BLOCKED:
            return
        del self._waiting[actor]
        lock = self._lock(name)
        if self._kinds.get(name) in ("Lock", "RLock"):
            self._put(actor, Kind.GIVE_UP, since, lock)
            return
        self._put(actor, Kind.RESUME, since, lock)

    def _acquired(self, actor: int, name: str) -> None:
        waited = self._waiting.pop(actor, None)
        if waited is not None:
            self._put(actor, Kind.ACQUIRE, waited[1], self._lock(name))
        self._held[name] = (actor, self._now)

    def _released(self, actor: int, name: str) -> None:
        held = self._held.pop(name, None)
        if held is not None:
            self._put_at(held[0], held[1], Kind.SECTION, self._now, self._lock(name))

    def _request(self, actor: int, text: str) -> None:
        method, _, path = text.partition(" ")
        path = path.partition("?")[0]
        self._requests += 1
        target = self._id("target", text, {"method": method, "path": path})
        self._put(actor, Kind.REQUEST_ENTER, self._requests, target)

    def _lock(self, name: str) -> int:
        kind = self._kinds.get(name, "")
        place = self._made.get(name, Place("", 0, ""))
        made = {"file": place.file, "function": place.function, "line": place.line}
        return self._id("lock", name, {"name": name, "kind": kind, **made})

    def _stack(self, frames: Sequence[Place]) -> int:
        listed = [[place.file, place.function, place.line] for place in frames]
        return self._id("stack", tuple(frames), {"frames": listed}) if frames else 0

    def _id(self, kind: str, key: object, entry: dict[str, Any]) -> int:
        known = self._ids.get((kind, key))
        if known is None:
            known = self._ids[kind, key] = 1 + sum(one[0] == kind for one in self._ids)
            self.defined.append({"is": kind, "id": known, **entry})
        return known

    def _put(self, actor: int, kind: Kind, value: int = 0, obj: int = 0) -> None:
        self._put_at(actor, self._now, kind, value, obj)

    def _put_at(self, actor: int, time: int, kind: Kind, value: int, obj: int) -> None:
        self.words.setdefault(actor + 1, []).extend((time, value, code_of(kind, obj)))
