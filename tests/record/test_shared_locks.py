"""What is recorded of the locks of `multiprocessing`, in parents and in children, however these are started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.recorded import Recorded, record
from weft.events import Kind
from weft.timeline import load as load_timeline
from weft.timeline.values import State

WAITS = (Kind.WAIT, Kind.RESUME, Kind.ACQUIRE, Kind.GIVE_UP)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="what is named by semaphores")

FAMILY = """
    import multiprocessing, time

    class Box:
        def __init__(self, ctx):
            self.lock = ctx.Lock()

    def child(lock, condition, event, barrier, jobs, joinable, simple, box, counter, out):
        out.put("started")
        with lock:
            time.sleep(0.02)
        with condition, condition:
            out.put("waits")
            assert condition.wait(20)
        assert event.wait(20)
        barrier.wait(20)
        out.put(jobs.get(timeout=20))
        joinable.get()
        time.sleep(0.02)
        joinable.task_done()
        out.put(simple.get())
        with box.lock, counter.get_lock():
            counter.value += 1

    if __name__ == "__main__":
        ctx = multiprocessing.get_context(METHOD)
        stock, changed, ready = ctx.Lock(), ctx.Condition(), ctx.Event()
        meet = ctx.Barrier(2)
        jobs, joinable, simple, out = ctx.Queue(), ctx.JoinableQueue(), ctx.SimpleQueue(), ctx.Queue()
        box, counter = Box(ctx), ctx.Value("i", 0)
        given = (stock, changed, ready, meet, jobs, joinable, simple, box, counter, out)
        stock.acquire()
        process = ctx.Process(target=child, args=given)
        process.start()
        assert out.get() == "started"
        time.sleep(0.3)
        stock.release()
        assert out.get() == "waits"
        with changed:
            changed.notify()
        for go_on in (ready.set, lambda: meet.wait(20), lambda: jobs.put(1), lambda: joinable.put(2)):
            time.sleep(0.05)
            go_on()
        joinable.join()
        assert out.get() == 1
        time.sleep(0.05)
        simple.put(3)
        assert out.get() == 3
        process.join()
        assert (process.exitcode, counter.value) == (0, 1)
"""


def waited(found: Recorded, process: int) -> set[str]:
    return {row.what for row in found.of(Kind.WAIT) if row.process == process}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_waits_are_told_by_the_same_names_everywhere(tmp_path: Path, method: str) -> None:
    found = record(tmp_path, FAMILY.replace("METHOD", repr(method)))
    parent = found.of(Kind.PROCESS_ENTER)[0].process
    (child,) = {row.process for row in found.of(Kind.SECTION) if row.process != parent}
    assert waited(found, child) >= {
        *("app.stock", "app.changed.wait", "app.ready", "app.meet", "app.jobs.get", "app.simple.get"),
    }
    assert waited(found, parent) >= {"app.out.get", "app.joinable.join"}
    held = {row.what for row in found.of(Kind.SECTION) if row.process == child}
    assert held == {"app.stock", "app.changed", "Box.lock", "app.counter"}
    began = {(row.process, row.thread, row.time): row.what for row in found.of(Kind.WAIT)}
    ended = {(row.process, row.thread, row.value): row.what for row in found.of(*WAITS) if row.kind != Kind.WAIT}
    assert began == ended
    # Re-entrant passes are one section, and a wait in a condition divides it.
    passes = [row for row in found.of(Kind.SECTION) if row.process == child and row.what == "app.changed"]
    assert len(passes) == 2
    assert {entry["kind"] for entry in found.defined("lock") if entry["name"] == "app.stock"} == {
        "multiprocessing.Lock"
    }
    # Also a forked child writes all that it has.
    assert {row.process for row in found.of(Kind.PROCESS_EXIT)} >= {parent, child}

    snapshot = load_timeline(tmp_path / "trace.weft")
    (stock,) = [lock for lock in snapshot.locks if lock.name == "app.stock"]
    pids = [process.pid for process in snapshot.processes]
    (wait,) = [row for row in found.of(Kind.WAIT) if row.process == child and row.what == "app.stock"]
    (lane,) = [
        lane.id for lane in snapshot.lanes if pids[lane.process] == child >> 32 and lane.name.startswith("MainThread")
    ]
    moment = snapshot.moment(lane, wait.time + 100_000_000)
    assert moment.state is State.WAIT
    assert moment.wait is not None
    assert moment.wait.lock == stock.id
    (blame,) = moment.blames
    assert pids[snapshot.lanes[blame.hold.lane].process] == parent >> 32
    assert moment.wait.holder == blame.hold.thread


def test_within_a_process_the_holder_is_known(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import multiprocessing, threading, time
        lock = multiprocessing.RLock()
        slots = multiprocessing.BoundedSemaphore(1)

        def work():
            assert not lock.acquire(False)
            assert not lock.acquire(block=True, timeout=0.01)
            assert not slots.acquire(timeout=0.01)
            with lock:
                pass

        with lock, slots:
            thread = threading.Thread(target=work, name="worker")
            thread.start()
            time.sleep(0.3)
            with lock:
                assert lock.acquire() and lock.release() is None
        thread.join()
        """,
    )
    main = next(entry["id"] for entry in found.defined("thread") if entry["name"] == "MainThread")
    rows = found.of(*WAITS, Kind.TRY_FAILED, thread="worker")
    assert [(row.kind, row.what) for row in rows] == [
        (Kind.TRY_FAILED, "app.lock"),
        (Kind.WAIT, "app.lock"),
        (Kind.GIVE_UP, "app.lock"),
        (Kind.WAIT, "app.slots"),
        (Kind.GIVE_UP, "app.slots"),
        (Kind.WAIT, "app.lock"),
        (Kind.ACQUIRE, "app.lock"),
    ]
    assert [row.value for row in rows if row.kind in (Kind.WAIT, Kind.TRY_FAILED)] == [main, main, 0, main]
    assert [(row.thread, row.what) for row in found.of(Kind.SECTION)] == [
        ("MainThread", "app.lock"),
        ("worker", "app.lock"),
    ]
    # A long hold is told while it lasts.
    (hold,) = found.of(Kind.HOLD)
    assert (hold.thread, hold.what, hold.time) == ("MainThread", "app.lock", found.of(Kind.SECTION)[0].time)


