"""What is recorded of waits for what is no lock: events, semaphores, queues, the end of threads, and so on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.recorded import Recorded, record
from weft.events import Kind
from weft.log import writer
from weft.record.launch import environment
from weft.timeline import load
from weft.timeline.report import report

WAITS = (Kind.WAIT, Kind.RESUME, Kind.ACQUIRE, Kind.GIVE_UP)

BLOCKED = """
    import sys, threading, time

    def blocked(thread):
        "Wait until a thread that was started waits in threading.Condition.wait or a join."
        while thread.ident is None or not any(name in {"block", "join"} for name in names(thread)):
            time.sleep(0.001)
        time.sleep(0.02)

    def names(thread):
        frame = sys._current_frames().get(thread.ident)
        while frame is not None:
            yield frame.f_code.co_name
            frame = frame.f_back

    def start(work):
        thread = threading.Thread(target=work, name=work.__name__)
        thread.start()
        return thread
"""


def threads(found: Recorded) -> dict[str, int]:
    return {entry["name"]: entry["id"] for entry in found.defined("thread")}


def kinds(found: Recorded) -> dict[str, str]:
    return {entry["name"]: entry["kind"] for entry in found.defined("lock")}


@pytest.mark.parametrize(
    ("made", "wait", "wake", "name", "kind"),
    [
        ("threading.Event()", "it.wait()", "it.set()", "app.it", "Event"),
        ("threading.Semaphore(0)", "it.acquire()", "it.release()", "app.it", "Semaphore"),
        ("threading.Semaphore(0)", "it.__enter__()", "it.release(2)", "app.it", "Semaphore"),
        ("threading.Barrier(2)", "it.wait()", "it.wait()", "app.it", "Barrier"),
        ("queue.Queue()", "it.get()", "it.put(1)", "app.it.get", "Queue"),
        ("queue.LifoQueue()", "it.get(timeout=9)", "it.put(1)", "app.it.get", "LifoQueue"),
        ("queue.PriorityQueue()", "it.get()", "it.put_nowait(1)", "app.it.get", "PriorityQueue"),
        ("queue.Queue(1); it.put(1)", "it.put(2)", "it.get()", "app.it.put", "Queue"),
        ("queue.Queue(1); it.put(1)", "it.join()", "it.task_done()", "app.it.join", "Queue"),
        ("Mine()", "it.get()", "it.put(1)", "app.it.get", "Queue"),
        ("Future()", "it.result()", "it.set_result(1)", "app.it", "Future"),
        ("Future()", "it.exception(9)", "it.cancel()", "app.it", "Future"),
    ],
)
def test_a_wait_says_for_what_and_who_ended_it(
    tmp_path: Path, made: str, wait: str, wake: str, name: str, kind: str
) -> None:
    found = record(
        tmp_path,
        f"""{BLOCKED}
    import queue
    from concurrent.futures import Future

    class Mine(queue.Queue):
        def __init__(self):
            super().__init__(3)

    it = {made}

    def waiter():
        try:
            {wait}
        except BaseException as error:
            print(type(error).__name__)

    thread = start(waiter)
    blocked(thread)
    {wake}
    while thread.is_alive():
        time.sleep(0.001)
    """,
    )
    began, ended = found.of(*WAITS, thread="waiter")
    assert (began.kind, began.what, began.value) == (Kind.WAIT, name, 0)
    assert (ended.kind, ended.what, ended.value) == (Kind.RESUME, name, began.time)
    (woken,) = found.of(Kind.WAKE)
    (handed,) = found.of(Kind.HANDOFF)
    assert (woken.thread, woken.time, woken.value) == ("waiter", began.time, threads(found)["MainThread"])
    assert began.time < handed.value <= handed.time == ended.time
    assert kinds(found) == {name: kind}
    stacks = {entry["id"]: [frame[1] for frame in entry["frames"]] for entry in found.defined("stack")}
    (waiter_at,) = found.of(Kind.WAITER_AT)
    assert stacks[waiter_at.value][0] == "waiter"
    assert not found.of(Kind.SECTION, Kind.HOLD)


def test_calls_that_do_not_block_leave_nothing(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import queue, threading
        from concurrent.futures import Future
        event, semaphore, jobs, once = threading.Event(), threading.BoundedSemaphore(2), queue.Queue(1), Future()
        assert not event.wait(0)
        event.set()
        assert event.wait()
        assert event.wait(1)
        with semaphore:
            assert semaphore.acquire(timeout=1)
            assert not semaphore.acquire(False)
            semaphore.release()
        jobs.put(1)
        for attempt in (lambda: jobs.put(2, False), lambda: [jobs.get(), jobs.get_nowait()]):
            try:
                attempt()
            except (queue.Full, queue.Empty) as error:
                print(type(error).__name__)
        jobs.task_done()
        jobs.join()
        once.set_result(1)
        assert once.result() == 1
        assert threading.Barrier(1).wait() == 0
        done = threading.Thread(target=int)
        done.start()
        while done.is_alive():
            pass
        done.join()
        condition = threading.Condition(threading.Lock())
        with condition:
            assert not condition.wait(0)
            condition.notify_all()
        """,
    )
    assert not found.of(*WAITS, Kind.WAKE, Kind.TRY_FAILED)
    assert {row.what for row in found.of(Kind.SECTION)} == {"app.condition"}
    assert found.done is not None
    assert found.done.stdout.split() == ["Full", "Empty"]


