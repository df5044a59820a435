"""What the inspector says about an instant, on small stories and against brute force."""

from __future__ import annotations

import random

import pytest

from weft.timeline import Snapshot
from weft.timeline.values import Place, State

from . import workload
from .oracle import NEVER, Canvas, Interval, Oracle, keys_of
from .script import folded, lane, play
from .test_frames import with_pids

HANDED_OVER = """
    main   0 enter
    worker 0 enter
    worker 5 request 1 /cart
    main  10 request 2 /stock
    main  12 app_push
    main  12 push stock
    ---
    worker 30 wait cache main
    worker 30 waiter_at cache take
    worker 30 holder_at cache load
    ---
    main  20 section cache 50
    worker 58 acquire cache 30
    worker 58 handoff cache 50
    main  70 pop
    main  71 app_pop
    main  72 done 200
    ---
    worker 58 section cache 80
    worker 90 done 0
    worker 95 exit
    main  100 exit
    * 100 end
"""


def at(snapshot: Snapshot, name: str, time: int) -> State:
    return snapshot.moment(lane(snapshot, name), time).state


def test_a_wait_with_a_hand_off_goes_through_its_states() -> None:
    snapshot = play(HANDED_OVER)
    states = [(time, at(snapshot, "worker", time)) for time in (0, 5, 29, 30, 49, 50, 57, 58, 79, 80, 90, 94, 95)]
    assert [state.name for _, state in states] == [
        "IDLE", "RUN", "RUN", "WAIT", "WAIT", "HANDOFF", "HANDOFF", "HOLD", "HOLD", "RUN", "IDLE", "IDLE", "OFF",
    ]  # fmt: skip


def test_a_wait_for_what_nobody_holds_ends_without_a_hold_and_names_who_woke_it() -> None:
    snapshot = play(
        """
        main   0 enter
        worker 0 enter
        worker 30 wait bell -
        worker 30 waiter_at bell listen
        ---
        worker 58 resume bell 30
        worker 58 handoff bell 50
        worker 30 wake bell main
        worker 95 exit
        main 100 exit
        """
    )
    assert [at(snapshot, "worker", time).name for time in (29, 30, 49, 50, 57, 58)] == [
        "RUN", "WAIT", "WAIT", "HANDOFF", "HANDOFF", "RUN",
    ]  # fmt: skip
    moment = snapshot.moment(lane(snapshot, "worker"), 40)
    assert moment.wait is not None
    assert (moment.wait.end_ns, moment.wait.acquired, moment.wait.holder) == (58, True, None)
    assert moment.wait.woken_by == next(thread.id for thread in snapshot.threads if thread.name == "main")
    assert (moment.blames, moment.holds) == ((), ())
    (row,) = snapshot.lock_figures()
    assert (row.acquisitions, row.contended, row.wait_ns, row.hold_ns, row.holder_now) == (0, 1, 28, 0, None)


HANDED_ON = """
    main   0 enter
    pool   0 enter
    other  0 enter
    main  10 request 1 /report
    main  20 submit render
    main  25 submit mail
    ---
    pool  30 task 20 main
    pool  35 submit store
    other 38 task 35 pool
    other 39 section db 60
    other 70 task_done 38
    ---
    pool  40 wait db other
    pool  60 acquire db 40
    pool  60 section db 65
    pool  80 task_done 30
    main  90 done 200
    pool  92 task 25 main
    main  96 exit
    * 99 pulse
"""


def test_who_runs_a_task_works_for_the_request_that_handed_it_over() -> None:
    snapshot = play(HANDED_ON)
    states = [at(snapshot, "pool", time).name for time in (29, 30, 39, 40, 59, 60, 65, 79, 80, 91, 92)]
    assert states == ["IDLE", "RUN", "RUN", "WAIT", "WAIT", "HOLD", "RUN", "RUN", "IDLE", "IDLE", "RUN"]
    moment = snapshot.moment(lane(snapshot, "pool"), 45)
    task = moment.task
    assert task is not None
    assert (task.work, task.submitted_ns, task.start_ns, task.end_ns) == ("render", 20, 30, 80)
    assert moment.request == task.request
    assert moment.request is not None
    assert (moment.request.path, moment.request.wait_ns) == ("/report", 0)
    # The holder works for the task of a task.
    (blame,) = moment.blames
    assert blame.request == moment.request
    assert [(handed.work, handed.start_ns) for handed in moment.handed] == [("store", 38)]
    # What was left for later belongs to the request even when that has ended.
    late = snapshot.moment(lane(snapshot, "pool"), 95)
    assert late.request == moment.request


