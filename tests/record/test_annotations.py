"""What an app says of itself: sections, marks, names, and resources of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import weft
from support.recorded import Recorded, load, record, run
from weft.events import Kind
from weft.timeline import load as load_timeline

SAYING = (Kind.SPAN_ENTER, Kind.SPAN_EXIT, Kind.MARK, Kind.LOG)


def sections(found: Recorded) -> list[tuple[str, str, str, int]]:
    """Return the sections as (process and thread, name, thread of its end, number) in order of their beginnings."""
    ends = {row.value: row.thread for row in found.of(Kind.SPAN_EXIT)}
    return [(row.thread, row.what, ends.get(row.value, "-"), row.value) for row in found.of(Kind.SPAN_ENTER)]


def test_sections_and_marks_are_recorded_on_their_threads(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading, weft
        @weft.section("price the cart")
        def price(n):
            weft.mark("cache miss")
            return n + 1
        def work():
            with weft.section("outer"):
                assert price(1) == 2
        threads = [threading.Thread(target=work, name=name) for name in "abcd"]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
    )
    for thread in "abcd":
        told = [(row.kind, row.what) for row in found.of(*SAYING, thread=thread)]
        assert told == [
            (Kind.SPAN_ENTER, "outer"),
            (Kind.SPAN_ENTER, "price the cart"),
            (Kind.MARK, "cache miss"),
            (Kind.SPAN_EXIT, "0"),
            (Kind.SPAN_EXIT, "0"),
        ]
    assert len({number for *_, number in sections(found)}) == 8


def test_a_section_ends_when_an_exception_goes_through(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import weft
        try:
            with weft.section("fails"):
                raise KeyError
        except KeyError:
            weft.mark("behind")
        """,
    )
    assert [row.kind for row in found.of(*SAYING)] == [Kind.SPAN_ENTER, Kind.SPAN_EXIT, Kind.MARK]


def test_coroutines_and_generators_are_in_their_section_until_they_are_through(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import asyncio, weft
        @weft.section("task")
        async def task(first, then):
            await first.wait()
            weft.mark("task")
            then.set()
            return 7
        @weft.section("count")
        def count():
            got = yield 1
            weft.mark(got)
            return got
        async def main():
            a, b, c = asyncio.Event(), asyncio.Event(), asyncio.Event()
            tasks = [asyncio.create_task(task(a, b)), asyncio.create_task(task(c, a))]
            await asyncio.sleep(0)
            c.set()
            return await asyncio.gather(*tasks)
        assert asyncio.run(main()) == [7, 7]
        counting = count()
        assert next(counting) == 1
        try:
            counting.send("sent")
        except StopIteration as end:
            assert end.value == "sent"
        else:
            raise AssertionError
        """,
    )
    rows = [(row.kind, row.what if row.kind != Kind.SPAN_EXIT else row.value) for row in found.of(*SAYING)]
    assert rows == [
        (Kind.SPAN_ENTER, "task"), (Kind.SPAN_ENTER, "task"),
        (Kind.MARK, "task"), (Kind.SPAN_EXIT, 2), (Kind.MARK, "task"), (Kind.SPAN_EXIT, 1),
        (Kind.SPAN_ENTER, "count"), (Kind.MARK, "sent"), (Kind.SPAN_EXIT, 3),
    ]  # fmt: skip


def test_asynchronous_generators_cannot_be_decorated() -> None:
    async def endless():
        yield 1

    with pytest.raises(TypeError, match=r"use `with weft\.section\(…\):` inside it"):
        weft.section("x")(endless)


def test_a_section_that_many_threads_share_and_one_that_ends_elsewhere(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading, weft
        shared, barrier = weft.section("shared"), threading.Barrier(4)
        def work():
            with shared:
                barrier.wait()
                with shared:
                    barrier.wait()
        threads = [threading.Thread(target=work, name=name) for name in "abcd"]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        moved = weft.section("moved").__enter__()
        thread = threading.Thread(target=moved.__exit__, args=(None, None, None), name="e")
        thread.start()
        thread.join()
        """,
    )
    told = sections(found)
    assert sorted(thread for thread, name, end, _ in told if name == "shared" and end == thread) == sorted("abcd" * 2)
    assert [(thread, end) for thread, name, end, _ in told if name == "moved"] == [("MainThread", "MainThread")]


