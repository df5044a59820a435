"""Requests as lanes, and who is written on the lanes of locks."""

from __future__ import annotations

import random

import numpy as np
import pytest

from weft.timeline import Builder
from weft.timeline.values import State

from . import workload
from .script import Scribe, folded, items, play
from .test_frames import windows, with_pids


def test_a_request_is_off_before_and_after_itself_whatever_its_thread_does() -> None:
    trace = play("a 0 enter\na 10 request 1 /x\na 30 done 200\na 40 request 2 /y\na 45 section cache 55\na 70 done 200")
    rows = trace.requests_touching(0, 70)
    assert [request.path for request in trace.requests_of(rows)] == ["/x", "/y"]
    frame = trace.request_frame(rows, 0, 70, 7)
    assert frame.first.tolist() == [
        [State.OFF, State.RUN, State.RUN, *[State.OFF] * 4],
        [*[State.OFF] * 4, State.RUN, State.HOLD, State.RUN],
    ]
    assert frame.spent[State.RUN].tolist() == [[0, 10, 10, 0, 0, 0, 0], [0, 0, 0, 0, 5, 5, 10]]
    assert frame.spent[State.HOLD].tolist() == [[0] * 7, [0, 0, 0, 0, 5, 5, 0]]
    assert (frame.spent.sum(axis=0) == np.diff(frame.edges)).all()


def test_columns_that_a_request_begins_and_ends_in_are_cut_exactly() -> None:
    trace = play("a 0 enter\na 10 request 1 /x\na 30 done 200\n* 100 pulse")
    frame = trace.request_frame(trace.requests_touching(0, 100), 0, 100, 4)
    assert frame.spent[State.RUN].tolist() == [[15, 5, 0, 0]]
    assert frame.spent[State.OFF].tolist() == [[10, 20, 25, 25]]


def test_only_requests_in_the_window_are_lanes_and_none_is_no_error() -> None:
    trace = play("a 0 enter\na 10 request 1 /x\na 30 done 200\na 40 request 2 /y\na 70 done 200")
    assert [each.path for each in trace.requests_of(trace.requests_touching(35, 60))] == ["/y"]
    nothing = trace.requests_touching(32, 35)
    assert trace.request_frame(nothing, 32, 35, 3).spent.shape == (len(State), 0, 3)


def test_waits_are_counted_in_the_request_that_waits() -> None:
    trace = play("a 0 enter\nb 0 enter\nb 5 request 1 /x\nb 10 wait cache a\nb 20 acquire cache 10\nb 40 done 200")
    frame = trace.request_frame(trace.requests_touching(0, 40), 0, 40, 4)
    assert frame.waits.tolist() == [[0, 1, 0, 0]]
    assert frame.spent[State.WAIT].tolist() == [[0, 10, 0, 0]]


def test_long_holds_are_labelled_with_lane_and_request() -> None:
    trace = play(
        "a 0 enter\na 10 request 1 /x\na 12 section cache 28\na 30 done 200\na 40 section cache 41\n* 60 pulse"
    )
    (label,) = trace.hold_labels([0], 0, 60, 5)
    assert (label.row, label.start_ns, label.end_ns, label.lane, label.request.path) == (0, 12, 28, 0, "/x")
    assert trace.hold_labels([0], 20, 60, 5)[0].start_ns == 20
    assert [each.request for each in trace.hold_labels([0], 35, 60, 1)] == [None]


@pytest.mark.parametrize("seed", range(70, 76))
def test_requests_in_order_are_those_that_touch_a_window(seed: int) -> None:
    rng = random.Random(seed)
    snapshot = folded(with_pids(workload.trace(seed, losses=bool(seed % 2))))
    every = snapshot.requests_in_order
    for start, end, _ in windows(snapshot, rng):
        expected = snapshot.requests_touching(start, end)
        places, ids, process = every.touching(snapshot.tables, start, end)
        assert ids.tolist() == expected["id"].tolist()
        assert every.rows.pick(places)["id"].tolist() == expected["id"].tolist()
        assert process.tolist() == snapshot.tables.roster.process[expected["thread"]].tolist()


@pytest.mark.parametrize("seed", range(76, 82))
def test_requests_stay_in_order_as_they_come(seed: int) -> None:
    builder = Builder()
    for part in with_pids(workload.trace(seed, losses=bool(seed % 2))):
        builder.fold([part])
        snapshot = builder.snapshot()
        expected = snapshot.requests_touching(snapshot.start_ns, snapshot.end_ns)
        _, ids, _ = snapshot.requests_in_order.touching(snapshot.tables, snapshot.start_ns, snapshot.end_ns)
        assert ids.tolist() == expected["id"].tolist()
        latest = snapshot.request_rows[snapshot.latest_requests][len(snapshot.tables.requests.open) :]
        ended = snapshot.tables.requests.closed
        assert latest["id"].tolist() == ended["id"][np.lexsort((ended["id"], ended["end"]))[::-1]].tolist()


def test_an_older_view_has_its_own_requests_in_order() -> None:
    builder, scribe = Builder(), Scribe()
    builder.fold(items("a 0 enter\na 10 request 1 /x\na 30 done 200", scribe))
    older = builder.snapshot()
    builder.fold(items("a 40 request 2 /y\na 50 done 200", scribe))
    assert builder.snapshot().requests_in_order.runs[0][1].tolist() == [0, 1]
    assert older.requests_in_order.runs[0][1].tolist() == [0]
    assert builder.snapshot().latest_requests.tolist() == [1, 0]
    assert older.latest_requests.tolist() == [0]