@pytest.mark.parametrize("script", [HANDED_ON, HANDED_ON.replace("main  10 request 1 /report", "")])
def test_frames_and_moments_agree_on_who_is_at_work(script: str) -> None:
    snapshot = play(script)
    lanes = range(len(snapshot.lanes))
    frame = snapshot.frame(lanes, 0, 99, 99)
    for each in lanes:
        assert [State(state) for state in frame.first[each]] == [
            snapshot.moment(each, time).state for time in range(99)
        ]
    assert at(snapshot, "pool", 85) is State.IDLE


def test_a_request_tells_what_it_has_handed_over_and_is_not_done() -> None:
    snapshot = play(HANDED_ON)

    def handed(time: int) -> list[tuple[str, int | None]]:
        moment = snapshot.moment(lane(snapshot, "main"), time)
        return [(task.work, task.start_ns) for task in moment.handed]

    assert handed(19) == []
    assert handed(20) == [("render", 30)]
    assert handed(79) == [("render", 30), ("mail", 92)]
    assert handed(80) == [("mail", 92)]
    assert handed(90) == []
    never = play("main 0 enter \n main 10 request 1 / \n main 20 submit mail \n * 99 pulse")
    (task,) = never.moment(lane(never, "main"), 50).handed
    assert (task.work, task.thread, task.start_ns) == ("mail", None, None)


def test_tasks_are_the_same_however_the_file_is_cut() -> None:
    lines = [line for line in HANDED_ON.splitlines() if "---" not in line]
    cut = play("\n---\n".join(lines))
    lanes = range(len(cut.lanes))
    whole = play(HANDED_ON)
    assert cut.tasks_within(lanes, 0, 99, 0) == whole.tasks_within(lanes, 0, 99, 0)
    # The block of who ran it may come before that of who handed it over.
    mixed = play(
        "main 0 enter \n pool 0 enter \n --- \n pool 30 task 20 main \n --- \n main 20 submit mail \n * 40 pulse"
    )
    (task,) = mixed.tasks_within(range(2), 0, 40, 0)
    assert (task.work, task.start_ns, task.end_ns, task.request) == ("mail", 30, None, None)


def test_an_end_without_a_beginning_and_lost_records_leave_no_task() -> None:
    snapshot = play(
        """
        pool 10 task_done 5
        pool 20 task 15 -
        ---
        * 30 lost 4
        pool 40 task_done 35
        pool 50 pulse
        """
    )
    (task,) = snapshot.tasks_within(range(1), 0, 50, 0)
    assert (task.work, task.by, task.start_ns, task.end_ns) == ("", None, 20, 20)


def test_a_wait_names_who_held_the_lock_and_what_that_served() -> None:
    snapshot = play(HANDED_OVER)
    moment = snapshot.moment(lane(snapshot, "worker"), 40)
    wait, (blame,) = moment.wait, moment.blames
    assert wait is not None
    assert (wait.start_ns, wait.end_ns, wait.acquired) == (30, 58, True)
    assert snapshot.locks[wait.lock].name == "cache"
    assert wait.holder is not None
    assert snapshot.threads[wait.holder].name == "main"
    assert wait.waiter_at[0] == Place("shop.py", "take", 12)
    assert wait.holder_at[0].function == "load"
    assert (blame.hold.start_ns, blame.hold.end_ns, blame.overlap_ns) == (20, 50, 20)
    assert blame.request is not None
    assert (blame.request.path, blame.request.endpoint, blame.request.status) == ("/stock", "stock", 200)
    assert moment.request is not None
    assert (moment.request.path, moment.request.wait_ns, moment.request.status) == ("/cart", 28, 0)


def test_a_holder_is_told_who_wants_its_lock_and_its_contexts() -> None:
    snapshot = play(HANDED_OVER)
    moment = snapshot.moment(lane(snapshot, "main"), 35)
    assert moment.contexts == ("app", "request")
    assert [hold.start_ns for hold in moment.holds] == [20]
    (wanted,) = moment.wanted_by
    assert snapshot.threads[wanted.thread].name == "worker"
    assert snapshot.moment(lane(snapshot, "main"), 55).wanted_by == ()


