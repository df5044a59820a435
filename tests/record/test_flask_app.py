"""What is recorded of a Flask app, and what is not."""

from __future__ import annotations

from pathlib import Path

from support.recorded import Recorded, record
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
client.get("/broken", buffered=True)
client.get("/nowhere", buffered=True)
app.config["PROPAGATE_EXCEPTIONS"] = True
try:
    client.get("/broken")
except ZeroDivisionError:
    print("propagated")
""",
    )
    # Werkzeug makes error pages by running one WSGI app in another: they are read like streams.
    ends = found.of(Kind.POP_AND_EXIT, Kind.REQUEST_CLOSE)
    assert [(row.kind, row.what) for row in ends] == [
        (Kind.REQUEST_CLOSE, "500"),
        (Kind.REQUEST_CLOSE, "404"),
        (Kind.POP_AND_EXIT, "0"),
    ]
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
        assert not any(type(finder).__name__ == "WhenImported" for finder in sys.meta_path if "flask" in sys.modules)
        import flask.ctx, importlib.util
        assert not any(type(finder).__name__ == "WhenImported" for finder in sys.meta_path)
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


STREAMS = (
    APP
    + """
from flask import Response, stream_with_context
def parts():
    try:
        yield "a"
        with lock:
            yield "b"
    finally:
        print("over")

@app.get("/stream")
def stream():
    return Response(parts())

@app.get("/with-context")
def with_context():
    def read():
        yield request.path
        with lock:
            yield "x"
    return Response(stream_with_context(read()))

@app.get("/callback")
def callback():
    response = Response("x")
    @response.call_on_close
    def release():
        with lock:
            pass
    return response

@app.get("/file")
def file():
    import flask, io
    return flask.send_file(io.BytesIO(b"abc"), mimetype="text/plain")
"""
)
SERVED = (Kind.REQUEST_ENTER, Kind.REQUEST_STREAM, Kind.REQUEST_CLOSE, Kind.REQUEST_EXIT, Kind.POP_AND_EXIT)


def _served(found: Recorded) -> list[tuple[Kind, int]]:
    return [(row.kind, row.value if row.kind != Kind.POP_AND_EXIT else 0) for row in found.of(*SERVED)]


def test_a_streaming_response_belongs_to_its_request_until_it_is_closed(tmp_path: Path) -> None:
    found = record(tmp_path, STREAMS + "client.get('/stream', buffered=True); client.get('/item/1')")
    assert _served(found) == [
        (Kind.REQUEST_ENTER, 1),
        (Kind.REQUEST_STREAM, 1),
        (Kind.REQUEST_CLOSE, 1),
        (Kind.REQUEST_ENTER, 2),
        (Kind.POP_AND_EXIT, 0),
    ]
    (returned,), (closed,) = found.of(Kind.REQUEST_STREAM), found.of(Kind.REQUEST_CLOSE)
    assert returned.what == closed.what == "200"
    (popped,) = found.of(Kind.APP_POP)
    (section, _) = found.of(Kind.SECTION)
    assert popped.time < returned.time < section.time < section.value < closed.time


def test_a_dropped_stream_ends_when_it_is_dropped_and_so_does_its_generator(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        STREAMS
        + """
import gc
gc.disable()
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/stream", "SERVER_NAME": "x", "SERVER_PORT": "80",
           "wsgi.url_scheme": "http"}
reader = app(environ, lambda *_: None)
print(next(reader))
del reader
print("dropped")
client.get("/item/1")
""",
    )
    assert [kind for kind, _ in _served(found)][:3] == [Kind.REQUEST_ENTER, Kind.REQUEST_STREAM, Kind.REQUEST_CLOSE]
    assert found.done is not None
    assert found.done.stdout == "b'a'\nover\ndropped\n"


def test_streams_that_end_in_another_order_than_they_began(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        STREAMS + "first = client.get('/stream'); second = client.get('/stream'); first.close(); second.close()",
    )
    assert _served(found) == [
        (Kind.REQUEST_ENTER, 1),
        (Kind.REQUEST_STREAM, 1),
        (Kind.REQUEST_ENTER, 2),
        (Kind.REQUEST_STREAM, 2),
        (Kind.REQUEST_CLOSE, 1),
        (Kind.REQUEST_CLOSE, 2),
    ]


def test_callbacks_and_files_end_with_their_response(tmp_path: Path) -> None:
    found = record(
        tmp_path, STREAMS + "client.get('/callback', buffered=True); print(client.get('/file', buffered=True).text)"
    )
    assert [kind for kind, _ in _served(found)] == [Kind.REQUEST_ENTER, Kind.REQUEST_STREAM, Kind.REQUEST_CLOSE] * 2
    (section,) = found.of(Kind.SECTION)
    assert section.value < found.of(Kind.REQUEST_CLOSE)[0].time
    assert found.done is not None
    assert found.done.stdout == "abc\n"


def test_contexts_of_a_stream_with_context_are_closed_and_its_request_last(tmp_path: Path) -> None:
    found = record(tmp_path, STREAMS + "print(client.get('/with-context', buffered=True).text)")
    kinds = [row.kind for row in found.of(*Kind) if Kind.REQUEST_ENTER <= row.kind <= Kind.REQUEST_CLOSE]
    assert _depth(kinds) == 0
    assert kinds[-1] == Kind.REQUEST_CLOSE
    assert found.done is not None
    assert found.done.stdout == "/with-contextx\n"


def _depth(kinds: list[Kind]) -> int:
    """Return how many contexts are left open."""
    steps = {
        Kind.APP_PUSH: 1,
        Kind.REQUEST_PUSH: 1,
        Kind.PUSH_BOTH: 1,
        Kind.APP_POP: -1,
        Kind.REQUEST_POP: -1,
        Kind.POP_AND_EXIT: -1,
    }
    return sum(steps.get(kind, 0) for kind in kinds)


def test_an_error_while_closing_is_the_apps_and_the_request_ends(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        STREAMS
        + """
@app.get("/bad-close")
def bad_close():
    response = Response("x")
    response.call_on_close(lambda: 1 / 0)
    return response
try:
    client.get("/bad-close", buffered=True)
except ZeroDivisionError:
    print("raised")
""",
    )
    assert [kind for kind, _ in _served(found)] == [Kind.REQUEST_ENTER, Kind.REQUEST_STREAM, Kind.REQUEST_CLOSE]
    assert found.done is not None
    assert found.done.stdout == "raised\n"


def test_a_teardown_that_raises_goes_through_as_an_exception(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
@app.teardown_request
def broken_teardown(error):
    raise RuntimeError
try:
    client.get("/item/1")
except RuntimeError:
    print("raised")
""",
    )
    assert [(row.kind, row.what) for row in found.of(*SERVED[1:])] == [(Kind.POP_AND_EXIT, "0")]
    assert found.done is not None
    assert found.done.stdout == "raised\n"
