"""Apps put together in the ways that people do, on a real server: each thread's records tell one request as it went."""

from __future__ import annotations

import http.client
import signal
import socket
import sys
from collections import Counter
from pathlib import Path

import pytest

from support import recorded
from support.recorded import Recorded
from support.served import Served, serve
from weft.events import Kind

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="servers are stopped with POSIX signals")

APP = """
import threading
from flask import Blueprint, Flask, Response, abort, copy_current_request_context, request, stream_with_context
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

lock = threading.RLock()

def take(*_):
    with lock:
        pass

shop = Flask("shop")
shop.before_request(take)
shop.teardown_request(take)

goods = Blueprint("goods", __name__, url_prefix="/goods")

@goods.get("/<name>")
def good(name):
    take()
    return name

@goods.get("/stream/<name>")
def stream(name):
    def parts():
        for letter in name:
            take()
            yield letter + request.script_root
    return Response(stream_with_context(parts()))

@goods.get("/elsewhere")
def elsewhere():
    @copy_current_request_context
    def work():
        take()
    thread = threading.Thread(target=work, name="elsewhere")
    thread.start()
    thread.join()
    return request.path

shop.register_blueprint(goods)

@shop.get("/endless")
def endless():
    def parts():
        while True:
            yield b"x" * 65536
    return Response(parts())

class Gate:
    def __init__(self, inner):
        self.inner = inner
    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/closed":
            take()
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"closed"]
        return self.inner(environ, start_response)

shop.wsgi_app = Gate(ProxyFix(shop.wsgi_app, x_prefix=1))

class Office(Flask):
    def wsgi_app(self, environ, start_response):
        return super().wsgi_app(environ, start_response)
    def full_dispatch_request(self, *args):
        take()
        return super().full_dispatch_request(*args)

office = Office("office")
office.logger.disabled = True
office.register_error_handler(LookupError, lambda error: ("handled", 409))

@office.get("/asks/<name>")
def asks(name):
    return Client(shop).get(f"/goods/{name}").text

@office.get("/teapot")
def teapot():
    abort(Response("teapot", 418))

@office.get("/missing")
def missing():
    raise KeyError

@office.get("/broken")
def broken():
    raise ZeroDivisionError

@office.get("/torn")
def torn():
    return "torn"

@office.teardown_request
def tear(error):
    if request.endpoint == "torn":
        raise RuntimeError

@office.get("/by-hand")
def by_hand():
    with shop.test_request_context("/goods/x"):
        with office.app_context():
            take()
    return "x"

app = DispatcherMiddleware(shop, {"/office": office})
"""
WERKZEUG = (
    "from werkzeug.serving import run_simple; from app import app; run_simple('127.0.0.1', {port}, app, threaded=True)"
)
SIGNS = {
    Kind.SECTION: "L",
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
ASKED = {
    # What is before the request (`take` in before_request) and in its teardown belongs to it.
    "/goods/ore": (200, "ore", "<([LLL])>", "goods.good"),
    "/closed": (403, "closed", "L", None),
    "/office/asks/tin": (200, "tin", "<([L<([LLL])>])>", "asks"),
    "/office/teapot": (418, "teapot", "<([L)~>", "teapot"),
    "/office/missing": (409, "handled", "<([L])>", "missing"),
    "/office/nowhere": (404, None, "<([L)~>", "0"),
    "/office/broken": (500, None, "<([L)~>", "broken"),
    "/office/torn": (500, None, "<([L])>", "torn"),
    "/office/by-hand": (200, "x", "<([L([(L)L])])>", "by_hand"),
    "/goods/elsewhere": (200, "/goods/elsewhere", "<([LL])>", "goods.elsewhere"),
}


def _shapes(found: Recorded) -> dict[str, str]:
    """Return what each thread did, by the path of its first request; a line of signs."""
    shapes: dict[str, str] = {}
    for thread in {row.thread for row in found.rows}:
        rows = found.of(*SIGNS, thread=thread)
        first = next((row.what for row in rows if row.kind == Kind.REQUEST_ENTER), thread)
        shapes[first] = "".join(SIGNS[row.kind] for row in rows)
    return shapes


def _stopped(tmp_path: Path, served: Served, *answers: tuple[str, int]) -> Recorded:
    """Stop the server when the answers stand in the trace, and return what does."""
    served.wait_for(Counter(answers))
    served.stop(signal.SIGINT)
    return recorded.load(tmp_path / "trace.weft")


def test_requests_contexts_and_locks_are_nested_as_they_were(tmp_path: Path) -> None:
    with serve(tmp_path, "-c", WERKZEUG, app=APP) as served:
        for path, (status, text, _, _) in ASKED.items():
            got = served.ask(path)
            assert got[0] == status, got
            assert text in (None, got[1])
        ended = [(path, 0 if path == "/office/torn" else status) for path, (status, *_) in ASKED.items()]
        ended[1:2] = [("/goods/tin", 200)]  # asked by another request; the gate answers /closed itself
        found = _stopped(tmp_path, served, *ended)
    shapes = _shapes(found)
    expected = {path: shape for path, (_, _, shape, _) in ASKED.items() if path != "/closed"}
    got_shapes = {path: shape for path, shape in shapes.items() if path in ASKED}
    assert _loose(got_shapes) == _loose(expected)
    assert _loose(shapes)["elsewhere"] == "([LL)"
    assert {row.what for row in found.of(Kind.PUSH_BOTH)} == {endpoint for *_, endpoint in ASKED.values() if endpoint}


def _loose(shapes: dict[str, str]) -> dict[str, str]:
    """An app context's pop says that its request context is popped too, unless the request ends with it."""
    return {path: shape.replace("])", ")") for path, shape in shapes.items()}


def test_a_stream_with_its_context_behind_a_prefix(tmp_path: Path) -> None:
    with serve(tmp_path, "-c", WERKZEUG, app=APP) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        connection.request("GET", "/goods/stream/ab", headers={"X-Forwarded-Prefix": "/site"})
        assert connection.getresponse().read() == b"a/siteb/site"
        connection.close()
        found = _stopped(tmp_path, served, ("/site/goods/stream/ab", 200))
    (request,) = served.snapshot().requests(10)
    assert (request.path, request.status, request.endpoint) == ("/site/goods/stream/ab", 200, "goods.stream")
    (shape,) = (shape for path, shape in _shapes(found).items() if path == request.path)
    assert shape.startswith("<([L")
    assert shape.endswith(">")
    assert shape.count("L") >= 4  # a teardown when the call returns, in some versions
    assert shape.count("(") == shape.count(")")
    assert all(request.start_ns < row.time < (request.end_ns or 0) for row in found.of(Kind.SECTION))


def test_a_customer_who_resets_the_connection_ends_the_request(tmp_path: Path) -> None:
    with serve(tmp_path, "-c", WERKZEUG, app=APP) as served:
        leaver = socket.create_connection(("127.0.0.1", served.port), timeout=20)
        leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        leaver.sendall(b"GET /endless HTTP/1.0\r\n\r\n")
        assert leaver.recv(100)
        leaver.close()
        assert served.ask("/goods/after") == (200, "after")
        _stopped(tmp_path, served, ("/endless", 200), ("/goods/after", 200))
