"""The threads of a trace, when each lived, and the row that each is drawn in."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, overload

import numpy as np

from .columns import FOREVER, I64, Bools
from .grouping import THREAD_LIMIT
from .values import Lane, Thread

LANE_LIMIT: Final = 1 << 16

_TRIES: Final = 64
_DIGITS: Final = re.compile(r"\d+")
_TARGET: Final = re.compile(r"Thread-N \((.+)\)")


@dataclass(frozen=True, slots=True, eq=False)
class Roster(Sequence[Thread]):
    """The threads at one moment; a `Thread` is made when it is asked for.

    Attributes:
        names: ``[threads]``, may have grown since.
        process, lane, start, end: int64 ``[threads]``; ``end`` (ns) is `FOREVER` for a thread not seen to end.
        close: int64 ``[threads]``, ``end`` or ``gone``, what comes first, ns.
        gone: int64 ``[threads]``, when the process ended or, killed, gave its last sign of life, ns, else `FOREVER`.
    """

    names: Sequence[str]
    process: I64
    lane: I64
    start: I64
    end: I64
    close: I64
    gone: I64

    def __len__(self) -> int:
        return len(self.start)

    @overload
    def __getitem__(self, index: int) -> Thread: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Thread]: ...
    def __getitem__(self, index: int | slice) -> Thread | Sequence[Thread]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        if index < 0:
            index += len(self)
        end = int(self.end[index])
        return Thread(
            id=index,
            process=int(self.process[index]),
            name=self.names[index],
            lane=int(self.lane[index]),
            started_ns=int(self.start[index]),
            ended_ns=None if end == FOREVER else end,
        )

    def __iter__(self) -> Iterator[Thread]:
        return (self[index] for index in range(len(self)))


class Threads:
    """Threads and lanes as they become known. The arrays are longer than `size`."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.size = 0
        self.lanes: list[Lane] = []
        self.changed_ns = FOREVER
        """Earliest moment at which a thread's begin or end differs from what the owner last saw."""
        self.crowded = False
        """There are more threads at once than rows; some share the last one."""
        self._shared = False
        self._families: dict[tuple[int, str], _Family] = {}
        self._family: list[_Family] = []
        self._columns: I64 = np.zeros((5, 64), np.int64)
        self._entered: Bools = np.zeros(64, np.bool_)

    @property
    def start(self) -> I64:
        """First moment, ns ``[size]``."""
        return self._columns[0, : self.size]

    @property
    def end(self) -> I64:
        """Last moment, ns ``[size]``."""
        return self._columns[1, : self.size]

    @property
    def floor(self) -> I64:
        """When the lane was free for the thread, ns ``[size]``: it is not drawn before."""
        return self._columns[2, : self.size]

    @property
    def lane(self) -> I64:
        """Row ``[size]``."""
        return self._columns[3, : self.size]

    @property
    def process(self) -> I64:
        """Index of the process ``[size]``."""
        return self._columns[4, : self.size]

    @property
    def entered(self) -> Bools:
        """Whether the thread's begin was recorded ``[size]``."""
        return self._entered[: self.size]

    def add(self, process: int, name: str, start: int, entered: bool) -> int:
        """Add a thread without a lane and return its index, -1 when there are too many."""
        if self.size >= THREAD_LIMIT:
            return -1
        if self.size == self._columns.shape[1]:
            self._columns = np.concatenate((self._columns, np.zeros_like(self._columns)), axis=1)
            self._entered = np.concatenate((self._entered, np.zeros_like(self._entered)))
        index = self.size
        self._columns[:, index] = start, FOREVER, 0, -1, process
        self._entered[index] = entered
        self.names.append(name)
        self._family.append(self._families.setdefault((process, _DIGITS.sub("N", name)), _Family()))
        self.size += 1
        return index

    def rename(self, thread: int, name: str) -> None:
        """Change a name: its definition came after the first use. The row stays."""
        if self._shared:
            self.names, self._shared = [*self.names], False
        self.names[thread] = name

    def enter(self, thread: int) -> None:
        """Give a thread the lowest lane of its family that is free at its start, or a new one."""
        process, name, family = int(self.process[thread]), self.names[thread], self._family[thread]
        lane = family.take(int(self.start[thread]))
        if lane is None:
            lane = self._new_lane(process, name, family)
        else:
            used = self.lanes[lane]
            self.lanes[lane] = Lane(lane, process, _row_name(name, family.rows[lane]), used.threads + 1)
            self.floor[thread] = family.free_at[lane]
        self.lane[thread] = lane
        self.start[thread] = max(int(self.start[thread]), int(self.floor[thread]))
        self.changed_ns = min(self.changed_ns, int(self.start[thread]))

    def leave(self, thread: int, time: int) -> None:
        """End a thread, unless it has ended already, and free its lane."""
        if int(self.end[thread]) == FOREVER:
            self.end[thread] = max(time, int(self.start[thread]))
            self.changed_ns = min(self.changed_ns, int(self.end[thread]))
            self._family[thread].give(int(self.lane[thread]), int(self.end[thread]))

    def reach_back(self, thread: I64, began: I64) -> None:
        """Let threads whose begin was not recorded live from their first sign on.

        Args:
            thread: int64 ``[n]``.
            began: int64 ``[n]``, moments (ns) at which they were there.
        """
        known = self.entered[thread]
        if known.all():
            return
        thread, began = thread[~known], began[~known]
        earlier = began < self.start[thread]
        if earlier.any():
            thread, began = thread[earlier], np.maximum(began[earlier], self.floor[thread[earlier]])
            np.minimum.at(self.start, thread, began)
            self.changed_ns = min(self.changed_ns, int(began.min()))

    def roster(self, over: I64) -> Roster:
        """Return the threads as they are now.

        Args:
            over: int64 ``[processes]``, when each ended or fell silent, ns, else `FOREVER`.
        """
        self._shared = True
        end, gone = self.end.copy(), over[self.process]
        return Roster(self.names, self.process, self.lane, self.start.copy(), end, np.minimum(end, gone), gone)

    def _new_lane(self, process: int, name: str, family: _Family) -> int:
        if len(self.lanes) >= LANE_LIMIT:
            self.crowded = True
            family.rows.setdefault(LANE_LIMIT - 1, len(family.rows) + 1)
            return LANE_LIMIT - 1
        lane = len(self.lanes)
        self.lanes.append(Lane(lane, process, name, 1))
        family.rows[lane] = len(family.rows) + 1
        return lane


@dataclass(slots=True)
class _Family:
    """The lanes of threads whose names differ in digits only, numbered from 1."""

    rows: dict[int, int] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    free_at: dict[int, int] = field(default_factory=dict)

    def take(self, start: int) -> int | None:
        """Return the lowest lane that nobody used at ``start`` or later."""
        skipped: list[int] = []
        found = None
        while self.free and found is None and len(skipped) < _TRIES:
            lane = heapq.heappop(self.free)
            if self.free_at[lane] <= start:
                found = lane
            else:
                skipped.append(lane)
        for lane in skipped:
            heapq.heappush(self.free, lane)
        return found

    def give(self, lane: int, time: int) -> None:
        """Free a lane from ``time`` on."""
        self.free_at[lane] = time
        heapq.heappush(self.free, lane)


def _row_name(name: str, row: int) -> str:
    """Return ``worker 3`` for threads called ``Thread-N (worker)`` or ``worker_N``."""
    family = _DIGITS.sub("N", name)
    target = _TARGET.fullmatch(family)
    short = target[1] if target else family.replace("N", "").strip(" -_#:()") if family != name else name
    return f"{short or 'thread'} {row}"
