"""Two threads of ours in the app: one empties the buffers and never blocks, one writes the file.

Between them stands a queue that is bounded by records (and definitions): when the disk cannot keep up, what was
taken is dropped and counted, and the count becomes a record. Appending needs a running Python thread, and then the
emptying thread gets its turn too, so what can pile up in the buffers is what the app writes in about one look.
"""

from __future__ import annotations

import contextlib
import os
from _thread import allocate_lock, get_native_id, start_new_thread
from collections import deque
from collections.abc import Callable, Iterable
from time import perf_counter_ns, sleep, thread_time_ns

from ..events import PROCESS_THREAD, Cost, Kind, code_of
from ..log.writer import MAX_RECORDS, Records, TraceWriter, discard
from . import buffers, cost, definitions, spell, traced, trouble
from .ring import Ring

LOOK_SECONDS = 0.02
"""Between two looks at the buffers: short, so that what lies in them stays in the processor's cache."""

TICK_NS = 100_000_000
"""Between two blocks: long, since a small one costs as much to compress and store as a larger one."""

PULSE_NS = 1_000_000_000
"""A sign of life is written when nothing else was for so long; each next one without anything else after twice that."""

REST_NS = 4_000_000_000
"""A sign of life never comes later."""

COST_NS = 1_000_000_000
"""Between two notes of what recording costs, while there is something to record."""

LOOK = 2000
"""Used locks looked at in one tick, in turn: the price of seeing long holds stays below 1 % of a core."""

WEIGHT = 16
"""A definition takes about as much memory as so many records."""

Batch = tuple[list[definitions.Definition], Records, int]
"""Definitions, records, when they were taken (ns)."""


