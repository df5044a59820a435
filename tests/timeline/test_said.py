"""What the app says of itself: sections, marks, and resources."""

from __future__ import annotations

import numpy as np

from weft.timeline.report import report

from .script import lane, play

SECOND = 10**9


def names(snapshot, time: int, who: str = "main") -> list[str]:
    return [section.name for section in snapshot.moment(lane(snapshot, who), time).sections]


def test_sections_lie_inside_one_another() -> None:
    snapshot = play("""
        main 0 enter
        main 10 section_in 1 outer
        main 20 section_in 2 inner
        main 30 section_out 2
        main 40 section_out 1
        main 50 exit
    """)
    assert [names(snapshot, time) for time in (5, 15, 25, 30, 35, 45)] == [
        [], ["outer"], ["outer", "inner"], ["outer"], ["outer"], [],
    ]  # fmt: skip


def test_sections_of_async_code_end_in_any_order() -> None:
    snapshot = play("""
        main 0 enter
        main 10 section_in 1 a
        main 20 section_in 2 b
        ---
        main 30 section_out 1
        ---
        main 40 section_out 2
        main 50 exit
    """)
    assert [names(snapshot, time) for time in (25, 35, 45)] == [["a", "b"], ["b"], []]


def test_numbers_of_sections_are_those_of_their_process() -> None:
    snapshot = play("""
        1:main 0 enter
        1:main 10 section_in 1 here
        2:main 10 section_in 1 there
        2:main 20 section_out 1
        1:* 50 pulse
    """)
    assert names(snapshot, 30) == ["here"]
    assert not snapshot.moment(lane(snapshot, "main", 1), 30).sections


def test_a_section_in_progress_is_known() -> None:
    snapshot = play("main 0 enter\n main 10 section_in 1 slow\n * 50 pulse")
    (section,) = snapshot.moment(0, 40).sections
    assert (section.name, section.start_ns, section.end_ns) == ("slow", 10, None)


def test_a_section_whose_end_may_be_lost_is_not_taken_to_go_on() -> None:
    snapshot = play(
        "main 0 enter\n main 10 section_in 1 slow\n main 25 mark here\n---\n"
        "* 30 lost 5 \n main 40 mark there\n * 50 pulse"
    )
    assert names(snapshot, 20) == ["slow"]
    assert names(snapshot, 45) == []


def test_an_end_without_a_beginning_and_a_second_end_mean_nothing() -> None:
    snapshot = play("""
        main 0 enter
        main 5 section_out 7
        main 10 section_in 1 a
        main 20 section_out 1
        main 30 section_out 1
        main 50 exit
    """)
    assert [(row["name"], row["count"], row["duration_ns"]["total"]) for row in report(snapshot)["sections"]] == [
        ("a", 1, 10)
    ]


def test_the_last_marks_of_the_request_are_told_newest_first() -> None:
    snapshot = play("""
        main 0 enter
        main 5 mark before
        main 10 request 1 /
        main 20 mark cache_miss
        main 30 log 30 low_on_looms
        main 40 mark later
        main 50 done 200
        other 35 mark elsewhere
        main 60 exit
    """)
    marks = snapshot.moment(lane(snapshot, "main"), 35).marks
    assert [(mark.text, mark.level, mark.time_ns) for mark in marks] == [
        ("low on looms", 30, 30),
        ("cache miss", None, 20),
    ]


def test_outside_of_a_request_old_marks_are_not_told() -> None:
    snapshot = play(f"main 0 enter\n main 5 mark old\n main {SECOND + 10} mark new\n main {2 * SECOND} exit")
    assert [mark.text for mark in snapshot.moment(0, SECOND + 20).marks] == ["new"]


def test_a_mark_whose_text_was_not_kept_is_told() -> None:
    snapshot = play("main 0 enter\n main 5 mark -\n main 10 exit")
    assert [mark.text for mark in snapshot.moment(0, 6).marks] == ["(its text was not kept)"]


def test_marks_are_counted_by_text_and_columns_with_marks_are_known() -> None:
    snapshot = play("""
        main 0 enter
        main 10 mark miss
        ---
        main 30 mark miss
        main 99 log 40 broken
        main 100 exit
    """)
    assert report(snapshot)["marks"] == [
        {"text": "miss", "level": None, "count": 2},
        {"text": "broken", "level": 40, "count": 1},
    ]
    assert snapshot.marked([0], 0, 100, 10).nonzero()[1].tolist() == [1, 3, 9]
    assert snapshot.marked([0], 20, 40, 2).tolist() == [[False, True]]


NESTED = """
    main 0 enter
    main 10 wait pool: -
    main 20 wait mutex -
    {}
    * 90 pulse
"""


def test_a_wait_for_a_resource_may_have_others_in_it() -> None:
    snapshot = play(NESTED.format("main 30 resume mutex 20\n main 40 resume pool: 10"))
    assert snapshot.locks[snapshot.moment(0, 25).wait.lock].name == "pool:"
    assert report(snapshot)["locks"][0]["wait_ns"]["total"] == 30
    assert [snapshot.locks[label.lock].name for label in snapshot.labels([0], 0, 90, 5)] == ["pool:"]
    assert snapshot.tables.waited(*[np.array([n]) for n in (0, 0, 90)]).tolist() == [30]


def test_a_wait_for_a_resource_goes_on_when_one_inside_is_over() -> None:
    snapshot = play(NESTED.format("---\n main 30 resume mutex 20"))
    wait = snapshot.moment(0, 50).wait
    assert (snapshot.locks[wait.lock].name, wait.end_ns) == ("pool:", None)


def test_a_lock_of_several_processes_is_one_and_its_holder_is_found_in_another() -> None:
    snapshot = play("""
        1:main 0 enter
        2:main 0 enter
        1:main 10 section redis: 50
        2:main 20 wait redis: -
        2:main 50 resume redis: 20
        2:main 50 section redis: 60
        2:main 30 section own 40
        1:main 30 section own 40
        1:* 90 pulse
        2:* 90 pulse
    """)
    assert [lock.name for lock in snapshot.locks] == ["redis:", "own", "own"]
    (blame,) = snapshot.moment(lane(snapshot, "main", 1), 30).blames
    assert snapshot.threads[blame.hold.thread].process == 0