def test_a_condition_is_waited_for_apart_from_its_lock(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{BLOCKED}
    ready = threading.Condition()

    def waiter():
        with ready, ready:
            assert ready.wait()
            assert ready._is_owned()

    thread = start(waiter)
    blocked(thread)
    with ready:
        ready.notify()
        time.sleep(0.05)
    while thread.is_alive():
        time.sleep(0.001)
    """,
    )
    assert kinds(found) == {"app.ready": "Condition", "app.ready.wait": "Condition.wait"}
    rows = found.of(*WAITS, Kind.SECTION, thread="waiter")
    in_order = sorted(rows, key=lambda row: (row.time, row.kind))
    assert [(row.kind, row.what) for row in in_order] == [
        (Kind.SECTION, "app.ready"),
        (Kind.WAIT, "app.ready.wait"),
        (Kind.RESUME, "app.ready.wait"),
        (Kind.WAIT, "app.ready"),
        (Kind.SECTION, "app.ready"),
        (Kind.ACQUIRE, "app.ready"),
    ]
    first, wait, resume, lock_wait, second, _ = in_order
    assert first.value <= wait.time < resume.time <= lock_wait.time < second.time


def test_timeouts_and_exceptions_are_given_up(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import queue, signal, threading
        from concurrent.futures import Future
        event = threading.Event()
        jobs = queue.Queue(1)
        semaphore = threading.Semaphore(0)
        once = Future()
        assert not event.wait(0.01)
        assert not semaphore.acquire(timeout=0.01)
        for attempt in (lambda: jobs.get(timeout=0.01), lambda: once.result(0.01), lambda: event.wait(1e300)):
            try:
                attempt()
            except (queue.Empty, TimeoutError, OverflowError) as error:
                print(type(error).__name__)
        def interrupt(number, frame):
            raise KeyboardInterrupt
        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            jobs.get()
        except KeyboardInterrupt:
            print("interrupted")
        assert not jobs.mutex.locked() and not jobs.not_empty._waiters
        """,
    )
    assert found.done is not None
    assert found.done.stdout.split() == ["Empty", "TimeoutError", "OverflowError", "interrupted"]
    waits = found.of(Kind.WAIT)
    names = ["app.event", "app.semaphore", "app.jobs.get", "app.once", "app.event", "app.jobs.get"]
    assert [row.what for row in waits] == names
    assert [row.value for row in found.of(Kind.GIVE_UP)] == [row.time for row in waits]
    assert not found.of(Kind.RESUME, Kind.WAKE)