def test_a_shared_section_ends_for_the_thread_that_leaves_it(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading, weft
        shared = weft.section("shared")
        first, second, left = threading.Event(), threading.Event(), threading.Event()
        def early():
            with shared:
                first.set()
                second.wait()
            weft.mark("early has left")
            left.set()
        def late():
            first.wait()
            with shared:
                second.set()
                left.wait()
        threads = [threading.Thread(target=work, name=work.__name__) for work in (early, late)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
    )
    (left,) = found.of(Kind.MARK)
    ends = {row.thread: row.time for row in found.of(Kind.SPAN_EXIT)}
    assert ends["early"] < left.time < ends["late"]


def test_without_a_recorder_nothing_happens_and_nothing_is_kept() -> None:
    code = """if True:
        import sys, threading, weft
        @weft.section("f")
        def f():
            weft.mark("x")
            return weft.name(lock, "y")
        lock = threading.Lock()
        with weft.waiting("a"), weft.holding("b"), weft.section("c"):
            assert f() is lock
        assert not [name for name in sys.modules if name.startswith("weft.record")]
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_any_text_is_taken_and_long_ones_are_cut(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        r"""
        import weft
        class Mine(str):
            def __str__(self): raise RuntimeError
            __getitem__ = __len__ = __hash__ = __str__
        class Broken:
            def __str__(self): raise RuntimeError
        for text in ("\ud800 \x1b[31m", "x" * 500, Mine("mine"), 12, Broken(), ""):
            weft.mark(text)
        """,
    )
    texts = {entry["id"]: entry["text"] for entry in found.defined("label")}
    assert list(texts.values()) == ["\ud800 \x1b[31m", "x" * 199 + "…", "mine", "12", "Broken", ""]


def test_texts_without_end_stay_bounded_and_marks_stay(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import weft
        for number in range(30_000):
            weft.mark(f"user {number}")
        from _weft.record import said
        from _weft.record.definitions import LIMIT
        assert len(said._labels._packed) <= LIMIT
        """,
    )
    rows = found.of(Kind.MARK)
    assert len(rows) == 30_000
    kept = [row.what for row in rows if row.what != "0"]
    assert kept
    assert len(kept) == len(set(kept)) == len(found.defined("label"))


def test_recording_from_inside_says_the_same(tmp_path: Path) -> None:
    code = """if True:
        import sys, weft
        weft.mark("too early")
        weft.instrument(path=sys.argv[1], log="warning")
        import logging, threading
        lock = weft.name(threading.Lock(), "shop.stock")
        with lock, weft.section("here"):
            weft.mark("there")
            logging.getLogger("shop").error("broken")
            logging.getLogger("shop").info("fine")
    """
    trace = tmp_path / "t.weft"
    subprocess.run([sys.executable, "-c", code, str(trace)], check=True, timeout=60, capture_output=True)
    found = load(trace)
    assert [row.what for row in found.of(Kind.SECTION)] == ["shop.stock"]
    assert [(row.kind, row.what) for row in found.of(*SAYING)] == [
        (Kind.SPAN_ENTER, "here"),
        (Kind.MARK, "there"),
        (Kind.LOG, "shop: broken"),
        (Kind.SPAN_EXIT, "0"),
    ]


def test_an_unknown_level_is_told(tmp_path: Path) -> None:
    with pytest.raises(weft.WeftError, match="'loud' is no level of logging; there are all, debug"):
        weft.instrument(path=tmp_path / "t", log="loud")
    assert not (tmp_path / "t").exists()


