"""The threads of a trace, when each lived, and the row that each is drawn in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, overload

import numpy as np

from .columns import FOREVER, I64, Bools
from .families import Family, family_name, row_name
from .grouping import THREAD_LIMIT
from .values import Lane, Thread

LANE_LIMIT: Final = 1 << 16


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
        self._families: dict[tuple[int, str], Family] = {}
        self._family: list[Family] = []
        self._first: list[int] = []
        """The first thread of each lane."""
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

    def add(self, process: Sequence[int], names: Sequence[str], start: Sequence[int], entered: Sequence[bool]) -> int:
        """Add threads without lanes and return how many there was room for.

        Args:
            process, names, start, entered: per thread its process, name, first moment (ns), and whether that is the
                recorded begin or only a first sign.
        """
        count = min(len(names), THREAD_LIMIT - self.size)
        self._reserve(self.size + count)
        fresh = slice(self.size, self.size + count)
        self._columns[:, fresh] = 0
        self._columns[0, fresh], self._columns[1, fresh] = start[:count], FOREVER
        self._columns[4, fresh] = process[:count]
        self._entered[fresh] = entered[:count]
        for owner, name in zip(process[:count], names[:count], strict=True):
            self.names.append(name)
            self._family.append(self._families.setdefault((owner, family_name(name)), Family()))
        self.size += count
        return count

    def rename(self, thread: int, name: str) -> None:
        """Change a name: its definition came after the first use. The row stays."""
        if self._shared:
            self.names, self._shared = [*self.names], False
        self.names[thread] = name

    def live(self, life: Iterable[tuple[int, bool, int]]) -> None:
        """Let threads take and leave rows: time (ns), whether a thread begins, and which one, in order of time.

        A thread takes the lowest row of its family that is free then, or a new one.
        """
        entered: list[tuple[int, int, int]] = []
        left: dict[int, int] = {}
        for time, begins, thread in life:
            family = self._family[thread]
            if begins:
                lane = family.take(time)
                floor = 0 if lane is None else family.free_at[lane]
                lane = self._new_lane(thread, family) if lane is None else lane
                entered.append((thread, lane, floor))
                family.lane_of[thread] = lane
            elif (lane := family.lane_of.pop(thread, None)) is not None:
                left[thread] = time
                family.give(lane, time)
        self._settle(np.array(entered, np.int64).reshape(-1, 3), left)

    def leave_all(self, process: int, time: int) -> None:
        """End the threads of a process that are still alive."""
        alive = np.flatnonzero((self.process == process) & (self.end == FOREVER))
        ends = np.maximum(time, self.start[alive]).tolist()
        self.live((end, False, thread) for end, thread in zip(ends, alive.tolist(), strict=True))

    def _settle(self, entered: I64, left: dict[int, int]) -> None:
        thread, lane, floor = entered.T
        self.lane[thread], self.floor[thread] = lane, floor
        self.start[thread] = np.maximum(self.start[thread], floor)
        ended, ends = np.array([*left], np.int64), np.array([*left.values()], np.int64)
        self.end[ended] = ends
        changed = min(int(self.start[thread].min(initial=FOREVER)), int(ends.min(initial=FOREVER)))
        self.changed_ns = min(self.changed_ns, changed)
        for used, count in zip(*(column.tolist() for column in np.unique(lane, return_counts=True)), strict=True):
            self._rename_lane(used, count)

    def _rename_lane(self, lane: int, more: int) -> None:
        """Count threads that came to a row; when two share one, all rows of their family are named after it."""
        row = self.lanes[lane]
        count = row.threads + more
        family = self._family[self._first[lane]]
        self.lanes[lane] = Lane(lane, row.process, row.name, count)
        fresh = [lane] if family.shared else [*family.rows]
        family.shared = family.shared or count > 1
        for each in fresh if family.shared else ():
            name = row_name(self.names[self._first[each]], family.rows[each])
            self.lanes[each] = replace(self.lanes[each], name=name)

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

    def _new_lane(self, thread: int, family: Family) -> int:
        lane = len(self.lanes)
        if lane >= LANE_LIMIT:
            self.crowded = True
            return LANE_LIMIT - 1
        self.lanes.append(Lane(lane, int(self.process[thread]), self.names[thread], 0))
        self._first.append(thread)
        family.rows[lane] = len(family.rows) + 1
        return lane

    def _reserve(self, size: int) -> None:
        if size > self._columns.shape[1]:
            more = max(size, 2 * self._columns.shape[1]) - self._columns.shape[1]
            self._columns = np.pad(self._columns, ((0, 0), (0, more)))
            self._entered = np.pad(self._entered, (0, more))
