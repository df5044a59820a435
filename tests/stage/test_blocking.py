"""What makes threads wait on the stage: each is announced under its name, and blocked exactly when it would be."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import finish, play, staged, upcoming
from weft.stage.moment import Status, Stops
from weft.stage.session import Order

TWO = """
SCENARIO = Scenario("two", None, {"alice": first, "bob": second})
"""


def _staged(folder: Path, source: str):
    return staged(folder, source + TWO, stops=Stops.SYNC)


def test_a_lock_blocks_who_comes_second(tmp_path: Path) -> None:
    source = """
till = threading.Lock()
def first():
    with till:
        pass
second = first
"""
    with _staged(tmp_path, source) as session:
        assert play(session, 0, 0, 1) == ["start", "acquire till", "start"]
        assert upcoming(session) == {"alice": "release till", "bob": "blocked: acquire till"}
        bob = session.moment.actors[1]
        assert bob.why == "waits for till, held by alice since program.py:9"
        assert bob.waits_for == (0,)
        assert session.moment.locks[0].waiters == (1,)
        assert session.refusal(1) == "bob cannot move: waits for till, held by alice since program.py:9"
        play(session, 0)
        assert finish(session, 1) == ["acquire till", "release till"]
        assert session.moment.verdict.kind == "holds"


def test_a_reentrant_lock_stops_once(tmp_path: Path) -> None:
    source = """
till = threading.RLock()
def first():
    with till:
        with till:
            pass
second = first
"""
    with _staged(tmp_path, source) as session:
        assert finish(session, 0) == ["start", "acquire till", "release till"]


def test_a_try_that_finds_the_lock_taken_fails(tmp_path: Path) -> None:
    source = """
till = threading.Lock()
got = []
def first():
    with till:
        pass
def second():
    got.append(till.acquire(blocking=False))
    got.append(till.acquire(timeout=0))
    if got == [False, False]:
        raise KeyError("both failed")
"""
    with _staged(tmp_path, source) as session:
        play(session, 0, 0, 1)
        assert finish(session, 1) == ["try till", "try till"]
        assert session.moment.actors[1].status is Status.FAILED
        assert session.moment.actors[1].why == "KeyError: \"'both failed'\""


def test_a_timeout_ends_only_when_nobody_else_can_move(tmp_path: Path) -> None:
    source = """
till = threading.Lock()
ready = threading.Event()
def first():
    with till:
        ready.wait()
def second():
    assert not till.acquire(timeout=5)
    assert time.monotonic() >= 5
    ready.set()
"""
    with _staged(tmp_path, source) as session:
        play(session, 0, 0, 1)
        assert session.moment.actors[1].can_time_out
        assert session.refusal(0) == "alice cannot move: waits for ready to be set"
        assert session.refusal(1) == ""
        assert play(session, 1) == ["acquire till"]
        assert finish(session, 1) == ["set ready"]
        assert finish(session, 0)[0] == "wait for ready"
        assert session.moment.verdict.kind == "holds"


def test_an_event_is_waited_for_until_it_is_set(tmp_path: Path) -> None:
    source = """
ready = threading.Event()
def first():
    ready.wait()
def second():
    ready.set()
"""
    with _staged(tmp_path, source) as session:
        play(session, 0)
        assert upcoming(session)["alice"] == "blocked: wait for ready"
        assert session.moment.actors[0].why == "waits for ready to be set"
        assert finish(session, 1) == ["start", "set ready"]
        assert finish(session, 0) == ["wait for ready"]
        assert session.moment.verdict.kind == "holds"


def test_a_condition_is_released_while_waited_for(tmp_path: Path) -> None:
    source = """
ready = threading.Condition()
def first():
    with ready:
        ready.wait()
def second():
    with ready:
        ready.notify()
"""
    with _staged(tmp_path, source) as session:
        assert play(session, 0, 0, 0) == ["start", "acquire ready", "wait for ready"]
        assert upcoming(session)["alice"] == "blocked: wake up from ready"
        assert play(session, 1, 1, 1) == ["start", "acquire ready", "notify ready"]
        assert upcoming(session) == {"alice": "wake up from ready", "bob": "release ready"}
        play(session, 0)
        assert upcoming(session)["alice"].startswith("blocked: ")
        play(session, 1)
        assert finish(session, 0)[-1] == "release ready"
        assert session.moment.verdict.kind == "holds"


def test_a_lost_wake_up_is_a_deadlock_of_one(tmp_path: Path) -> None:
    source = """
ready = threading.Condition()
def first():
    with ready:
        ready.wait()
def second():
    with ready:
        ready.notify()
"""
    with _staged(tmp_path, source) as session:
        finish(session, 1)
        finish(session, 0)
        verdict = session.moment.verdict
        assert verdict.kind == "deadlock"
        assert "alice waits for ready to be notified" in verdict.text


def test_wait_for_with_a_timeout_ends(tmp_path: Path) -> None:
    source = """