class Drain:
    """Takes records from the app's threads to the trace.

    Args:
        writer: where they go.
        bound: records that may wait for the disk; beyond it they are dropped and counted.
        ring: keeps them instead, until it has cause to write.
    """

    def __init__(self, writer: TraceWriter, bound: int, ring: Ring | None = None) -> None:
        self._writer = writer
        self.ring = ring
        self._bound = min(bound, MAX_RECORDS)
        self._queue: deque[Batch] = deque()
        self._waiting = 0
        self._written = 0
        self._lost = 0
        self._cursor = 0
        self._taken = Records()
        self._last_ns = self._due_ns = perf_counter_ns()
        self._marks: list[int] = []
        self._stop = allocate_lock()
        self._work = allocate_lock()
        self._threads: list[_Running] = []
        self._pausing = False
        self._cpu = [0, 0, 0]
        """CPU time (ns) of the emptying thread, of the writing thread, and of those that went before them."""
        self._records = 0
        self._costs_due_ns = self._due_ns
        self._uncharged = True
        """There is something that no note of the costs has told of."""
        self._pulse_ns = PULSE_NS
        self._pass = (0, 0)
        self._surroundings = cost.Surroundings()
        self._taking = allocate_lock()
        self._writing = allocate_lock()
        self.failed = False

    @property
    def writer(self) -> TraceWriter:
        """Where records go."""
        return self._writer

    def write_now(self) -> None:
        """Write what there is."""
        with self._taking:
            self._empty_buffers()
            self._take(perf_counter_ns())
        self._write()

    def start(self) -> None:
        """Start both threads. They are no `threading.Thread`s: the app does not see them and exit does not wait."""
        self._stop.acquire(False)
        self._work.acquire(False)
        self._pausing = False
        self._cpu = [0, 0, sum(self._cpu)]
        self._threads = [_Running(self._tick_forever), _Running(self._write_forever)]

    def pause(self) -> None:
        """End both threads, so that a fork finds no thread that the app does not know; `start` goes on."""
        self._pausing = True
        self._stop.release()
        if self._work.locked():
            self._work.release()
        for thread in self._threads:
            thread.join()

    def mark(self, kind: Kind, value: int = 0, what: int = 0) -> None:
        """Record something about the whole process."""
        self._marks.extend((perf_counter_ns(), value, code_of(kind, what)))

    def mark_costs(self) -> None:
        """Record what recording has cost so far, and what stands around it."""
        try:
            definitions.pending.extend(self._surroundings.look())
            figures = (*self._pass, sum(self._cpu), self._records)
            for what, value in zip(Cost, figures, strict=True):
                if value:
                    self.mark(Kind.COST, value, what)
        except Exception as error:
            trouble.note(error, "noting the costs")

    def finish(self) -> None:
        """Write what there is and a farewell. Further records are taken and thrown away."""
        self.mark_costs()
        self.mark(Kind.PROCESS_EXIT)
        self.write_now()
        if self._lost:
            self.write_now()
        if self.ring is not None and not self.failed:
            try:
                self.ring.finish()
            except Exception as error:
                self._give_up(error)
        self.failed = True

    def end(self, silence: Callable[[], list[buffers.Buffer]]) -> None:
        """Write what there is, end both threads and close the file.

        Args:
            silence: lets the threads of the app record nothing any more and returns their buffers.
        """
        self.pause()
        left = silence()
        with self._taking:
            self._taken.empty([(buffer.thread, buffer) for buffer in left])
            self._taken.pack()
        if not self.failed:
            self.finish()
        self._writer.close()
        for buffer in left:
            buffer.thread = PROCESS_THREAD  # who holds a lock with it is not known to a later recording

    def _tick_forever(self) -> None:
        while not self._stop.acquire(True, LOOK_SECONDS):
            try:
                with self._taking:
                    self._look()
                self._cpu[0] = thread_time_ns()
            except Exception as error:
                trouble.note(error, "taking records")
                self._drop_all()
            if self._queue and self._work.locked():
                self._work.release()

    def _write_forever(self) -> None:
        try:
            self._pass = cost.of_pass()
            self._uncharged = True
        except Exception as error:
            trouble.note(error, "measuring the costs")
        while self._work.acquire() and not self._pausing:
            self._write()
            self._cpu[1] = thread_time_ns()

    def _look(self) -> None:
        now = perf_counter_ns()
        self._empty_buffers()
        if now >= self._due_ns:
            self._due_ns = now + TICK_NS
            self._take(now)

    def _drop_all(self) -> None:
        """Lose what could not be taken, whatever is wrong."""
        try:
            self._drop(list(buffers.living.items()))
        except Exception as error:
            trouble.note(error, "dropping records")

    def _empty_buffers(self) -> None:
        living = list(buffers.living.items())
        # Whoever is gone now has written its last, which is about to be taken.
        gone = [(thread, buffer) for thread, buffer in living if buffer.sign() is None]
        if self._crowded(sum(len(buffer) for _, buffer in living) // 3):
            self._drop(living)  # not copied first: between many busy threads this one gets little time
        else:
            self._taken.empty(living)
        for thread, buffer in gone:
            buffers.living.pop(thread, None)
            if not buffer.left:
                self._taken.add(thread, [perf_counter_ns(), 0, Kind.THREAD_EXIT])
        self._taken.pack()
        if self._crowded(0):
            self._drop(())

    def _crowded(self, more: int) -> bool:
        return more + self._taken.count + self._queued() > self._bound

    def _drop(self, living: Iterable[tuple[int, buffers.Buffer]]) -> None:
        """Lose what was taken and what is in these buffers, and count it: memory must not grow."""
        self._lost += discard(living) + self._taken.count
        self._taken = Records()
        definitions.pause(True)

    def _take(self, now: int) -> None:
        """Hand what was taken to the writing thread; while that is behind, wait with the count of what was lost."""
        records, self._taken = self._taken, Records()
        for thread, words in self._long_holds(now).items():
            records.add(thread, words)
        if not self._lost or not self._queued():
            definitions.pause(False)
            self._add_marks(records, now)
        entries = definitions.take()
        if records.count or entries or self.ring is not None:
            records.pack()
            self._last_ns = now if records.count or entries else self._last_ns
            self._records += records.count
            self._waiting += records.count + WEIGHT * len(entries)
            self._queue.append((entries, records, now))

    def _queued(self) -> int:
        return self._waiting - self._written

    def _long_holds(self, now: int) -> dict[int, list[int]]:
        """Return, per thread, the holds that have lasted a tick and were not announced yet."""
        words: dict[int, list[int]] = {}
        if self._cursor >= len(traced.in_use):
            self._cursor = 0
        for lock, own, t0 in traced.held(self._cursor, LOOK):
            holder = buffers.owner(own)
            if holder is None or now - t0 < TICK_NS or lock._announced == t0:
                continue
            lock._announced = t0
            words.setdefault(holder.thread, []).extend((t0, now, code_of(Kind.HOLD, lock._number)))
        self._cursor += LOOK
        return words

    def _add_marks(self, records: Records, now: int) -> None:
        if self._lost:
            self.mark(Kind.LOST, self._lost)
            self._lost = 0
        if records.count:
            self._uncharged, self._pulse_ns = True, PULSE_NS
        elif not self._marks and now - self._last_ns >= self._pulse_ns:
            self._pulse_ns = min(2 * self._pulse_ns, REST_NS)
            self.mark(Kind.PULSE)
        if self._uncharged and (records.count or self._marks) and now >= self._costs_due_ns:
            self._costs_due_ns = now + COST_NS
            self.mark_costs()
            self._uncharged = False
        marks, self._marks = self._marks, []
        records.add(PROCESS_THREAD, marks)

    def _write(self) -> None:
        try:
            with self._writing:
                self._write_all()
        except Exception as error:
            self._give_up(error)

    def _write_all(self) -> None:
        while self._queue:
            entries, records, taken_ns = self._queue.popleft()
            try:
                if self.failed:
                    continue
                if self.ring is None:
                    self._writer.write(spell.out(entries), records, taken_ns)
                else:
                    self.ring.take(entries, records, taken_ns)
            finally:
                self._written += records.count + WEIGHT * len(entries)

    def _give_up(self, error: Exception) -> None:
        if not self.failed:
            self.failed = True
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            trouble.say(f"recording to {os.path.basename(self._writer.path)} ended, the app goes on: {reason}")
            with contextlib.suppress(Exception):
                self._writer.write(
                    [{"is": "notice", "id": 1, "text": f"the recording ended here: {reason}"}], Records(), self._last_ns
                )


class _Running:
    """A thread below `threading`, started at once, that can be waited for."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._native = 0
        self._alive = allocate_lock()
        self._alive.acquire()
        start_new_thread(self._run, ())

    def join(self) -> None:
        """Wait, at most about a second, until the thread is gone, from the system's list too where there is one."""
        self._alive.acquire(True, 1.0)
        for _ in range(200):
            if not os.path.exists(f"/proc/self/task/{self._native}"):
                return
            sleep(0.0002)

    def _run(self) -> None:
        self._native = get_native_id()
        try:
            self._work()
        finally:
            self._alive.release()
