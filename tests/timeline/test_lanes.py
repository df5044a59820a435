"""Which row a thread is drawn in, and what the row is called."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from weft.log.reader import Definitions
from weft.timeline.units import plain
from weft.timeline.values import State

from . import workload
from .script import folded, items, lane, play
from .test_frames import in_chunks


def test_all_rows_of_a_family_are_named_alike_once_one_is_shared() -> None:
    alone = """
        Thread-1_(go) 0 enter
        Thread-2_(go) 1 enter
        Thread-1_(go) 5 exit
        """
    assert [lane.name for lane in play(alone).lanes] == ["Thread-1 (go)", "Thread-2 (go)"]
    more = "Thread-3_(go) 6 enter\n Thread-4_(go) 7 enter\n Thread-40 7 enter"
    assert [lane.name for lane in play(alone + more).lanes] == ["go 1", "go 2", "go 3", "Thread-40"]


def test_threads_that_follow_each_other_share_a_row() -> None:
    lines = [f"Thread-{n}_(serve) {n * 10} enter \n Thread-{n}_(serve) {n * 10 + 8} exit" for n in range(1, 6)]
    snapshot = play("\n --- \n".join(lines))
    assert [(row.name, row.threads) for row in snapshot.lanes] == [("serve 1", 5)]
    assert [thread.name for thread in snapshot.threads][:2] == ["Thread-1 (serve)", "Thread-2 (serve)"]


def test_a_row_is_taken_at_the_moment_in_which_it_is_left_and_not_before() -> None:
    snapshot = play("pool-1 0 enter \n pool-1 10 exit \n pool-2 9 enter \n pool-3 10 enter \n main 11 enter")
    assert [thread.lane for thread in snapshot.threads] == [0, 1, 0, 2]
    assert [row.name for row in snapshot.lanes] == ["pool 1", "pool 2", "main"]


def test_a_row_that_is_left_later_is_not_free_though_it_was_read_before() -> None:
    snapshot = play("w1 0 enter \n w1 100 exit \n --- \n w2 90 enter \n --- \n w3 100 enter")
    assert [thread.lane for thread in snapshot.threads] == [0, 1, 0]


def test_a_thread_is_not_drawn_before_its_row_was_free() -> None:
    snapshot = play("w1 0 enter \n w1 10 exit \n --- \n w2 12 try db - \n --- \n w2 5 section db 20")
    assert [(thread.lane, thread.started_ns) for thread in snapshot.threads] == [(0, 0), (0, 10)]
    assert snapshot.frame([0], 0, 20, 4).spent[State.HOLD].tolist() == [[0, 0, 5, 5]]


def test_the_lowest_free_row_is_taken() -> None:
    snapshot = play(
        "w1 0 enter \n w2 1 enter \n w3 2 enter \n w3 10 exit \n w1 11 exit \n --- \n w4 20 enter \n --- \n w5 21 enter"
    )
    assert [thread.lane for thread in snapshot.threads] == [0, 1, 2, 0, 2]


def test_families_and_processes_do_not_mix() -> None:
    snapshot = play("w1 0 enter \n w1 5 exit \n --- \n 2:w2 10 enter \n x1 10 enter")
    assert [(row.name, row.process) for row in snapshot.lanes] == [("w1", 0), ("w2", 1), ("x1", 0)]


def test_a_thread_without_a_begin_lives_from_its_first_sign() -> None:
    snapshot = play("main 100 request 1 / \n --- \n main 40 section db 150")
    (thread,) = snapshot.threads
    assert (thread.started_ns, thread.ended_ns, snapshot.start_ns) == (40, None, 40)


def test_a_thread_without_a_definition_has_a_name() -> None:
    from .script import events

    snapshot = folded([events(1, [(7, 10, 0, 16)])])
    assert [thread.name for thread in snapshot.threads] == ["thread 7"]


def test_a_late_definition_renames_a_thread() -> None:
    from weft.log.reader import Definitions

    from .script import events

    builder_parts = [events(1, [(7, 10, 0, 16)]), Definitions(1, ({"is": "thread", "id": 7, "name": "late"},))]
    assert [thread.name for thread in folded(builder_parts).threads] == ["late"]


@pytest.mark.parametrize("seed", range(100, 112))
def test_no_two_threads_of_a_row_overlap(seed: int) -> None:
    parts = workload.trace(seed, losses=True)
    for snapshot in in_chunks(parts, random.Random(seed)):
        for row in snapshot.lanes:
            spans = sorted(
                (thread.started_ns, thread.ended_ns if thread.ended_ns is not None else snapshot.end_ns + 1)
                for thread in snapshot.threads
                if thread.lane == row.id
            )
            assert len(spans) == row.threads
            assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize(
    ("argv", "state"), [(["gunicorn", "shop:app"], State.IDLE), (["python", "batch.py"], State.RUN)]
)
def test_the_master_of_a_server_is_idle_and_another_program_is_not(argv: list[str], state: State) -> None:
    served = items("main 0 enter\n 2:worker 0 enter\n 2:worker 10 request 1 /\n 2:worker 90 done 200\n main 100 exit")
    commands = ((1, argv), (2, ["gunicorn", "shop:app"]))
    names = [Definitions(number, ({"is": "process", "pid": number, "argv": line},)) for number, line in commands]
    snapshot = folded([*names, *served])
    assert snapshot.moment(lane(snapshot, "main"), 50).state is state
    assert snapshot.frame([lane(snapshot, "main")], 0, 100, 1).spent[state].sum() == 100


def test_what_was_logged_in_colours_is_told_without_them() -> None:
    snapshot = play("main 0 enter\n main 5 log 20 \x1b[36mGET_/\x1b[0m_200\x1b[2J\n main 10 exit")
    (mark,) = snapshot.moment(0, 6).marks
    assert mark.text == "GET / 200\x1b[2J"
    assert plain(mark.text) == "GET / 200\N{REPLACEMENT CHARACTER}[2J"
