"""What is recorded of a Flask app, and what is not."""

from __future__ import annotations

from pathlib import Path

from support.recorded import record
from weft.events import Kind

APP = """
import threading
from flask import Flask, request
app = Flask(__name__)
lock = threading.Lock()

@app.route("/item/<int:number>", methods=["GET", "POST"])
def item(number):
    with lock:
        return f"item {number}"

@app.get("/broken")
def broken():
    raise ZeroDivisionError

client = app.test_client()
"""


def test_a_request_has_a_target_an_endpoint_and_a_status(tmp_path: Path) -> None:
    found = record(tmp_path, APP + "client.post('/item/7?token=secret', headers={'X-Secret': 'secret'})")
    (enter,) = found.of(Kind.REQUEST_ENTER)
    (push,) = found.of(Kind.PUSH_BOTH)
    (leave,) = found.of(Kind.POP_AND_EXIT)
    assert (enter.what, enter.value, push.what, leave.what) == ("/item/7", 1, "item", "200")
    assert enter.time < push.time - push.value < push.time < leave.time - leave.value < leave.time
    assert found.defined("target") == [{"is": "target", "id": 1, "method": "POST", "path": "/item/7"}]
    assert b"secret" not in (tmp_path / "trace.weft").read_bytes()
    kinds = [row.kind for row in sorted(found.rows, key=lambda row: row.time) if row.thread == "MainThread"]
    assert kinds == [
        Kind.THREAD_ENTER,
        Kind.REQUEST_ENTER,
        Kind.PUSH_BOTH,
        Kind.SECTION,
        Kind.POP_AND_EXIT,
    ]


def test_statuses_of_errors(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
import logging
app.logger.disabled = True
client.get("/broken")
client.get("/nowhere")
app.config["PROPAGATE_EXCEPTIONS"] = True
try:
    client.get("/broken")
except ZeroDivisionError:
    print("propagated")
""",
    )
    assert [row.what for row in found.of(Kind.POP_AND_EXIT)] == ["500", "404", "0"]
    assert [row.what for row in found.of(Kind.PUSH_BOTH)] == ["broken", "0", "broken"]
    assert found.done is not None
    assert found.done.stdout == "propagated\n"


def test_paths_arrive_as_text(tmp_path: Path) -> None:
    found = record(tmp_path, APP + "client.get('/größe/\\u202e')")
    assert [entry["path"] for entry in found.defined("target")] == ["/größe/\u202e"]


def test_flask_is_wrapped_whether_it_is_imported_before_or_after(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import sys
        assert not any(getattr(finder, "_name", "") == "flask" for finder in sys.meta_path if "flask" in sys.modules)
        import flask.ctx, importlib.util
        assert not any(getattr(finder, "_name", "") == "flask" for finder in sys.meta_path)
        assert importlib.util.find_spec("flask.app").loader.get_code("flask.app")
        app = flask.Flask("app")
        with app.app_context():
            pass
        """,
    )
    assert [row.kind for row in found.of(Kind.APP_PUSH, Kind.APP_POP)] == [Kind.APP_PUSH, Kind.APP_POP]


def test_contexts_that_are_pushed_by_hand(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
with app.app_context():
    with app.test_request_context("/item/1"):
        pass
    with app.test_request_context("/item/2"):
        pass
with app.test_request_context("/item/3"):
    pass
""",
    )
    pairs = {
        Kind.APP_PUSH: "(",
        Kind.REQUEST_PUSH: "[",
        Kind.REQUEST_POP: "]",
        Kind.APP_POP: ")",
        Kind.PUSH_BOTH: "([",
    }
    assert "".join(pairs[row.kind] for row in found.of(*pairs)) == "([][])([)"


def test_a_request_inside_an_app_context_pushes_and_pops_none_itself(tmp_path: Path) -> None:
    found = record(tmp_path, APP + "with app.app_context():\n    client.get('/item/1')\nclient.get('/item/2')")
    kinds = [row.kind for row in found.rows if Kind.REQUEST_ENTER <= row.kind <= Kind.POP_AND_EXIT]
    alone = [Kind.REQUEST_ENTER, Kind.REQUEST_PUSH, Kind.REQUEST_POP, Kind.REQUEST_EXIT]
    both = [Kind.REQUEST_ENTER, Kind.PUSH_BOTH, Kind.POP_AND_EXIT]
    assert kinds == [Kind.APP_PUSH, *alone, Kind.APP_POP, *both]


def test_a_context_whose_push_fails_is_closed_again(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
import flask.sessions
class Sessions(flask.sessions.SecureCookieSessionInterface):
    def open_session(self, app, request):
        with app.app_context():
            raise RuntimeError
app.session_interface = Sessions()
app.config["PROPAGATE_EXCEPTIONS"] = True
try:
    client.get("/item/1")
except RuntimeError:
    print("propagated")
try:
    app.test_request_context("/item/1").pop()
except LookupError:
    print("not pushed")
""",
    )
    kinds = [row.kind for row in found.rows if Kind.REQUEST_ENTER <= row.kind <= Kind.POP_AND_EXIT]
    assert kinds == [Kind.REQUEST_ENTER, Kind.APP_PUSH, Kind.APP_POP, Kind.PUSH_BOTH, Kind.POP_AND_EXIT]
    assert found.done is not None
    assert found.done.stdout == "propagated\nnot pushed\n"
