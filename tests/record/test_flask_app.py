"""What is recorded of a Flask app, and what is not."""

from __future__ import annotations

from pathlib import Path

import flask.ctx
import pytest

from support.recorded import Recorded, record
from weft.events import Kind

MERGED = "RequestContext" not in vars(flask.ctx)
"""From Flask 3.2 on one class is both contexts, a request pushes it whatever was pushed before, and errors while it is
popped arrive as a group."""

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
        finders = [finder for finder in sys.meta_path if type(finder).__name__ == "WhenImported"]
        finder = next(finder for finder in finders if "flask" in finder._then)
        assert "flask" not in sys.modules
        assert "flask" in finder._then
        import flask.ctx, importlib.util
        assert "flask" not in finder._then
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
    expected = "(([)([))([)" if MERGED else "([][])([)"
    assert "".join(pairs[row.kind] for row in found.of(*pairs)) == expected


def test_a_request_inside_an_app_context_pushes_and_pops_none_itself(tmp_path: Path) -> None:
    found = record(tmp_path, APP + "with app.app_context():\n    client.get('/item/1')\nclient.get('/item/2')")
    kinds = [row.kind for row in found.rows if Kind.REQUEST_ENTER <= row.kind <= Kind.POP_AND_EXIT]
    alone = [Kind.REQUEST_ENTER, Kind.REQUEST_PUSH, Kind.REQUEST_POP, Kind.REQUEST_EXIT]
    both = [Kind.REQUEST_ENTER, Kind.PUSH_BOTH, Kind.POP_AND_EXIT]
    assert kinds == [Kind.APP_PUSH, *(both if MERGED else alone), Kind.APP_POP, *both]


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
except (LookupError, RuntimeError):
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
except (RuntimeError, ExceptionGroup):
    print("raised")
""",
    )
    assert [(row.kind, row.what) for row in found.of(*SERVED[1:])] == [(Kind.POP_AND_EXIT, "0")]
    assert found.done is not None
    assert found.done.stdout == "raised\n"


def _shape(found: Recorded, thread: str | None = None) -> str:
    """Return what requests and contexts did as a line of brackets: ``<([])>`` is a plain request."""
    signs = {
        Kind.REQUEST_ENTER: "<",
        Kind.REQUEST_EXIT: ">",
        Kind.REQUEST_STREAM: "~",
        Kind.REQUEST_CLOSE: ">",
        Kind.APP_PUSH: "(",
        Kind.APP_POP: ")",
        Kind.REQUEST_PUSH: "[",
        Kind.REQUEST_POP: "]",
        Kind.PUSH_BOTH: "([",
        Kind.POP_AND_EXIT: "])>",
    }
    return "".join(signs[row.kind] for row in found.of(*signs, thread=thread))


def test_aborts_and_exceptions_everywhere_end_their_request(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
from flask import abort, Response
where = None
def maybe(place):
    if where == place:
        raise RuntimeError(place)
@app.get("/abort")
def aborting():
    abort(Response("teapot", 418))
class Stop(BaseException): pass
@app.get("/stop")
def stop():
    raise Stop
app.before_request(lambda: maybe("before"))
app.after_request(lambda response: (maybe("after"), response)[1])
app.teardown_request(lambda error: maybe("teardown"))
app.teardown_appcontext(lambda error: maybe("teardown app"))
app.logger.disabled = True
client.get("/abort", buffered=True)
for where in ("before", "after", "teardown", "teardown app"):
    try:
        client.get("/item/1", buffered=True)
    except Exception as error:
        while isinstance(error, ExceptionGroup):
            (error,) = error.exceptions
        print(error)
where = None
try:
    client.get("/stop")
except Stop:
    print("stop")
client.get("/item/1")
""",
    )
    ends = found.of(Kind.REQUEST_EXIT, Kind.POP_AND_EXIT, Kind.REQUEST_CLOSE)
    assert [row.what for row in ends] == ["418", "500", "500", "0", "0", "0", "200"]
    assert len(found.of(Kind.REQUEST_ENTER)) == 7
    assert _depth([row.kind for row in found.rows]) == 0
    assert found.done is not None
    assert found.done.stdout == "teardown\nteardown app\nstop\n"


def test_a_copied_context_in_a_thread_is_that_threads(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
from flask import copy_current_request_context
@app.get("/elsewhere")
def elsewhere():
    @copy_current_request_context
    def work():
        with lock:
            return request.path
    thread = threading.Thread(target=work, name="helper")
    thread.start()
    thread.join()
    return "x"
client.get("/elsewhere")
""",
    )
    assert _shape(found, "MainThread") == "<([])>"
    assert _shape(found, "helper") == "([)"
    (section,) = found.of(Kind.SECTION)
    assert section.thread == "helper"


def test_commands_have_an_app_context(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
@app.cli.command("tidy")
def tidy():
    with lock:
        print("tidied")
app.test_cli_runner().invoke(args=["tidy"], standalone_mode=True)
""",
    )
    assert _shape(found) == "()"
    (push,), (pop,), (section,) = (found.of(kind) for kind in (Kind.APP_PUSH, Kind.APP_POP, Kind.SECTION))
    assert push.time < section.time < section.value < pop.time