def test_a_timeout_is_a_wait_that_gave_up() -> None:
    snapshot = play(
        """
        a 10 section db 40
        b 20 wait db -
        b 30 giveup db 20
        b 50 pulse
        """
    )
    moment = snapshot.moment(lane(snapshot, "b"), 25)
    assert moment.wait is not None
    assert (moment.wait.acquired, moment.wait.end_ns) == (False, 30)
    # Nobody said who held it: the thread that did is found among the holds.
    assert moment.wait.holder == next(thread.id for thread in snapshot.threads if thread.name == "a")
    (figures,) = snapshot.lock_figures()
    assert (figures.acquisitions, figures.contended, figures.wait_ns) == (1, 1, 10)


def test_a_hold_is_seen_before_it_ends_and_counted_once() -> None:
    announced = """
        a 10 hold db 60
        a 60 request 1 /
    """
    snapshot = play(announced)
    (hold,) = snapshot.moment(lane(snapshot, "a"), 60).holds
    assert (hold.start_ns, hold.end_ns) == (10, None)
    (figures,) = snapshot.lock_figures()
    assert (figures.acquisitions, figures.hold_ns, figures.holder_now) == (1, 50, 0)
    snapshot = play(announced + "--- \n a 10 section db 90")
    (hold,) = snapshot.moment(lane(snapshot, "a"), 60).holds
    assert (hold.start_ns, hold.end_ns) == (10, 90)
    (figures,) = snapshot.lock_figures()
    assert (figures.acquisitions, figures.hold_ns, figures.holder_now) == (1, 80, None)


def test_an_announcement_that_comes_behind_the_release_changes_nothing() -> None:
    snapshot = play("a 10 section db 65 \n a 10 hold db 60 \n a 90 try db -")
    (figures,) = snapshot.lock_figures()
    assert (figures.acquisitions, figures.hold_ns, figures.contended, figures.holder_now) == (1, 55, 1, None)


def test_nested_locks_and_waiting_while_holding() -> None:
    snapshot = play(
        """
        a 30 section inner 40
        a 10 section outer 90
        a 50 wait second b
        a 70 acquire second 50
        a 70 section second 80
        b 0 section second 69
        b 100 try outer -
        """
    )
    states = [at(snapshot, "a", time).name for time in (10, 35, 49, 50, 69, 70, 85, 90)]
    assert states == ["HOLD", "HOLD", "HOLD", "WAIT_HOLD", "WAIT_HOLD", "HOLD", "HOLD", "RUN"]
    assert [hold.start_ns for hold in snapshot.moment(lane(snapshot, "a"), 35).holds] == [10, 30]


def test_a_deadlock_lasts_to_the_end_and_both_sides_are_told() -> None:
    snapshot = play(
        """
        a 10 hold x 60
        b 12 hold y 60
        a 20 wait y b
        b 21 wait x a
        ---
        * 400 pulse
        """
    )
    for name, other in (("a", "b"), ("b", "a")):
        moment = snapshot.moment(lane(snapshot, name), 400)
        assert moment.state is State.WAIT_HOLD
        assert moment.wait is not None
        assert moment.wait.end_ns is None
        assert snapshot.threads[moment.wait.holder or 0].name == other
        (blame,) = moment.blames
        assert blame.overlap_ns == 400 - moment.wait.start_ns
        assert [snapshot.threads[wait.thread].name for wait in moment.wanted_by] == [other]
    assert [(row.waiting_now, row.holder_now is not None) for row in snapshot.lock_figures()] == [(1, True)] * 2


def test_requests_nest_and_waiting_counts_for_both() -> None:
    snapshot = play(
        """
        a 10 request 1 /outer
        a 12 push outer
        a 20 request 2 /inner
        a 30 wait db -
        a 50 acquire db 30
        a 50 section db 55
        a 60 done 404
        a 65 pop
        a 66 push late
        a 67 pop
        a 70 done 200
        a 80 wait db -
        a 90 giveup db 80
        a 91 done 500
        """
    )
    inner = snapshot.moment(lane(snapshot, "a"), 35).request
    outer = snapshot.moment(lane(snapshot, "a"), 65).request
    assert inner is not None
    assert outer is not None
    assert (inner.path, inner.status, inner.wait_ns, inner.endpoint) == ("/inner", 404, 20, None)
    assert (outer.path, outer.status, outer.wait_ns, outer.endpoint) == ("/outer", 200, 20, "outer")
    assert (outer.start_ns, outer.end_ns) == (10, 70)
    assert [request.number for request in snapshot.requests(10)] == [1, 2]


