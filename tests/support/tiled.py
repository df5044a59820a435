"""Traces of any size: a simulated stretch of a busy server, written again and again at later times."""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weft.events import KIND_MASK, PROCESS_THREAD, Kind
from weft.log import writer

from .busy import START_NS, WALL_NS, BusyServer, records

TICK_NS = 100_000_000
"""That of the recorder."""

LATER = [Kind.SECTION, Kind.ACQUIRE, Kind.HANDOFF, Kind.GIVE_UP, Kind.RESUME, Kind.HOLD]
"""Kinds whose value is a moment."""

Words = NDArray[np.uint64]


class Stretch(BusyServer):
    """A server that finishes what it has begun, so that another stretch may follow."""

    tick_ns = TICK_NS

    def play(self, events: int) -> list[dict[int, Words]]:
        """Return the records of every tick by thread, ``[n, 3]``."""
        agenda = [(START_NS + self.random.randrange(2_000_000), thread) for thread in range(1, self.threads + 1)]
        self._note(PROCESS_THREAD, START_NS, Kind.PROCESS_ENTER, START_NS, WALL_NS)
        for start, thread in agenda:
            self._note(thread, start, Kind.THREAD_ENTER, start, thread, 1)
        heapq.heapify(agenda)
        plans: dict[int, list[int]] = {}
        while agenda:
            time, thread = heapq.heappop(agenda)
            if self.events < events or thread in plans:
                heapq.heappush(agenda, (self._step(time, thread, plans), thread))
        return [
            {thread: np.array(words, np.uint64).reshape(-1, 3) for thread, words in sorted(self._ticks[tick].items())}
            for tick in range(max(self._ticks) + 1)
        ]


class _Rows:
    """What a tick took, already packed."""

    def __init__(self, runs: dict[int, Words]) -> None:
        self.table = [number for thread, words in runs.items() for number in (thread, len(words))]
        self.count = sum(map(len, runs.values()))
        self.rows = b"".join(words.tobytes() for words in runs.values())


def write_tiled(path: Path, stretches: int, events: int = 1_000_000, threads: int = 64) -> int:
    """Write a trace of so many stretches of so many events and return how many there are in all."""
    server = Stretch(threads=threads)
    ticks = server.play(events)
    span = (len(ticks) + 1) * TICK_NS
    writer.create(str(path), force=True)
    trace = writer.TraceWriter(str(path), 1)
    trace.write(server._definitions(), records(), START_NS)
    for stretch in range(stretches):
        for number, runs in enumerate(ticks):
            moved = {thread: _moved(words, stretch * span) for thread, words in runs.items()}
            until = START_NS + stretch * span + (number + 1) * TICK_NS
            trace.write([], _Rows({thread: words for thread, words in moved.items() if len(words)}), until)  # type: ignore[arg-type]
    trace.close()
    return server.events + (stretches - 1) * (server.events - threads - 1)


def _moved(words: Words, by: int) -> Words:
    """Return records at a later time, without those of the very beginning."""
    if not by:
        return words
    kind = words[:, 2] & np.uint64(KIND_MASK)
    moved = words.copy()
    moved[:, 0] += np.uint64(by)
    moved[np.isin(kind, LATER), 1] += np.uint64(by)
    return moved[(kind != Kind.THREAD_ENTER) & (kind != Kind.PROCESS_ENTER)]
