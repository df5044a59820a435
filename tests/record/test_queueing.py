"""How long a request waited for a free worker, where the server lets that be seen."""

from __future__ import annotations

import itertools
import signal
import sys
import threading
from pathlib import Path

import pytest

from support.served import Served, serve
from weft.timeline.values import Request

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="servers are stopped with POSIX signals")

APP = """
import threading
from flask import Flask
app = Flask(__name__)
seconds = 0.2

@app.get("/slow/<name>")
def slow(name):
    threading.Event().wait(seconds)
    return name
"""
CHEROOT = (
    "import signal, sys, threading; from cheroot.wsgi import Server; from app import app; "
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit()); server = Server(('127.0.0.1', {port}), app, numthreads=1); "
    "threading.Thread(target=server.safe_start, daemon=True).start(); threading.Event().wait()"
)
GUNICORN = ("-m", "gunicorn", "-b", "127.0.0.1:{port}", "-w", "1", "-k", "gthread", "--threads")
ONE_WORKER = {
    "gunicorn": ((*GUNICORN, "1", "app:app"), signal.SIGTERM),
    "waitress": (("-m", "waitress", "--listen=127.0.0.1:{port}", "--threads=1", "app:app"), signal.SIGINT),
    "cheroot": (("-c", CHEROOT), signal.SIGTERM),
}


def _ask_at_once(served: Served, count: int) -> None:
    threads = [threading.Thread(target=served.ask, args=(f"/slow/{number}",)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _requests(served: Served) -> list[Request]:
    return sorted(served.snapshot().requests(100), key=lambda request: request.start_ns)


@pytest.mark.parametrize("name", ONE_WORKER)
def test_requests_queue_for_a_single_worker(name: str, tmp_path: Path) -> None:
    pytest.importorskip(name)
    command, stop = ONE_WORKER[name]
    with serve(tmp_path, *command, app=APP) as served:
        _ask_at_once(served, 3)
        served.ask("/slow/alone")
        served.stop(stop)
    *crowd, alone = _requests(served)
    for before, mine in itertools.pairwise(crowd):
        assert before.end_ns is not None
        assert before.end_ns < mine.start_ns
        assert mine.queued_ns > 0
    assert alone.queued_ns < crowd[2].queued_ns
    assert _report(served)["requests"][0]["queued_ns"]["max"] == max(one.queued_ns for one in crowd)


def _report(served: Served) -> dict[str, list[dict[str, dict[str, int]]]]:
    from weft.timeline.report import report

    return report(served.snapshot())


@pytest.mark.parametrize("name", ["gunicorn", "waitress"])
def test_where_workers_are_free_nothing_is_told(name: str, tmp_path: Path) -> None:
    pytest.importorskip(name)
    command, stop = ONE_WORKER[name]
    with serve(tmp_path, *command, app=APP.replace("0.2", "0")) as served:
        for number in range(20):
            served.ask(f"/slow/{number}")
        served.stop(stop)
    found = _requests(served)
    assert len(found) == 20
    assert 0 in {request.queued_ns for request in found}  # a busy machine may let some wait
