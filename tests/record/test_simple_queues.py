"""`queue.SimpleQueue`: waits of the app's are recorded, and it stays what it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.recorded import record
from weft.events import Kind

WAITS = (Kind.WAIT, Kind.RESUME, Kind.ACQUIRE, Kind.GIVE_UP)


@pytest.mark.parametrize("made", ["queue.SimpleQueue()", "queue._PySimpleQueue()", "Mine(1)"])
def test_a_wait_is_told_by_name(tmp_path: Path, made: str) -> None:
    found = record(
        tmp_path,
        f"""
        import queue, sys, threading, time

        class Mine(queue.SimpleQueue):
            def __init__(self, number):
                super().__init__()

        jobs = {made}
        jobs.put(1)
        assert jobs.get() == 1
        for timeout in (0.01, None):
            try:
                jobs.get(timeout=timeout, block=timeout is not None)
            except queue.Empty as error:
                assert error.__context__ is None

        def names(thread):
            frame = sys._current_frames().get(thread.ident)
            while frame is not None:
                yield frame.f_code.co_name
                frame = frame.f_back

        def work():
            assert jobs.get() == 2

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        while not any("get" in name for name in names(thread)):
            time.sleep(0.001)
        time.sleep(0.02)
        jobs.put(2)
        while thread.is_alive():
            time.sleep(0.001)
        """,
    )
    assert [row.kind for row in found.of(*WAITS)] == [Kind.WAIT, Kind.GIVE_UP, Kind.WAIT, Kind.RESUME]
    assert {row.what for row in found.of(*WAITS)} == {"app.jobs.get"}
    assert [entry["kind"] for entry in found.defined("lock")] == ["SimpleQueue"]
    first, last = found.of(Kind.WAIT, thread="worker"), found.of(Kind.RESUME, thread="worker")
    assert [row.value for row in last] == [row.time for row in first]
    stacks = {entry["id"]: entry["frames"] for entry in found.defined("stack")}
    (at,) = found.of(Kind.WAITER_AT, thread="worker")
    assert stacks[at.value][0][1] == "work"


PARITY = """
    import copy, gc, inspect, pickle, queue, signal, sys, weakref, _queue
    from queue import SimpleQueue
    from concurrent.futures import ThreadPoolExecutor

    def told(call):
        try:
            return call()
        except BaseException as error:
            return type(error), str(error), error.__context__

    class Mine(SimpleQueue):
        pass

    class Kept(SimpleQueue):
        def __init__(self, *items):
            for item in items:
                self.put(item)
        def __getstate__(self):
            return {"kept": True}

    jobs, mine = SimpleQueue(), Mine()
    mine.extra = 1
    for one in (jobs, mine):
        print(told(lambda: pickle.dumps(one)), told(lambda: copy.copy(one)))
        print(told(lambda: one.get(False)), told(lambda: one.get_nowait()), told(lambda: one.get(timeout=-1)))
        print(told(lambda: one.get(True, "x")), told(lambda: one.get(timeout=1e300)), told(lambda: one.get(True, 0)))
        print(told(lambda: one.get(block=False, timeout=-3)), one.empty(), one.qsize(), one.put(3), one.get())
        print(isinstance(one, SimpleQueue), isinstance(one, _queue.SimpleQueue), weakref.ref(one)() is one)
    print(told(lambda: SimpleQueue(1)), told(lambda: SimpleQueue(a=1)), told(lambda: Mine(1)))
    print(Kept(1, 2).qsize(), pickle.loads(pickle.dumps(Kept(1))).__dict__)
    print(SimpleQueue[int], repr(jobs).partition(" at ")[0], SimpleQueue, SimpleQueue.__name__, SimpleQueue.__doc__)
    print(told(lambda: setattr(jobs, "extra", 1)) is None, inspect.signature(jobs.get), SimpleQueue.get.__doc__)
    with ThreadPoolExecutor(1) as pool:
        assert isinstance(pool._work_queue, SimpleQueue)
        print(type(pool._work_queue).get)
        print(pool.submit(int).result())

    # In the middle of a get, a signal handler and a finalizer may put and get.
    def handler(number, frame):
        jobs.put("from the handler")
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    print(jobs.get())

    class Last:
        def __del__(self):
            jobs.put("from the end")
            jobs.get_nowait()
    for _ in range(100):
        cycle = Last()
        cycle.itself = cycle
        del cycle
        told(lambda: jobs.get(True, 1e-6))
    gc.collect()

    def interrupt(number, frame):
        raise KeyboardInterrupt("now")
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    print(told(jobs.get))
"""


def test_it_behaves_as_ever(tmp_path: Path) -> None:
    found = record(tmp_path, PARITY)
    assert found.done is not None
    bare = subprocess.run([sys.executable, tmp_path / "app.py"], capture_output=True, text=True, check=True)
    assert found.done.stdout == bare.stdout
    assert {entry["name"] for entry in found.defined("lock")} >= {"app.jobs.get"}


def test_the_idle_threads_of_an_executor_are_its_own_business(tmp_path: Path) -> None:
    code = """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(1) as pool:
            pool.submit(int).result()
        """
    assert "SimpleQueue" not in {entry["kind"] for entry in record(tmp_path, code).defined("lock")}
    (tmp_path / "trace.weft").unlink()
    assert "SimpleQueue" in {entry["kind"] for entry in record(tmp_path, code, all_locks=True).defined("lock")}
