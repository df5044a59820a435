"""What goes wrong in the recorder or around it never reaches the app."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from _thread import RLock
from _thread import allocate_lock as Lock
from opcode import opmap
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import weft.record
from support.recorded import load, record, run
from weft.events import Kind
from weft.record import traced
from weft.record.sections import nobody
from weft.record.traced import TracedLock, TracedRLock

OURS = os.path.dirname(os.path.abspath(weft.record.__file__))
RESUME = opmap["RESUME"]

ALARMS = """
    import signal, threading

    class Late(Exception):
        pass

    RAISED = {raised}
    hits, armed = 0, False

    def handle(number, frame):
        global hits
        if armed:
            hits += 1
            raise RAISED

    def alone(lock):
        global count
        with lock:
            count += 1

    def nested(lock):
        global count
        with lock:
            with lock:
                count += 1

    def is_free(lock):
        return not (lock._is_owned() if lock is rlock else lock.locked())

    count = swallowed = 0
    lock, rlock = threading.Lock(), threading.RLock()
    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.00013)
    while hits < 3000:
        for it, use in ((lock, alone), (rlock, alone), (rlock, nested)):
            before = hits
            try:
                armed = True
                try:
                    for _ in range(50):
                        use(it)
                finally:
                    armed = False
            except RAISED:
                pass
            else:
                swallowed += hits - before
            assert is_free(it), (use.__name__, hits)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert not swallowed, swallowed
    """


@pytest.mark.parametrize("contended", [False, True])
@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "TimeoutError", "Late"])
def test_what_a_signals_handler_raises_leaves_no_lock_locked_and_reaches_the_app(
    tmp_path: Path, raised: str, contended: bool
) -> None:
    found = record(tmp_path, ALARMS.format(raised=raised), contended=contended)
    assert found.rows


class Injected(BaseException):
    """Stands for Ctrl-C."""


OPERATIONS = {
    "a lock": (Lock, lambda lock: _use(lock)),
    "a re-entrant lock": (RLock, lambda lock: _use(lock)),
    "a re-entrant lock twice": (RLock, lambda lock: _nest(lock)),
    "a taken lock": (Lock, lambda lock: _contend(lock)),
    "a taken re-entrant lock": (RLock, lambda lock: _contend(lock)),
    "a wait in a condition": (RLock, lambda lock: _wait(threading.Condition(lock))),
}


def _use(lock: Any) -> None:
    with lock:
        pass


def _nest(lock: Any) -> None:
    with lock:
        _use(lock)


def _contend(lock: Any) -> None:
    taken, waiting = threading.Event(), [True]
    main = threading.get_ident()

    def hold() -> None:
        with lock._raw:
            taken.set()
            while waiting and not sys._current_frames()[main].f_code.co_filename.startswith(OURS):
                time.sleep(0)
            time.sleep(0.001)

    other = threading.Thread(target=hold)
    other.start()
    try:
        taken.wait()
        _use(lock)
    finally:
        waiting.clear()


def _wait(condition: threading.Condition) -> None:
    with condition:
        condition.wait(0.001)


class Injector:
    """Raises where Python looks for signals inside the recorder: at the n-th such place."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.raised = False

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        words = zip(code.co_code[::2], code.co_code[1::2], strict=True)
        looks = event == "c_return" or (event == "call" and (RESUME, 0) in words)
        if looks and code.co_filename.startswith(OURS) and threading.current_thread() is threading.main_thread():
            self.left -= 1
            if self.left < 0 and not self.raised:
                self.raised = True
                raise Injected


