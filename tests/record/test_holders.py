"""Every wait on a real server has its true holder: the app itself notes who holds its locks, and when."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.served import Served, recorded, serve, waits
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Request

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="servers are stopped with POSIX signals")

APP = """
import os, threading, time
from flask import Flask
app = Flask(__name__)
locks = {"a": threading.Lock(), "b": threading.RLock()}
clock = time.perf_counter_ns

@app.get("/hold/<name>/<lock>")
def hold(name, lock):
    asked = clock()
    with locks[lock]:
        taken = clock()
        time.sleep(0.002)
        done = clock()
    return {"pid": os.getpid(), "lock": lock, "asked": asked, "taken": taken, "done": done}
"""
WERKZEUG = (
    "from werkzeug.serving import run_simple; from app import app; run_simple('127.0.0.1', {port}, app, threaded=True)"
)
CHEROOT = (
    "import signal, sys, threading; from cheroot.wsgi import Server; from app import app; "
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit()); "
    "server = Server(('127.0.0.1', {port}), app, numthreads=%d); "
    "threading.Thread(target=server.safe_start, daemon=True).start(); threading.Event().wait()"
)


def _gunicorn(workers: int, threads: int) -> tuple[str, ...]:
    return (
        *("-m", "gunicorn", "-b", "127.0.0.1:{port}", "--graceful-timeout", "5", "app:app"),
        *("-w", str(workers), "-k", "gthread", "--threads", str(threads)),
    )


def _waitress(threads: int) -> tuple[str, ...]:
    return ("-m", "waitress", "--listen=127.0.0.1:{port}", f"--threads={threads}", "app:app")


SERVERS = {
    "werkzeug": ("werkzeug", ("-c", WERKZEUG), signal.SIGINT),
    "gunicorn 1 x 8": ("gunicorn", _gunicorn(1, 8), signal.SIGTERM),
    "gunicorn 3 x 2": ("gunicorn", _gunicorn(3, 2), signal.SIGTERM),
    "waitress 2": ("waitress", _waitress(2), signal.SIGINT),
    "waitress 8": ("waitress", _waitress(8), signal.SIGINT),
    "cheroot 3": ("cheroot", ("-c", CHEROOT % 3), signal.SIGTERM),
}
CLIENTS, EACH = 6, 12


@dataclass(frozen=True)
class Held:
    """What the app says of one request."""

    path: str
    pid: int
    lock: str
    asked: int
    taken: int
    done: int


def _load(served: Served) -> list[Held]:
    held: list[Held] = []
    failed: list[BaseException] = []

    def shop(number: int) -> None:
        try:
            for turn in range(EACH):
                path = f"/hold/{number}-{turn}/{'ab'[turn % 3 == 2]}"
                status, text = served.ask(path)
                assert status == 200, text
                held.append(Held(path, **json.loads(text)))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=shop, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
    return held


def _serving(snapshot: Snapshot) -> Any:
    """Return a function that tells which request a thread was serving at a moment."""
    requests: dict[int, list[Request]] = {}
    for request in snapshot.requests(1_000_000):
        requests.setdefault(request.thread, []).append(request)

    def at(thread: int | None, time_ns: int) -> str | None:
        for request in requests.get(thread if thread is not None else -1, ()):
            if request.start_ns <= time_ns <= (request.end_ns or time_ns):
                return request.path
        return None

    return at


@pytest.mark.parametrize("name", SERVERS)
def test_every_wait_has_its_true_holder(name: str, tmp_path: Path) -> None:
    module, command, stop = SERVERS[name]
    pytest.importorskip(module)
    with serve(tmp_path, *command, app=APP) as served:
        held = _load(served)
        served.stop(stop)
    snapshot = served.snapshot()
    assert recorded(snapshot) == {(one.path, 200): 1 for one in held}
    of = {one.path: one for one in held}
    assert len(of) == CLIENTS * EACH
    serving = _serving(snapshot)
    told = 0
    for wait in waits(snapshot):
        mine = of[serving(wait.thread, wait.start_ns)]
        assert snapshot.locks[wait.lock].name == f'app.locks["{mine.lock}"]'
        # The app's clock readings lie around the wait, and inside of the hold that it is about.
        assert mine.asked <= wait.start_ns
        assert wait.end_ns is not None
        assert wait.end_ns <= mine.taken
        true = [
            one.path
            for one in held
            if (one.pid, one.lock) == (mine.pid, mine.lock) and one.taken <= wait.start_ns <= one.done
        ]
        if true:
            told += 1
            assert [serving(wait.holder, wait.start_ns)] == true
    assert told