def test_a_semaphore_tells_who_has_it(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{BLOCKED}
    pool = threading.BoundedSemaphore(1)

    def waiter():
        with pool:
            pass

    def holder():
        with pool:
            thread = start(waiter)
            blocked(thread)
        while thread.is_alive():
            time.sleep(0.001)

    thread = start(holder)
    while thread.is_alive():
        time.sleep(0.001)
    pool.acquire()
    stranger = start(pool.release)
    while stranger.is_alive():
        time.sleep(0.001)
    pool.acquire()
    pool._cond.__dict__["_weft_held_by"].clear()
    last = start(waiter)
    blocked(last)
    pool.release()
    while last.is_alive():
        time.sleep(0.001)
    """,
    )
    known, unknown = found.of(Kind.WAIT)
    assert (known.what, known.value, unknown.value) == ("app.pool", threads(found)["holder"], 0)
    stacks = {entry["id"]: [frame[1] for frame in entry["frames"]] for entry in found.defined("stack")}
    holder_at = found.of(Kind.HOLDER_AT)[0].value
    assert not holder_at or "holder" in stacks[holder_at]
    assert [row.value for row in found.of(Kind.WAKE)] == [threads(found)["holder"], threads(found)["MainThread"]]
    assert not found.of(Kind.SECTION)


def test_who_waits_for_the_end_of_a_thread_waits_for_that_thread(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{BLOCKED}
    done = threading.Event()
    def work():
        done.wait()
    worker = threading.Thread(target=work, name="worker-7")
    gave_up = []
    def joiner():
        worker.join(0.01)
        gave_up.append(True)
        worker.join()
    for attempt in (worker.join, threading.current_thread().join):
        try:
            attempt()
        except RuntimeError:
            print("raised")
    worker.start()
    thread = start(joiner)
    while not gave_up:
        time.sleep(0.001)
    blocked(thread)
    done.set()
    while thread.is_alive():
        time.sleep(0.001)
    worker.join()
    """,
    )
    assert found.done is not None
    assert found.done.stdout.split() == ["raised", "raised"]
    rows = found.of(*WAITS, thread="joiner")
    kinds_ = [row.kind for row in rows]
    assert kinds_ == [Kind.WAIT, Kind.GIVE_UP, Kind.WAIT, Kind.RESUME]
    assert {row.what for row in rows} == {"worker-N.join"}
    assert [row.value for row in rows if row.kind == Kind.WAIT] == [threads(found)["worker-7"]] * 2


def test_a_future_is_waited_for_behind_who_works_on_it(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading, time
        from concurrent.futures import ThreadPoolExecutor
        go = threading.Event()
        def view(pool):
            result = pool.submit(work)
            begun.wait(5)
            threading.Timer(0.05, go.set).start()
            result.result()
        def work():
            begun.set()
            go.wait()
        begun = threading.Event()
        with ThreadPoolExecutor(1, "pool") as pool:
            view(pool)
        """,
    )
    (wait,) = (row for row in found.of(Kind.WAIT) if row.what == "view.result")
    (woken,) = (row for row in found.of(Kind.WAKE) if row.what == "view.result")
    assert wait.value == woken.value == threads(found)["pool_0"]
    assert kinds(found)["view.result"] == "Future"


def test_waiting_for_several_futures_is_a_wait(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import time
        from concurrent.futures import ThreadPoolExecutor, as_completed, wait
        def view(pool):
            wait([pool.submit(time.sleep, 0.05)])
            for future in as_completed([pool.submit(time.sleep, 0.05)]):
                pass
        with ThreadPoolExecutor(1) as pool:
            view(pool)
        """,
    )
    waits = [row for row in found.of(Kind.WAIT, thread="MainThread") if row.what.startswith("view")]
    assert len(waits) == 2
    assert {kinds(found)[row.what] for row in waits} == {"Event"}


