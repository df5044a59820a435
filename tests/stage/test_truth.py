"""On the stage an app's threads are what they are in production, and what is not so is said."""

from __future__ import annotations

from pathlib import Path

from support.staging import finish, play, staged, upcoming
from weft.stage.moment import Status, Stops


def test_a_callable_gets_the_app_only_if_it_asks_for_it(tmp_path: Path) -> None:
    source = """
seen = []
def create_app():
    return Flask("shop")
class Clerk:
    def sell(self):
        seen.append("sell")
    def count(self, app):
        seen.append(app.name)
actors = {"a": lambda number=1: seen.append(number), "b": lambda app: seen.append(app.name), "c": Clerk().sell,
          "d": Clerk().count, "e": lambda app, number=2: seen.append((app.name, number))}
SCENARIO = Scenario("x", create_app, actors, watch=["seen"])
"""
    with staged(tmp_path, source) as session:
        for actor in range(5):
            finish(session, actor)
        assert session.moment.watched[0].text == "[1, 'shop', 'sell', 'shop', ('shop', 2)]"


def test_a_test_of_membership_tells_what_it_answers(tmp_path: Path) -> None:
    source = """
stock, sold, names = {"loom": 1}, {"loom"}, ["loom"]
def act():
    return "loom" in stock, "yarn" in stock, "loom" in sold, "yarn" not in sold, "loom" in names
def other():
    stock["loom"] = stock["yarn"] = 2
    sold.update(["yarn"])
    names.append("x")
SCENARIO = Scenario("x", None, {"alice": act, "bob": other})
"""
    with staged(tmp_path, source) as session:
        finish(session, 0)
        reads = [node for node in session.here.path() if node.operation.kind == "read"]
        assert [(node.operation.text, node.moment.value) for node in reads] == [
            ('read "loom" in stock', "→ True"),
            ('read "yarn" in stock', "→ False"),
            ('read "loom" in sold', "→ True"),
            ('read "yarn" not in sold', "→ True"),
            ('read "loom" in names', ""),
        ]


def test_what_belongs_to_a_thread_or_a_request_stays_its_own(tmp_path: Path) -> None:
    source = """
import contextvars
from flask import current_app
here, there = threading.local(), contextvars.ContextVar("there", default=None)
def create_app():
    app = Flask("shop")
    app.secret_key = "secret"
    @app.post("/login/<name>")
    def login(name):
        assert not hasattr(here, "name") and there.get() is None and "user" not in session
        here.name = name
        there.set(name)
        session["user"] = g.user = name
        time.sleep(1)
        return [here.name, there.get(), session["user"], g.user, request.path, current_app.name]
    @app.get("/me")
    def me():
        assert not hasattr(g, "user")
        return session["user"]
    return app
SCENARIO = Scenario(
    "x", create_app, {name: [post(f"/login/{name}"), get("/me")] for name in ("alice", "bob")},
    check=lambda outcome: all(answer.body == name for name, answer in outcome.responses.items()),
)
"""
    with staged(tmp_path, source) as session:
        play(session, 0, 1)
        assert set(upcoming(session).values()) == {"sleep 1 s"}, "nothing of this is shared"
        alice = session.moment.actors[0].context
        assert (alice.app, alice.request, alice.endpoint) == ("shop", "POST /login/alice", "login")
        assert (alice.g, alice.session) == ((("user", "'alice'"),), (("user", "'alice'"),))
        assert "'alice'" in dict(session.moment.actors[0].variables)["name"]
        play(session, 0)
        assert session.moment.actors[0].next.text == "respond 200 to POST /login/alice"
        finish(session, 1)
        finish(session, 0)
        assert session.moment.verdict.kind == "holds"


def test_what_only_one_actor_touches_is_no_stop_until_another_one_does(tmp_path: Path) -> None:
    source = """
BASKETS = {}
COUNT = {"all": 0}
def buy(name):
    BASKETS[name] = 1
    BASKETS[name] += 1
    COUNT["all"] += 1
SCENARIO = Scenario("x", None, {"alice": lambda: buy("alice"), "bob": lambda: buy("bob")})
"""
    with staged(tmp_path, source) as session:
        assert finish(session, 0) == ["start", 'read COUNT["all"]', 'write COUNT["all"]']
        assert [shown.name for shown in session.moment.shared] == ['COUNT["all"]']


def test_locks_made_by_a_library_only_show_when_somebody_waits(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "vault.py").write_text(
        "import threading\nlock = threading.Lock()\ndef locked(act):\n    with lock:\n        act()\n"
    )
    source = f"""
import sys
sys.path.insert(0, {str(packages)!r})
import vault
def act():
    vault.locked(lambda: time.sleep(1))
SCENARIO = Scenario("x", None, {{"alice": act, "bob": act}})
"""
    with staged(tmp_path, source) as session:
        assert play(session, 0) == ["start"]
        assert upcoming(session)["alice"] == "sleep 1 s"
        play(session, 1)
        assert upcoming(session)["bob"] == "blocked: wait in locked"
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "holds"


def test_an_app_that_is_not_the_same_twice_says_so(tmp_path: Path) -> None:
    source = """
import os
def first():
    time.sleep(os.getpid() % 1000)
SCENARIO = Scenario("x", None, {"alice": first})
"""
    with staged(tmp_path, source) as session:
        assert session.note.startswith("two runs in the same order were not the same")
    with staged(tmp_path, source.replace("os.getpid()", "7")) as session:
        assert session.note == ""


