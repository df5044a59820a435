"""Every server that people run Flask on: what its customers were answered stands in the trace, once."""

from __future__ import annotations

import http.client
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from support.served import Answers, Served, recorded, serve, total, waits

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="servers are stopped with POSIX signals")

WERKZEUG = (
    "from werkzeug.serving import run_simple; from app import app; "
    "run_simple('127.0.0.1', {port}, app, threaded=%s, use_reloader=%s)"
)
GUNICORN = ("-m", "gunicorn", "-b", "127.0.0.1:{port}", "--graceful-timeout", "5", "app:app", "-w", "2")
UWSGI = (
    "import pyuwsgi; pyuwsgi.run(['--http-socket', '127.0.0.1:{port}', '--wsgi', 'app:app', '--master', '--processes',"
    "'2', '--threads', '3', '--enable-threads', '--die-on-term', '--thunder-lock'])"
)
# Its own command sometimes hangs when it is stopped, recorded or not: cheroot joins a worker without a timeout.
CHEROOT = (
    "import signal, sys, threading; from cheroot.wsgi import Server; from app import app; "
    "signal.signal(signal.SIGTERM, lambda *_: sys.exit()); server = Server(('127.0.0.1', {port}), app); "
    "threading.Thread(target=server.safe_start, daemon=True).start(); threading.Event().wait()"
)
EXPRESS = (
    "from importlib.metadata import entry_points; "
    "next(iter(entry_points(group='console_scripts', name='mod_wsgi-express'))).load()()"
)
SERVERS = {
    "werkzeug threaded": ("werkzeug", 1, ("-c", WERKZEUG % (True, False)), signal.SIGINT),
    "werkzeug": ("werkzeug", 1, ("-c", WERKZEUG % (False, False)), signal.SIGINT),
    "werkzeug with the reloader": ("werkzeug", 1, ("-c", WERKZEUG % (True, True)), signal.SIGINT),
    "gunicorn sync": ("gunicorn", 2, GUNICORN, signal.SIGTERM),
    "gunicorn gthread": ("gunicorn", 2, (*GUNICORN, "-k", "gthread", "--threads", "4"), signal.SIGTERM),
    "gunicorn preload": ("gunicorn", 2, (*GUNICORN, "--threads", "4", "--preload"), signal.SIGTERM),
    "waitress": ("waitress", 1, ("-m", "waitress", "--listen=127.0.0.1:{port}", "app:app"), signal.SIGINT),
    "cheroot": ("cheroot", 1, ("-c", CHEROOT), signal.SIGTERM),
    "uwsgi": ("pyuwsgi", 2, ("-c", UWSGI), signal.SIGTERM),
}
"""The module that must be there, how many processes serve, the command, and the signal that stops it."""
ALONE = {"werkzeug", "gunicorn sync"}
"""One thread serves, and waits for nobody."""


@pytest.mark.parametrize("keep_alive", [True, False], ids=["kept", "anew"])
@pytest.mark.parametrize("name", SERVERS)
def test_every_answer_is_in_the_trace_once_and_every_wait_has_a_holder(
    name: str, keep_alive: bool, tmp_path: Path
) -> None:
    module, processes, command, stop = SERVERS[name]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    if name == "uwsgi" and keep_alive:
        pytest.skip("its plain HTTP socket closes every connection")
    with serve(tmp_path, *command) as served:
        answers = served.load("a", keep_alive=keep_alive)
        if name == "uwsgi":  # whether its workers run Python's exit functions is not sure
            served.wait_for(answers)
        printed = served.stop(stop)
    assert "weft:" not in printed, printed
    snapshot = served.snapshot()
    assert recorded(snapshot) == answers, (answers - recorded(snapshot), recorded(snapshot) - answers)
    requests = snapshot.requests(1_000_000)
    assert all(request.end_ns is not None for request in requests)
    assert {request.endpoint for request in requests} == {"item", "stream"}
    assert snapshot.gaps == ()
    serving = [snapshot.processes[number] for number in {request.process for request in requests}]
    assert 1 <= len(serving) <= processes
    assert all(process.ended_ns is not None for process in serving)
    found = [*waits(snapshot)]
    assert found or name in ALONE
    for wait in found:
        assert wait.acquired
        assert wait.holder is not None
        assert snapshot.threads[wait.holder].process == snapshot.threads[wait.thread].process
        assert wait.holder != wait.thread


def _gunicorn(tmp_path: Path, *more: str) -> tuple[Path, tuple[str, ...]]:
    pytest.importorskip("gunicorn")
    return tmp_path, (*GUNICORN, *more)


def test_workers_that_are_replaced_lose_nothing(tmp_path: Path) -> None:
    folder, command = _gunicorn(tmp_path, "--threads", "2", "--max-requests", "12")
    with serve(folder, *command) as served:
        answers = served.load("a", each=15, keep_alive=False)
        served.stop(signal.SIGTERM)
    snapshot = served.snapshot()
    assert recorded(snapshot) == answers
    assert sum(snapshot.serves) > 2
    assert snapshot.complete


