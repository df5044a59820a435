"""The time ruler."""

from __future__ import annotations

from itertools import pairwise

import pytest

from weft_tui.format import brief, clock, count, moment, offset
from weft_tui.spans import plain_text
from weft_tui.view import View
from weft_tui.widgets.ruler import ruler_line, tick_step, ticks

US = 1_000
MS = 1_000_000
S = 1_000_000_000


@pytest.mark.parametrize(
    ("span", "columns", "step"), [(10 * S, 100, S), (10 * S, 60, 2 * S), (3 * MS, 100, 500 * US), (1000, 50, 200)]
)
def test_steps_are_round_and_leave_room(span: int, columns: int, step: int) -> None:
    assert tick_step(span, columns, 10) == step


@pytest.mark.parametrize("span", [1000, 37 * US, 5 * MS, 812 * MS, 10 * S, 400 * S, 90_000 * S])
@pytest.mark.parametrize("start", [0, 3 * S + 141_592_653, 7_000 * S])
def test_labels_never_touch(span: int, start: int) -> None:
    marks = ticks(View(start, span, start), 0, 140)
    assert len(marks) >= 2
    assert all(left + len(label) + 2 < right for (left, label), (right, _) in pairwise(marks))
    assert len({label for _, label in marks}) == len(marks)


def test_ticks_stand_where_their_times_are() -> None:
    assert ticks(View(2 * S, 10 * S, 0), S, 100)[:3] == [(0, "1 s"), (10, "2 s"), (20, "3 s")]


def test_there_are_no_ticks_before_the_trace() -> None:
    assert ticks(View(0, 10 * S, 0), 6 * S, 100)[0] == (60, "0")


def test_the_cursor_is_marked() -> None:
    line = plain_text([ruler_line(View(0, 10 * S, 5 * S), 0, 60)])
    assert (len(line), line.index("▼")) == (60, 30)


def test_a_cursor_outside_is_not() -> None:
    assert "▼" not in plain_text([ruler_line(View(0, 10 * S, 50 * S), 0, 60)])


@pytest.mark.parametrize(
    ("ns", "step", "text"),
    [
        (0, S, "0"),
        (12_400 * MS, 100 * MS, "12.4 s"),
        (12 * S, S, "12 s"),
        (250 * MS, 10 * MS, "250 ms"),
        (250 * US, US, "250 us"),
        (1_500 * US, 500 * US, "1.5 ms"),
        (125 * S, S, "2:05"),
        (125_500 * MS, 500 * MS, "2:05.5"),
        (60 * S, 20 * S, "1:00"),
    ],
)
def test_offsets(ns: int, step: int, text: str) -> None:
    assert offset(ns, step) == text


def test_clock_and_counts() -> None:
    assert clock(1_700_000_000 * S + 123_456_789, MS) == "22:13:20.123"
    assert clock(1_700_000_000 * S + 123_456_789, US) == "22:13:20.123456"
    assert [count(n) for n in (0, 999, 1240, 35_200, 1_200_000)] == ["0", "999", "1,240", "35.2k", "1.2M"]


@pytest.mark.parametrize(
    ("ns", "told"),
    [(412_000_000, "412 ms"), (59_400_000_000, "59 s"), (59_600_000_000, "1:00"), (225_000_000_000, "3:45")],
)
def test_durations_of_minutes_fit_a_column(ns: int, told: str) -> None:
    assert brief(ns) == told
    assert brief(3_725 * 10**9) == "1:02:05"


@pytest.mark.parametrize(
    ("ns", "told"), [(4_300_000_000, "4.3 s"), (59_600_000_000, "1:00.0"), (81_085_500_000, "1:21.1")]
)
def test_moments_after_a_minute_fit_a_column(ns: int, told: str) -> None:
    assert moment(ns) == told
