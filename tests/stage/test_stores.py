"""Key-value stores: each command is a step on its keys, so that the search finds what two of them lose."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD, finish, staged, upcoming
from weft.stage.host.stores import touches
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.execution import READ, WRITE
from weft.stage.search.explaining import intrusion, told
from weft.stage.search.searching import Budget, Report, Search


def _searched(folder: Path, source: str, *, fixed: bool = False) -> Report:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    process = AppProcess(str(file), fixed=fixed)
    try:
        assert process.note == ""
        return Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60)).run()
    finally:
        process.close()


@pytest.mark.parametrize(
    ("command", "touched"),
    [
        (["GET", "a"], [("redis", "a", READ)]),
        (["set", b"a", 1], [("redis", "a", WRITE)]),
        (["MGET", "a", "b"], [("redis", "a", READ), ("redis", "b", READ)]),
        (["DEL", "a", "b"], [("redis", "a", WRITE), ("redis", "b", WRITE)]),
        (["EVAL", "return 1", 1, "a", "x"], [("redis", "a", WRITE)]),
        (["EVAL", "return 1", 0], [("redis", "", WRITE)]),
        (["PING"], []),
        (["FLUSHALL"], [("redis", "", WRITE)]),
        (["RENAME", "a", "b"], [("redis", "", WRITE)]),
    ],
)
def test_a_command_touches_its_keys_and_an_unknown_one_all(command: list[object], touched: list[object]) -> None:
    assert touches(command) == touched


LIMIT = """
import fakeredis
STORE = {}
def setup():
    STORE["redis"] = fakeredis.FakeRedis()
def make(fixed):
    app = Flask("limit")
    @app.post("/code")
    def code():
        redis = STORE["redis"]
        if fixed:
            allowed = redis.incr("used") <= 1
        else:
            allowed = redis.get("used") is None
            if allowed:
                redis.set("used", 1)
        return {"allowed": allowed}
    return app
def once(outcome):
    assert sum(one.json["allowed"] for one in outcome.responses.values()) == 1
SCENARIO = Scenario("limit", lambda: make(False), {"alice": post("/code"), "bob": post("/code")},
                    fixed=lambda: make(True), setup=setup, check=once)
"""


def test_a_check_on_redis_that_is_acted_upon_too_late_is_found(tmp_path: Path) -> None:
    pytest.importorskip("fakeredis")
    report = _searched(tmp_path, LIMIT)
    assert (report.verdict, report.kind, report.switches) == ("fails", "invariant", 2)
    report = _searched(tmp_path, LIMIT, fixed=True)
    assert (report.verdict, report.text, report.left) == ("holds", "", 0)


def test_pipelines_and_what_they_watch(tmp_path: Path) -> None:
    pytest.importorskip("fakeredis")
    source = """
import fakeredis, redis
STORE = {}
def setup():
    STORE["redis"] = fakeredis.FakeRedis()
def add():
    while True:
        pipe = STORE["redis"].pipeline()
        try:
            pipe.watch("n")
            n = int(pipe.get("n") or 0)
            pipe.multi()
            pipe.set("n", n + 1)
            pipe.execute()
            return
        except redis.WatchError:
            continue
SCENARIO = Scenario("x", None, {"alice": add, "bob": add}, setup=setup,
                    check=lambda outcome: STORE["redis"].get("n") == b"2")
"""
    with staged(tmp_path, source, stops=Stops.SYNC) as session:
        assert finish(session, 0)[:4] == ["start", "WATCH n", "GET n", "MULTI n: SET, WATCH"]
    report = _searched(tmp_path, source)
    assert (report.verdict, report.text, report.left) == ("holds", "", 0)


SESSION = """
from cachelib.file import FileSystemCache
from flask_session import Session
from weft.stage import folder
def create_app():
    app = Flask("shop")
    app.config.update(SESSION_TYPE="cachelib", SESSION_SERIALIZATION_FORMAT="json")
    @app.post("/put/<item>")
    def put_into_the_cart(item):
        session["cart"] = [*session.get("cart", ()), item]
        return "", 204
    @app.get("/cart")
    def cart():
        return session.get("cart", [])
    serve = app.wsgi_app
    def to_one_browser(environ, start_response):
        environ["HTTP_COOKIE"] = "session=alices-browser"
        return serve(environ, start_response)
    app.wsgi_app = to_one_browser
    return app
def open_sessions(app):
    app.config["SESSION_CACHELIB"] = cache = FileSystemCache(str(folder() / "sessions"), threshold=0)
    cache.set("session:alices-browser", {"cart": []})
    Session(app)
def both_are_in_the_cart(outcome):
    cart = outcome.get("/cart").json
    assert sorted(cart) == ["loom", "yarn"], f"in the cart: {cart}"
SCENARIO = Scenario("cart", create_app, {"one tab": post("/put/loom"), "other tab": post("/put/yarn")},
                    setup=open_sessions, check=both_are_in_the_cart)
"""


@pytest.mark.filterwarnings("default")
def test_two_requests_on_one_server_side_session_lose_an_update(tmp_path: Path) -> None:
    pytest.importorskip("flask_session")
    pytest.importorskip("cachelib")
    report = _searched(tmp_path, SESSION)
    assert (report.verdict, report.kind, report.switches) == ("fails", "invariant", 2)
    with staged(tmp_path, SESSION) as session:
        for actor in report.order:
            session.step(actor)
        verdict = session.moment.verdict
        assert verdict is not None
        assert verdict.text in ("in the cart: ['loom']", "in the cart: ['yarn']")
        found = intrusion(session.here.path())
        assert found is not None
        assert "read session:alices-browser" in told(found)
        assert "wrote it" in told(found)
        texts = [node.operation.text for node in session.here.path() if node.operation]
        assert texts.count("get session:alices-browser") == texts.count("set session:alices-browser") == 2
        assert upcoming(session) == {}