def test_workers_that_a_reload_replaces_lose_nothing(tmp_path: Path) -> None:
    folder, command = _gunicorn(tmp_path, "--threads", "2")
    with serve(folder, *command) as served:
        before = served.load("a", keep_alive=False)
        served.process.send_signal(signal.SIGHUP)
        after = served.load("b", each=20, keep_alive=False)
        served.stop(signal.SIGTERM)
    snapshot = served.snapshot()
    assert recorded(snapshot) == total([before, after])
    assert snapshot.complete


def test_a_killed_worker_leaves_what_was_drained(tmp_path: Path) -> None:
    folder, command = _gunicorn(tmp_path, "--threads", "2")
    with serve(folder, *command) as served:
        before = served.load("a", keep_alive=False)
        victim = _pid(served)
        before["/pid", 200] += 1
        served.wait_for(before)
        os.kill(victim, signal.SIGKILL)
        after = _load_when_replaced(served, victim)
        served.stop(signal.SIGTERM)
    snapshot = served.snapshot()
    assert recorded(snapshot) == total([before, after])
    (killed,) = (process for process in snapshot.processes if process.pid == victim)
    assert killed.ended_ns is None
    assert not snapshot.complete
    assert snapshot.gaps == ()


def _pid(served: Served) -> int:
    return int(served.ask("/pid")[1])


def _load_when_replaced(served: Served, victim: int) -> Answers:
    time.sleep(0.5)
    return served.load("b", keep_alive=False)


def test_the_reloader_starts_a_process_that_is_recorded_too(tmp_path: Path) -> None:
    _, _, command, stop = SERVERS["werkzeug with the reloader"]
    with serve(tmp_path, *command) as served:
        before = served.load("a")
        served.wait_for(before)
        first = _pid(served)
        before["/pid", 200] += 1
        served.wait_for(before)
        time.sleep(1.0)  # the reloader compares whole seconds of the file's time in some versions
        (tmp_path / "app.py").touch()
        after = 0
        deadline = time.monotonic() + 20
        while after in (0, first) and time.monotonic() < deadline:
            try:
                after = _pid(served)
            except OSError:
                time.sleep(0.1)
                continue
            before["/pid", 200] += 1
            time.sleep(0.1)
        assert after not in (0, first)
        answers = total([before, served.load("b")])
        served.stop(stop)
    assert recorded(served.snapshot()) == answers


@pytest.mark.parametrize("instrumented", [False, True], ids=["started recorded", "instrumented"])
def test_apache_with_mod_wsgi(instrumented: bool, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("mod_wsgi", exc_type=ImportError)
    folder, more = tmp_path, []
    if os.geteuid() == 0:  # Apache does not serve as root
        if any(not parent.stat().st_mode & 0o001 for parent in Path(sys.base_prefix, "lib").parents):
            pytest.skip("this Python can be run by root only")
        folder = Path(tempfile.mkdtemp(prefix="weft-mod-wsgi-"))
        request.addfinalizer(lambda: shutil.rmtree(folder, ignore_errors=True))
        folder.chmod(0o777)
        more = ["--user", "nobody", "--group", "nogroup"]
    lines = "import weft\nweft.instrument()\n" if instrumented else ""
    (folder / "site.wsgi").write_text(
        f"import sys\nsys.path[:0] = {[str(folder), *sys.path]!r}\n{lines}from app import app as application\n"
    )
    command = ("-c", EXPRESS, "start-server", "site.wsgi", "--port", "{port}", "--server-root", str(folder / "root"))
    options = ("--processes", "2", "--threads", "3", "--log-to-terminal", *more)
    environment = {"WEFT_TRACE": str(folder / "trace.weft")} if instrumented else None
    with serve(folder, *command, *options, own_environment=environment) as served:
        answers = served.load("a", keep_alive=False)
        served.wait_for(answers)
        served.stop(signal.SIGTERM)
    snapshot = served.snapshot()
    assert recorded(snapshot) == answers
    assert 1 <= sum(snapshot.serves) <= 2
    assert all(wait.holder is not None for wait in waits(snapshot))


FILES = """
import os
from flask import Flask, send_file
app = Flask(__name__)

@app.get("/file/<name>")
def file(name):
    return send_file(os.path.abspath("app.py"), download_name=name)

@app.get("/endless")
def endless():
    def parts():
        while True:
            yield b"x" * 65536
    return app.response_class(parts())
"""
BY_FILE = ["werkzeug threaded", "gunicorn sync", "gunicorn gthread", "waitress", "cheroot"]


@pytest.mark.parametrize("name", BY_FILE)
def test_files_and_streams_that_the_customer_leaves(name: str, tmp_path: Path) -> None:
    module, _, command, stop = SERVERS[name]
    pytest.importorskip(module)
    with serve(tmp_path, *command, app=FILES) as served:
        expected: Answers = Counter()
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        for number in range(5):
            path = f"/file/{number}"
            assert served.ask(path, connection) == (200, FILES)
            expected[path, 200] += 1
        connection.close()
        leaver = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        leaver.request("GET", "/endless")
        answer = leaver.getresponse()
        assert len(answer.read(200_000)) == 200_000
        answer.close()
        leaver.close()
        expected["/endless", 200] += 1
        served.wait_for(expected)
        served.stop(stop)
    assert recorded(served.snapshot()) == expected
