"""An app whose threads are greenlets runs as usual, and says on stderr and in the trace that it is not recorded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support import recorded
from support.served import serve
from weft.events import Kind
from weft.timeline import load

WORK = """
import sys, threading, time
lock = threading.Lock()
def work():
    for _ in range(5):
        with lock:
            time.sleep(0.001)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if len(sys.argv) == 1:
    from flask import Flask
    app = Flask("app")
    app.add_url_rule("/", "index", lambda: "answered")
    print(app.test_client().get("/").text)
"""
PATCH = {
    "gevent": "from gevent import monkey; monkey.patch_all()\n",
    "eventlet": "import eventlet; eventlet.monkey_patch()\n",
}
# What takes the real ones' place where they are not installed: the names that the recorder looks at.
FAKE = {
    "gevent": ("gevent/monkey.py", "def patch_thread(): pass\ndef patch_all(): patch_thread()\n"),
    "eventlet": ("eventlet/patcher.py", "def monkey_patch(**on): pass\n"),
}
IMPORTS = {"gevent": "", "eventlet": "from eventlet.patcher import monkey_patch\n"}


def _said(greens: str, printed: str) -> bool:
    """Return whether the one sentence was printed, and nothing else of ours."""
    (line,) = (line for line in printed.splitlines() if "weft" in line)
    return line.startswith(f"weft: {greens} replaces threads by greenlets, which are not recorded: the app goes on, ")


@pytest.mark.parametrize("greens", PATCH)
@pytest.mark.parametrize("before", ["", WORK.replace("== 1", "== 9")], ids=["early", "late"])
def test_the_real_thing(greens: str, before: str, tmp_path: Path) -> None:
    pytest.importorskip(greens, exc_type=ImportError)
    done = recorded.run(tmp_path / "t", before + PATCH[greens] + WORK, "-W", "ignore")
    assert (done.returncode, done.stdout) == (0, "answered\n"), done.stderr
    assert _said(greens, done.stderr)
    found = recorded.load(tmp_path / "t")
    assert bool(found.of(Kind.SECTION)) == bool(before)
    assert found.of(Kind.REQUEST_ENTER) == []
    (gap,) = load(tmp_path / "t").gaps
    assert gap == f"process 1 of 1: {greens} replaces threads by greenlets, which are not recorded"


@pytest.mark.parametrize("greens", PATCH)
def test_a_double_of_it(greens: str, tmp_path: Path) -> None:
    name, code = FAKE[greens]
    (tmp_path / greens).mkdir()
    (tmp_path / greens / "__init__.py").write_text(IMPORTS[greens])
    (tmp_path / name).write_text(code)
    done = recorded.run(tmp_path / "t", PATCH[greens] + WORK)
    assert (done.returncode, done.stdout) == (0, "answered\n"), done.stderr
    assert _said(greens, done.stderr)
    assert len(load(tmp_path / "t").gaps) == 1


def test_eventlet_without_threads_is_recorded(tmp_path: Path) -> None:
    name, code = FAKE["eventlet"]
    (tmp_path / "eventlet").mkdir()
    (tmp_path / "eventlet" / "__init__.py").write_text(IMPORTS["eventlet"])
    (tmp_path / name).write_text(code)
    found = recorded.record(tmp_path, "import eventlet; eventlet.monkey_patch(socket=True)\n" + WORK)
    assert len(found.of(Kind.SECTION)) == 15


def test_a_child_of_such_a_process_records_nothing(tmp_path: Path) -> None:
    pytest.importorskip("gevent")
    code = PATCH["gevent"] + WORK + "import os\nif os.fork() == 0:\n    lock.acquire()\n    os._exit(0)\nos.wait()\n"
    done = recorded.run(tmp_path / "t", code, "-W", "ignore")
    assert done.returncode == 0, done.stderr
    assert _said("gevent", done.stderr)
    assert len({row.process for row in recorded.load(tmp_path / "t").rows}) == 1


def test_instrumenting_it_afterwards_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("gevent")
    code = PATCH["gevent"] + f"import weft; weft.instrument(path={str(tmp_path / 'mine')!r})\n" + WORK
    (tmp_path / "script.py").write_text(code)
    import subprocess

    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "answered\n"), done.stderr
    assert "gevent replaces threads by greenlets, which are not recorded" in done.stderr
    assert len(load(tmp_path / "mine").gaps) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs POSIX")
@pytest.mark.parametrize("greens", PATCH)
def test_gunicorns_workers_with_greenlets(greens: str, tmp_path: Path) -> None:
    pytest.importorskip(greens, exc_type=ImportError)
    pytest.importorskip(f"gunicorn.workers.g{greens}", exc_type=ImportError)
    command = ("-W", "ignore", "-m", "gunicorn", "-b", "127.0.0.1:{port}", "-k", greens, "-w", "1", "app:app")
    with serve(tmp_path, *command) as served:
        assert sum(served.load("a").values()) == 40
        printed = served.stop(15)
    assert _said(greens, printed), printed
    assert any(greens in gap for gap in served.snapshot().gaps)


SERVE = {
    "gevent": """
import gevent, gevent.pywsgi, gevent.socket
server = gevent.pywsgi.WSGIServer(("127.0.0.1", 0), app, log=None)
server.start()
ask = lambda: answered(gevent.socket.create_connection(server.address))
print(*(each.value for each in gevent.joinall([gevent.spawn(ask) for _ in "12"], raise_error=True)))
""",
    "eventlet": """
import eventlet, eventlet.wsgi
from eventlet.green import socket
listening = eventlet.listen(("127.0.0.1", 0))
eventlet.spawn(eventlet.wsgi.server, listening, app, log_output=False)
ask = lambda: answered(socket.create_connection(listening.getsockname()))
print(*(each.wait() for each in [eventlet.spawn(ask) for _ in "12"]))
""",
}
ASK = """
from flask import Flask
app = Flask("app")
app.add_url_rule("/", "index", lambda: "answered")
def answered(connection):
    connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    parts = []
    while part := connection.recv(4096):
        parts.append(part)
    return b"".join(parts).rpartition(b"\\n")[2].decode()
"""


@pytest.mark.parametrize("greens", SERVE)
def test_their_servers_without_patched_threads_are_recorded_with_a_warning(greens: str, tmp_path: Path) -> None:
    pytest.importorskip(greens, exc_type=ImportError)
    done = recorded.run(tmp_path / "t", ASK + SERVE[greens], "-W", "ignore")
    assert (done.returncode, done.stdout) == (0, "answered answered\n"), done.stderr
    warning = f"{greens} serves requests in greenlets of one thread: those under way at the same time are mixed up"
    assert f"weft: {warning}" in done.stderr
    assert len(recorded.load(tmp_path / "t").of(Kind.REQUEST_ENTER)) == 2
    assert load(tmp_path / "t").gaps == (f"process 1 of 1: {warning}",)


def test_greenlets_that_replace_nothing_are_left_alone(tmp_path: Path) -> None:
    pytest.importorskip("greenlet")
    found = recorded.record(
        tmp_path,
        """
        import greenlet, threading
        lock = threading.Lock()
        def work():
            with lock:
                back.switch()
        back = greenlet.getcurrent()
        other = greenlet.greenlet(work)
        other.switch()
        assert not lock.acquire(False)
        other.switch()
        with lock:
            pass
        """,
    )
    assert len(found.of(Kind.SECTION)) == 2
    assert found.gaps == []
