"""What is recorded of locks, and that recorded locks behave as the real ones do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.interpreter import GIL
from support.recorded import record
from weft.events import Kind
from weft.log import writer
from weft.record.launch import environment

LOCK_TESTS = """
import _thread, threading, time, unittest
from test import lock_tests

# They count threads, and of the recorder's own one may not have begun yet.
while _thread._count() < 2:
    time.sleep(0.01)

assert type(threading.Lock()).__module__.startswith("_weft"), "not recorded"

class LockTests(lock_tests.LockTests):
    locktype = staticmethod(threading.Lock)
class RLockTests(lock_tests.RLockTests):
    locktype = staticmethod(threading.RLock)
class ConditionAsRLockTests(lock_tests.RLockTests):
    locktype = staticmethod(threading.Condition)
    def test_recursion_count(self):
        self.skipTest("Condition does not expose _recursion_count()")
class UsedLockTests(lock_tests.LockTests):
    @staticmethod
    def locktype():
        lock = threading.Lock()
        with lock:
            pass
        assert type(lock).__name__ == "UsedLock"
        return lock
class UsedRLockTests(lock_tests.RLockTests):
    @staticmethod
    def locktype():
        lock = threading.RLock()
        with lock:
            pass
        assert type(lock).__name__ == "UsedRLock"
        return lock
class EventTests(lock_tests.EventTests):
    eventtype = staticmethod(threading.Event)
class ConditionTests(lock_tests.ConditionTests):
    condtype = staticmethod(threading.Condition)
class SemaphoreTests(lock_tests.SemaphoreTests):
    semtype = staticmethod(threading.Semaphore)
class BoundedSemaphoreTests(lock_tests.BoundedSemaphoreTests):
    semtype = staticmethod(threading.BoundedSemaphore)
class BarrierTests(lock_tests.BarrierTests):
    barriertype = staticmethod(threading.Barrier)

unittest.main(argv=["lock_tests"], verbosity=0)
"""


def test_cpythons_own_tests_of_locks_pass(tmp_path: Path) -> None:
    trace = tmp_path / "trace.weft"
    writer.create(str(trace))
    done = subprocess.run(
        [sys.executable, "-c", LOCK_TESTS],
        env=environment(os.environ, str(trace), all_locks=True),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran " in done.stderr


LIKE_BARE = """
import _thread, copy, gc, pickle, sys, threading, weakref

def outcome(act):
    try:
        result = act()
    except BaseException as error:
        return type(error).__name__, str(error)
    return result if isinstance(result, bool | int | str | type(None)) else type(result).__name__ + "!"

def text(lock):
    return repr(lock).partition(" at ")[0].replace(str(threading.get_ident()), "me")

def weak(lock):
    reference = weakref.ref(lock)
    return reference() is lock

def attribute(lock):
    lock.mine = 1

def other(lock):
    got = []
    thread = threading.Thread(target=lambda: got.append(outcome(lambda: lock.acquire(False))))
    thread.start()
    thread.join()
    if got[0] is True and not hasattr(lock, "_is_owned"):
        lock.release()
    return str(got[0])

def reinit(lock):
    lock.acquire()
    lock._at_fork_reinit()
    return text(lock)

def again(lock):
    reinit(lock)
    with lock:
        held = text(lock)
    return held + text(lock)

def saved(lock):
    lock.acquire()
    lock.acquire()
    state = lock._release_save()
    free = text(lock)
    lock._acquire_restore(state)
    held = text(lock)
    lock.release()
    lock.release()
    return free + held + text(lock)

def counted(lock):
    with lock:
        with lock:
            return lock._recursion_count()