@pytest.mark.parametrize("contended", [False, True])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_interrupt_anywhere_leaves_the_lock_free(
    operation: str, contended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traced, "contended_only", contended)
    raw, use = OPERATIONS[operation]
    for used_before in (False, True):
        number = 0
        while True:
            site = test_an_interrupt_anywhere_leaves_the_lock_free.__code__, 0, 1, "here", 1, "Lock"
            lock = (TracedLock if raw is Lock else TracedRLock)(raw(), site)
            if used_before:
                _use(lock)
            injector = Injector(number)
            sys.setprofile(injector)
            try:
                use(lock)
            except Injected:
                pass
            except RuntimeError as error:
                # A bare condition does the same when it is interrupted behind the release of its lock.
                if "condition" not in operation or not isinstance(error.__context__, Injected):
                    raise
            finally:
                sys.setprofile(None)
            for thread in threading.enumerate():
                if thread is not threading.current_thread():
                    thread.join()
            assert "unlocked" in repr(lock), (number, injector.raised)
            if not injector.raised:
                break
            _use(lock)
            assert "unlocked" in repr(lock), number
            assert lock._peek()[0] is nobody
            for watched in _watched(lock):
                assert ([*watched], watched.got) == ([], (nobody, 0)), number
            number += 1
        assert number > (0 if contended else 3)


def _watched(lock: Any) -> list[Any]:
    cells = lock._peek.__closure__
    return [cell.cell_contents for cell in cells if type(cell.cell_contents).__name__ == "_Watched"]


def faulty(folder: Path, code: str, **options: Any) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run an app in which something goes wrong for the recorder; it must not notice."""
    trace = folder / "trace.weft"
    done = run(trace, code, **options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("well\n"), done.stderr
    return done, trace


LOOP = """
    import os, resource, sys, threading, time
    recorder = sys.modules["_weft.record.recorder"]
    drain = recorder.active._drain
    lock = threading.Lock()

    def work(times=1000):
        for _ in range(times):
            with lock:
                pass

    def until(true):
        while not true():
            work(10)
            time.sleep(0.001)