def test_several_apps_in_one_process(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client
other = Flask("other")
@other.get("/inside")
def inside():
    return app.test_client().get("/item/7").text + request.script_root
root = Client(ProxyFix(DispatcherMiddleware(app, {"/other": other}), x_prefix=1))
root.get("/item/1")
print(root.get("/other/inside", headers={"X-Forwarded-Prefix": "/site"}).text)
""",
    )
    targets = {entry["id"]: entry["path"] for entry in found.defined("target")}
    assert [*targets.values()] == ["/item/1", "/site/other/inside", "/item/7"]
    assert _shape(found) == "<([])><([<([])>])>"
    assert [row.what for row in found.of(Kind.PUSH_BOTH)] == ["item", "inside", "item"]
    assert found.done is not None
    assert found.done.stdout == "item 7/site/other\n"


def test_blueprints_and_middleware_that_answers_itself(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
from flask import Blueprint
shop = Blueprint("shop", __name__, url_prefix="/shop")
shop.add_url_rule("/<name>", "view", lambda name: name)
app.register_blueprint(shop)
inner = app.wsgi_app
def gate(environ, start_response):
    if environ["PATH_INFO"] == "/closed":
        start_response("403 Forbidden", [])
        return [b""]
    return inner(environ, start_response)
app.wsgi_app = gate
assert client.get("/closed").status_code == 403
assert client.get("/shop/x").text == "x"
""",
    )
    assert [row.what for row in found.of(Kind.PUSH_BOTH)] == ["shop.view"]
    assert _shape(found) == "<([])>"


def test_a_request_without_a_path_is_one_of_the_root(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
environ = {"REQUEST_METHOD": "GET", "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
print(b"".join(app(environ, lambda *_: None))[:9])
""",
    )
    assert [entry["path"] for entry in found.defined("target")] == [""]
    assert len(found.of(Kind.REQUEST_ENTER)) == 1


def test_contexts_that_a_test_client_preserves(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
with client:
    client.get("/item/1")
    assert request.path == "/item/1"
    client.get("/item/2")
print("out")
""",
    )
    assert _depth([row.kind for row in found.rows]) == 0
    assert len(found.of(*SERVED)) == 4


def test_async_views_are_requests_like_others(tmp_path: Path) -> None:
    pytest.importorskip("asgiref")
    found = record(
        tmp_path,
        APP
        + """
@app.get("/later")
async def later():
    with lock:
        return request.path
print(client.get("/later").text)
""",
    )
    assert _shape(found) == "<([])>"
    assert len(found.of(Kind.SECTION)) == 1
    assert found.done is not None
    assert found.done.stdout == "/later\n"


def test_signals_are_left_alone(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
import flask
if hasattr(flask.request_started, "receivers"):
    assert not flask.request_started.receivers
    assert not flask.appcontext_pushed.receivers
client.get("/item/1")
""",
    )
    assert _shape(found) == "<([])>"


def test_who_takes_a_files_close_keeps_the_file(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        STREAMS
        + """
from werkzeug.wsgi import FileWrapper
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/file", "SERVER_NAME": "x", "SERVER_PORT": "80",
           "wsgi.url_scheme": "http"}
reader = app(environ, lambda *_: None)
assert isinstance(reader, FileWrapper)
assert type(reader).__name__ == "FileWrapper"
file, close = reader.file, reader.close
del reader
assert not file.closed
close()
assert file.closed
""",
    )
    assert [kind for kind, _ in _served(found)] == [Kind.REQUEST_ENTER, Kind.REQUEST_STREAM, Kind.REQUEST_CLOSE]


def test_who_wraps_the_pushes_of_app_contexts_too_breaks_nothing(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        APP
        + """
from flask.ctx import AppContext, RequestContext
ours = AppContext.push
AppContext.push = lambda self: ours(self)
context = app.test_request_context("/item/1")
with context:
    assert "pop" in vars(context)
assert "pop" not in vars(context)
app.test_client().get("/item/1")
""",
    )
    assert _shape(found) == "([)]<([)]>"


def test_a_status_that_is_none_ends_its_request(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        from flask import Flask
        class Odd(Flask):
            def make_response(self, rv):
                return lambda environ, start: start(rv, []) or []
            def process_response(self, response):
                return response
        app = Odd("app")
        odd = [["200"], "2", "never", "999 Far", "²²²", b"200 OK", None]
        for number, status in enumerate(odd):
            app.add_url_rule(f"/{number}", str(number), lambda status=status: status)
        seen = []
        for number, _ in enumerate(odd):
            app({"REQUEST_METHOD": "GET", "PATH_INFO": f"/{number}", "SERVER_NAME": "x", "SERVER_PORT": "1",
                 "wsgi.url_scheme": "http"}, lambda status, headers: seen.append(status))
        assert seen == odd, seen
        """,
    )
    assert len(found.of(Kind.POP_AND_EXIT)) == 7
    assert found.done is not None
