"""`with lock: pass`, recorded against bare, in one process and interleaved rounds. Thread CPU time, medians."""

from __future__ import annotations

import platform
import statistics
import tempfile
import threading
from pathlib import Path
from time import thread_time_ns
from typing import Any

ROUNDS, PASSES = 60, 5000
BARE = {"Lock": threading.Lock(), "RLock": threading.RLock()}


def _with(lock: Any) -> float:
    start = thread_time_ns()
    for _ in range(PASSES):
        with lock:
            pass
    return (thread_time_ns() - start) / PASSES


def _acquire(lock: Any) -> float:
    start = thread_time_ns()
    for _ in range(PASSES):
        lock.acquire()
        lock.release()
    return (thread_time_ns() - start) / PASSES


def main() -> None:
    from weft.log import writer
    from weft.record import recorder

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "trace.weft")
        writer.create(path)
        running = recorder.start(recorder.Options(path))
        recorded = {"Lock": threading.Lock(), "RLock": threading.RLock()}
        print(f"\nuncontended pass, ns of thread CPU, Python {platform.python_version()}")
        for name, measure in (("with", _with), ("acquire/release", _acquire)):
            for kind in BARE:
                bare, ours = [], []
                for _ in range(ROUNDS):
                    bare.append(measure(BARE[kind]))
                    ours.append(measure(recorded[kind]))
                one, other = statistics.median(bare), statistics.median(ours)
                print(f"  {name:16} {kind:6} bare {one:5.0f}  recorded {other:5.0f}  x{other / one:.2f}")
        running.finish()


if __name__ == "__main__":
    main()
