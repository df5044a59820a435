"""An immutable view of everything folded so far: frames, tables and moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weft.timeline.values import (
    Frame,
    Lane,
    Lock,
    LockFigures,
    Moment,
    Process,
    Request,
    Thread,
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
        complete: every process has ended in good order.
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

    def frame(self, lanes: Sequence[int], start_ns: int, end_ns: int, columns: int) -> Frame:
        """Return what the lanes (ids) did in ``columns`` equal columns of the window, exactly."""
        raise NotImplementedError

    def labels(self, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[WaitLabel]:
        """Return the waits of the lanes in the window that last at least ``min_ns`` there."""
        raise NotImplementedError

    def moment(self, lane: int, time_ns: int) -> Moment:
        """Return what is known of a lane at an instant."""
        raise NotImplementedError

    def lock_figures(self) -> list[LockFigures]:
        """Return a row per lock, longest total wait first."""
        raise NotImplementedError

    def requests(self, limit: int) -> list[Request]:
        """Return requests in flight (oldest first), then finished ones (newest first), at most ``limit`` in all."""
        raise NotImplementedError

    def next_wait(self, lane: int | None, time_ns: int, step: int) -> Wait | None:
        """Return the nearest wait that begins after (``step`` 1) or before (-1) an instant, on a lane or on any."""
        raise NotImplementedError