ACTS = [
    text, weak, attribute, other, reinit, again,
    lambda lock: lock.release(), lambda lock: lock.__exit__(None, None, None), lambda lock: lock.__enter__(),
    lambda lock: lock.acquire(False, 1), lambda lock: lock.acquire(timeout=-2), lambda lock: lock.acquire(timeout=1e99),
    lambda lock: lock.acquire(timeout="x"), lambda lock: lock.acquire(1, 2, 3), lambda lock: lock.acquire(nothing=1),
    lambda lock: lock.acquire(True, 0), lambda lock: lock.acquire(blocking=True, timeout=0.01),
    lambda lock: pickle.dumps(lock), lambda lock: copy.copy(lock), lambda lock: copy.deepcopy(lock),
    lambda lock: hash(lock) == hash(lock), lambda lock: lock == lock, lambda lock: bool(lock), lambda lock: lock < lock,
    lambda lock: len(lock), lambda lock: lock.nothing, lambda lock: iter(lock), lambda lock: lock(),
]
FOR_LOCK = [lambda lock: lock.locked(), lambda lock: (lock.acquire(), lock.locked())[1]]
FOR_RLOCK = [
    saved, counted, lambda lock: lock._is_owned(), lambda lock: (lock.acquire(), lock._is_owned())[1],
    lambda lock: lock._release_save(), lambda lock: [lock.acquire() for _ in range(3)] and text(lock),
]
KINDS = [(threading.Lock, _thread.allocate_lock, FOR_LOCK), (threading.RLock, _thread.RLock, FOR_RLOCK)]
for make, bare, more in KINDS:
    for used in (False, True):
        for number, act in enumerate([*ACTS, *more]):
            locks = [make(), bare()]
            for lock in locks:
                if used:
                    with lock:
                        pass
            ours, theirs = (outcome(lambda: act(lock)) for lock in locks)
            # Python's complaints name the type.
            ours, theirs = (
                each[0] if isinstance(each, tuple) and each[0] in ("TypeError", "AttributeError") else each
                for each in (ours, theirs)
            )
            assert ours == theirs, (make, used, number, ours, theirs)
assert isinstance(threading.Lock(), threading.Lock) and isinstance(_thread.allocate_lock(), threading.Lock)
assert isinstance(threading.RLock(), threading.RLock) and not isinstance(threading.RLock(), threading.Lock)
assert callable(threading.Lock)

for base in (threading.Condition, threading.Event, threading.Semaphore, threading.BoundedSemaphore, threading.Barrier):
    arguments = (1,) if base is threading.Barrier else ()
    class Mine(base):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.mine = 1
    made = Mine(*arguments)
    assert isinstance(made, base) and made.mine == 1 and weakref.ref(made)() is made
    assert type(base(*arguments)) is base
    assert outcome(lambda: pickle.dumps(base(*arguments)))[0] == "TypeError"
    assert repr(base(*arguments)).startswith("<")
for make in (threading.Lock, threading.RLock):
    lock = make()
    with lock:
        pass
    gone = weakref.ref(lock)
    del lock
    gc.collect()
    assert gone() is None
"""


def test_recorded_and_bare_locks_behave_alike(tmp_path: Path) -> None:
    assert record(tmp_path, LIKE_BARE).rows


def test_an_uncontended_pass_is_one_record(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        stock_lock = threading.Lock()
        with stock_lock:
            pass
        stock_lock.acquire()
        stock_lock.release()
        """,
    )
    sections = found.of(Kind.SECTION)
    assert [row.what for row in sections] == ["app.stock_lock", "app.stock_lock"]
    assert all(row.time < row.value for row in sections)
    assert not found.of(Kind.WAIT, Kind.ACQUIRE, Kind.GIVE_UP, Kind.TRY_FAILED)