"""


def test_a_full_disk_ends_the_recording(tmp_path: Path) -> None:
    done, trace = faulty(
        tmp_path,
        LOOP
        + """
    size = os.path.getsize(os.environ["WEFT_TRACE"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, size + 20_000))
    until(lambda: drain.failed)
    work(50_000)
    print("well")
    """,
    )
    assert done.stderr == "weft: recording to trace.weft ended, the app goes on: File too large\n"
    assert load(trace).of(Kind.SECTION)


def test_an_app_that_closes_all_files_is_recorded_and_keeps_its_own(tmp_path: Path) -> None:
    done, trace = faulty(
        tmp_path,
        LOOP
        + f"""
    for turn in range(20):
        work()
        os.closerange(3, 1024)
        files = [os.open({str(tmp_path)!r} + f"/mine{{each}}", os.O_RDWR | os.O_CREAT) for each in range(5)]
        time.sleep(0.01)
    work()
    recorder.active.finish()
    assert all(os.fstat(file).st_size == 0 for file in files)
    print("well")
    """,
    )
    assert done.stderr == ""
    found = load(trace)
    assert len(found.of(Kind.SECTION)) == 21_000
    assert not found.gaps


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("os.unlink(path)", "was deleted while it was written"),
        ("os.truncate(path, 0)", "was cut off while it was written"),
        ("os.replace(path, path + '.1'); open(path, 'w')", "was replaced while it was written"),
    ],
)
def test_a_trace_that_is_taken_away_ends_the_recording(tmp_path: Path, harm: str, said: str) -> None:
    code = f"""
    path = os.environ["WEFT_TRACE"]
    until(lambda: os.path.getsize(path) > 1000)
    {harm}
    {"os.closerange(3, 1024)" if "replace" in harm else ""}
    until(lambda: drain.failed)
    print("well")
    """
    done, _ = faulty(tmp_path, LOOP + code)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "harm",
    [
        "sys.modules['_weft.record.drain'].perf_counter_ns = broken",
        "sys.modules['_weft.record.traced'].held = broken",
        "sys.modules['_weft.record.spell'].out = broken",
        "sys.modules['_weft.record.stacks'].here = broken",
        "sys.modules['_weft.record.sections'].join = sys.modules['_weft.record.buffers'].join = broken",
        "sys.modules['_weft.record.sections'].perf_counter_ns = broken",
        "sys.modules['_weft.record.sections'].of_lock = broken",
        "sys.modules['_weft.record.names'].shown = broken",
        "sys.modules['_weft.record.waits']._resource = broken",
        "recorder.active._drain._taken.empty([(1, [-1, -1, -1])])",
    ],
)
def test_an_error_in_the_recorder_is_said_once_and_memory_stays_bounded(tmp_path: Path, harm: str) -> None:
    done, _ = faulty(
        tmp_path,
        LOOP
        + f"""
    def broken(*arguments, **options):
        raise ArithmeticError("injected")

    def waiter():
        work()
        with semaphore:
            ready.wait()

    {harm}
    new, ready, semaphore = threading.Lock(), threading.Event(), threading.Semaphore()
    with new:
        pass
    threads = [threading.Thread(target=waiter) for _ in range(3)]
    for thread in threads:
        thread.start()
    with lock:
        time.sleep(0.05)
    ready.set()
    for thread in threads:
        thread.join()
    assert not lock.locked() and not new.locked()
    buffers = sys.modules["_weft.record.buffers"]
    work(30_000)
    until(lambda: sum(map(len, buffers.living.copy().values())) < 10_000)
    print("well")
    """,
    )
    assert 1 <= done.stderr.count("\n") <= 2, done.stderr
    assert done.stderr.startswith("weft: "), done.stderr


def test_beyond_the_bound_records_are_counted_as_lost(tmp_path: Path) -> None:
    done, trace = faulty(tmp_path, LOOP + "    work(100_000)\n    print('well')\n", bound=1000)
    assert done.stderr == ""
    found = load(trace)
    lost = sum(row.value for row in found.of(Kind.LOST))
    assert lost > 0
    assert lost + len(found.of(Kind.SECTION)) >= 100_000


def test_daemon_threads_and_finalizers_may_take_locks_while_python_ends(tmp_path: Path) -> None:
    done, trace = faulty(
        tmp_path,
        LOOP
        + """
    class Late:
        def __init__(self):
            self.lock, self.rlock = threading.Lock(), threading.RLock()
        def __del__(self):
            with self.lock, self.rlock, self.rlock:
                pass
            with lock_of(self):
                pass
            assert not self.lock.locked()

    import atexit, builtins
    lock_of = lambda late, make=threading.Lock: make()
    builtins.kept, late = Late(), Late()
    late.me = late  # a cycle
    sys.late = Late()
    for _ in range(3):
        threading.Thread(target=work, args=(1 << 60,), daemon=True).start()
    work()
    atexit.register(work)
    print("well", flush=True)
    """,
    )
    assert done.stderr == ""
    assert load(trace).of(Kind.PROCESS_EXIT)


def test_near_the_limit_of_recursion_every_lock_is_given_back(tmp_path: Path) -> None:
    done, _ = faulty(
        tmp_path,
        LOOP
        + """
    locks = [(threading.Lock if each % 2 else threading.RLock)() for each in range(3000)]

    def deeper(depth):
        with locks[depth]:
            deeper(depth + 1)

    for start in range(60):
        try:
            deeper(start)
        except RecursionError:
            pass
        assert not [lock for lock in locks if not repr(lock).startswith("<unlocked")]

    def wind(depth, lock):
        return wind(depth - 1, lock) if depth else lock.acquire(False)

    for depth in range(900, 1000):
        lock = threading.Lock()
        try:
            wind(depth, lock)
        except RecursionError:
            assert not lock.locked(), depth
    print("well")
    """,
    )
    assert done.stderr.count("\n") <= 1, done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives rights up, which only root has")
def test_a_child_that_has_given_up_its_rights_is_recorded(tmp_path: Path) -> None:
    done, trace = faulty(
        tmp_path,
        LOOP
        + """
    work(1)
    os.seteuid(65534)
    if not (pid := os.fork()):
        work(1)
        sys.exit()
    os.waitpid(pid, 0)
    print("well")
    """,
    )
    assert done.stderr == ""
    assert len({row.process for row in load(trace).of(Kind.SECTION)}) == 2
