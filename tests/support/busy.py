"""A busy server, simulated: threads that serve requests and queue for a few locks, written as a trace file."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from pathlib import Path

from weft.events import PROCESS_THREAD, Kind, code_of, events_in
from weft.log import writer

TICK_NS = 20_000_000
HANDOFF_NS = 20_000
START_NS = 1_000_000_000_000
WALL_NS = 1_700_000_000_000_000_000


def records(*runs: tuple[int, list[int]]) -> writer.Records:
    """Return runs of (thread, flat words) as what a tick takes."""
    taken = writer.Records()
    for thread, words in runs:
        taken.add(thread, words)
    taken.pack()
    return taken


class BusyServer:
    """Plays out a server; locks are handed on first come, first served.

    Args:
        threads: how many serve.
        locks: how many they share; a few of them are wanted by most.
    """

    tick_ns = TICK_NS

    def __init__(self, threads: int = 64, locks: int = 12, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.locks = locks
        self.threads = threads
        self.events = 0
        self.until = START_NS
        self._free = [0] * (locks + 1)
        self._owner = [0] * (locks + 1)
        self._number = 0
        self._ticks: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))

    def write(self, path: Path, events: int) -> None:
        """Play until there are so many events, and write the trace."""
        agenda = [(START_NS + self.random.randrange(2_000_000), thread) for thread in range(1, self.threads + 1)]
        self._note(PROCESS_THREAD, START_NS, Kind.PROCESS_ENTER, START_NS, WALL_NS)
        for start, thread in agenda:
            self._note(thread, start, Kind.THREAD_ENTER, start, thread, 1)
        heapq.heapify(agenda)
        plans: dict[int, list[int]] = {}
        while self.events < events:
            time, thread = heapq.heappop(agenda)
            heapq.heappush(agenda, (self._step(time, thread, plans), thread))
        writer.create(str(path), force=True)
        trace = writer.TraceWriter(str(path), 1)
        trace.write(self._definitions(), records(), START_NS)
        for tick in sorted(self._ticks):
            trace.write([], records(*sorted(self._ticks[tick].items())), START_NS + (tick + 1) * TICK_NS)
        trace.close()

    def _step(self, time: int, thread: int, plans: dict[int, list[int]]) -> int:
        """Let a thread begin a request, pass one lock, or end its request; return when it goes on."""
        pause = int(self.random.expovariate(1 / 900_000))
        if thread not in plans:
            self._number += 1
            self._note(thread, time, Kind.REQUEST_ENTER, time, self._number, self.random.randint(1, 6))
            self._note(thread, time, Kind.PUSH_BOTH, time, 1_000, 1)
            wanted = self.random.choices(
                range(1, self.locks + 1), [1 / n for n in range(1, self.locks + 1)], k=self.random.randint(1, 4)
            )
            plans[thread] = wanted
            return time + pause
        if plans[thread]:
            return self._pass(time, thread, plans[thread].pop()) + pause
        del plans[thread]
        self._note(thread, time, Kind.POP_AND_EXIT, time, 1_000, 200)
        return time + pause

    def _pass(self, time: int, thread: int, lock: int) -> int:
        acquired = time
        if self._free[lock] > time:
            acquired = self._free[lock] + HANDOFF_NS
            self._note(thread, time, Kind.WAIT, time, self._owner[lock], lock)
            self._note(thread, acquired, Kind.ACQUIRE, acquired, time, lock)
            self._note(thread, acquired, Kind.HANDOFF, acquired, self._free[lock], lock)
        released = acquired + int(self.random.expovariate(1 / 60_000)) + 1_000
        self._free[lock], self._owner[lock] = released, thread
        self._note(thread, released, Kind.SECTION, acquired, released, lock)
        return released

    def _note(self, thread: int, written: int, kind: Kind, time: int, value: int = 0, obj: int = 0) -> None:
        self._ticks[(written - START_NS) // self.tick_ns][thread].extend((time, value, code_of(kind, obj)))
        self.events += events_in(kind)
        self.until = max(self.until, written)

    def _definitions(self) -> list[dict[str, object]]:
        return [
            {"is": "process", "pid": 4711, "argv": ["app.py"], "python": "3.12.1", "gil": True},
            {"is": "name", "id": 1, "parts": ["waitress-", ""]},
            *(self._lock(number) for number in range(1, self.locks + 1)),
            *({"is": "target", "id": n, "method": "GET", "path": f"/item/{n}"} for n in range(1, 7)),
            {"is": "endpoint", "id": 1, "name": "item"},
        ]

    def _lock(self, number: int) -> dict[str, object]:
        place = {"file": "shop.py", "function": "<module>", "line": number}
        return {"is": "lock", "id": number, "name": f"shop.lock_{number}", "kind": "Lock", **place}
