"""The flight recorder writes nothing until there is cause, then the last seconds, each record once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from support import recorded
from weft.events import Kind, code_of
from weft.log import reader, writer
from weft.record import buffers
from weft.record import ring as ring_module
from weft.record.carried import Open, changes
from weft.record.launch import environment
from weft.timeline import load

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR2"), reason="no SIGUSR2 here")

ASK = """
import os, signal, sys, threading, time
trace = os.environ["WEFT_TRACE"]
def ask(how=lambda: os.kill(os.getpid(), signal.SIGUSR2)):
    before = os.stat(trace).st_size
    how()
    while os.stat(trace).st_size == before:
        time.sleep(0.01)
    settled = 0
    while settled != os.stat(trace).st_size:
        settled = os.stat(trace).st_size
        time.sleep(0.2)
lock = threading.Lock()
def use(times):
    for _ in range(times):
        with lock:
            pass
"""


def test_nothing_is_written_without_cause(tmp_path: Path) -> None:
    found = recorded.record(tmp_path, ASK + "use(10)", ring=5)
    assert (found.rows, found.entries) == ([], [])


def test_what_is_asked_for_twice_is_written_once(tmp_path: Path) -> None:
    found = recorded.record(tmp_path, ASK + "use(3); ask(); use(4); ask(); use(100)", ring=60)
    assert len(found.of(Kind.SECTION)) == 7
    assert [row.thread for row in found.of(Kind.SECTION)] == ["MainThread"] * 7
    assert len(found.of(Kind.PROCESS_EXIT)) == 1
    assert [entry["ring"] for entry in found.defined("process")] == [60]


def test_what_was_cut_off_is_said_and_what_was_open_is_known(tmp_path: Path) -> None:
    code = """
    held = threading.Lock(); held.acquire()
    def wait():
        with held: pass
    threading.Thread(target=wait, name="waiter").start()
    use(50)
    until = time.monotonic() + 1
    while time.monotonic() < until:
        use(1)
        time.sleep(0.001)
    ask()
    held.release()
    """
    found = recorded.record(tmp_path, ASK + textwrap.dedent(code), ring=0.3)
    (notice,) = found.defined("notice")
    assert "SIGUSR2" in notice["text"]
    assert "earlier records were not kept" in notice["text"]
    assert [row.thread for row in found.of(Kind.WAIT)] == ["waiter"]
    assert [row.what for row in found.of(Kind.HOLD)] == ["app.held"]
    assert {row.thread for row in found.of(Kind.SECTION)} == {"MainThread"}
    assert len(found.of(Kind.SECTION)) < 1000
    snapshot = load(tmp_path / "trace.weft")
    assert snapshot.lost == 0
    assert any("flight recorder" in sentence for sentence in snapshot.gaps)


def test_an_apps_own_handler_stays(tmp_path: Path) -> None:
    code = """
got = []
def theirs(number, frame): got.append(number)
signal.signal(signal.SIGUSR2, theirs)
os.kill(os.getpid(), signal.SIGUSR2)
while not got: time.sleep(0.01)
use(1)
ask(lambda: open(trace + ".flush", "w").close())
"""
    found = recorded.record(tmp_path, ASK + code, ring=5)
    assert "weft flush" in found.defined("notice")[0]["text"]


def test_flush_has_every_process_write(tmp_path: Path) -> None:
    trace = tmp_path / "trace.weft"
    code = """
    child = os.fork()
    use(5)
    os.write(1, b"ready\\n")  # at once, as two processes write to one pipe
    if child:
        sys.stdin.read()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    else:
        while True: time.sleep(1)
    """
    script = tmp_path / "app.py"
    script.write_text(ASK + textwrap.dedent(code))
    writer.create(str(trace))
    env = environment(os.environ, str(trace), ring=60)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as app:
        assert app.stdin is not None
        assert app.stdout is not None
        assert [app.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
        done = subprocess.run(
            [sys.executable, "-m", "weft_tui", "flush", str(trace)], capture_output=True, text=True, check=False
        )
        app.stdin.close()
    assert done.returncode == 0, done.stderr
    found = recorded.load(trace)
    assert len(found.of(Kind.SECTION)) == 10
    assert len({row.process for row in found.of(Kind.SECTION)}) == 2
    assert not (tmp_path / "trace.weft.flush").exists()


def test_flush_says_when_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from weft_tui.commands import flush

    trace = tmp_path / "trace.weft"
    writer.create(str(trace))
    monkeypatch.setattr(flush, "PATIENCE_SECONDS", 0.2)
    done = CliRunner().invoke(flush.flush, [str(trace)])
    assert "nobody wrote" in str(done.exception)


@pytest.mark.parametrize("timeout", ["", ", 0.05"])
def test_a_deadlock_is_cause(tmp_path: Path, timeout: str) -> None:
    """A circle that ends by itself before it was seen twice is none."""
    code = f"""
