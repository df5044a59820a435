"""What is recorded of calls that one thread hands to another: executors, asgiref's event loops, copied contexts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.interpreter import GIL
from support.recorded import Recorded, Row, load, record
from weft.events import Kind
from weft.log import writer
from weft.record.launch import environment
from weft.timeline import load as load_timeline
from weft.timeline.report import report
from weft.timeline.values import State

TASKS = (Kind.TASK_SUBMIT, Kind.TASK_ENTER, Kind.TASK_EXIT)


def chains(found: Recorded) -> list[tuple[str, str, str]]:
    """Who submitted what, and who ran it, in the order of submission; checks that the records fit together."""
    submits = {(row.process, row.thread, row.time): row for row in found.of(Kind.TASK_SUBMIT)}
    assert len(submits) == len(found.of(Kind.TASK_SUBMIT))
    exits = {(row.process, row.thread, row.value): row for row in found.of(Kind.TASK_EXIT)}
    ran: list[tuple[Row, Row]] = []
    for row in found.of(Kind.TASK_ENTER):
        submit = submits[row.process, row.what, row.value]
        assert submit.time <= row.time <= exits.pop((row.process, row.thread, row.time)).time
        ran.append((submit, row))
    assert not exits
    return [(submit.thread, submit.what, row.thread) for submit, row in sorted(ran, key=lambda pair: pair[0].time)]


def test_a_task_is_told_from_its_submission_to_its_end(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import asyncio, contextvars, functools
        from concurrent.futures import ThreadPoolExecutor

        class Mailer:
            def send(self): pass
            def __call__(self): pass

        class Pool(ThreadPoolExecutor):
            def submit(self, fn, /, *args, **kwargs):
                return super().submit(fn, *args, **kwargs)

        class Meta(type):
            def __getattribute__(cls, name):
                assert not name.startswith("__qual")
                return super().__getattribute__(name)

        class Touchy(metaclass=Meta):
            def __getattribute__(self, name):
                assert False, name
            def __call__(self): pass

        def work(*args, number=0):
            return number

        def fails():
            raise KeyError(1)

        def outer():
            def inner(): pass
            return pool.submit(inner)

        def decorated(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args)
            return wrapper

        async def through_asyncio():
            await asyncio.to_thread(work, 1)
            await asyncio.get_running_loop().run_in_executor(pool, work)

        with Pool(1, "pool", initializer=work, initargs=(1,)) as pool:
            assert pool.submit(work, number=7).result() == 7
            assert isinstance(pool.submit(fails).exception(), KeyError)
            pool.submit(Mailer().send).result()
            pool.submit(Mailer()).result()
            pool.submit(Mailer).result()
            pool.submit(functools.partial(work, 1)).result()
            pool.submit(contextvars.copy_context().run, work).result()
            pool.submit(lambda: 1).result()
            pool.submit(len, "a").result()
            pool.submit(outer).result().result()
            assert list(pool.map(work, "ab")) == [0, 0]
            asyncio.run(through_asyncio())
            for each in (work, work, fails):
                pool.submit(decorated(each)).exception()
            assert pool.submit(Touchy()).exception() is None
        """,
    )
    names = [
        *("app.work", "app.fails", "Mailer.send", "Mailer", "Mailer", "app.work", "app.work", "app.<lambda>", "len"),
        *("app.outer", "outer.inner", "app.work", "app.work", "app.work", "app.work"),
        *("app.work", "app.work", "app.fails", "Touchy"),
    ]
    told = chains(found)
    assert [what for _, what, _ in told] == names
    assert {(by, runner) for by, what, runner in told if what != "outer.inner"} == {
        ("MainThread", "pool_0"),
        ("MainThread", "asyncio_0"),
    }
    assert [(by, runner) for by, what, runner in told if what == "outer.inner"] == [("pool_0", "pool_0")]


