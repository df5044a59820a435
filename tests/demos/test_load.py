"""The load is bounded, stays on this machine, and counts what it did to the last request."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from random import Random

import pytest
from flask import Flask, request

from weft_demos import load, serve
from weft_demos.customer import REPORT_WISHES, WISHES, Tally, choose
from weft_demos.shop import create_app


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


@pytest.fixture
def app(counted: Counter[str]) -> Flask:
    app = create_app()
    lock = threading.Lock()

    @app.after_request
    def count(response):
        with lock:
            counted[f"{request.method} {request.endpoint}"] += 1
            counted[str(response.status_code)] += 1
        return response

    return app


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    server = serve.listen(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield serve.address(server)
    server.shutdown()
    thread.join(timeout=10)


def test_the_tally_is_what_the_server_counted(url: str, counted: Counter[str]) -> None:
    tally = load.run(load.loopback_address(url), 4, 0.7, 1, threading.Event())
    assert tally.errors == 0
    assert tally.requests + tally.statuses == counted
    assert {"GET catalogue", "GET item", "POST add_to_cart", "GET report"} <= set(tally.requests)
    assert set(tally.statuses) <= {"200", "201", "409"}


def test_a_request_under_way_at_the_stop_is_finished(url: str, app: Flask) -> None:
    stop, asked = threading.Event(), threading.Event()

    @app.before_request
    def stop_the_load_first() -> None:
        stop.set()
        asked.set()

    tally = load.run(load.loopback_address(url), 1, 30, 1, stop)
    assert asked.is_set()
    assert (tally.requests.total(), tally.statuses.total(), tally.errors) == (1, 1, 0)


def test_a_call_without_an_answer_is_an_error_and_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    def refuse(connection: HTTPConnection) -> None:
        stop.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(HTTPConnection, "connect", refuse)
    tally = load.run(("127.0.0.1", 1), 1, 30, 1, stop)
    assert tally.as_dict() == {"requests": {}, "statuses": {}, "errors": 1}


def test_the_load_goes_on_after_a_lost_connection(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    connect, attempts = HTTPConnection.connect, itertools.count()

    def fail_once(connection: HTTPConnection) -> None:
        if next(attempts) == 0:
            raise ConnectionResetError
        stop.set()
        connect(connection)

    monkeypatch.setattr(HTTPConnection, "connect", fail_once)
    tally = load.run(load.loopback_address(url), 1, 30, 1, stop)
    assert (tally.requests.total(), tally.errors) == (1, 1)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:80",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "http://127.0.0.2:80",
        "https://127.0.0.1",
        "127.0.0.1:5000",
        "http://[::1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "\x1b[31m",
        "",
    ],
)
def test_any_other_host_is_refused_before_a_packet_leaves(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "run", lambda *arguments: pytest.fail("it ran"))
    assert load.main([url]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "\x1b" not in err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_is_not(host: str) -> None:
    assert load.loopback_address(f"http://{host}:5000/") == (host.strip("[]"), 5000)


@pytest.mark.parametrize("size", ["--clients=0", "--clients=65", "--seconds=0", "--seconds=601", "--seconds=nan"])
def test_a_load_has_bounds(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main(["http://127.0.0.1:1", size]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_longest_load_is_the_default() -> None:
    assert load._parser().parse_args(["http://127.0.0.1"]).seconds == load.MAX_SECONDS == 600


def test_the_result_is_one_line_of_json(url: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "weft_demos.load", url, "--until-eof", "--clients=2"],
        input="",
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert process.stdout.count("\n") == 1
    done = json.loads(process.stdout)
    assert sum(done["requests"].values()) == sum(done["statuses"].values())
    assert done["errors"] == 0


def wishes(seed: int, weights: dict[str, int], cart: int | None) -> list[str]:
    random = Random(seed)
    return [choose(random, weights, [1, 2], cart).endpoint for _ in range(400)]


def test_a_seed_decides_what_a_customer_wishes() -> None:
    assert wishes(1, WISHES, 1) == wishes(1, WISHES, 1)
    assert wishes(1, WISHES, 1) != wishes(2, WISHES, 1)


def test_customers_want_everything_but_pay_only_what_is_in_a_cart() -> None:
    assert set(wishes(1, REPORT_WISHES, 1)) == {
        "catalogue",
        "item",
        "add_to_cart",
        "cart",
        "checkout",
        "report",
    }
    assert set(wishes(1, WISHES, None)) == {"catalogue", "item", "add_to_cart"}


def test_tallies_add_up() -> None:
    one = Tally(Counter({"GET item": 2}), Counter({"200": 2}), 1)
    other = Tally(Counter({"GET item": 1, "GET cart": 1}), Counter({"200": 1, "404": 1}), 2)
    assert Tally.total([one, other]).as_dict() == {
        "requests": {"GET item": 3, "GET cart": 1},
        "statuses": {"200": 3, "404": 1},
        "errors": 3,
    }