a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
def work(first, second):
    with first:
        both.wait()
        second.acquire(True{timeout})
def circle():
    for order in ((a, b), (b, a)):
        threading.Thread(target=work, args=order, daemon=True).start()
if {timeout!r}:
    circle()
    while threading.active_count() > 1: time.sleep(0.01)
    time.sleep(1.5)
else:
    ask(circle)
"""
    found = recorded.record(tmp_path, ASK + code, ring=5)
    texts = [entry["text"] for entry in found.defined("notice")]
    assert [text.partition(": ")[0] for text in texts] == (
        [] if timeout else ["kept by the flight recorder and written for a deadlock of 2 threads"]
    )


def test_a_slow_request_is_cause(tmp_path: Path) -> None:
    code = """
from flask import Flask
app = Flask("app")
@app.get("/<int:ms>")
def wait(ms):
    time.sleep(ms / 1000)
    return "x"
client = app.test_client()
for _ in range(20): client.get("/1")
time.sleep(0.3)
assert os.stat(trace).st_size < 100
ask(lambda: client.get("/400"))
"""
    found = recorded.record(tmp_path, ASK + code, ring=60, slower_than=200)
    assert "a request that took" in found.defined("notice")[0]["text"]
    assert len(found.of(Kind.REQUEST_ENTER)) == 21


def _records(*words: tuple[int, list[tuple[int, int, int]]]) -> writer.Records:
    records = writer.Records()
    for thread, rows in words:
        records.add(thread, [word for row in rows for word in row])
    records.pack()
    return records


def test_what_is_open_is_learned_run_by_run() -> None:
    enter, push = (10, 1, code_of(Kind.REQUEST_ENTER, 3)), (12, 1, code_of(Kind.PUSH_BOTH, 4))
    leave, wait = (20, 1, code_of(Kind.POP_AND_EXIT, 200)), (15, 0, code_of(Kind.WAIT, 9))
    got = (17, 15, code_of(Kind.ACQUIRE, 9))
    known = Open()
    for each in changes(_records((1, [enter]), (2, [enter, push, wait, got, leave]), (3, [enter, leave, enter, push]))):
        known.take(each)
    assert known.requests == {1: enter, 3: enter + push}
    assert known.waits == {}
    for each in changes(_records((1, [push, wait]), (3, [leave]))):
        known.take(each)
    assert known.requests == {1: enter + push}
    assert known.waits == {1: wait}


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes, in definitions and in threads; what the kept blocks and what is open need stays."""
    monkeypatch.setattr(buffers, "living", {1: None})  # its request lasts
    path = tmp_path / "trace.weft"
    writer.create(str(path))
    kept = ring_module.Ring(writer.TraceWriter(str(path), 1), 3600, bound=50_000)
    for number in range(1, 40_001, 100):
        rows = [(k, k, code_of(Kind.REQUEST_ENTER, k)) for k in range(number, number + 100)]
        entries = [("target", k, ("GET", f"/{k}")) for k in range(number, number + 100)]
        name = (number, 0, code_of(Kind.THREAD_NAME, 1))
        kept.take([*entries, ("name", 1, ("thread",))], _records((number, [name, *rows])), number)
    assert kept._bytes <= 50_000
    assert len(kept._definitions) < 30_000
    kept.ask("a test")
    kept.take([], _records(), 50_000)
    items = [*reader.read(path)]
    used = {obj for item in items if isinstance(item, reader.Events) for obj in item.obj[item.kind == 24].tolist()}
    defined = {
        entry["id"]
        for item in items
        if isinstance(item, reader.Definitions)
        for entry in item.entries
        if entry["is"] == "target"
    }
    assert len(used) > 1000
    assert 100 in used
    assert used <= defined