def test_what_is_cancelled_never_begins(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        gate = threading.Event()
        pool = ThreadPoolExecutor(1)
        first = pool.submit(gate.wait)
        second, third = pool.submit(print, "never"), pool.submit(print, "ran")
        assert second.cancel()
        gate.set()
        third.result()
        fourth, fifth = pool.submit(gate.wait), None
        pool.shutdown(wait=True, cancel_futures=True)
        """,
    )
    assert len(found.of(Kind.TASK_SUBMIT)) == 4
    assert [what for _, what, _ in chains(found)][:2] == ["Event.wait", "print"]
    assert found.done is not None
    assert found.done.stdout == "ran\n"


def test_what_libraries_submit_is_theirs(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "waitress"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def go(pool):\n    return pool.submit(print, 'theirs').result()\n")
    code = f"""
        import sys
        sys.path.insert(0, {str(package.parent)!r})
        import waitress
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(1) as pool:
            waitress.go(pool)
        """
    assert not record(tmp_path, code).of(*TASKS)
    (tmp_path / "trace.weft").unlink()
    assert [what for _, what, _ in chains(record(tmp_path, code, all_locks=True))] == ["print"]


def test_executors_behave_as_ever(tmp_path: Path) -> None:
    program = """
        import copy, gc, inspect, pickle, sys, traceback, weakref
        from concurrent.futures import ThreadPoolExecutor, thread

        class Held: pass

        def fails(held):
            raise ValueError("mine")

        gc.disable()
        with ThreadPoolExecutor(1) as pool:
            for call in (lambda: pool.submit(), lambda: pool.submit(fn=print), lambda: ThreadPoolExecutor.submit()):
                try:
                    call()
                except TypeError as error:
                    print(error)
            print(inspect.signature(pool.submit), pool.submit.__qualname__, inspect.signature(pool.map))
            held = Held()
            gone = weakref.ref(held)
            future = pool.submit(fails, held)
            try:
                future.result()
            except ValueError as error:
                print([frame.name for frame in traceback.extract_tb(error.__traceback__)])
            pool.submit(int).result()
            del future, held
            print(gone() is None)
            for value in (pool, pool.submit(int)):
                try:
                    pickle.dumps(value)
                except TypeError as error:
                    print(error)
        try:
            pool.submit(int)
        except RuntimeError as error:
            print(error)
        """
    found = record(tmp_path, program)
    assert found.done is not None
    bare = subprocess.run([sys.executable, tmp_path / "app.py"], capture_output=True, text=True, check=True)
    # The lock that is no Lock any more is told by the same name.
    assert found.done.stdout == bare.stdout
    if GIL:  # else what is done is forgotten a little later
        assert "True" in bare.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_tells_of_its_own_tasks(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import os
        from concurrent.futures import ThreadPoolExecutor

        def work(): pass

        def forks():
            pid = os.fork()
            if not pid:
                with ThreadPoolExecutor(1, "child") as pool:
                    pool.submit(work).result()
                return
            assert os.waitpid(pid, 0)[1] == 0

        def child():
            forks()

        ThreadPoolExecutor(1, "parent").submit(work).result()
        forks()
        """,
    )
    assert sorted(chains(found)) == [("MainThread", "app.work", "child_0"), ("MainThread", "app.work", "parent_0")]


SERVER = """
    import logging, sys, threading, time, urllib.request
    from concurrent.futures import ThreadPoolExecutor
    from flask import Flask, copy_current_request_context, request
    from werkzeug.serving import make_server

    app = Flask(__name__)
    pool = ThreadPoolExecutor(1, "pool")
    began, go_on = threading.Event(), threading.Event()

    def work():
        began.set()
        assert go_on.wait(20)
        time.sleep(0.01)

    def serve(*paths):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, name="server").start()
        asks = [threading.Thread(target=ask, args=(server.port, path)) for path in paths]
        for one in asks:
            one.start()
        assert began.wait(20)
        time.sleep(0.02)
        go_on.set()
        for one in asks:
            one.join()
        server.shutdown()

    def ask(port, path):
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20).read() == b"done"
"""