def test_locks_and_all_else_go_by_the_names_they_are_given(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import queue, threading, weft
        from concurrent.futures import Future
        early, late = threading.Lock(), threading.Lock()
        weft.name(early, "shop.early")
        for lock in (early, late):
            with lock: pass
        assert weft.name(late, "shop.late") is late
        things = [
            weft.name(made, f"shop.{number}")
            for number, made in enumerate(
                (threading.Event(), threading.Semaphore(0), queue.Queue(), threading.Condition(), Future())
            )
        ]
        event, semaphore, jobs, changed, future = things
        event.wait(0.001), semaphore.acquire(timeout=0.001)
        try: jobs.get(timeout=0.001)
        except queue.Empty: pass
        try: future.result(0.001)
        except TimeoutError: pass
        with changed:
            changed.wait(0.001)
            weft.name(changed, "again")
            changed.wait(0.001)
        for raw in (threading._allocate_lock(), object(), None, 3, threading.Lock, queue.SimpleQueue()):
            assert weft.name(raw, "raw") is raw
        """,
    )
    # What is written before its lock gets another name keeps the old one; when it is written is up to the machine.
    assert {row.what for row in found.of(Kind.SECTION)} - {"shop.3"} == {"shop.early", "shop.late", "again"}
    waited = [row.what for row in found.of(Kind.WAIT)]
    assert waited == ["shop.0", "shop.1", "shop.2.get", "shop.4", "shop.3.wait", "again.wait"]


def test_threads_that_name_at_once_break_nothing(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import sys, threading, weft
        sys.setswitchinterval(1e-6)
        locks, events = [threading.Lock() for _ in range(50)], [threading.Event() for _ in range(50)]
        def work(number):
            for at, (lock, event) in enumerate(zip(locks, events)):
                with lock: weft.name(event, f"event {at}")
                weft.name(lock, f"lock {at}")
                event.wait(0.00001)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
    )
    assert len(found.of(Kind.SECTION)) == 200
    assert {row.what for row in found.of(Kind.WAIT) if row.what.startswith("event")} == {
        f"event {n}" for n in range(50)
    }


RESOURCE = """
    import threading, weft
    taken, asked = threading.Event(), threading.Event()
    def owner():
        with weft.holding("printer"):
            taken.set()
            asked.wait()
        printed.set()
    def customer():
        taken.wait()
        with weft.waiting("printer"):
            asked.set()
            printed.wait()
        with weft.holding("printer"):
            pass
    printed = threading.Event()
    threads = [threading.Thread(target=work, name=work.__name__) for work in (owner, customer)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def test_a_resource_of_the_apps_own_is_waited_for_and_held(tmp_path: Path) -> None:
    found = record(tmp_path, RESOURCE)
    (printer,) = [entry for entry in found.defined("lock") if entry["name"] == "printer"]
    assert (printer["kind"], Path(printer["file"]).name, printer["function"]) == ("Resource", "app.py", "owner")
    (wait,) = [row for row in found.of(Kind.WAIT) if row.what == "printer"]
    threads = {entry["id"]: entry["name"] for entry in found.defined("thread")}
    assert (wait.thread, threads[wait.value]) == ("customer", "owner")
    assert [row.thread for row in found.of(Kind.SECTION) if row.what == "printer"] == ["owner", "customer"]
    snapshot = load_timeline(tmp_path / "trace.weft")
    moment = snapshot.moment(next(lane.id for lane in snapshot.lanes if lane.name == "customer"), wait.time + 1)
    assert snapshot.locks[moment.wait.lock].name == "printer"
    assert snapshot.threads[moment.wait.holder].name == "owner"
    assert moment.wait.waiter_at[0].function == "customer"
    assert moment.wait.acquired


def test_a_wait_that_an_exception_ends_was_in_vain(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import weft
        try:
            with weft.waiting("printer"):
                raise TimeoutError
        except TimeoutError:
            pass
        """,
    )
    assert [row.kind for row in found.of(Kind.WAIT, Kind.RESUME, Kind.GIVE_UP)] == [Kind.WAIT, Kind.GIVE_UP]


def test_resources_without_end_share_one_in_the_end(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import weft
        for number in range(1100):
            with weft.holding(f"printer {number}"): pass
        """,
    )
    held = [row.what for row in found.of(Kind.SECTION)]
    assert held[:2] == ["printer 0", "printer 1"]
    assert held[-100:] == ["other resources"] * 100
    assert len(set(held)) == 1001


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_forked_child_says_it_anew(tmp_path: Path) -> None:
    done = run(
        tmp_path / "t.weft",
        """
        import os, weft
        with weft.section("both"), weft.holding("printer"):
            weft.mark("parent")
            child = os.fork()
            if not child:
                with weft.section("both"), weft.waiting("printer"), weft.holding("printer"):
                    weft.mark("child")
        if child:
            assert os.waitpid(child, 0)[1] == 0
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = load(tmp_path / "t.weft")
    parent, child = dict.fromkeys(row.process for row in found.rows)
    assert [row.what for row in found.of(Kind.MARK) if row.process == child] == ["child"]
    assert [row.what for row in found.of(Kind.SPAN_ENTER)] == ["both", "both"]
    (wait,) = [row for row in found.of(Kind.WAIT) if row.process == child]
    assert (wait.what, wait.value) == ("printer", 0)
    assert parent != child
