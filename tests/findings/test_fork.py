"""A lock that is held across a fork: nobody can get it in the child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from weft.findings import Finding, Options, Severity, find
from weft.log import writer
from weft.record.launch import environment
from weft.timeline import load

PROGRAM = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")
held_lock, other_lock, holds = threading.Lock(), threading.Lock(), threading.Event()

def refresh():
    with held_lock:
        holds.set()
        sys.stdin.read()

thread = threading.Thread(target=refresh, name="refresh")
thread.start()
holds.wait()
child = os.fork()
lock = held_lock if sys.argv[1:] == ["held"] else other_lock
if child:
    os.waitpid(child, 0)
    os._exit(0)
if lock is other_lock:
    # the child's own: a thread of it holds it
    threading.Thread(target=lambda: (lock.acquire(), threading.Event().wait()), daemon=True).start()
    while not lock.locked():
        pass
lock.acquire()
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@contextmanager
def running(tmp_path: Path, *words: str) -> Iterator[Path]:
    trace = tmp_path / "t.weft"
    writer.create(str(trace))
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(script), *words],
        stdin=-1,
        env=environment(os.environ, str(trace)),
        start_new_session=True,
    ) as process:
        try:
            yield trace
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def until(condition: Callable[[], object]) -> None:
    """Wait until what is recorded fits; what goes on is told a tenth of a second late."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def found(trace: Path) -> list[Finding]:
    return [each for each in find(load(trace), Options(deadlock_ns=1)) if each.kind == "fork"]


def test_a_lock_that_was_held_across_a_fork_is_told_with_who_held_it(tmp_path: Path) -> None:
    with running(tmp_path, "held") as trace:
        until(lambda: found(trace))
        (finding,) = found(trace)
    parent, child = (process.pid for process in load(trace).processes)
    assert finding.sentence.startswith(
        f"refresh held program.held_lock while process {parent} forked into {child}, where that thread does not "
        "exist; 1 thread waited "
    )
    assert finding.severity is Severity.STUCK
    assert len(finding.evidence) == 2
    assert finding.evidence[1].place is not None


def test_a_lock_that_the_child_holds_itself_is_none(tmp_path: Path) -> None:
    with running(tmp_path, "own") as trace:
        until(lambda: any(row.waiting_now and row.holder_now is not None for row in load(trace).lock_figures()))
        assert not found(trace)
