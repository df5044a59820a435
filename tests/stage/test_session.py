"""The tree of steps: looking back runs nothing, going on from there runs anew, and every try stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import finish, play, staged, upcoming
from weft import WeftError
from weft.log import writer
from weft.stage import as_trace
from weft.stage.moment import As, Status, Stops
from weft.stage.session import Badge, Choice, Order, Until
from weft.timeline import load

COUNTER = """
class Page:
    def __init__(self):
        self.likes = 0
page = Page()
def one_more(number):
    return number + 1
def like():
    likes = page.likes
    page.likes = one_more(likes)
SCENARIO = Scenario("likes", None, {"alice": like, "bob": like}, check=lambda outcome: page.likes == 2)
"""
ATOMIC = COUNTER.replace("page.likes = one_more(likes)", "page.likes = likes + 1")


def test_a_lost_update_is_led_to_and_undone(tmp_path: Path) -> None:
    with staged(tmp_path, COUNTER) as session:
        assert play(session, 0, 1, 0, 1, 0, 1) == [*["start"] * 2, *["read page.likes"] * 2, *["write page.likes"] * 2]
        assert [node.moment.value for node in session.here.path()] == ["", "", "→ 0", "→ 0", "= 1", "= 1"]
        assert (session.moment.verdict.kind, session.moment.shared) == ("invariant", (("page.likes", "1"),))
        assert session.here.path()[4].moment.changed == ("page.likes",)
        session.undo(2)
        assert session.moment.verdict is None
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "invariant"
        session.restart()
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "holds"
        assert [tip.moment.verdict.kind for tip in session.tips()] == ["invariant", "holds"]


def test_looking_back_and_known_steps_run_nothing(tmp_path: Path) -> None:
    with staged(tmp_path, COUNTER) as session:
        play(session, 0, 0, 1)
        nodes = session.here.path()
        session._runner.start = session._runner.step = None
        assert session.undo(2) is nodes[0]
        assert session.redo() is nodes[1]
        assert session.step(1) is nodes[2]
        assert session.restart() is session.root
        assert session.redo(9) is nodes[2]
        session.undo(9)
        assert session.step(0) is nodes[0]


def test_a_branch_from_a_past_step_leaves_the_other_one(tmp_path: Path) -> None:
    with staged(tmp_path, COUNTER) as session:
        play(session, 0, 0, 0)
        first = session.here
        session.undo(2)
        play(session, 1, 1)
        assert upcoming(session) == {"alice": "read page.likes", "bob": "write page.likes"}
        session.go(first)
        assert session.undo() is first.parent
        assert session.redo() is first


def test_preemptions_are_labelled_by_what_they_need(tmp_path: Path) -> None:
    with staged(tmp_path, COUNTER) as session:
        play(session, 0, 0, 1)
        assert (session.here.preempted, session.here.badge) == (0, Badge.THIS)
    with staged(tmp_path, ATOMIC) as session:
        play(session, 0, 0, 1)
        assert (session.here.preempted, session.here.badge) == (0, Badge.FREE_THREADED)


def test_this_interpreter_switches_only_where_it_can(tmp_path: Path) -> None:
    with staged(tmp_path, ATOMIC, interpreter=As.THIS) as session:
        play(session, 0, 0)
        assert session.movable() == [0]
        assert session.refusal(1).startswith("with the GIL no thread switch happens here: give alice a step")
        session.interpreter = As.FREE_THREADED
        assert session.movable() == [0, 1]
        session.interpreter = As.THIS
        for _ in range(5):
            session.restart()
            session.run_all(Order.RANDOM)
            assert session.moment.verdict.kind == "holds"


def test_running_on_stops_where_it_was_told_to(tmp_path: Path) -> None:
    source = """
till = threading.Lock()
STOCK = {"left": 2}
def take():
    with till:
        STOCK["left"] -= 1
    print(STOCK["left"])
