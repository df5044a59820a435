"""The flight recorder: keeps the last seconds in memory, compressed, and writes them out when something happens.

Used by the writing thread alone, but for `Ring.ask`. What a dump has written is not kept, so the next one goes on where
it ended; what was thrown away between both is said.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter_ns, time_ns

from ..events import KIND_BITS, PROCESS_THREAD, Kind, code_of
from ..log.writer import Records, TraceWriter, tick_block
from . import buffers, definitions, shared_locks, spell, traced
from .carried import Change, Open, changes
from .circles import Wait, circles
from .definitions import Definition
from .launch import FLUSH
from .spell import Entry

BOUND = 64 << 20
"""Bytes of compressed blocks that are kept at most."""

LOOK_NS = 500_000_000
"""Between two looks for circles: a deadlock has lasted that long when it is told."""

_SWEEP = 4096
"""Definitions, and names of threads, between two looks for those that nothing needs any more."""

_TABLES = frozenset({"name", "target", "endpoint", "stack", "label", "work"})
"""Definitions whose ids come from a `definitions.Table`: one that has forgotten an id does not use it again."""

_LOCKS = ("Lock", "RLock", "Condition", "multiprocessing.")
"""How the kinds begin of what is a definition each; of all else that is waited for there are few."""


@dataclass(frozen=True, slots=True)
class _Block:
    since: int
    until: int
    data: bytes
    count: int
    changes: list[Change]
    newest: dict[str, int]
    """Highest id of each kind of definition when the block began."""


class Ring:
    """Keeps what a process records.

    Args:
        writer: where a dump goes.
        seconds: how much is kept.
        slower_than_ms: a request that lasts longer asks for a dump; 0: none does.
        bound: bytes that are kept at most.
    """

    def __init__(self, writer: TraceWriter, seconds: float, slower_than_ms: float = 0, bound: int = BOUND) -> None:
        self._writer = writer
        self._kept_ns = int(seconds * 1e9)
        self._slow_ns = int(slower_than_ms * 1e6)
        self._bound = bound
        self._blocks: deque[_Block] = deque()
        self._bytes = 0
        self._until = perf_counter_ns()
        self._definitions: dict[tuple[str, int], Entry] = {}
        self._notices = 0
        self._newest: dict[str, int] = {}
        self._dead: dict[int, int] = {}
        self._sweep_at = self._threads_at = _SWEEP
        self._cut_off = 0
        self._at_cut, self._now = Open(), Open()
        self._shown: set[int] = set()
        self._dumps = 0
        self._asked = ""
        self._flush = f"{writer.path}{FLUSH}"
        self._flushed = self._flush_time()
        self._looked = 0
        self._suspects: set[frozenset[Wait]] = set()
        self._told: set[frozenset[Wait]] = set()
        self._slow: dict[int, int] = {}

    def ask(self, why: str) -> None:
        """Ask for a dump, from any thread or a signal handler."""
        self._asked = why

    def take(self, entries: Iterable[Definition], records: Records, until: int) -> None:
        """Keep what was taken at ``until`` (ns), forget what is too old, and write everything out if there is cause."""
        newest = self._newest.copy()
        # Spelled at once: what a source file holds is asked while it is what runs.
        for entry in spell.out(entries):
            what, number = entry["is"], entry["id"]
            if what == "notice":
                self._notices = number = self._notices + 1
            self._definitions[what, number] = entry
            self._newest[what] = max(number, self._newest.get(what, 0))
        why = self._keep(records, until, newest) if records.count else ""
        self._until = until
        self._forget(until)
        why = self._asked or why or self._overdue(until) or self._deadlock(until) or self._flush_asked()
        if why:
            self._asked = ""
            self._dump(why, until)

    def finish(self) -> None:
        """End the file in good order if anything was written; what was kept since then is not."""
        if not self._dumps:
            return
        if self._cut_off or self._blocks:
            self._mark(Kind.LOST, self._until)
        self._mark(Kind.PROCESS_EXIT, perf_counter_ns())

    def _keep(self, records: Records, until: int, newest: dict[str, int]) -> str:
        data = tick_block(self._writer.process, (), records, self._until, until)
        found = changes(records)
        self._blocks.append(_Block(self._until, until, data, records.count, found, newest))
        self._bytes += len(data)
        why = ""
        for change in found:
            why = self._too_slow(change) or why
            self._now.take(change)
        return why

    def _forget(self, now: int) -> None:
        while self._blocks and (self._bytes > self._bound or now - self._blocks[0].until > self._kept_ns):
            block = self._blocks.popleft()
            self._bytes -= len(block.data)
            self._cut_off += block.count
            for change in block.changes:
                self._at_cut.take(change)
            self._forget_definitions(block.until)
            self._forget_threads()

    def _forget_definitions(self, cut: int) -> None:
        """Drop what neither the kept blocks nor the recorder's tables can mean any more."""
        if len(self._definitions) < self._sweep_at:
            return
        newest = self._blocks[0].newest if self._blocks else self._newest
        alive = {lock._number for reference in traced.in_use[:] if (lock := reference()) is not None}
        alive |= {*shared_locks.known.copy()}
        needed = {*self._at_cut.needs()}
        for (what, number), entry in [*self._definitions.items()]:
            if what == "lock":
                if (
                    entry["kind"].startswith(_LOCKS)
                    and number not in alive
                    and self._dead.setdefault(number, self._until) < cut
                ):
                    del self._definitions[what, number], self._dead[number]
            elif (
                what in _TABLES
                and number <= newest.get(what, 0) - 2 * definitions.LIMIT
                and (what, number) not in needed
            ):
                del self._definitions[what, number]
        self._sweep_at = len(self._definitions) + _SWEEP

    def _forget_threads(self) -> None:
        """Drop threads that are gone and have nothing in the kept blocks."""
        if len(self._at_cut.names) < self._threads_at:
            return
        used = {change.thread for block in self._blocks for change in block.changes} | {*buffers.living.copy()}
        for known in (self._at_cut, self._now):
            known.keep(used)
        self._threads_at = len(self._at_cut.names) + _SWEEP

    # What asks for a dump.

    def _too_slow(self, change: Change) -> str:
        if not self._slow_ns:
            return ""
        began = self._now.requests.get(change.thread, (0,))[0]
        longest = max((each if each >= 0 else -each - began for each in change.lasted if each >= 0 or began), default=0)
        return f"a request that took {longest / 1e6:.0f} ms" if longest > self._slow_ns else ""

    def _overdue(self, now: int) -> str:
        if not self._slow_ns:
            return ""
        late = {
            thread: words[0]
            for thread, words in self._now.requests.items()
            if now - words[0] > self._slow_ns and thread in buffers.living
        }
        fresh = any(self._slow.get(thread) != began for thread, began in late.items())
        self._slow = late
        return f"a request that took more than {self._slow_ns / 1e6:.0f} ms" if fresh else ""

    def _deadlock(self, now: int) -> str:
        if now - self._looked < LOOK_NS:
            return ""
        self._looked = now
        found = circles(self._now.waits)
        certain = (found & self._suspects) - self._told
        self._told &= found
        self._told |= certain
        self._suspects = found
        return f"a deadlock of {max(map(len, certain))} threads" if certain else ""

    def _flush_asked(self) -> str:
        time = self._flush_time()
        fresh, self._flushed = time > self._flushed, time
        return "`weft flush`" if fresh else ""

    def _flush_time(self) -> int:
        try:
            return os.stat(self._flush).st_mtime_ns
        except OSError:
            return 0

    # The dump.

    def _dump(self, why: str, now: int) -> None:
        cut = self._blocks[0].since if self._blocks else now
        kept = f"{(now - cut) / 1e9:.1f} s"
        text = f"kept by the flight recorder and written for {why}: {kept}"
        if self._cut_off:
            text += f"; {self._cut_off:,} earlier records were not kept"
        self._dumps += 1
        entries = [*self._definitions.values(), {"is": "notice", "id": self._dumps, "text": text}]
        self._definitions.clear()
        self._dead.clear()
        self._sweep_at = _SWEEP
        if self._cut_off and self._dumps > 1:
            self._mark(Kind.LOST, cut)
        self._writer.write_block(entries, self._head(cut), cut, cut)
        for block in self._blocks:
            self._writer.append(block.data)
            for change in block.changes:
                self._at_cut.take(change, requests=False)
                self._shown.add(change.thread)
        self._shown &= {*buffers.living.copy()}
        self._blocks.clear()
        self._bytes = self._cut_off = 0
        self._at_cut.requests.clear()
        self._writer.write_block((), _held(cut, now), now, now)

    def _head(self, cut: int) -> Records:
        """Return what has to be known about the time before the cut: names, and what was open then."""
        head = Records()
        if not self._cut_off:
            head.pack()
            return head
        if self._dumps == 1:
            wall = time_ns() - (perf_counter_ns() - cut)
            head.add(PROCESS_THREAD, [cut, wall, code_of(Kind.PROCESS_ENTER)])
        kept = {change.thread for block in self._blocks for change in block.changes}
        living = {*buffers.living.copy()}
        for thread in sorted(self._shown - kept - living):
            head.add(thread, [cut, 0, code_of(Kind.THREAD_EXIT)])
        for thread, (_, number, code) in self._at_cut.names.items():
            if thread in kept or thread in living:
                words = [cut, number, code >> KIND_BITS << KIND_BITS | Kind.THREAD_NAME]
                words += self._at_cut.requests.get(thread, ())
                words += self._at_cut.waits.get(thread, ())
                head.add(thread, words)
        head.pack()
        return head

    def _mark(self, kind: Kind, time: int) -> None:
        """Write a record about the process."""
        marks = Records()
        marks.add(PROCESS_THREAD, [time, 0, code_of(kind)])
        marks.pack()
        self._writer.write_block((), marks, time, time)


def _held(cut: int, now: int) -> Records:
    """Return the holds that began before the cut and last: what told of them may have been thrown away."""
    held = Records()
    for reference in traced.in_use[:]:
        lock = reference()
        if lock is not None:
            own, t0 = lock._peek()
            holder = buffers.owner(own)
            if holder is not None and 0 < t0 < cut:
                held.add(holder.thread, [t0, now, code_of(Kind.HOLD, lock._number)])
    held.pack()
    return held
