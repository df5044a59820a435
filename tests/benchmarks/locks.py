"""Calls that do not block, recorded against bare, in one process and interleaved rounds. Thread CPU time, medians.

The recorder replaces methods of the standard library's classes in place, so what it replaces is put back for the bare
rounds.
"""

from __future__ import annotations

import platform
import queue
import statistics
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import thread_time_ns
from typing import Any

from weft.record.patches import _ABSENT

ROUNDS, PASSES = 60, 5000

Work = Callable[[Any], object]


def _with(lock: Any) -> None:
    for _ in range(PASSES):
        with lock:
            pass


def _acquire(lock: Any) -> None:
    for _ in range(PASSES):
        lock.acquire()
        lock.release()


def _wait(event: Any) -> None:
    for _ in range(PASSES):
        event.wait()


def _set(event: Any) -> None:
    for _ in range(PASSES):
        event.set()


def _through(jobs: Any) -> None:
    for _ in range(PASSES):
        jobs.put(1)
        jobs.get()


def _barrier(barrier: Any) -> None:
    for _ in range(PASSES):
        barrier.wait()


def _join(thread: Any) -> None:
    for _ in range(PASSES):
        thread.join()


def _result(future: Any) -> None:
    for _ in range(PASSES):
        future.result()


def _make(kind: Any) -> None:
    for _ in range(PASSES):
        kind()


def _submit(pool: Any) -> None:
    for _ in range(PASSES // 10):
        pool.submit(int)
    pool.submit(int).result()


def _event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _ended() -> threading.Thread:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    return thread


CALLS: list[tuple[str, Callable[[], Any], Work, int]] = [
    ("with Lock", lambda: threading.Lock(), _with, PASSES),
    ("with RLock", lambda: threading.RLock(), _with, PASSES),
    ("Lock acquire, release", lambda: threading.Lock(), _acquire, PASSES),
    ("RLock acquire, release", lambda: threading.RLock(), _acquire, PASSES),
    ("with Condition", threading.Condition, _with, PASSES),
    ("with Semaphore", threading.Semaphore, _with, PASSES),
    ("BoundedSemaphore acquire, release", threading.BoundedSemaphore, _acquire, PASSES),
    ("Event.wait, set already", _event, _wait, PASSES),
    ("Event.set", threading.Event, _set, PASSES),
    ("Barrier(1).wait", lambda: threading.Barrier(1), _barrier, PASSES),
    ("Queue put, get", queue.Queue, _through, PASSES),
    ("PriorityQueue put, get", queue.PriorityQueue, _through, PASSES),
    ("Thread.join, ended", _ended, _join, PASSES),
    ("Future.result, done", _done, _result, PASSES),
    ("make an Event", lambda: threading.Event, _make, PASSES),
    ("make a Queue", lambda: queue.Queue, _make, PASSES),
    ("make a Future", lambda: Future, _make, PASSES),
    ("ThreadPoolExecutor.submit", lambda: ThreadPoolExecutor(1), _submit, PASSES // 10),
]


class Patched:
    """What the recorder has replaced, to be put back and replaced again."""

    def __init__(self, patches: Any) -> None:
        self._patches = [patch for patch in patches._originals if not patch[1].startswith("_weft")]

    def bare(self) -> None:
        for target, name, original, _ in reversed(self._patches):
            if original is _ABSENT:
                delattr(target, name)
            else:
                setattr(target, name, original)

    def recorded(self) -> None:
        for target, name, _, replacement in self._patches:
            setattr(target, name, replacement)


def _time(work: Work, argument: Any) -> int:
    start = thread_time_ns()
    work(argument)
    return thread_time_ns() - start


def main() -> None:
    from weft.log import writer
    from weft.record import recorder
    from weft.record.options import Options

    bare = [make() for _, make, _, _ in CALLS]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "trace.weft")
        writer.create(path)
        running = recorder.start(Options(path))
        recorded = [make() for _, make, _, _ in CALLS]
        patched = Patched(running._patches)
        from weft.record import traced

        traced.contended_only = True
        contended = {name: make() for name, make, _, _ in CALLS[:2]}
        for lock in contended.values():
            lock.acquire()
            lock.release()
        traced.contended_only = False
        print(f"\ncalls that do not block, ns of thread CPU, Python {platform.python_version()}")
        for (name, _, work, passes), one, other in zip(CALLS, bare, recorded, strict=True):
            times: tuple[list[int], ...] = [], [], []
            for _ in range(ROUNDS):
                patched.bare()
                times[0].append(_time(work, one))
                patched.recorded()
                times[1].append(_time(work, other))
                if name in contended:
                    times[2].append(_time(work, contended[name]))
            before, after, *less = (statistics.median(each) / passes for each in times if each)
            print(f"  {name:34} bare {before:6.0f}  recorded {after:6.0f}  x{after / before:.2f}")
            for each in less:
                print(f"  {name + ', --contended':34} bare {before:6.0f}  recorded {each:6.0f}  x{each / before:.2f}")
        running.finish()


if __name__ == "__main__":
    main()
