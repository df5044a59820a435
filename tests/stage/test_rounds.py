"""Threads that go round in circles: a livelock is a verdict, and to wait in a loop for somebody else is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.searching import Budget, Report, Search

SOURCE = """
import random
class Flag: up, seen = False, 0
flag, lock, ready = Flag(), threading.Lock(), threading.Event()
def put_up():
    flag.seen += 1
    flag.up = True
def put_up_locked():
    with lock:
        flag.up = True
def signal():
    ready.set()
def nothing():
    flag.seen += 1
def spins():
    while not flag.up:
        pass
    flag.seen += 1
def naps():
    while not flag.up:
        time.sleep(0.1)
    flag.seen += 1
def looks_with_a_lock():
    while True:
        with lock:
            if flag.up:
                break
    flag.seen += 1
def waits():
    while not ready.wait(0.1):
        pass
def gives_up():
    tries = 0
    while not flag.up and tries < 4:
        tries += 1
        time.sleep(0.1)
def gives_up_unseen():
    tries = [0]
    while not flag.up and tries[0] < 4:
        tries[0], last = tries[0] + 1, tries[0]
        time.sleep(0.1)
def gives_up_of_an_iterator():
    turns = iter([None] * 4)
    while not flag.up and next(turns, 1) is None:
        time.sleep(0.1)
def gives_up_in_a_for():
    for _ in [None] * 4:
        if flag.up:
            return
        time.sleep(0.1)
def gives_up_in_time():
    until = time.monotonic() + 0.3
    while time.monotonic() < until and not flag.up:
        time.sleep(0.1)
def holds_on():
    with lock:
        time.sleep(1)
def tries():
    while not lock.acquire(False):
        time.sleep(0.1)
    lock.release()
def tries_at_random():
    while not lock.acquire(False):
        time.sleep(random.random())
    lock.release()
SCENARIO = Scenario("x", None, {{name: globals()[name] for name in {names!r}}})
"""


def _search(folder: Path, *names: str, budget: Budget | None = None) -> Report:
    file = folder / "program.py"
    file.write_text(HEAD + SOURCE.format(names=names), encoding="utf-8")
    process = AppProcess(str(file))
    try:
        assert process.note == ""
        return Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), budget or Budget(60)).run()
    finally:
        process.close()


@pytest.mark.parametrize(
    "names",
    [
        ("spins", "put_up"),
        ("naps", "put_up"),
        ("looks_with_a_lock", "put_up_locked"),
        ("spins", "naps", "put_up_locked"),
        ("waits", "signal"),
        ("tries", "holds_on"),
        ("gives_up", "nothing"),
        ("gives_up_unseen", "nothing"),
        ("gives_up_of_an_iterator", "nothing"),
        ("gives_up_in_a_for", "nothing"),
        ("gives_up_in_time", "nothing"),
    ],
)
def test_who_waits_in_a_loop_until_somebody_moves_is_not_in_a_livelock(tmp_path: Path, names: tuple[str, ...]) -> None:
    report = _search(tmp_path, *names)
    assert (report.verdict, report.text, report.left) == ("holds", "", 0)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("spins", "nothing"), "spins goes on for ever without getting anywhere: while not flag.up:"),
        (("naps", "nothing"), "naps goes on for ever without getting anywhere: "),
        (("spins", "naps"), " on for ever without getting anywhere: "),
        (("waits", "nothing"), "waits goes on for ever without getting anywhere: wait for ready"),
    ],
)
def test_who_waits_in_a_loop_for_nobody_is(tmp_path: Path, names: tuple[str, ...], sentence: str) -> None:
    report = _search(tmp_path, *names)
    assert (report.verdict, report.kind) == ("fails", "livelock")
    assert sentence in report.text


def test_a_loop_that_only_a_long_wait_may_end_is_not_decided(tmp_path: Path) -> None:
    report = _search(tmp_path, "spins", "waits", budget=Budget(60, 10))
    assert report.kind in ("", "livelock")
    if report.verdict == "inconclusive":
        assert "until the timeout of waits is over" in report.text


def test_a_random_wait_before_the_next_try_is_no_livelock(tmp_path: Path) -> None:
    report = _search(tmp_path, "tries_at_random", "holds_on", budget=Budget(60, 20))
    assert report.verdict == "inconclusive"