def test_a_timer_waits_for_its_time(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        alarm = threading.Timer(0.02, print)
        alarm.start()
        alarm.join()
        """,
    )
    timer = next(name for name in threads(found) if name != "MainThread")
    waited, gave_up = found.of(*WAITS, thread=timer)
    assert (waited.what, waited.kind, gave_up.kind) == ("app.alarm", Kind.WAIT, Kind.GIVE_UP)
    assert kinds(found)["app.alarm"] == "Timer"


def test_what_libraries_wait_for_is_left_alone_unless_asked_for(tmp_path: Path) -> None:
    code = """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        thread = threading.Thread(target=int)
        thread._started.wait(0.01)
        """
    assert not record(tmp_path, code).of(*WAITS)
    other = tmp_path / "all"
    other.mkdir()
    found = record(other, code, all_locks=True)
    assert {row.what for row in found.of(*WAITS)} == {"Thread._started"}


def test_what_one_place_makes_again_and_again_has_a_bounded_number_of_names(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        from concurrent.futures import Future
        def serve():
            done = threading.Event()
            done.wait(1e-9)
            result = Future()
            try:
                result.result(1e-9)
            except TimeoutError:
                pass
        for _ in range(250):
            serve()
        """,
    )
    names = {row.what for row in found.of(Kind.WAIT)}
    assert names == {"serve.done", *(f"serve.done #{number}" for number in range(2, 101)), "serve.result"}
    assert len(found.of(Kind.GIVE_UP)) == 500
    assert len(found.defined("lock")) == 101