SCENARIO = Scenario("x", None, {"alice": take, "bob": take})
"""
    with staged(tmp_path, source) as session:
        assert session.run(0, Until.ACCESS, 'STOCK["left"]') == 2
        assert upcoming(session)["alice"] == 'read STOCK["left"]'
        assert session.run(1, Until.BLOCKED) == 1
        assert session.moment.actors[1].status is Status.BLOCKED
        session.run(0, Until.FINISHED)
        session.run(1, Until.FINISHED)
        assert session.moment.verdict.kind == "holds"


def test_other_stops_can_be_chosen_on_the_way(tmp_path: Path) -> None:
    with staged(tmp_path, COUNTER, stops=Stops.SYNC) as session:
        play(session, 0)
        assert session.moment.actors[0].status is Status.DONE
        session.restart()
    with staged(tmp_path, COUNTER) as session:
        play(session, 0, 0, 1, 1)
        session.set_stops(Stops.LINE)
        assert set(upcoming(session).values()) == {"page.likes = one_more(likes)"}
        texts = [node.operation.text for node in session.here.path()]
        assert texts == ["start", "likes = page.likes", "read page.likes"] * 2
        session.set_stops(Stops.OPCODE)
        session.run_all(Order.ROUND_ROBIN)
        assert session.moment.verdict.kind in ("holds", "invariant")


def test_two_who_give_way_for_ever_are_a_livelock(tmp_path: Path) -> None:
    source = """
left, right = threading.Lock(), threading.Lock()
def polite(first, second):
    while True:
        with first:
            if second.acquire(blocking=False):
                second.release()
                return
        time.sleep(0)
SCENARIO = Scenario("x", None, {"alice": lambda: polite(left, right), "bob": lambda: polite(right, left)})
"""
    with staged(tmp_path, source) as session:
        session.run_all(Order.ROUND_ROBIN)
        assert session.moment.verdict.kind == "livelock"
        assert session.moment.verdict.text.startswith("alice and bob go on for ever without getting anywhere: ")


def test_a_circle_is_seen_while_others_go_on_and_when_they_are_done(tmp_path: Path) -> None:
    source = """
left, right = threading.Lock(), threading.Lock()
def both(first, second):
    with first:
        with second:
            pass
def alone():
    time.sleep(1)
SCENARIO = Scenario("x", None, {"alice": lambda: both(left, right), "bob": lambda: both(right, left), "carol": alone})
"""
    with staged(tmp_path, source) as session:
        play(session, 0, 0, 1, 1)
        assert session.moment.stuck == (0, 1)
        assert session.moment.verdict is None
        finish(session, 2)
        assert session.moment.verdict.kind == "deadlock"
        assert session.moment.verdict.actors == (0, 1)
        assert "alice waits for right, held by bob since program.py:9" in session.moment.verdict.text


def test_who_cannot_move_is_refused_with_a_reason(tmp_path: Path) -> None:
    with staged(tmp_path, COUNTER) as session:
        finish(session, 0)
        assert session.refusal(0) == "alice has finished"
        assert session.refusal(7) == "there is no actor 8"
        with pytest.raises(WeftError, match="alice has finished"):
            session.step(0)


def test_a_choice_is_followed_past_other_stops(tmp_path: Path) -> None:
    with staged(tmp_path, COUNTER) as session:
        assert session.follow(Choice(1, "write", "write page.likes"))
        assert session.here.number == 3
        before = session.here
        assert not session.follow(Choice(0, "acquire", "acquire nothing"))
        assert session.here is before


def test_a_run_is_a_trace_like_any_other(tmp_path: Path) -> None:
    source = """
till = threading.Lock()
def create_app():
    app = Flask("shop")
    @app.post("/buy")
    def buy():
        with till:
            time.sleep(1)
        return "ok"
    return app
SCENARIO = Scenario("x", create_app, {"alice": post("/buy"), "bob": post("/buy")})
"""
    trace = tmp_path / "run.weft"
    with staged(tmp_path, source) as session:
        play(session, 0, 0, 1)
        finish(session, 0)
        finish(session, 1)
        writer.create(str(trace))
        as_trace.write(trace, session.info, session.root, session.here.path())
    snapshot = load(trace)
    (till,) = snapshot.lock_figures()
    assert (till.lock.name, till.lock.kind, till.acquisitions, till.contended) == ("till", "Lock", 2, 1)
    assert [request.status for request in snapshot.requests(10)] == [200, 200]


def test_what_nobody_holds_is_waited_for_in_the_trace_too(tmp_path: Path) -> None:
    source = """
ready = threading.Event()
SCENARIO = Scenario("x", None, {"alice": ready.wait, "bob": ready.set})
"""
    trace = tmp_path / "run.weft"
    with staged(tmp_path, source) as session:
        finish(session, 0)
        finish(session, 1)
        finish(session, 0)
        writer.create(str(trace))
        as_trace.write(trace, session.info, session.root, session.here.path())
    (ready,) = load(trace).lock_figures()
    assert (ready.lock.name, ready.lock.kind, ready.acquisitions, ready.contended) == ("ready", "Event", 0, 1)