PARITY = """
    import gc, multiprocessing, os, pickle, queue, signal, sys, threading

    def told(call):
        try:
            return call()
        except BaseException as error:
            return type(error), str(error), error.__context__

    made = []
    for method in ("fork", "spawn"):
        ctx = multiprocessing.get_context(method)
        for one in (ctx.Lock(), ctx.RLock(), ctx.Semaphore(2), ctx.BoundedSemaphore(1), ctx.Condition()):
            made.append(one)
            print(one.acquire(), one, one.acquire(False) if "RLock" not in repr(one) else "", one.release())
            print(told(lambda: pickle.dumps(one)), one.__enter__(), one.__exit__(None, None, None))
            print(told(lambda: one.acquire(True, "x")), told(lambda: one.acquire(True, -1)), one.acquire(block=False))
        lock, recursive, bounded = made[-5], made[-4], made[-2]
        print(told(lambda: [lock.release() for _ in range(9)]), told(lambda: [bounded.release() for _ in range(9)]))
        print(told(lambda: [recursive.release() for _ in range(9)]), told(recursive.release))
        answers = []
        with recursive:
            thread = threading.Thread(target=lambda: answers.append(told(recursive.release)))
            thread.start()
            thread.join()
        print(answers, lock.acquire(), threading.Thread(target=lock.release).start())
        print(lock.acquire(timeout=9), lock.release())
        jobs, simple = ctx.Queue(1), ctx.SimpleQueue()
        print(told(lambda: jobs.get(timeout=0.01)), told(lambda: jobs.get(False)), told(jobs.get_nowait))
        print(told(lambda: jobs.get(True, -1)), jobs.put(1), told(lambda: jobs.put(2, timeout=0.01)), jobs.get())
        print(told(lambda: jobs.get(True, 0)), simple.put(5), simple.get(), simple.empty())
        jobs.close()
        print(told(jobs.get).__len__(), simple.close(), told(simple.get)[0])

    lock = multiprocessing.Lock()
    lock.acquire()

    def interrupt(number, frame):
        raise KeyboardInterrupt("now")

    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    print(told(lock.acquire), lock.release(), lock.acquire(False))
    names = [one._semlock.name for one in made if hasattr(one, "_semlock") and one._semlock.name]
    del made, one, recursive, bounded
    gc.collect()
    print(any(os.path.exists("/dev/shm/sem." + name[1:]) for name in names))
"""


def test_they_behave_as_ever(tmp_path: Path) -> None:
    found = record(tmp_path, PARITY)
    assert found.done is not None
    bare = subprocess.run([sys.executable, tmp_path / "app.py"], capture_output=True, text=True, check=True)
    assert found.done.stdout == bare.stdout
    assert found.of(Kind.WAIT)


def test_a_child_that_is_not_recorded_gets_its_locks_all_the_same(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import multiprocessing, os

        def child(lock, out):
            import sys
            assert not any(name.startswith("_weft") for name in sys.modules)
            with lock:
                out.put(sorted(vars(lock)))

        if __name__ == "__main__":
            ctx = multiprocessing.get_context("spawn")
            lock, out = ctx.Lock(), ctx.SimpleQueue()
            del os.environ["WEFT_TRACE"]
            process = ctx.Process(target=child, args=(lock, out))
            process.start()
            print(out.get())
            process.join()
            assert process.exitcode == 0
        """,
    )
    assert found.done is not None
    assert "_weft" not in found.done.stdout


def test_the_locks_of_pools_are_their_own_business(tmp_path: Path) -> None:
    code = """
        import multiprocessing

        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    assert pool.map(abs, [-1, -2]) == [1, 2]
                    pool.close()
                    pool.join()
        """
    found = record(tmp_path, code)
    assert not [entry for entry in found.defined("lock") if entry["kind"].startswith("multiprocessing.")]
    (tmp_path / "trace.weft").unlink()
    found = record(tmp_path, code, all_locks=True)
    assert [entry for entry in found.defined("lock") if entry["kind"].startswith("multiprocessing.")]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_is_recorded_for_as_long_as_its_threads_run(tmp_path: Path, method: str) -> None:
    found = record(
        tmp_path,
        f"""
        import multiprocessing, threading, time

        def late(lock):
            with lock:
                time.sleep(0.5)

        def child(lock, linger):
            if linger:
                threading.Thread(target=late, args=(lock,), name="late").start()

        if __name__ == "__main__":
            ctx = multiprocessing.get_context({method!r})
            lock = ctx.Lock()
            for linger in (False, True):
                process = ctx.Process(target=child, args=(lock, linger))
                process.start()
                process.join()
                assert process.exitcode == 0
        """,
    )
    (hold,) = found.of(Kind.HOLD)
    assert (hold.thread, hold.what) == ("late", "app.lock")
    if method == "fork":
        # Before Python 3.13 a forked child's own end is told only where its main thread is the last.
        ended = {row.process for row in found.of(Kind.PROCESS_EXIT)}
        assert len({row.process for row in found.rows} - ended) == (sys.version_info < (3, 13))