def test_a_forked_child_defines_what_it_waits_for(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import os, threading
        event = threading.Event()
        event.wait(0.01)
        pid = os.fork()
        event.wait(0.01)
        if not pid:
            raise SystemExit
        os.waitpid(pid, 0)
        """,
    )
    waits = found.of(Kind.WAIT)
    assert [row.what for row in waits] == ["app.event"] * 3
    assert len({row.process for row in waits}) == 2


def test_objects_look_and_behave_as_ever(tmp_path: Path) -> None:
    record(
        tmp_path,
        """
        import copy, gc, inspect, pickle, queue, threading, weakref
        from concurrent.futures import Future

        class Jobs(queue.Queue):
            def __init__(self, *items):
                queue.Queue.__init__(self)
                for item in items:
                    self.put(item)
            def __getstate__(self):
                return [*self.queue]
            def __setstate__(self, items):
                self.__init__(*items)

        assert [*pickle.loads(pickle.dumps(Jobs(1, 2))).queue] == [1, 2]
        assert str(inspect.signature(threading.Semaphore)) == "(value=1)"
        assert inspect.signature(threading.Condition.wait).parameters.keys() == {"self", "timeout"}
        for make in (threading.Event, threading.Condition, threading.Semaphore, queue.Queue, Future):
            assert isinstance(make(), make)
            assert make.__init__.__qualname__ == make.__name__ + ".__init__"
            gc.disable()
            made = make()
            gone = weakref.ref(made)
            del made
            assert gone() is None  # by counting references
            gc.enable()
        assert repr(threading.Event()).endswith(": unset>")
        unowned = threading.Condition()
        for wrong in (lambda: threading.Semaphore(-1), lambda: threading.Event(1), unowned.wait):
            try:
                wrong()
            except (ValueError, TypeError, RuntimeError) as error:
                assert "weft" not in str(error)
            else:
                raise AssertionError
        semaphore = threading.BoundedSemaphore()
        try:
            semaphore.release()
        except ValueError:
            pass
        else:
            raise AssertionError
        """,
    )


def test_everything_replaced_is_put_back(tmp_path: Path) -> None:
    record(
        tmp_path,
        """
        import concurrent.futures, queue, sys, threading
        recorder = sys.modules["_weft.record.recorder"].active
        classes = [threading.Condition, threading.Event, threading.Semaphore, threading.BoundedSemaphore]
        classes += [threading.Barrier, threading.Timer, threading.Thread, queue.Queue, concurrent.futures.Future]
        ours = lambda: [
            name for each in classes for name, value in vars(each).items()
            if name.startswith("_weft") or "_weft" in str(getattr(value, "__globals__", {}).get("__name__"))
        ]
        assert len(ours()) > 12
        semaphore = threading.Semaphore()
        recorder._patches.undo()
        assert ours() == []
        with semaphore:
            pass
        """,
    )


def test_a_report_and_a_timeline_show_waits_and_no_holds(tmp_path: Path) -> None:
    record(
        tmp_path,
        f"""{BLOCKED}
    import queue
    jobs = queue.Queue()
    def worker():
        jobs.get()
    thread = start(worker)
    blocked(thread)
    jobs.put(1)
    thread.join()
    """,
    )
    snapshot = load(tmp_path / "trace.weft")
    assert not snapshot.gaps
    row = next(row for row in report(snapshot)["locks"] if row["name"] == "app.jobs.get")
    assert (row["kind"], row["acquisitions"], row["contended"], row["hold_ns"]["total"]) == ("Queue", 0, 1, 0)
    assert row["wait_ns"]["total"] > 1_000_000
    lane = next(thread.lane for thread in snapshot.threads if thread.name == "worker")
    wait = snapshot.next_wait(lane, 0, 1)
    assert wait is not None
    assert wait.acquired
    assert wait.holder is None
    assert wait.woken_by == next(thread.id for thread in snapshot.threads if thread.name == "MainThread")
    assert snapshot.moment(lane, wait.start_ns + 1).state.name == "WAIT"


CPYTHONS = """
import threading, unittest, warnings
from test import {module} as tests
warnings.simplefilter("ignore")
unittest.main(module=tests, argv=["tests", *{names}], verbosity=0)
"""


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("test_queue", ["CQueueTest", "PyQueueTest", "CLifoQueueTest", "CPriorityQueueTest", "CFailingQueueTest"]),
        ("test_threading", ["ThreadingExceptionTests", "TimerTests"]),
    ],
)
def test_cpythons_own_tests_of_waits_pass(tmp_path: Path, module: str, names: list[str]) -> None:
    pytest.importorskip("test.support")
    trace = tmp_path / "trace.weft"
    writer.create(str(trace))
    done = subprocess.run(
        [sys.executable, "-c", CPYTHONS.format(module=module, names=names)],
        env=environment(os.environ, str(trace), all_locks=True),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran " in done.stderr


def test_a_wait_with_a_timeout_says_so(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import queue, threading
        from concurrent.futures import Future, TimeoutError
        lock, relock, event = threading.Lock(), threading.RLock(), threading.Event()
        jobs, simple = queue.Queue(), queue.SimpleQueue()
        slots, changed, future = threading.Semaphore(0), threading.Condition(), Future()

        def holder(ready, done):
            with lock, relock:
                ready.set()
                done.wait()

        ready, done = threading.Event(), threading.Event()
        thread = threading.Thread(target=holder, args=(ready, done))
        thread.start()
        ready.wait()
        assert not lock.acquire(timeout=0.011)
        assert not relock.acquire(timeout=0.012)
        assert not event.wait(0.013)
        assert not slots.acquire(timeout=0.014)
        with changed:
            changed.wait(0.015)
        thread.join(0.016)
        for wait in (lambda: jobs.get(timeout=0.017), lambda: simple.get(timeout=0.018), lambda: future.result(0.019)):
            try:
                wait()
            except (queue.Empty, TimeoutError):
                pass
        done.set()
        thread.join()
        """,
    )
    timed = found.of(Kind.TIMED)
    assert [round(row.value / 1e6) for row in timed] == [*range(11, 20)]
    waits = found.of(Kind.WAIT, thread="MainThread")
    starts = {row.time for row in timed}
    assert starts == {row.time for row in waits if row.time in starts}
    assert "done.wait" not in {row.what for row in timed}
    assert any(row.what.endswith(".join") and row.time not in starts for row in waits) or len(waits) == len(timed)
    assert not any(row.thread != "MainThread" for row in timed)
