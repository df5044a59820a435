"""What a cell shows of a column."""

from __future__ import annotations

import numpy as np
import pytest

from support.frames import random_frame
from weft.timeline.values import Frame, State
from weft_tui.widgets.cells import cells


def frame(*columns: tuple[State, dict[State, int], int]) -> Frame:
    """A frame of one lane; each column is (first state, ns per state, waits that began)."""
    spent = np.zeros((len(State), 1, len(columns)), np.int64)
    for column, (_, times, _) in enumerate(columns):
        for state, ns in times.items():
            spent[state, 0, column] = ns
    first = np.array([[state for state, _, _ in columns]], np.uint8)
    waits = np.array([[began for _, _, began in columns]], np.int64)
    return Frame(np.arange(len(columns) + 1) * 800, spent, first, waits)


def only(first: State, times: dict[State, int], waits: int = 0) -> tuple[State, State, int]:
    cell = cells(frame((first, times, waits)))
    return State(cell.left[0, 0]), State(cell.right[0, 0]), int(cell.eighths[0, 0])


def test_one_state_fills_its_cell() -> None:
    assert only(State.HOLD, {State.HOLD: 800}) == (State.HOLD, State.HOLD, 8)


def test_two_states_share_a_cell_by_eighths() -> None:
    assert only(State.RUN, {State.RUN: 200, State.HOLD: 600}) == (State.RUN, State.HOLD, 2)


def test_the_state_at_the_left_edge_stands_left_also_when_it_is_the_shorter_one() -> None:
    assert only(State.HOLD, {State.RUN: 200, State.HOLD: 600}) == (State.HOLD, State.RUN, 6)


def test_when_the_first_state_is_not_shown_the_next_column_tells_what_stands_right() -> None:
    both = {State.RUN: 390, State.HOLD: 400, State.IDLE: 10}
    cell = cells(frame((State.IDLE, both, 0), (State.HOLD, {State.HOLD: 800}, 0)))
    assert (cell.left[0, 0], cell.right[0, 0]) == (State.RUN, State.HOLD)


@pytest.mark.parametrize("wait", [State.WAIT, State.WAIT_HOLD])
@pytest.mark.parametrize("other", [State.IDLE, State.RUN, State.HOLD, State.HANDOFF])
def test_the_shortest_wait_keeps_an_eighth(wait: State, other: State) -> None:
    left, right, eighths = only(other, {other: 799, wait: 1}, 1)
    assert (left, right, eighths) == (other, wait, 7)


def test_a_wait_of_no_length_keeps_an_eighth() -> None:
    assert only(State.RUN, {State.RUN: 800}, 1) == (State.RUN, State.WAIT, 7)


def test_a_wait_is_shown_rather_than_a_longer_other_state() -> None:
    assert only(State.RUN, {State.RUN: 500, State.HOLD: 290, State.WAIT: 10})[:2] == (State.RUN, State.WAIT)


def test_a_short_request_in_an_idle_column_does_not_vanish() -> None:
    assert only(State.IDLE, {State.IDLE: 799, State.RUN: 1}) == (State.IDLE, State.RUN, 7)


def test_a_short_run_beside_a_hold_may_vanish() -> None:
    assert only(State.RUN, {State.HOLD: 790, State.RUN: 10}) == (State.HOLD, State.HOLD, 8)


def test_the_loud_state_is_the_wait() -> None:
    assert cells(frame((State.RUN, {State.RUN: 790, State.WAIT: 10}, 1))).loud[0, 0] == State.WAIT


@pytest.mark.parametrize("seed", range(20))
def test_contention_never_vanishes_and_eighths_stay_in_range(seed: int) -> None:
    any_frame = random_frame(seed)
    shown = cells(any_frame)
    waited = (any_frame.spent[State.WAIT] + any_frame.spent[State.WAIT_HOLD] > 0) | (any_frame.waits > 0)
    waits = [State.WAIT, State.WAIT_HOLD]
    visible = np.isin(shown.left, waits) | (np.isin(shown.right, waits) & (shown.eighths < 8))
    assert waited.any()
    assert (visible == waited).all()
    assert ((shown.eighths >= 1) & (shown.eighths <= 8)).all()
    assert ((shown.left == shown.right) == (shown.eighths == 8)).all()