ready = threading.Condition()
def first():
    with ready:
        assert not ready.wait_for(lambda: False, timeout=3)
def second():
    pass
"""
    with _staged(tmp_path, source) as session:
        session.run_all(Order.ROUND_ROBIN)
        assert session.moment.verdict.kind == "holds"


def test_a_semaphore_counts(tmp_path: Path) -> None:
    source = """
seats = threading.BoundedSemaphore(1)
def first():
    with seats:
        pass
second = first
"""
    with _staged(tmp_path, source) as session:
        assert play(session, 0, 0, 1) == ["start", "acquire seats", "start"]
        assert upcoming(session)["bob"] == "blocked: acquire seats"
        assert finish(session, 0) == ["release seats"]
        assert finish(session, 1) == ["acquire seats", "release seats"]


def test_a_barrier_waits_for_all(tmp_path: Path) -> None:
    source = """
gate = threading.Barrier(2)
def first():
    gate.wait()
second = first
"""
    with _staged(tmp_path, source) as session:
        play(session, 0, 0)
        assert upcoming(session)["alice"] == "blocked: pass gate"
        play(session, 1, 1)
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "holds"


@pytest.mark.parametrize("kind", ["queue.Queue(1)", "queue.SimpleQueue()", "queue.LifoQueue()"])
def test_a_queue_is_waited_for_until_something_is_in_it(tmp_path: Path, kind: str) -> None:
    source = f"""
jobs = {kind}
def first():
    assert jobs.get() == 1
def second():
    jobs.put(1)
"""
    with _staged(tmp_path, source) as session:
        play(session, 0)
        assert upcoming(session)["alice"] == "blocked: get from jobs"
        assert finish(session, 1) == ["start", "put into jobs"]
        assert finish(session, 0) == ["get from jobs"]
        assert session.moment.verdict.kind == "holds"


def test_a_full_queue_blocks_and_a_timeout_raises(tmp_path: Path) -> None:
    source = """
jobs = queue.Queue(1)
def first():
    jobs.put(1)
    try:
        jobs.put(2, timeout=1)
    except queue.Full:
        jobs.get_nowait()
def second():
    pass
"""
    with _staged(tmp_path, source) as session:
        finish(session, 1)
        assert finish(session, 0) == ["start", *["put into jobs"] * 2, "get from jobs"]
        assert session.moment.verdict.kind == "holds"


def test_sleep_passes_no_time(tmp_path: Path) -> None:
    source = """
def first():
    time.sleep(3600)
    assert 3600 <= time.monotonic() < 3601
def second():
    pass
"""
    with _staged(tmp_path, source) as session:
        assert finish(session, 0) == ["start", "sleep 3600 s"]
        finish(session, 1)
        assert session.moment.verdict.kind == "holds"


def test_threads_of_the_app_are_on_the_stage_too(tmp_path: Path) -> None:
    source = """
done = []
def work():
    time.sleep(1)
    done.append(1)
def first():
    helper = threading.Thread(target=work, name="helper")
    helper.start()
    helper.join()
    assert done == [1]
def second():
    pass
"""
    with _staged(tmp_path, source) as session:
        assert play(session, 0, 0) == ["start", "start helper"]
        helper = session.moment.actors[2]
        assert (helper.name, helper.own) == ("helper", False)
        assert upcoming(session)["alice"] == "blocked: join helper"
        assert finish(session, 2) == ["start", "sleep 1 s"]
        assert finish(session, 0) == ["join helper"]
        finish(session, 1)
        assert session.moment.verdict.kind == "holds"


def test_a_pool_runs_on_the_stage(tmp_path: Path) -> None:
    source = """
pool = ThreadPoolExecutor(1)
def first():
    assert pool.submit(sum, [1, 2]).result() == 3
def second():
    pass
"""
    with _staged(tmp_path, source) as session:
        session.run_all(Order.ROUND_ROBIN)
        assert session.moment.verdict.kind == "holds", session.moment
        assert not session.moment.actors[2].own


def test_code_that_blocks_where_nobody_sees_it_is_named(tmp_path: Path) -> None:
    source = """
import os
read, write = os.pipe()
def first():
    os.read(read, 1)
def second():
    os.write(write, b"x")
"""
    with _staged(tmp_path, source) as session:
        play(session, 0)
        assert session.moment.actors[0].status is Status.OUTSIDE
        assert "program.py:10" in session.moment.actors[0].why
        finish(session, 1)
        for _ in range(100):
            if session.look().verdict is not None:
                break
        assert session.moment.verdict.kind == "holds"


def test_an_actor_that_computes_for_ever_is_named(tmp_path: Path) -> None:
    source = """
def first():
    while True:
        pass
def second():
    pass
"""
    with _staged(tmp_path, source) as session:
        play(session, 0)
        alice = session.moment.actors[0]
        assert alice.status is Status.OUTSIDE
        assert "program.py:" in alice.why
        finish(session, 1)
        assert session.moment.verdict is None
