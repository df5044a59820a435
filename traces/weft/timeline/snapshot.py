"""An immutable view of everything folded so far: frames, tables and moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from weft.log.several import Origin
from weft.timeline import frames, listings, locklanes, moments, requestlanes
from weft.timeline.columns import I64, Bools, Rows
from weft.timeline.figures import Sums, no_sums
from weft.timeline.index import Picture
from weft.timeline.segments import Bytes
from weft.timeline.shortening import Names, among
from weft.timeline.tables import Tables
from weft.timeline.values import (
    Frame,
    Hold,
    HoldLabel,
    Lane,
    Lock,
    LockFigures,
    LockFrame,
    Mark,
    Moment,
    Process,
    Request,
    SourceFile,
    Task,
    Thread,
    Unseen,
    Wait,
    WaitLabel,
)


@dataclass(frozen=True)
class Snapshot:
    """A trace up to a moment. Safe to hand to another thread: nothing in it changes any more.

    Attributes:
        start_ns, end_ns: first and last moment (perf_counter ns); equal for an empty trace.
        wall_ns: wall clock (ns since the epoch) at ``start_ns``.
        events: events folded (a section counts as an acquire and a release).
        lost: records that the recorder had to drop.
        gaps: damaged or missing parts of the file, as sentences.
        lanes: rows in order of first appearance.
        unseen: what the recorder says that it could not record.
        complete: every process has ended in good order.
        files: source files by the names that places have for them; may have grown since.
        tables: every hold, wait, request and context as rows, for questions that need all of them.
        picture: the states of all lanes.
        sums: figures per lock over what has ended.
        serves: bool ``[processes]``, which belong to a server: outside of a request a thread is idle there.
        torn: processes of which nothing was read since a part of the file was found damaged.
        works: bool ``[lanes]``, which are those of threads that run tasks: outside of one they are idle.
        origins: the traces that it is made of, where they are several; `Process.source` is an index into them.
    """

    start_ns: int
    end_ns: int
    wall_ns: int
    events: int
    lost: int
    gaps: tuple[str, ...]
    processes: tuple[Process, ...]
    threads: Sequence[Thread]
    lanes: tuple[Lane, ...]
    locks: Sequence[Lock]
    complete: bool
    unseen: tuple[Unseen, ...] = ()
    files: Mapping[str, SourceFile] = field(default_factory=dict, repr=False)
    tables: Tables = field(default_factory=Tables, repr=False, compare=False)
    picture: Picture = field(default=Picture(()), repr=False, compare=False)
    sums: Sums = field(default_factory=no_sums, repr=False, compare=False)
    serves: Bools = field(default_factory=lambda: np.zeros(0, np.bool_), repr=False, compare=False)

    works: Bools = field(default_factory=lambda: np.zeros(0, np.bool_), repr=False, compare=False)
    torn: frozenset[int] = frozenset()
    origins: tuple[Origin, ...] = ()

    def parts(self) -> tuple[Snapshot, ...]:
        """Return each of several traces by itself, with the same ids; how many events it has is not known: 0."""
        if len(self.origins) < 2:
            return (self,)
        return tuple(self._part(source) for source in range(len(self.origins)))

    def _part(self, source: int) -> Snapshot:
        mine = [process for process in self.processes if process.source == source]
        start = min((process.started_ns for process in mine), default=self.start_ns)
        end = max((process.last_ns for process in mine), default=start)
        of_source = np.array([process.source for process in self.processes], np.int64)
        others = tuple(f"{each.label}: " for number, each in enumerate(self.origins) if number != source)
        return replace(
            self,
            start_ns=start,
            end_ns=end,
            wall_ns=self.wall_ns + start - self.start_ns,
            events=0,
            lost=sum(process.lost for process in mine),
            gaps=tuple(gap for gap in self.gaps if not gap.startswith(others)),
            complete=bool(mine) and all(process.ended_ns is not None for process in mine),
            tables=self.tables.only(of_source[self.tables.roster.process] == source, end),
            origins=(),
        )

    @cached_property
    def lock_names(self) -> Names:
        """Shortens the names of locks so that they can be told apart."""
        return among(tuple(lock.name for lock in self.locks), dotted=True)

    @cached_property
    def lane_names(self) -> Names:
        """Shortens the names of lanes so that they can be told apart."""
        return among(tuple(lane.name for lane in self.lanes))

    def frame(self, lanes: Sequence[int], start_ns: int, end_ns: int, columns: int) -> Frame:
        """Return what the lanes (ids) did in ``columns`` equal columns of the window, exactly."""
        return frames.frame(self.picture, lanes, self.idles(lanes), frames.edges_of(start_ns, end_ns, columns))

    def states(self, lanes: Sequence[int], time_ns: int) -> Bytes:
        """Return the `State` of each lane (id) at an instant, uint8 ``[lanes]``: what `frame` says is first there."""
        return frames.states(self.picture, lanes, self.idles(lanes), time_ns)

    def idles(self, lanes: Sequence[int]) -> Bools:
        """Return of which lanes (ids) bare threads are taken to be idle, bool ``[len(lanes)]``."""
        idles: Bools = self.serves[[self.lanes[lane].process for lane in lanes]] | self.works[[*lanes]]
        return idles

    def prepare(self) -> None:
        """Make now, on this thread, what the first questions about locks would have to wait for."""
        locklanes.prepare(self.tables)

    def list_requests(self) -> int:
        """Make now, on this thread, what a table of all requests would have to wait for; return how many there are."""
        return min(len(self.request_rows), len(self.latest_requests))

    def lock_frame(self, locks: Sequence[int], start_ns: int, end_ns: int, columns: int) -> LockFrame:
        """Return what happened to the locks (ids) in ``columns`` equal columns of the window, exactly."""
        return locklanes.frame(self.tables, locks, frames.edges_of(start_ns, end_ns, columns))

    def holder(self, lock: int, time_ns: int) -> Hold | None:
        """Return who holds a lock at an instant."""
        return next(iter(moments.holds(self.tables, locklanes.held_at(self.tables, lock, time_ns))), None)

    def queue(self, lock: int, time_ns: int) -> list[Wait]:
        """Return the waits for a lock at an instant, the longest first; their number is the queue's depth."""
        return moments.waits(self.tables, locklanes.queue_at(self.tables, lock, time_ns))

    def lock_history(self, lock: int, time_ns: int, count: int) -> tuple[list[Hold], list[Hold]]:
        """Return up to ``count`` holds of a lock that ended by an instant, and those that begin next, in time order.

        What is so far away that finding it takes long is left out.
        """
        before, after = locklanes.around(self.tables, lock, time_ns, count, (self.start_ns, self.end_ns))
        return moments.holds(self.tables, before), moments.holds(self.tables, after)

    def next_event(self, lane: int, time_ns: int, step: int) -> int | None:
        """Return the nearest moment after (``step`` 1) or before (-1) an instant at which something changes on a lane.

        A hold, a wait, a hand-off, a request or a thread begins or ends there. The next contention is `next_wait`.
        """
        return locklanes.next_change(self.tables, lane, time_ns, step, (self.start_ns, self.end_ns))

    def event(self, number: int) -> tuple[int, int] | None:
        """Return lane and moment of the event of that number, counted from 1 in order of time; None: there is none."""
        return listings.event_at(self.tables, number)

    def event_count(self) -> int:
        """Return how many events have a number."""
        return listings.event_count(self.tables)

    def requests_touching(self, start_ns: int, end_ns: int) -> Rows:
        """Return the rows of the requests that touch a window, by process and start; `requests_of` tells them."""
        return requestlanes.touching(self.tables, start_ns, end_ns)

    @cached_property
    def requests_in_order(self) -> requestlanes.InOrder:
        """All requests by process and start; made once."""
        return requestlanes.in_order(self.tables)

    def requests_of(self, rows: Rows) -> list[Request]:
        """Return rows of requests as values."""
        return moments.requests(self.tables, rows)

    def request_frame(self, rows: Rows, start_ns: int, end_ns: int, columns: int) -> Frame:
        """Return what threads did for the requests (rows) in ``columns`` equal columns of the window, exactly."""
        lanes = self.tables.roster.lane[rows["thread"]]
        serves = self.serves[self.tables.roster.process[rows["thread"]]] | self.works[lanes]
        edges = frames.edges_of(start_ns, end_ns, columns)
        return requestlanes.frame(self.tables, self.picture, rows, serves, edges)

    def hold_labels(self, locks: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[HoldLabel]:
        """Return the holds of the locks (ids) that last at least ``min_ns`` in the window, clipped to it."""
        return locklanes.labels(self.tables, locks, start_ns, end_ns, min_ns)

    def labels(self, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[WaitLabel]:
        """Return the waits of the lanes in the window that last at least ``min_ns`` there, clipped to it."""
        return frames.labels(self.tables, lanes, start_ns, end_ns, min_ns)

    def marked(self, lanes: Sequence[int], start_ns: int, end_ns: int, columns: int) -> Bools:
        """Return in which equal columns of the window there is a mark or a log record, bool ``[lanes, columns]``."""
        return frames.marked(self.tables, lanes, frames.edges_of(start_ns, end_ns, columns))

    def marks_of(self, rows: Rows) -> list[Mark]:
        """Return rows of marks and log records as values."""
        return moments.marks(self.tables, rows)

    def moment(self, lane: int, time_ns: int) -> Moment:
        """Return what is known of a lane at an instant."""
        row = self.lanes[lane]
        return moments.moment(self.tables, row, time_ns, serves=bool(self.serves[row.process] | self.works[lane]))

    def request_at(self, thread: int, time_ns: int) -> Request | None:
        """Return the request that a thread serves, or works for, at an instant."""
        return moments.request_at(self.tables, thread, time_ns)

    def queue_place(self, lock: int, thread: int, time_ns: int) -> tuple[int, int]:
        """Return how many wait for a lock at an instant, and which of them, from 1 on, a thread is; 0: it does not."""
        threads = locklanes.queue_at(self.tables, lock, time_ns)["thread"]
        found = np.flatnonzero(threads == thread)
        return len(threads), int(found[0]) + 1 if len(found) else 0

    def lock_figures(self) -> Sequence[LockFigures]:
        """Return a row per lock, longest total wait first; behind them what nobody can hold."""
        return self._lock_figures

    @cached_property
    def _lock_figures(self) -> Sequence[LockFigures]:
        return listings.lock_figures(self.tables, self.sums, self.locks)

    def requests(self, limit: int) -> list[Request]:
        """Return requests in flight (oldest first), then finished ones (newest first), at most ``limit`` in all."""
        return self.requests_of(self.request_rows.take(self.latest_requests[:limit]))

    @cached_property
    def request_rows(self) -> Rows:
        """The rows of all requests."""
        return self.tables.requests.all()

    @cached_property
    def latest_requests(self) -> I64:
        """Places in the rows of all requests: those in flight (oldest first), then the others (newest first)."""
        return listings.latest(self.tables)

    def waits_in(self, request: Request) -> list[tuple[int, int]]:
        """Return which locks blocked a request while its thread served it, and how long (ns), the longest first."""
        return listings.waits_in(self.tables, request)

    def requests_within(self, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[Request]:
        """Return the requests of the lanes that last at least ``min_ns`` in the window, by lane and time."""
        rows = listings.lasting(self.tables, self.tables.requests, lanes, start_ns, end_ns, min_ns)
        return moments.requests(self.tables, rows)

    def tasks_within(self, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[Task]:
        """Return the tasks that the lanes run for at least ``min_ns`` in the window, by lane and time."""
        rows = listings.lasting(self.tables, self.tables.tasks, lanes, start_ns, end_ns, min_ns)
        return moments.tasks(self.tables, rows)

    def next_wait(self, lane: int | None, time_ns: int, step: int) -> Wait | None:
        """Return the nearest wait that begins after (``step`` 1) or before (-1) an instant, on a lane or on any."""
        row = listings.nearest_wait(self.tables, lane, time_ns, step, (self.start_ns, self.end_ns))
        return next(iter(moments.waits(self.tables, row)), None)
