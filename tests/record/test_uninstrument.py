"""Ending a recording puts everything back, and recorded locks go on."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from support import recorded
from weft.events import Kind

LOOK = """
import os, queue, sys, threading, time
import concurrent.futures, concurrent.futures._base, concurrent.futures.thread
import flask, flask.ctx
from threading import Lock, RLock

lock, early = threading.Lock(), threading.RLock()
changed, ready, slots, jobs = threading.Condition(), threading.Event(), threading.Semaphore(0), queue.Queue()

class Cache:
    shared = threading.Lock()
    lock_class = Lock
    def __init__(self):
        self.own = threading.RLock()

cache = Cache()

def state():
    "Return every attribute that a recorder might replace."
    seen = {}
    modules = (threading, queue, concurrent.futures._base, concurrent.futures.thread, os, flask.app, flask.ctx,
               sys.modules["__main__"])
    for module in modules:
        owners = [module, *(value for value in vars(module).values() if isinstance(value, type)), cache, changed,
                  ready._cond, slots._cond, jobs.not_empty, jobs.not_full, jobs.all_tasks_done]
        for owner in owners:
            for name, value in vars(owner).items():
                if name not in {"before", "after", "path", "thread", "threads", "held", "other"} | IGNORED:
                    seen[getattr(owner, "__name__", id(owner)), name] = id(value)
    seen["finders"] = [*map(id, sys.meta_path)]
    seen["hooks"] = sys.excepthook, threading.excepthook, sys.unraisablehook, sys.gettrace(), sys.getprofile()
    seen["environment"] = dict(os.environ)
    return seen

IGNORED = {"_active", "_limbo", "_dangling", "_counter", "_waiters", "_shutdown_locks", "__annotations__", "found",
           "__warningregistry__", "__abstractmethods__", "_abc_impl", "state", "more"}
"""


def run(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = folder / "app.py"
    script.write_text(textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_every_name_is_put_back_while_threads_hold_and_wait(tmp_path: Path) -> None:
    trace = tmp_path / "trace.weft"
    done = run(
        tmp_path,
        LOOK
        + textwrap.dedent(f"""
        import weft
        before = state()
        weft.instrument(path={str(trace)!r})
        during = state()
        assert len([key for key in before if before[key] != during.get(key)]) > 20
        other = threading.Lock()

        def work(name, use):
            use()
            done.append(name)

        def hold_and_wait():
            with lock, other, early, early:
                with changed:
                    changed.wait()
                ready.wait()

        def wait_for_lock():
            with other:
                pass

        done = []
        waits = [hold_and_wait, ready.wait, slots.acquire, jobs.get, wait_for_lock]
        threads = [threading.Thread(target=work, args=(use.__name__, use)) for use in waits]
        threads[0].start()
        while not (changed._waiters and other.locked()):
            time.sleep(0.001)
        for thread in threads[1:]:
            thread.start()
        while len(ready._cond._waiters) < 1 or not slots._cond._waiters or not jobs.not_empty._waiters:
            time.sleep(0.001)
        time.sleep(0.05)

        native = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0
        weft.uninstrument()
        if native:
            assert len(os.listdir("/proc/self/task")) == native - 2
        after = state()
        IGNORED |= {{"during", "work", "hold_and_wait", "wait_for_lock", "done", "waits", "native", "weft"}}
        found = state()
        for key in before.keys() | found.keys():
            assert before.get(key) == found.get(key) or key[1] in IGNORED, (key, before.get(key), found.get(key))
        with changed:
            changed.notify()
        ready.set()
        slots.release()
        jobs.put(1)
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive(), done
        assert not other.locked() and not lock.locked() and not early._is_owned()
        for _ in range(3):
            with other, lock, early, early, changed:
                pass
        weft.uninstrument()
        """),
    )
    assert done.returncode == 0, done.stderr
    found = recorded.load(trace)
    assert {row.what for row in found.of(Kind.WAIT)} >= {
        *("app.changed.wait", "app.ready", "app.slots", "app.jobs.get", "app.other"),
    }
    assert len(found.of(Kind.PROCESS_EXIT)) == 1
    assert not [row for row in found.rows if row.time > found.of(Kind.PROCESS_EXIT)[0].time]


def test_a_second_recording_is_a_new_trace_and_knows_the_locks_of_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first.weft", tmp_path / "second.weft"
    done = run(
        tmp_path,
        f"""
        import os, threading, weft
        weft.instrument(path={str(first)!r})
        lock, rlock, ready = threading.Lock(), threading.RLock(), threading.Event()
        with lock, rlock:
            rlock.acquire()
            weft.uninstrument()
            rlock.release()
        assert not lock.locked() and not rlock._is_owned()
        with lock, rlock:
            pass
        weft.instrument(path={str(second)!r})
        with lock, rlock:
            pass
        assert not ready.wait(0.01)
        if not (pid := os.fork()):
            with lock:
                pass
            raise SystemExit
        os.waitpid(pid, 0)
        weft.uninstrument()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert [row.what for row in recorded.load(first).of(Kind.SECTION)] == []
    found = recorded.load(second)
    assert sorted(row.what for row in found.of(Kind.SECTION)) == ["app.lock", "app.lock", "app.rlock"]
    assert [row.what for row in found.of(Kind.WAIT)] == ["app.ready"]
    assert len(found.defined("process")) == 2


def test_the_recording_of_weft_record_is_ended_too(tmp_path: Path) -> None:
    code = """
        import threading, weft
        lock = threading.Lock()
        with lock:
            pass
        weft.uninstrument()
        assert threading.Lock().__class__.__module__ == "_thread"
        with lock:
            pass
        """
    found = recorded.record(tmp_path, code)
    assert len(found.of(Kind.SECTION)) == len(found.of(Kind.PROCESS_EXIT)) == 1


def test_a_name_that_somebody_else_has_replaced_since_is_left(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        import threading, weft
        weft.instrument()
        ours = threading.Thread.join
        def theirs(self, timeout=None):
            return ours(self, timeout)
        threading.Thread.join = theirs
        weft.uninstrument()
        assert threading.Thread.join is theirs
        thread = threading.Thread(target=print)
        thread.start()
        thread.join()
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "left as they are, since somebody else has replaced them too: Thread.join\n" in done.stderr
