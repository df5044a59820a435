"""The same timeline by brute force: records one after the other, dictionaries, and a state for every single ns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from weft.events import Kind, events_in
from weft.log.reader import Definitions, Events, Item
from weft.timeline import Snapshot
from weft.timeline.values import Frame, State

Key = tuple[int, int]
"""A thread: process and id."""

NEVER = 1 << 62


@dataclass
class Interval:
    thread: Key
    what: int
    start: int
    end: int | None = None
    cut: int | None = None
    good: bool = False
    endpoint: int | None = None
    parent: Interval | None = None

    def until(self, horizon: int) -> int:
        if self.end is not None:
            return self.end
        return min(horizon, NEVER if self.cut is None else self.cut)


@dataclass
class Oracle:
    waits: list[Interval] = field(default_factory=list)
    holds: list[Interval] = field(default_factory=list)
    handoffs: list[Interval] = field(default_factory=list)
    requests: list[Interval] = field(default_factory=list)
    contexts: list[Interval] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)
    started: dict[Key, int] = field(default_factory=dict)
    ended: dict[Key, int] = field(default_factory=dict)
    heard: dict[int, int] = field(default_factory=dict)
    entered: set[Key] = field(default_factory=set)
    events: int = 0
    start: int = NEVER
    end: int = -1
    _wait: dict[Key, Interval] = field(default_factory=dict)
    _hold: dict[tuple[Key, int], Interval] = field(default_factory=dict)
    _stack: dict[tuple[Key, str], list[Interval]] = field(default_factory=dict)
    _streams: dict[tuple[Key, int], Interval] = field(default_factory=dict)
    _last_wait: dict[Key, tuple[int, int]] = field(default_factory=dict)
    _sections: set[tuple[Key, int, int]] = field(default_factory=set)

    def fold(self, parts: Iterable[Item]) -> Oracle:
        for part in parts:
            if isinstance(part, Events):
                self._block(part)
        return self

    def _block(self, block: Events) -> None:
        columns = (block.thread, block.kind, block.obj, block.time, block.value)
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        if any(kind == Kind.LOST for _, kind, *_ in rows):
            self._lose(block.process, self.heard.get(block.process, -1))
        for thread, kind, obj, time, value in rows:
            self.events += events_in(kind)
            ago = value if kind in (Kind.PUSH_BOTH, Kind.POP_AND_EXIT) else 0
            began = value if kind in (Kind.ACQUIRE, Kind.GIVE_UP, Kind.RESUME) else time - ago
            self.start = min(self.start, began)
            self.end = max(self.end, value if kind in (Kind.SECTION, Kind.HOLD) else time)
            self.heard[block.process] = max(
                self.heard.get(block.process, -1), value if kind in (Kind.SECTION, Kind.HOLD) else time
            )
            if thread:
                self._sign((block.process, thread), kind, began)
                self._record((block.process, thread), kind, obj, time, value)
        for thread, kind, _, time, _ in rows:
            if kind == Kind.THREAD_EXIT:
                self._gone((block.process, thread), time)
            elif kind == Kind.PROCESS_EXIT:
                for key in self.started:
                    if key[0] == block.process:
                        self._gone(key, time)

    def _sign(self, key: Key, kind: int, began: int) -> None:
        if key not in self.started and kind == Kind.THREAD_ENTER:
            self.entered.add(key)
        if key not in self.entered or kind == Kind.THREAD_ENTER:
            self.started[key] = min(self.started.get(key, NEVER), began)

    def _record(self, key: Key, kind: int, obj: int, time: int, value: int) -> None:
        if kind == Kind.WAIT:
            self._wait_over(key, time)
            self._wait[key] = Interval(key, obj, time)
            self.waits.append(self._wait[key])
        elif kind in (Kind.ACQUIRE, Kind.GIVE_UP, Kind.RESUME):
            self._wait_over(key, value)
            self.waits.append(Interval(key, obj, value, time, good=kind != Kind.GIVE_UP))
            self._last_wait[key] = value, time
            if kind == Kind.ACQUIRE:
                self._hold_on(key, obj, time)
        elif kind == Kind.HANDOFF:
            began, _ = self._last_wait[key]
            self.handoffs.append(Interval(key, obj, max(began, value), time))
        elif kind == Kind.HOLD:
            self._hold_on(key, obj, time)
        elif kind == Kind.SECTION:
            self._hold_over(key, obj, time)
            self._sections.add((key, obj, time))
            self.holds.append(Interval(key, obj, time, value))
        elif kind == Kind.TRY_FAILED:
            self.tries.append(obj)
        else:
            self._serve(key, Kind(kind), obj, time, value)

    def _wait_over(self, key: Key, began: int) -> None:
        """Forget the wait announced before, unless its end is lost: then it stays as far as it is known."""
        before = self._wait.pop(key, None)
        if before and (before.cut is None or before.start == began):
            self.waits.remove(before)
        elif before and before.cut is not None:
            before.cut = min(before.cut, max(began, before.start))

    def _hold_on(self, key: Key, lock: int, since: int) -> None:
        if (key, lock, since) not in self._sections:
            self._hold_over(key, lock, since)
            self._hold[key, lock] = Interval(key, lock, since)
            self.holds.append(self._hold[key, lock])

    def _hold_over(self, key: Key, lock: int, since: int) -> None:
        before = self._hold.pop((key, lock), None)
        if before and (before.cut is None or before.start == since):
            self.holds.remove(before)
        elif before and before.cut is not None:
            before.cut = min(before.cut, max(since, before.start))

    def _serve(self, key: Key, kind: Kind, obj: int, time: int, value: int) -> None:
        requests = self._stack.setdefault((key, "request"), [])
        if kind == Kind.REQUEST_ENTER:
            requests.append(Interval(key, value, time))
            self.requests.append(requests[-1])
        elif kind in (Kind.REQUEST_EXIT, Kind.POP_AND_EXIT) and requests:
            requests.pop().end = time
        elif kind == Kind.REQUEST_STREAM and requests:
            self._streams[key, value] = requests.pop()
        elif kind == Kind.REQUEST_CLOSE and (key, value) in self._streams:
            stream = self._streams.pop((key, value))
            stream.end = time if stream.end is None else stream.end
        if kind in (Kind.REQUEST_PUSH, Kind.PUSH_BOTH) and requests and requests[-1].endpoint is None:
            requests[-1].endpoint = obj
        self._push_and_pop(key, kind, time, value)

    def _push_and_pop(self, key: Key, kind: Kind, time: int, value: int) -> None:
        apps = self._stack.setdefault((key, "app"), [])
        alone = self._stack.setdefault((key, "alone"), [])
        with_app = self._stack.setdefault((key, "with app"), [])
        if kind == Kind.APP_PUSH:
            apps.append(Interval(key, 0, time))
            with_app.append(Interval(key, 1, time))  # stands for none
            self.contexts.append(apps[-1])
        elif kind == Kind.PUSH_BOTH:
            apps.append(Interval(key, 0, time - value))
            with_app.append(Interval(key, 1, time))
            self.contexts += apps[-1], with_app[-1]
        elif kind == Kind.REQUEST_PUSH:
            alone.append(Interval(key, 1, time))
            self.contexts.append(alone[-1])
        elif kind == Kind.REQUEST_POP and alone:
            alone.pop().end = time
        elif kind in (Kind.APP_POP, Kind.POP_AND_EXIT) and apps:
            popped = time if kind == Kind.APP_POP else time - value
            apps.pop().end = popped
            with_app.pop().end = popped

    def _lose(self, process: int, time: int) -> None:
        for interval in [*self._wait.values(), *self._hold.values()]:
            if interval.thread[0] == process:
                interval.cut = min(NEVER if interval.cut is None else interval.cut, max(time, interval.start))
        for (key, _), stack in [*self._stack.items(), *self._streaming()]:
            if key[0] == process:
                self._close(stack, time)

    def _gone(self, key: Key, time: int) -> None:
        self.ended.setdefault(key, max(time, self.started[key]))
        for (owner, _), stack in [*self._stack.items(), *self._streaming()]:
            if owner == key:
                self._close(stack, time)

    def _streaming(self) -> list[tuple[tuple[Key, int], list[Interval]]]:
        return [(at, [interval]) for at, interval in self._streams.items() if interval.end is None]

    def _close(self, stack: list[Interval], time: int) -> None:
        for interval in stack:
            interval.end = max(time, interval.start)
        stack.clear()

    def life(self, key: Key) -> tuple[int, int]:
        return self.started[key], self.ended.get(key, self.end)


def keys_of(parts: Sequence[Item]) -> dict[tuple[int, str], Key]:
    """Return the id of every thread, by process and name."""
    return {
        (part.process, entry["name"]): (part.process, entry["id"])
        for part in parts
        if isinstance(part, Definitions)
        for entry in part.entries
        if entry["is"] == "thread"
    }


class Canvas:
    """The state of every lane at every ns, painted thread by thread."""

    def __init__(self, oracle: Oracle, snapshot: Snapshot, keys: dict[tuple[int, str], Key]) -> None:
        self.start, self.end = snapshot.start_ns, snapshot.end_ns
        size = self.end - self.start
        self.states = np.full((len(snapshot.lanes), size + 1), State.OFF, np.uint8)
        self.began = np.zeros((len(snapshot.lanes), size + 2), np.int64)
        self.lane_of: dict[Key, int] = {}
        for thread in snapshot.threads:
            process = snapshot.processes[thread.process].pid
            key = keys[process, thread.name]
            self.lane_of[key] = thread.lane
            serves = any(request.thread[0] == process for request in oracle.requests)
            self._paint(oracle, key, thread.started_ns, serves)

    def _paint(self, oracle: Oracle, key: Key, started: int, serves: bool) -> None:
        lane, ended = self.lane_of[key], oracle.life(key)[1]
        depth = {
            name: self._depth(getattr(oracle, name), key, started, ended)
            for name in ("holds", "waits", "handoffs", "requests")
        }
        for at in range(max(started - self.start, 0), ended - self.start):
            holding, waiting, handed, serving = (counts[at] > 0 for counts in depth.values())
            if handed:
                state = State.HANDOFF
            elif waiting:
                state = State.WAIT_HOLD if holding else State.WAIT
            elif holding:
                state = State.HOLD
            else:
                state = State.RUN if serving or not serves else State.IDLE
            self.states[lane, at] = state
        for wait in oracle.waits:
            if wait.thread == key:
                self.began[lane, wait.start - self.start] += 1

    def _depth(self, intervals: list[Interval], key: Key, started: int, ended: int) -> list[int]:
        depth = [0] * (self.end - self.start + 1)
        for interval in intervals:
            if interval.thread == key:
                for at in range(max(interval.start, started), min(interval.until(self.end), ended)):
                    depth[at - self.start] += 1
        return depth

    def frame(self, lanes: Sequence[int], edges: Sequence[int]) -> Frame:
        columns = len(edges) - 1
        spent = np.zeros((len(State), len(lanes), columns), np.int64)
        first = np.zeros((len(lanes), columns), np.uint8)
        waits = np.zeros((len(lanes), columns), np.int64)
        for row, lane in enumerate(lanes):
            for column in range(columns):
                first[row, column] = self.state(lane, edges[column])
                for time in range(edges[column], edges[column + 1]):
                    spent[self.state(lane, time), row, column] += 1
                    if 0 <= time - self.start <= self.end - self.start + 1:
                        waits[row, column] += self.began[lane, time - self.start]
        return Frame(np.array(edges), spent, first, waits)

    def state(self, lane: int, time: int) -> State:
        inside = self.start <= time < self.end
        return State(self.states[lane, time - self.start]) if inside else State.OFF