def test_an_exception_in_an_actor_is_told_with_its_place(tmp_path: Path) -> None:
    source = """
def first():
    time.sleep(1)
    raise LookupError("gone\\x1b[31m")
SCENARIO = Scenario("x", None, {"alice": first})
"""
    with staged(tmp_path, source) as session:
        finish(session, 0)
        assert session.moment.actors[0].status is Status.FAILED
        assert session.moment.verdict.kind == "exception"
        assert session.moment.verdict.text.startswith("alice: program.py:9: LookupError: gone")


def test_lines_stop_in_the_apps_files_only(tmp_path: Path) -> None:
    source = """
import json
def first():
    text = json.dumps({"a": 1})
    return text
SCENARIO = Scenario("x", None, {"alice": first})
"""
    with staged(tmp_path, source, stops=Stops.LINE) as session:
        assert finish(session, 0) == ["start", 'text = json.dumps({"a": 1})', "return text"]


def test_who_waits_for_a_notification_inside_a_library_waits_for_nobody(tmp_path: Path) -> None:
    source = """
from concurrent.futures import Future
def first():
    done = Future()
    threading.Thread(target=lambda: (time.sleep(1), done.set_result(1)), name="helper").start()
    done.result()
SCENARIO = Scenario("x", None, {"alice": first, "bob": lambda: time.sleep(2)})
"""
    with staged(tmp_path, source) as session:
        play(session, 0, 0)
        alice = session.moment.actors[0]
        assert (alice.status, alice.next.text) == (Status.BLOCKED, "wait in Future.result")
        assert (alice.why, alice.waits_for, session.moment.stuck) == ("waits for a notification", (), ())
        finish(session, 2)
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "holds"


def test_what_waits_for_work_of_a_pool_says_for_which(tmp_path: Path) -> None:
    source = """
pool = ThreadPoolExecutor(1)
def work():
    time.sleep(1)
def first():
    assert not pool.submit(work).cancel()
    pool.submit(work).result()
SCENARIO = Scenario("x", None, {"alice": first})
"""
    with staged(tmp_path, source) as session:
        assert play(session, 0, 0) == ["start", "submit work to pool"]
        assert play(session, 1, 1) == ["start", "get from pool"]
        assert play(session, 0, 0) == ["cancel() of work", "submit work to pool"]
        alice = session.moment.actors[0]
        assert (alice.status, alice.next.text, alice.why) == (
            Status.BLOCKED,
            "wait for work",
            "waits for work to be done",
        )
        assert [lock.state for lock in session.moment.locks if lock.name == "pool"] == ["1 waiting"]
        finish(session, 1)
        assert finish(session, 0) == ["wait for work"]
        assert session.moment.verdict.kind == "holds"


def test_taking_a_lock_twice_is_a_circle_of_one(tmp_path: Path) -> None:
    source = """
till = threading.Lock()
def first():
    with till:
        with till:
            pass
SCENARIO = Scenario("x", None, {"alice": first, "bob": lambda: time.sleep(2)})
"""
    with staged(tmp_path, source) as session:
        play(session, 0, 0)
        assert session.moment.stuck == (0,)
        finish(session, 1)
        assert session.moment.verdict.text == (
            "nobody can go on: alice waits for till, held by alice since program.py:9"
        )


def test_what_threads_of_the_app_touch_is_a_stop_too(tmp_path: Path) -> None:
    source = """
COUNT = {"all": 0}
def count():
    COUNT["all"] += 1
def first():
    helper = threading.Thread(target=count, name="helper")
    helper.start()
    count()
    helper.join()
SCENARIO = Scenario("x", None, {"alice": first})
"""
    with staged(tmp_path, source) as session:
        assert play(session, 0, 0) == ["start", "start helper"]
        assert finish(session, 1) == ["start", 'read COUNT["all"]', 'write COUNT["all"]']
        assert finish(session, 0) == ['read COUNT["all"]', 'write COUNT["all"]', "join helper"]


def test_threads_that_run_since_the_app_was_loaded_are_on_the_stage(tmp_path: Path) -> None:
    source = """
jobs, done = queue.Queue(), []
def work():
    while True:
        done.append(jobs.get())
        jobs.task_done()
def create_app():
    threading.Thread(target=work, name="worker", daemon=True).start()
    return Flask("x")
def first():
    jobs.put(1)
    jobs.join()
SCENARIO = Scenario("x", create_app, {"alice": first}, check=lambda outcome: done == [1])
"""
    with staged(tmp_path, source) as session:
        assert [view.name for view in session.moment.actors] == ["alice", "worker"]
        assert session.moment.actors[1].frames[0].function == "work"
        play(session, 0, 0, 1)
        assert upcoming(session) == {"alice": "blocked: join jobs", "worker": "get from jobs"}
        while session.refusal(0):
            play(session, 1)
        finish(session, 0)
        assert session.moment.verdict.kind == "holds"
        assert session.note == ""
    with staged(tmp_path, source.replace(", daemon=True", "")) as session:
        assert session.note.startswith("threads that were started when the app was loaded are not on the stage: worker")


def test_jobs_of_one_pool_thread_may_be_several_actors(tmp_path: Path) -> None:
    source = """
pool, audit = ThreadPoolExecutor(2), []
def send():
    number = len(audit)
    audit.append(number)
def mail():
    pool.submit(send)
    pool.submit(send).result()
SCENARIO = Scenario("x", None, {"alice": mail})
"""
    with staged(tmp_path, source) as session:
        while session.refusal(1):
            play(session, 0)
        assert finish(session, 1)[:4] == ["start", "get from pool", "read len(audit)", "write audit.append()"]
