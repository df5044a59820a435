"""With --contended an uncontended pass writes nothing, and what somebody waits for is told in full."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from record.test_locks import LOCK_TESTS
from support.recorded import record
from weft.events import Kind
from weft.log import writer
from weft.record.launch import environment
from weft.timeline import load
from weft.timeline.report import report
from weft.timeline.text import draw

CONTENTION = """
import threading, time
KIND = threading.Lock
lock = KIND()
def wait():
    with lock:
        pass
for _ in range(100):
    with lock:
        pass
with lock:
    thread = threading.Thread(target=wait, name="waiter")
    thread.start()
    while not getattr(lock, "_peek", lambda: (0, 0))()[1]:
        time.sleep(0.001)
    time.sleep(0.01)
thread.join()
with lock:
    pass
"""


def test_cpythons_own_tests_of_locks_pass(tmp_path: Path) -> None:
    trace = tmp_path / "trace.weft"
    writer.create(str(trace))
    done = subprocess.run(
        [sys.executable, "-c", LOCK_TESTS],
        env=environment(os.environ, str(trace), all_locks=True, contended=True),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_only_what_is_waited_for_is_recorded(tmp_path: Path) -> None:
    for kind in ("Lock", "RLock"):
        folder = tmp_path / kind
        folder.mkdir()
        found = record(folder, CONTENTION.replace("= threading.Lock", f"= threading.{kind}"), contended=True)
        waits, gets, holds = (found.of(each) for each in (Kind.WAIT, Kind.ACQUIRE, Kind.SECTION))
        (wait,) = (row for row in waits if row.what == "app.lock")
        (got,) = gets
        assert (wait.thread, got.thread) == ("waiter", "waiter")
        snapshot = load(folder / "trace.weft")
        names = [thread.name for thread in snapshot.threads]
        assert names[snapshot.tables.waits.all()["thread"][0]] in ("waiter", "MainThread")
        assert [row.thread for row in holds] == ["MainThread", "waiter"]
        main, waiter = holds
        assert main.time <= wait.time < main.value <= got.time == waiter.time <= waiter.value
        assert [entry["contended"] for entry in found.defined("process")] == [True]
        assert report(snapshot)["trace"]["contended_only"] is True
        assert "--contended" in draw(snapshot)


def test_who_holds_the_lock_is_told(tmp_path: Path) -> None:
    found = record(tmp_path, CONTENTION, contended=True)
    (wait,) = (row for row in found.of(Kind.WAIT) if row.what == "app.lock")
    (main,) = {entry["id"] for entry in found.defined("thread") if entry["name"] == "MainThread"}
    assert wait.value == main
    (hand_off,) = (row for row in found.of(Kind.HANDOFF) if row.what == "app.lock")
    assert hand_off.value == found.of(Kind.SECTION)[0].value


def test_many_threads_agree_on_who_held_it(tmp_path: Path) -> None:
    """Holds of one lock never overlap, and every wait that ended with the lock is followed by a hold."""
    code = """
    import sys, threading, time
    sys.setswitchinterval(1e-5)
    lock = threading.Lock()
    def work():
        for _ in range(300):
            with lock:
                time.sleep(0.0001)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    """
    found = record(tmp_path, code, contended=True)
    holds = found.of(Kind.SECTION)
    assert holds
    assert all(one.value <= other.time for one, other in pairwise(holds))
    got = {(row.thread, row.time) for row in found.of(Kind.ACQUIRE)}
    assert got <= {(row.thread, row.time) for row in holds}


LEFT_HELD = """
    import threading
    lock = threading.Lock()
    def take():
        lock.acquire()
    def wait():
        lock.acquire(timeout=0.001)
    taker = threading.Thread(target=take, name="taker")
    taker.start()
    taker.join()
    heir = None
    for _ in range(1000):
        heir = threading.Thread(target=wait, name="heir")
        heir.start()
        heir.join()
        if heir.ident == taker.ident:
            break
    wait()
"""


@pytest.mark.parametrize("contended", [False, True])
def test_who_has_ended_with_the_lock_is_not_taken_for_a_thread_with_the_same_ident(
    tmp_path: Path, contended: bool
) -> None:
    found = record(tmp_path, LEFT_HELD, contended=contended)
    waits = [row for row in found.of(Kind.WAIT) if row.what == "app.lock"]
    assert {row.thread for row in waits} == {"heir", "MainThread"}
    (taker,) = {entry["id"] for entry in found.defined("thread") if entry["name"] == "taker"}
    assert {row.value for row in waits} == {taker}
    # Nor is what another thread does told as what it does.
    assert {row.value for row in found.of(Kind.HOLDER_AT) if row.what == "app.lock"} == {0}


@pytest.mark.parametrize("contended", [False, True])
def test_a_wait_with_an_end_is_told_as_one(tmp_path: Path, contended: bool) -> None:
    found = record(tmp_path, LEFT_HELD, contended=contended)
    timed = [row for row in found.of(Kind.TIMED) if row.what == "app.lock"]
    assert {row.value for row in timed} == {1_000_000}
    assert len(timed) == len([row for row in found.of(Kind.WAIT) if row.what == "app.lock"])