def test_a_wait_has_a_holder_both_stacks_an_end_and_a_hand_off(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading, time
        lock = threading.Lock()
        def wait_for_it():
            with lock:
                pass
        def hold_it():
            waiter = threading.Thread(target=wait_for_it, name="waiter")
            with lock:
                waiter.start()
                time.sleep(0.2)
            waiter.join()
        holder = threading.Thread(target=hold_it, name="holder")
        holder.start()
        holder.join()
        """,
    )
    (wait,) = found.of(Kind.WAIT, thread="waiter")
    (acquire,) = found.of(Kind.ACQUIRE)
    (handoff,) = found.of(Kind.HANDOFF, thread="waiter")
    (held,) = found.of(Kind.SECTION, thread="holder")
    (passed,) = found.of(Kind.SECTION, thread="waiter")
    ids = {entry["name"]: entry["id"] for entry in found.defined("thread")}
    assert (wait.thread, wait.what, wait.value) == ("waiter", "app.lock", ids["holder"])
    assert acquire.value == wait.time
    assert held.time < wait.time < held.value == handoff.value <= acquire.time == passed.time
    stacks = {entry["id"]: [frame[1] for frame in entry["frames"]] for entry in found.defined("stack")}
    (waiter_at,) = found.of(Kind.WAITER_AT, thread="waiter")
    (holder_at,) = found.of(Kind.HOLDER_AT, thread="waiter")
    assert stacks[waiter_at.value][0] == "wait_for_it"
    assert "hold_it" in stacks[holder_at.value] if GIL else holder_at.value == 0


def test_a_long_hold_is_seen_before_it_ends(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading, time
        lock = threading.Lock()
        with lock:
            time.sleep(0.3)
        """,
    )
    (seen,) = found.of(Kind.HOLD)
    (section,) = found.of(Kind.SECTION)
    assert seen.time == section.time
    assert seen.time < seen.value < section.value


def test_a_failed_try_and_a_timeout_are_no_acquisitions(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        lock = threading.Lock()
        def other():
            assert not lock.acquire(False)
            assert not lock.acquire(blocking=False)
            assert not lock.acquire(timeout=0.01)
        with lock:
            thread = threading.Thread(target=other, name="other")
            thread.start()
            thread.join()
        """,
    )
    main = next(entry["id"] for entry in found.defined("thread") if entry["name"] == "MainThread")
    assert [row.value for row in found.of(Kind.TRY_FAILED, thread="other")] == [main, main]
    (wait,) = found.of(Kind.WAIT, thread="other")
    (gave_up,) = found.of(Kind.GIVE_UP, thread="other")
    assert gave_up.value == wait.time
    assert not found.of(Kind.SECTION, Kind.ACQUIRE, thread="other")


def test_reentrant_passes_are_one_section(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        lock = threading.RLock()
        with lock:
            with lock:
                assert lock.acquire(timeout=1)
                lock.release()
        try:
            lock.release()
        except RuntimeError:
            print("raised")
        """,
    )
    assert len(found.of(Kind.SECTION)) == 1
    assert found.done is not None
    assert found.done.stdout == "raised\n"


def test_condition_wait_releases_and_acquires_again(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        ready = threading.Condition()
        def tell():
            with ready:
                ready.notify()
        with ready, ready:
            threading.Thread(target=tell, name="teller").start()
            ready.wait()
            assert ready._is_owned()
        """,
    )
    kinds = {entry["name"]: entry["kind"] for entry in found.defined("lock")}
    assert kinds == {"app.ready": "Condition", "app.ready.wait": "Condition.wait"}
    first, second = found.of(Kind.SECTION, thread="MainThread")
    (told,) = found.of(Kind.SECTION, thread="teller")
    assert first.value <= told.time < second.time


def test_an_exception_that_ends_a_wait_ends_it_in_the_trace(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import signal, threading
        lock = threading.Lock()
        def interrupt(number, frame):
            raise InterruptedError
        signal.signal(signal.SIGALRM, interrupt)
        def hold():
            with lock:
                held.set()
                done.wait()
        held, done = threading.Event(), threading.Event()
        threading.Thread(target=hold).start()
        held.wait()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            lock.acquire()
        except InterruptedError:
            print("interrupted")
        done.set()
        """,
    )
    (wait,) = (row for row in found.of(Kind.WAIT) if row.what == "app.lock")
    (gave_up,) = found.of(Kind.GIVE_UP)
    assert gave_up.value == wait.time


