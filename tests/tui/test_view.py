"""Moves of the window and the cursor."""

from __future__ import annotations

import pytest

from weft_tui import view
from weft_tui.view import Extent, Motion, View

S = 1_000_000_000
TRACE = Extent(100 * S, 200 * S)
HERE = View(140 * S, 10 * S, 145 * S)


def test_columns_and_times_agree() -> None:
    assert all(HERE.column(HERE.time(column, 80), 80) == column for column in range(80))


def test_the_right_edge_belongs_to_the_last_column() -> None:
    assert HERE.column(HERE.end_ns, 80) == 79


def test_panning_moves_window_and_cursor_together() -> None:
    assert view.pan(HERE, TRACE, 0.25) == View(142_500_000_000, 10 * S, 147_500_000_000)


@pytest.mark.parametrize(("part", "start"), [(-100, 100 * S), (100, 190 * S)])
def test_panning_stops_at_the_ends_of_the_trace(part: float, start: int) -> None:
    moved = view.pan(HERE, TRACE, part)
    assert moved.start_ns == start
    assert moved.shows(moved.cursor_ns)


def test_zooming_keeps_the_cursor_where_it_is_on_the_screen() -> None:
    closer = view.zoom(View(140 * S, 10 * S, 142 * S), TRACE, 0.5)
    assert (closer.span_ns, closer.column(closer.cursor_ns, 100)) == (5 * S, 20)


def test_zooming_stops_at_the_trace_and_at_a_microsecond() -> None:
    assert view.zoom(HERE, TRACE, 1e6) == View(100 * S, 100 * S, 145 * S)
    assert view.zoom(HERE, TRACE, 1e-12).span_ns == view.MIN_SPAN_NS


def test_zooming_does_not_leave_the_follow_mode() -> None:
    wider = view.zoom(view.follow(HERE, TRACE), TRACE, 2)
    assert (wider.motion, wider.end_ns, wider.span_ns) == (Motion.FOLLOW, 200 * S, 20 * S)


def test_moving_leaves_the_follow_mode() -> None:
    followed = view.follow(HERE, TRACE)
    assert followed.motion is Motion.FOLLOW
    assert view.step(followed, TRACE, 100, -1).motion is Motion.STILL
    assert view.pan(followed, TRACE, -0.25).motion is Motion.STILL
    assert view.look_at(followed, TRACE, 150 * S).motion is Motion.STILL


def test_a_step_is_one_column() -> None:
    assert view.step(HERE, TRACE, 100, 3) == View(140 * S, 10 * S, 145_300_000_000)


def test_a_step_over_the_edge_moves_the_window() -> None:
    at_edge = View(140 * S, 10 * S, 150 * S)
    assert view.step(at_edge, TRACE, 100, 1) == View(140_100_000_000, 10 * S, 150_100_000_000)


def test_looking_at_a_visible_moment_moves_nothing_else() -> None:
    assert view.look_at(HERE, TRACE, 149 * S) == View(140 * S, 10 * S, 149 * S)


def test_looking_at_a_far_moment_puts_it_in_the_middle() -> None:
    assert view.look_at(HERE, TRACE, 170 * S) == View(165 * S, 10 * S, 170 * S)


def test_looking_beyond_the_trace_stops_at_its_end() -> None:
    assert view.look_at(HERE, TRACE, 900 * S) == View(190 * S, 10 * S, 200 * S)


def test_a_window_longer_than_the_trace_stays_around_it() -> None:
    young = Extent(100 * S, 103 * S)
    followed = view.follow(View(0, 10 * S, 0), young)
    assert (followed.start_ns, followed.end_ns) == (93 * S, 103 * S)
    assert view.pan(followed, young, -1).start_ns == 93 * S


def test_playing_walks_and_then_scrolls() -> None:
    started = View(140 * S, 10 * S, 145 * S, Motion.PLAY)
    walked = view.play(started, TRACE, S)
    assert (walked.start_ns, walked.cursor_ns, walked.motion) == (140 * S, 146 * S, Motion.PLAY)
    scrolled = view.play(walked, TRACE, 4 * S)
    assert (scrolled.start_ns, scrolled.cursor_ns) == (142_500_000_000, 150 * S)


def test_playing_ends_with_the_trace() -> None:
    ended = view.play(View(140 * S, 10 * S, 145 * S, Motion.PLAY), TRACE, 99 * S)
    assert (ended.cursor_ns, ended.motion) == (200 * S, Motion.STILL)