def working_for(tmp_path: Path, work: str) -> tuple[str, str, State, str]:
    """The thread that ran something, the path and endpoint that it worked for, its state, and its wait."""
    snapshot = load_timeline(tmp_path / "trace.weft")
    every = range(len(snapshot.lanes))
    tasks = snapshot.tasks_within(every, snapshot.start_ns, snapshot.end_ns, 0)
    (task,) = [task for task in tasks if task.work == work]
    assert task.request is not None
    assert task.thread is not None
    assert task.start_ns is not None
    thread = snapshot.threads[task.thread]
    end_ns = task.end_ns or snapshot.end_ns
    step_ns = max((end_ns - task.start_ns) // 50, 1)
    looks = (snapshot.moment(thread.lane, at) for at in range(task.start_ns, end_ns, step_ns))
    moment = next(look for look in looks if look.wait is not None)
    assert moment.wait is not None
    assert moment.task == task
    assert moment.request == task.request
    frame = snapshot.frame([thread.lane], task.start_ns, snapshot.end_ns, 1)
    assert frame.spent[State.IDLE, 0, 0] > 0
    assert report(snapshot)["tasks"]
    return thread.name, task.request.path, moment.state, snapshot.locks[moment.wait.lock].name


def test_a_pool_works_for_the_request_that_asked(tmp_path: Path) -> None:
    record(
        tmp_path,
        f"""{SERVER}
    @app.get("/report")
    def report():
        pool.submit(work).result()
        return "done"

    serve("/report")
    time.sleep(0.05)
    """,
    )
    assert working_for(tmp_path, "app.work") == ("pool_0", "/report", State.WAIT, "app.go_on")


def test_a_thread_with_a_copied_context_works_for_its_request(tmp_path: Path) -> None:
    record(
        tmp_path,
        f"""{SERVER}
    @app.get("/copied")
    def copied():
        @copy_current_request_context
        def carried(answer, *, twice):
            assert request.path == "/copied"
            work()
            return answer * twice

        assert carried.__name__ == "carried"
        answers = []
        thread = threading.Thread(target=lambda: answers.append(carried(2, twice=2)), name="helper")
        thread.start()
        thread.join()
        assert answers == [4]
        return "done"

    serve("/copied")
    time.sleep(0.05)
    """,
    )
    assert working_for(tmp_path, "copied.carried")[:3] == ("helper", "/copied", State.WAIT)


def test_the_thread_of_an_async_view_works_for_its_request(tmp_path: Path) -> None:
    pytest.importorskip("asgiref")
    record(
        tmp_path,
        f"""{SERVER}
    import asyncio

    @app.get("/async")
    async def later():
        await asyncio.sleep(0.001)
        assert request.path == "/async"
        work()
        time.sleep(0.05)
        return "done"

    serve("/async")
    """,
    )
    found = load(tmp_path / "trace.weft")
    ((_, _, runner),) = chains(found)
    name, path, _, _ = working_for_async(tmp_path)
    assert (name, path) == (runner, "/async")
    assert runner.startswith("ThreadPoolExecutor-")
    (row,) = report(load_timeline(tmp_path / "trace.weft"))["requests"]
    assert row["wait_ns"]["total"] > 0


def working_for_async(tmp_path: Path) -> tuple[str, str, State, str]:
    snapshot = load_timeline(tmp_path / "trace.weft")
    (task,) = snapshot.tasks_within(range(len(snapshot.lanes)), snapshot.start_ns, snapshot.end_ns, 0)
    assert task.request is not None
    assert task.thread is not None
    (wait,) = [
        wait
        for thread in snapshot.threads
        if thread.id == task.thread
        for wait in [snapshot.next_wait(thread.lane, task.start_ns or 0, 1)]
    ]
    assert wait is not None
    moment = snapshot.moment(wait.lane, wait.start_ns)
    assert moment.request is not None
    return snapshot.threads[task.thread].name, moment.request.path, moment.state, task.work


@pytest.mark.timeout(300)  # some of these tests wait for many seconds
def test_cpythons_own_tests_of_thread_pools_pass(tmp_path: Path) -> None:
    pytest.importorskip("test.support")
    if sys.version_info >= (3, 12):
        names = ["test.test_concurrent_futures.test_thread_pool", "test.test_concurrent_futures.test_future"]
    else:
        names = ["test.test_concurrent_futures"]
    pytest.importorskip(names[0])
    trace = tmp_path / "trace.weft"
    writer.create(str(trace))
    options = ["-k", "ThreadPool", "-k", "FutureTests"]
    done = subprocess.run(
        [sys.executable, "-m", "unittest", *options, *names],
        env=environment(os.environ, str(trace), all_locks=True),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert load(trace).of(Kind.TASK_ENTER)
