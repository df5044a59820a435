"""Where the user looks: a frozen window and cursor, and the pure moves between them. All times are perf_counter ns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

MIN_SPAN_NS: Final = 100
"""Closer than a few ns a column there is nothing to see: that is what the clock itself takes."""

SPEEDS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""How fast a trace can be played; 1 is as fast as it happened."""

MARGIN: Final = 0.1
"""Part of the window on either side of what is zoomed to that is only its surroundings."""

WIDE_NS: Final = 1_000
"""A column from which on it does not matter whether it is one ns wider."""

FOLLOW_SPAN_NS: Final = 10_000_000_000
"""How much of the past the follow mode shows at first."""

PLAYHEAD: Final = 0.75
"""Part of the window that a playing cursor crosses before the window begins to move with it."""


class Mode(Enum):
    """What kind of trace is on the screen."""

    LIVE = "live"
    """The file still grows."""
    REPLAY = "replay"
    """The file is read to its end once."""


class Motion(Enum):
    """What moves the window by itself."""

    STILL = "still"
    FOLLOW = "follow"
    """The window ends at the newest moment."""
    PLAY = "play"
    """The cursor walks."""


@dataclass(frozen=True, slots=True)
class Extent:
    """First and last moment of a trace."""

    start_ns: int
    end_ns: int

    @property
    def span_ns(self) -> int:
        """Length of the trace, at least the smallest window."""
        return max(self.end_ns - self.start_ns, MIN_SPAN_NS)

    def clip(self, time_ns: int) -> int:
        """Return the moment of the trace that is nearest to ``time_ns``."""
        return min(max(time_ns, self.start_ns), self.end_ns)


@dataclass(frozen=True, slots=True)
class View:
    """A time window, the cursor in it, and what moves them."""

    start_ns: int
    span_ns: int
    cursor_ns: int
    motion: Motion = Motion.STILL

    @property
    def end_ns(self) -> int:
        """Right edge of the window."""
        return self.start_ns + self.span_ns

    def column(self, time_ns: int, columns: int) -> int:
        """Return the column of a moment; outside 0 … columns - 1 when it is not in the window."""
        if time_ns == self.end_ns:
            return columns - 1
        return (time_ns - self.start_ns) * columns // self.span_ns

    def time(self, column: int, columns: int) -> int:
        """Return the moment in the middle of a column."""
        return self.start_ns + (2 * column + 1) * self.span_ns // (2 * columns)

    def shows(self, time_ns: int) -> bool:
        """Say whether a moment lies in the window."""
        return self.start_ns <= time_ns <= self.end_ns


def whole(extent: Extent) -> View:
    """Show the whole trace, the cursor at its beginning."""
    return View(extent.start_ns, extent.span_ns, extent.start_ns)


def follow(view: View, extent: Extent) -> View:
    """Let the window end, and the cursor stand, at the newest moment."""
    return View(extent.end_ns - view.span_ns, view.span_ns, extent.end_ns, Motion.FOLLOW)


def still(view: View) -> View:
    """Stop whatever moves the window."""
    return replace(view, motion=Motion.STILL)


def pan(view: View, extent: Extent, part: float, columns: int = 0) -> View:
    """Move the window, and the cursor with it, by a part of its width.

    Args:
        columns: how many there are: where they are wide enough, it is moved by whole ones, and may become wider by up
            to one ns for each; 0: they do not matter.
    """
    span, distance = view.span_ns, round(view.span_ns * part)
    if columns and span >= columns * WIDE_NS:
        span = -(-span // columns) * columns
        distance = round(part * columns) * (span // columns)
    start = _fit(view.start_ns + distance, span, extent)
    cursor = extent.clip(view.cursor_ns + distance)
    return View(start, span, min(max(cursor, start), start + span))


def on_grid(view: View, columns: int) -> View:
    """Return what to draw of a window that follows: it ends with the column in which the newest moment lies.

    It begins at a multiple of a column's width, so that it moves by whole columns.
    """
    width = view.span_ns // columns
    if view.motion is not Motion.FOLLOW or width < WIDE_NS:
        return view
    return replace(view, start_ns=-(-(view.end_ns - width * columns) // width) * width, span_ns=width * columns)


def zoom(view: View, extent: Extent, factor: float) -> View:
    """Make the window ``factor`` times as wide; the cursor keeps its place on the screen."""
    span = round(min(max(view.span_ns * factor, MIN_SPAN_NS), max(extent.span_ns, view.span_ns)))
    if view.motion is Motion.FOLLOW:
        return follow(replace(view, span_ns=span), extent)
    left = (view.cursor_ns - view.start_ns) * span // view.span_ns
    return replace(view, start_ns=_fit(view.cursor_ns - left, span, extent), span_ns=span)


def zoom_to(view: View, extent: Extent, start_ns: int, end_ns: int, margin: float = 0.0) -> View:
    """Make the window show a stretch of time, with ``margin`` (a part of it) on either side, the cursor in it."""
    around = round((end_ns - start_ns) * margin)
    span = max(end_ns - start_ns + 2 * around, MIN_SPAN_NS)
    middle = (start_ns + end_ns) // 2
    cursor = extent.clip(min(max(view.cursor_ns, start_ns), end_ns))
    return View(_fit(middle - span // 2, span, extent), span, cursor)


def drag(view: View, extent: Extent, start_ns: int) -> View:
    """Move the window so that it begins at a moment; the cursor keeps its moment as long as that is visible."""
    start = _fit(start_ns, view.span_ns, extent)
    return View(start, view.span_ns, min(max(view.cursor_ns, start), start + view.span_ns))


def faster(speed: float, count: int) -> float:
    """Return the speed that is ``count`` steps above."""
    return SPEEDS[min(max(SPEEDS.index(speed) + count, 0), len(SPEEDS) - 1)]


def step(view: View, extent: Extent, columns: int, count: int) -> View:
    """Move the cursor by ``count`` columns; at an edge the window moves instead."""
    distance = max(view.span_ns // columns, 1) * count
    return look_at(view, extent, view.cursor_ns + distance, margin=0.0)


def look_at(view: View, extent: Extent, time_ns: int, margin: float = 0.5) -> View:
    """Put the cursor on a moment and move the window only when it would lie outside.

    Args:
        margin: where in the window such a moment comes to stand: 0 at the nearer edge, 0.5 in the middle.
    """
    cursor = extent.clip(time_ns)
    start = view.start_ns
    if cursor < view.start_ns:
        start = cursor - round(view.span_ns * margin)
    elif cursor > view.end_ns:
        start = cursor - view.span_ns + round(view.span_ns * margin)
    if start != view.start_ns:
        start = _fit(start, view.span_ns, extent)
    return View(start, view.span_ns, cursor)


def play(view: View, extent: Extent, elapsed_ns: int) -> View:
    """Walk on by ``elapsed_ns``; stop at the end of the trace."""
    cursor = view.cursor_ns + elapsed_ns
    if cursor >= extent.end_ns:
        return look_at(view, extent, extent.end_ns, margin=0.0)
    start = max(view.start_ns, cursor - round(view.span_ns * PLAYHEAD))
    if start != view.start_ns:
        start = _fit(start, view.span_ns, extent)
    moved = look_at(replace(view, start_ns=start), extent, cursor)
    return replace(moved, motion=Motion.PLAY)


def _fit(start_ns: int, span_ns: int, extent: Extent) -> int:
    """Keep a window on the trace, or a window that is longer than the trace around it."""
    first, last = extent.start_ns, extent.end_ns - span_ns
    return min(max(start_ns, min(first, last)), max(first, last))