def test_streams_end_by_their_number_in_any_order() -> None:
    snapshot = play(
        """
        a 10 request 1 /first
        a 20 stream 1 200
        a 30 request 2 /second
        a 40 wait db -
        a 45 giveup db 40
        a 50 stream 2 201
        a 60 request 3 /plain
        a 65 close 2 201
        ---
        a 70 done 404
        a 80 close 1 500
        a 85 request 4 /unread
        a 86 stream 4 200
        a 90 exit
        """
    )
    ends = {request.number: (request.end_ns, request.status) for request in snapshot.requests(10)}
    assert ends == {1: (80, 500), 2: (65, 201), 3: (70, 404), 4: (90, 200)}
    moment = snapshot.moment(lane(snapshot, "a"), 75)
    assert moment.state == State.RUN
    assert moment.request is not None
    assert moment.request.number == 1


def test_two_processes_use_the_same_ids() -> None:
    snapshot = play(
        """
        1:main 10 section db 20
        2:main 12 section log 40
        1:main 60 request 7 /one
        2:main 61 request 7 /two
        """
    )
    assert [thread.process for thread in snapshot.threads] == [0, 1]
    assert {lock.name: lock.process for lock in snapshot.locks} == {"db": 0, "log": 1}
    for process, lock, path in ((0, "db", "/one"), (1, "log", "/two")):
        row = lane(snapshot, "main", process)
        assert [snapshot.locks[hold.lock].name for hold in snapshot.moment(row, 15).holds] == [lock]
        request = snapshot.moment(row, 61).request
        assert request is not None
        assert (request.path, request.process) == (path, process)


def test_lost_records_end_what_was_open() -> None:
    snapshot = play(
        """
        a 5 request 1 /lost
        a 10 wait db b
        b 8 hold db 60
        2:a 20 wait other -
        ---
        b 80 try db -
        * 90 lost 12
        ---
        * 200 pulse
        2:* 200 pulse
        """
    )
    assert snapshot.lost == 12
    assert any("12 records" in sentence for sentence in snapshot.gaps)
    assert [at(snapshot, "a", time).name for time in (59, 60, 199)] == ["WAIT", "IDLE", "IDLE"]
    assert [at(snapshot, "b", time).name for time in (59, 60)] == ["HOLD", "IDLE"]
    (request,) = snapshot.requests(5)
    assert (request.end_ns, request.status) == (60, None)
    by_name = {row.lock.name: row for row in snapshot.lock_figures()}
    assert (by_name["db"].waiting_now, by_name["db"].holder_now, by_name["db"].wait_ns) == (0, None, 50)
    # The other process lost nothing and waits on.
    assert by_name["other"].waiting_now == 1


def test_a_wait_that_outlasts_a_loss_is_whole_again_when_it_ends() -> None:
    snapshot = play(
        """
        a 10 wait db b
        ---
        * 90 lost 3
        ---
        a 120 acquire db 10
        a 120 section db 130
        * 140 pulse
        """
    )
    assert [at(snapshot, "a", time).name for time in (80, 100, 119, 120)] == ["WAIT", "WAIT", "WAIT", "HOLD"]
    (figures,) = snapshot.lock_figures()
    assert (figures.contended, figures.wait_ns) == (1, 110)


def test_a_killed_process_is_not_alive_for_ever() -> None:
    second = 1_000_000_000
    script = f"1:a 0 hold db 60 \n 1:b 10 wait db a \n 2:main 0 enter \n --- \n 2:* {4 * second} pulse"
    waiting = play(script)
    assert at(waiting, "b", 3 * second) is State.WAIT
    killed = play(script + f" \n --- \n 2:* {9 * second} pulse")
    assert at(killed, "b", 30) is State.WAIT
    assert at(killed, "b", 60) is State.OFF
    (figures,) = killed.lock_figures()
    assert (figures.waiting_now, figures.holder_now, figures.wait_ns) == (0, None, 50)
    assert not killed.complete
    stopped = play(script + f" \n --- \n 2:* {9 * second} pulse \n --- \n 1:b {10 * second} giveup db 10")
    assert at(stopped, "b", 3 * second) is State.WAIT


def test_a_lock_stays_locked_when_its_thread_is_gone() -> None:
    snapshot = play("a 10 hold db 60 \n a 70 exit \n b 80 wait db a \n --- \n * 200 pulse")
    assert at(snapshot, "a", 100) is State.OFF
    (figures,) = snapshot.lock_figures()
    assert (figures.holder_now, figures.hold_ns) == (0, 190)
    (blame,) = snapshot.moment(lane(snapshot, "b"), 100).blames
    assert blame.overlap_ns == 120


