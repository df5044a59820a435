"""Records in file order to snapshots: the same for a finished file and for one that still grows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

import numpy as np

from ..counted import many
from ..events import Kind, events_in
from ..log.reader import Definitions, Events, Gap, Item
from ..log.several import Origin
from .catalog import Catalog
from .columns import FOREVER, I64, Bools
from .index import Index
from .intake import OF_PROCESS, Batch, Sieve, by_process, distinct, kinds
from .locking import LOCKING, Locking
from .processes import Processes
from .register import Register
from .saying import SAYING, Saying
from .serving import ENTER, Serving
from .snapshot import Snapshot
from .tables import Tables
from .threads import LANE_LIMIT, Threads
from .units import plain

BATCH: Final = 1 << 18
"""Records that are folded together at most, unless one block has more: about what one `Tail.read` brings."""

AHEAD: Final = 1 << 20
"""Events that are worth drawing in another thread while more is folded."""

_ALONE: Final = kinds(Kind.LOST, Kind.PROCESS_EXIT)
_EXIT: Final = kinds(Kind.PROCESS_EXIT)
_EVENTS: Final = np.array([events_in(kind) for kind in range(256)], np.int64)
_LOST_LIMIT: Final = 1 << 48
_GAPS: Final = 1000
_REASON: Final = 200
_REASONS: Final = 200


class Builder:
    """Folds what a reader yields. One thread folds; what `snapshot` returns may go anywhere.

    Args:
        origins: the traces that are read, where they are several.
    """

    def __init__(self, origins: Sequence[Origin] = ()) -> None:
        self._origins = tuple(origins)
        self._catalog = Catalog()
        self._processes = Processes()
        self._threads = Threads()
        self._register = Register(self._threads)
        self._locking = Locking(self._catalog.resources)
        self._serving = Serving()
        self._saying = Saying()
        self._index = Index()
        self._skipped: Counter[tuple[str, str]] = Counter()
        self._sieve = Sieve(self._skipped)
        self._gaps: list[str] = []
        self._torn: set[int] = set()
        """Processes of which nothing was read since bytes were found damaged."""
        self._events = 0
        self._over: I64 = np.zeros(0, np.int64)
        self._blocks: list[tuple[int, Events]] = []
        self._waiting = 0
        self._tables = Tables()
        self._drawn = True
        self._sealed = 0
        """Events when drawing was last begun with."""

    def fold(self, items: Iterable[Item]) -> None:
        """Take in what comes next in the file."""
        for item in items:
            if isinstance(item, Gap):
                self._miss(item)
            elif (process := self._process(item.process)) < 0:
                self._skipped["block", "of one process too many"] += 1
            elif isinstance(item, Events):
                self._add(process, item)
            else:
                self._define(process, item)
        self._flush()
        self._drawn = False
        if self._events - self._sealed >= AHEAD and not self._index.sealing:
            self._sealed = self._events
            self._draw(self._index.seal_beside)

    def snapshot(self) -> Snapshot:
        """Return everything folded so far. This is where it is drawn: to fold much, ask for few snapshots."""
        if not self._drawn:
            self._drawn, self._sealed = True, self._events
            self._draw(self._index.update)
        start, end = self._processes.span()
        return Snapshot(
            start_ns=start,
            end_ns=end,
            wall_ns=self._processes.wall(start),
            events=self._events,
            lost=self._processes.lost,
            gaps=self._sentences(),
            processes=self._processes.values(self._catalog.processes),
            threads=self._tables.roster,
            lanes=tuple(self._threads.lanes),
            locks=tuple(self._catalog.locks),
            files=self._catalog.files,
            complete=self._processes.complete,
            unseen=tuple(self._catalog.unseen),
            tables=self._tables,
            picture=self._index.picture(),
            serves=self._processes.serves(self._catalog.processes),
            works=self._working(),
            torn=frozenset(self._torn),
            origins=self._origins,
            sums=self._locking.tally.sums(len(self._catalog.locks)),
        )

    def _working(self) -> Bools:
        """Return which lanes are those of threads that run tasks, bool ``[lanes]``."""
        works = np.zeros(len(self._threads.lanes), np.bool_)
        works[self._threads.lane[[*self._serving.workers]]] = True
        return works

    def _process(self, number: int) -> int:
        """Return the index of a process, -1 when there are too many."""
        process, fresh = self._processes.index(number)
        if fresh:
            self._catalog.add_process()
            self._register.add_process(self._catalog.room)
        return process

    def _define(self, process: int, item: Definitions) -> None:
        for entry in item.entries:
            wrong = self._catalog.define(process, entry)
            if wrong:
                self._skip_definition(wrong)
            elif entry["is"] == "thread":
                self._register.rename(process, entry["id"], self._catalog.processes[process].threads[entry["id"]])

    def _skip_definition(self, why: str) -> None:
        key = "definition", why
        if key not in self._skipped and len(self._skipped) >= _REASONS:
            key = "definition", "of other unknown kinds"
        self._skipped[key] += 1

    def _miss(self, gap: Gap) -> None:
        self._flush()
        if len(self._gaps) < _GAPS:
            mended = " before a repair" if gap.mended else ""
            where = f"{many(gap.size, 'byte')} at offset {gap.offset}{mended}"
            where = f"{self._origins[gap.source].label}: {where}" if self._origins else where
            self._gaps.append(f"{where} could not be read: {plain(gap.reason[:_REASON])}")
        else:
            self._skipped["further damaged part", "of the file"] += 1
        self._torn.update(self._processes.of(gap.source))

    def _add(self, process: int, block: Events) -> None:
        """Queue a block; one behind which the process is another, or before which records are missing, goes alone."""
        size = len(block.kind)
        if process in self._torn or _ALONE[block.kind].any():
            self._flush()
            self._blocks, self._waiting = [(process, block)], size
            self._flush()
            return
        if self._waiting + size > BATCH:
            self._flush()
        self._blocks.append((process, block))
        self._waiting += size

    def _flush(self) -> None:
        if not self._blocks:
            return
        batch = self._sieve.join([block for _, block in self._blocks], [process for process, _ in self._blocks])
        self._blocks, self._waiting = [], 0
        if len(batch):
            self._fold(batch)

    def _fold(self, batch: Batch) -> None:
        lost = batch.places.counts[Kind.LOST] > 0
        if lost or self._torn:
            self._forget(int(batch.process[0]), bool(lost))
        self._hear(batch)
        batch = self._register.admit(batch, [names.threads for names in self._catalog.processes])
        self._fold_process_records(batch)
        self._events += int(batch.places.counts @ _EVENTS)
        mine = batch.thread >= 0
        some = batch if mine.all() else batch.only(mine)
        self._reach_back(some)
        self._fold_locking(some)
        self._fold_serving(some)
        if len(some.of(SAYING)):
            saying = some.only(SAYING[some.kind])
            self._saying.fold(saying, self._find("labels", saying.process, saying.obj))
        self._end_threads(batch)

    def _reach_back(self, batch: Batch) -> None:
        """Let threads whose begin was not recorded live from their first sign on."""
        entered = self._threads.entered
        if entered.all() or (seen := entered.take(batch.thread)).all():
            return
        some = batch.only(~seen)
        self._threads.reach_back(some.thread, some.began())

    def _hear(self, batch: Batch) -> None:
        present = distinct(batch.process)
        for process in present:
            mine = batch.only(batch.process == process) if len(present) > 1 else batch
            self._processes.heard(process, *mine.extent())

    def _forget(self, process: int, lost: bool) -> None:
        """Records of a process are missing since it was heard of: nobody knows how what is open in it went on."""
        if not lost and process not in self._torn:
            return
        self._torn.discard(process)
        time = self._processes.last(process)
        threads: Bools = self._threads.process == process
        self._locking.cut(threads, time)
        self._serving.cut(threads, time)
        self._saying.cut(threads, time)

    def _fold_process_records(self, batch: Batch) -> None:
        for at in batch.of(OF_PROCESS).at.tolist():
            process, kind = int(batch.process[at]), int(batch.kind[at])
            time, value = int(batch.time[at]), int(batch.value[at])
            if kind == Kind.PROCESS_ENTER:
                self._processes.enter(process, time, value)
            elif kind == Kind.COST:
                self._processes.charge(process, time, int(batch.obj[at]), max(value, 0))
            elif kind == Kind.LOST:
                self._processes.lose(process, min(max(value, 0), _LOST_LIMIT))

    def _fold_locking(self, batch: Batch) -> None:
        lock = self._find("locks", batch.process, batch.obj)
        lost = np.flatnonzero(lock < 0)
        lost = lost[LOCKING[batch.kind.take(lost)]]
        if len(lost):
            self._skipped["record", "of a lock that was never defined"] += len(lost)
            known = np.ones(len(batch), np.bool_)
            known[lost] = False
            batch, lock = batch.only(known), lock[known]
        self._locking.fold(batch, lock, {"thread": self._register.find, "stack": partial(self._find, "stacks")})

    def _fold_serving(self, batch: Batch) -> None:
        for process in distinct(batch.of(ENTER).process):
            self._processes.serve(process)
        named = {what: partial(self._find, f"{what}s") for what in ("target", "endpoint", "work")}
        self._serving.fold(batch, {"thread": self._register.find, **named})

    def _find(self, what: str, process: I64, numbers: I64) -> I64:
        processes = self._catalog.processes
        return by_process(process, numbers, lambda each, some: getattr(processes[each], what).find(some))

    def _end_threads(self, batch: Batch) -> None:
        if batch.places.counts[Kind.THREAD_EXIT]:
            self._serving.end(self._threads.end)
        for at in batch.of(_EXIT).at.tolist():
            self._end_process(int(batch.process[at]), int(batch.time[at]))

    def _end_process(self, process: int, time: int) -> None:
        self._processes.exit(process, time)
        mine = self._threads.process == process
        self._threads.leave_all(process, time)
        self._serving.cut(mine, time)
        self._saying.cut(mine, time)

    def _draw(self, draw: Callable[[Tables, int, int, int, int], None]) -> None:
        """Have the index draw what is new."""
        start, end = self._processes.span()
        over = self._processes.over()
        serving = self._serving
        tables = (self._locking.holds, self._locking.waits, self._locking.handoffs, serving.requests, serving.tasks)
        changed = min(self._threads.changed_ns, *(table.changed_ns for table in tables), self._ended(over))
        self._tables = self._view(over, end)
        draw(self._tables, len(self._threads.lanes), start, end, changed)
        self._threads.changed_ns = FOREVER
        for table in tables:
            table.settle(self._index.sealed_ns)

    def _ended(self, over: I64) -> int:
        """Return the earliest moment (ns) at which a process is now taken for ended or silent, or no longer."""
        before = np.concatenate((self._over, np.full(len(over) - len(self._over), FOREVER, np.int64)))
        self._over = over
        return int(np.minimum(before, over)[before != over].min(initial=FOREVER))

    def _view(self, over: I64, end: int) -> Tables:
        return Tables(
            holds=self._locking.holds.view(),
            waits=self._locking.waits.view(),
            handoffs=self._locking.handoffs.view(),
            requests=self._serving.requests.view(),
            contexts=self._serving.contexts.view(),
            tasks=self._serving.tasks.view(),
            submits=self._serving.submits.view(),
            notes=self._locking.notes.view(),
            said=self._saying.spans.view(),
            marks=self._saying.marks.view(),
            roster=self._threads.roster(over),
            targets=self._catalog.targets,
            endpoints=self._catalog.endpoints,
            stacks=self._catalog.stacks,
            works=self._catalog.works,
            awaited=self._catalog.awaited,
            labels=self._catalog.labels,
            end_ns=end,
        )

    def _sentences(self) -> tuple[str, ...]:
        """Say what the picture lacks."""
        skipped = [f"{many(count, noun)} {rest}: skipped" for (noun, rest), count in self._skipped.items()]
        crowded = [f"more than {LANE_LIMIT} threads at once: some share the last row"] * self._threads.crowded
        said = [
            f"process {process + 1} of {len(self._processes)}: {plain(notice)}"
            for process, notice in self._catalog.notices
        ]
        about = [names.about.get("contended") is True for names in self._catalog.processes]
        if any(about):
            said.insert(0, "of locks only what was waited for is recorded (--contended): others were held unseen")
        return (*said, *self._gaps, *self._processes.losses(), *skipped, *crowded)