def test_names_come_from_what_a_lock_is_assigned_to(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        from dataclasses import dataclass, field

        class Cache:
            shared = threading.Lock()
            def __init__(self):
                self._lock = threading.RLock()

        @dataclass
        class Row:
            guard: object = field(default_factory=threading.Lock)

        def make():
            global made
            made = threading.Lock()
            local = threading.Lock()
            return local

        locks = [Cache.shared, Cache()._lock, Cache()._lock, make(), made, {"k": threading.Lock()}["k"]]
        for lock in locks:
            with lock:
                pass
        """,
    )
    names = [row.what for row in found.of(Kind.SECTION)]
    assert names[:5] == ["Cache.shared", "Cache._lock", "Cache._lock #2", "make.local", "app.made"]


def test_locks_of_libraries_are_left_alone_unless_asked_for(tmp_path: Path) -> None:
    code = """
        import queue, threading
        q = queue.Queue()
        q.put(1)
        threading.Event().set()
        threading.Semaphore().acquire()
        """
    assert record(tmp_path, code).of(Kind.SECTION) == []
    other = tmp_path / "all"
    other.mkdir()
    assert record(other, code, all_locks=True).of(Kind.SECTION) != []


def test_locks_stay_usable_where_a_lock_is_expected(tmp_path: Path) -> None:
    record(
        tmp_path,
        """
        import copy, pickle, threading, weakref
        for make in (threading.Lock, threading.RLock):
            lock = make()
            assert isinstance(lock, make)
            assert "unlocked" in repr(lock)
            assert weakref.ref(lock)() is lock
            with lock:
                assert "unlocked" not in repr(lock)
            for dump in (pickle.dumps, copy.copy):
                try:
                    dump(lock)
                except TypeError as error:
                    assert "cannot pickle '_thread." in str(error)
                else:
                    raise AssertionError
        class Map:
            lock_class = threading.Lock
        with Map().lock_class():
            pass
        """,
    )


def test_a_forked_child_records_its_own_process(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import os, threading
        lock = threading.Lock()
        with lock:
            pass
        pid = os.fork()  # warns of threads, in Python 3.12 and newer, if it finds any
        if not pid:
            with lock:
                pass
            raise SystemExit
        os.waitpid(pid, 0)
        """,
    )
    sections = found.of(Kind.SECTION)
    assert [row.what for row in sections] == ["app.lock", "app.lock"]
    assert len({row.process for row in sections}) == 2
    assert len(found.defined("process")) == 2


def test_a_fork_waits_for_a_thread_that_uses_a_lock_for_the_first_time(tmp_path: Path) -> None:
    # In the child, `threading` makes and takes a lock before any hook of ours can run.
    found = record(
        tmp_path,
        """
        import os, threading, time, warnings
        from _weft.record import traced, waits
        warnings.simplefilter("ignore", DeprecationWarning)
        entered = threading._allocate_lock()
        entered.acquire()
        def first_use():
            with traced._arming, waits._making:
                entered.release()
                time.sleep(0.2)
        thread = threading.Thread(target=first_use)
        thread.start()
        entered.acquire()
        pid = os.fork()
        if not pid:
            os._exit(0)
        for _ in range(200):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                break
            time.sleep(0.05)
        else:
            os.kill(pid, 9)
            raise AssertionError("the child hangs")
        assert status == 0
        assert not traced._arming._is_owned()
        thread.join()
        with threading.Lock():
            pass
        """,
        all_locks=True,
    )
    assert found.of(Kind.SECTION)


def test_signal_handlers_may_take_the_lock_that_they_interrupt(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import signal, threading
        lock = threading.RLock()
        seen = 0
        def handle(number, frame):
            global seen
            with lock:
                seen += 1
        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        while seen < 50:
            with lock:
                pass
        signal.setitimer(signal.ITIMER_REAL, 0)
        """,
    )
    assert found.of(Kind.SECTION)
    assert not found.of(Kind.WAIT)