def test_the_end_of_a_process_ends_its_threads() -> None:
    snapshot = play("a 10 wait db - \n a 5 request 1 / \n b 0 enter \n --- \n * 50 end \n 2:a 90 enter")
    assert [thread.ended_ns for thread in snapshot.threads] == [50, 50, None]
    assert at(snapshot, "a", 49) is State.WAIT
    assert at(snapshot, "a", 50) is State.OFF
    assert [request.end_ns for request in snapshot.requests(9)] == [50]
    assert not snapshot.complete
    assert [process.ended_ns for process in snapshot.processes] == [50, None]


def test_the_locks_of_a_process_go_with_it() -> None:
    snapshot = play("a 10 hold db 60 \n --- \n * 80 end \n 2:a 90 enter \n --- \n 2:* 300 pulse")
    (figures,) = snapshot.lock_figures()
    assert (figures.holder_now, figures.hold_ns) == (None, 70)


def test_a_blame_names_the_request_around_one_that_is_over() -> None:
    snapshot = play(
        """
        a 0 request 1 /outer
        a 5 request 2 /inner
        a 8 done 200
        a 20 section db 60
        a 70 done 200
        b 4 wait db c
        b 61 acquire db 4
        b 61 section db 62
        c 2 section db 6
        """
    )
    first, blame = snapshot.moment(lane(snapshot, "b"), 40).blames
    assert first.request is None
    assert blame.request is not None
    assert blame.request.path == "/outer"


def test_the_newest_requests_come_first_however_late_they_were_written() -> None:
    late = [f"b {time} request {time} / \n b {time + 1} done 200" for time in range(10, 90)]
    snapshot = play("a 5 request 1 / \n a 1000 done 200 \n --- \n" + "\n --- \n".join(late))
    assert [request.number for request in snapshot.requests(3)] == [1, 89, 88]


def test_the_nearest_wait_is_found_in_both_directions() -> None:
    snapshot = play(
        "\n".join(
            f"t{thread} {start} wait db - \n t{thread} {start + 3} giveup db {start}"
            for thread, start in ((1, 10), (2, 500), (1, 90_000))
        )
    )

    def start(lane_: int | None, time: int, step: int) -> int | None:
        wait = snapshot.next_wait(lane_, time, step)
        return wait.start_ns if wait else None

    one = lane(snapshot, "t1")
    assert [start(None, time, 1) for time in (0, 10, 499, 500, 90_000)] == [10, 500, 500, 90_000, None]
    assert [start(None, time, -1) for time in (10, 11, 500, 90_000, 10**6)] == [None, 10, 10, 500, 90_000]
    assert [start(one, time, 1) for time in (-5, 10, 90_000)] == [10, 90_000, None]
    assert start(one, 90_000, -1) == 10


def test_labels_are_clipped_to_the_window() -> None:
    snapshot = play("a 10 wait db - \n a 60 giveup db 10 \n b 20 wait log - \n --- \n * 100 pulse")
    a, b = lane(snapshot, "a"), lane(snapshot, "b")
    found = [(label.row, label.start_ns, label.end_ns) for label in snapshot.labels([b, a], 30, 200, 20)]
    assert found == [(0, 30, 100), (1, 30, 60)]
    assert [label.row for label in snapshot.labels([b, a], 30, 200, 31)] == [0]


@pytest.mark.parametrize("losses", [False, True])
@pytest.mark.parametrize("seed", range(40, 48))
def test_moments_agree_with_brute_force(seed: int, losses: bool) -> None:
    rng = random.Random(seed)
    parts = with_pids(workload.trace(seed, losses=losses))
    oracle, snapshot, keys = Oracle().fold(parts), folded(parts), keys_of(parts)
    canvas = Canvas(oracle, snapshot, keys)
    for _ in range(150):
        row, time = rng.randrange(len(snapshot.lanes)), rng.randint(snapshot.start_ns - 5, snapshot.end_ns - 1)
        moment = snapshot.moment(row, time)
        assert moment.state == canvas.state(row, time)
        if moment.thread is None:
            continue
        key = keys[snapshot.processes[moment.thread.process].pid, moment.thread.name]

        def on(intervals: list[Interval], key: tuple[int, int] = key, time: int = time) -> list[Interval]:
            return [each for each in intervals if each.thread == key and each.start <= time < each.until(NEVER)]

        assert [hold.start_ns for hold in moment.holds] == sorted(hold.start for hold in on(oracle.holds))
        waits = [wait.start for wait in on(oracle.waits)]
        assert ([moment.wait.start_ns] if moment.wait else []) == waits
        numbers = [request.what for request in on(oracle.requests)]
        assert (moment.request.number if moment.request else None) == (numbers[-1] if numbers else None)
        assert len(moment.contexts) == len(on(oracle.contexts))
        _blames_agree(snapshot, oracle, on(oracle.waits), moment.blames, oracle.life(key)[1])


def _blames_agree(snapshot: Snapshot, oracle: Oracle, waits: list[Interval], blames: object, ended: int) -> None:
    assert isinstance(blames, tuple)
    expected = []
    for wait in waits:
        end = wait.end if wait.end is not None else min(wait.until(snapshot.end_ns), ended)
        for hold in oracle.holds:
            same = hold.what == wait.what and hold.thread[0] == wait.thread[0] and hold.thread != wait.thread
            low, high = max(hold.start, wait.start), min(hold.until(snapshot.end_ns), end)
            if same and low < high:
                expected.append((low, high - low))
    got = [(max(blame.hold.start_ns, waits[0].start), blame.overlap_ns) for blame in blames if blame.overlap_ns]
    assert sorted(got) == sorted(expected)


def test_a_request_context_that_came_with_its_app_context_goes_with_it() -> None:
    snapshot = play(
        """
        a 12 push_both 2 index
        a 20 app_push
        a 21 push other
        a 25 pop
        a 26 app_pop
        a 43 pop_done 3 200
        """
    )
    shown = {time: snapshot.moment(lane(snapshot, "a"), time).contexts for time in (9, 11, 12, 22, 25, 30, 39, 40)}
    assert shown == {
        9: (),
        11: ("app",),
        12: ("app", "request"),
        22: ("app", "request", "app", "request"),
        25: ("app", "request", "app"),
        30: ("app", "request"),
        39: ("app", "request"),
        40: (),
    }


def test_a_request_has_waited_for_its_worker_as_told_last_before_it() -> None:
    snapshot = play(
        """
        a  0  enter
        b  0  enter
        a  5  queued 3
        a  6  queued 4
        b  7  queued 9
        a 10  request 1 /one
        a 20  done 200
        ---
        a 30  request 2 /two
        a 35  done 200
        b 40  request 3 /three
        b 45  done 200
        """
    )
    assert {request.path: request.queued_ns for request in snapshot.requests(9)} == {"/one": 4, "/two": 0, "/three": 9}


def test_of_many_holders_the_longest_and_those_around_the_instant_are_told() -> None:
    text = "a @0 enter\nb @0 enter\nb @1 wait l a\n".replace("@", "")
    text += "".join(f"a {10 * n + 10} section l {10 * n + 12 + (n % 5)}\n" for n in range(200))
    snapshot = play(text + "b 3000 acquire l 1\n* 3100 pulse")
    moment = snapshot.moment(lane(snapshot, "b"), 1011)
    assert moment.behind == 200
    assert 32 <= len(moment.blames) <= 32 + 8
    starts = [blame.hold.start_ns for blame in moment.blames]
    assert starts == sorted(starts)
    assert {980, 990, 1000, 1010, 1020, 1030} <= {*starts}
    longest = [blame for blame in moment.blames if blame.overlap_ns == 6]
    assert len(longest) >= 30


def test_the_place_in_a_queue_is_counted_from_the_longest_wait() -> None:
    text = "".join(f"{name} 0 enter\n" for name in "abcd") + "a 1 hold l 90\n"
    text += "b 10 wait l a\nc 20 wait l a\nd 30 wait l a\n* 100 pulse"
    snapshot = play(text)
    assert [snapshot.queue_place(0, thread, 50) for thread in range(4)] == [(3, 0), (3, 1), (3, 2), (3, 3)]
    assert snapshot.queue_place(0, 1, 15) == (1, 1)


def test_the_request_of_a_thread_at_an_instant() -> None:
    snapshot = play("a 0 enter\na 10 request 1 /x\na 20 done 200\n* 30 pulse")
    assert [request.path if (request := snapshot.request_at(0, at)) else None for at in (5, 15, 25)] == [
        None,
        "/x",
        None,
    ]
