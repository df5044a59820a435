"""Recording that begins when everything was imported already."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from support import recorded
from weft.events import Kind
from weft.timeline import load

SHOP = """
import threading
from queue import Queue
from threading import Condition, Event, Lock, RLock, Semaphore

stock_lock, price_lock = Lock(), threading.RLock()
stuck = Lock()
stuck.acquire()
changed, ready, slots, jobs = Condition(), Event(), Semaphore(0), Queue()
boxes = {"a": Lock()}
alias = stock_lock

class Cache:
    shared = Lock()

    def __init__(self):
        self._lock = RLock()

    def more(self):
        return Lock()

cache = Cache()
"""


def late(folder: Path, code: str, *, all_locks: bool = False) -> tuple[recorded.Recorded, str]:
    """Run code after an import of the shop and a late instrument()."""
    (folder / "shop.py").write_text(SHOP)
    trace = folder / "trace.weft"
    script = folder / "app.py"
    head = (
        "import shop, threading, time, weft\nfrom shop import stock_lock\nBEFORE\n"
        f"weft.instrument(path={str(trace)!r}, all_locks={all_locks})\n"
    )
    before, _, after = textwrap.dedent(code).rpartition("---\n")
    script.write_text(head.replace("BEFORE", before) + after)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return recorded.load(trace), done.stderr


def test_early_locks_are_recorded_by_their_names(tmp_path: Path) -> None:
    found, said = late(
        tmp_path,
        """
        assert stock_lock is shop.stock_lock is shop.alias
        with stock_lock, shop.price_lock, shop.Cache.shared, shop.cache._lock, shop.cache._lock, shop.changed:
            pass
        with shop.cache.more():
            pass
        """,
    )
    names = {"shop.stock_lock", "shop.price_lock", "Cache.shared", "Cache._lock", "shop.changed", "Cache.more lock"}
    assert {row.what for row in found.of(Kind.SECTION)} == names
    assert len(found.of(Kind.SECTION)) == 6
    places = {entry["name"]: entry["line"] for entry in found.defined("lock")}
    lines = SHOP.splitlines()
    assert "stock_lock" in lines[places["shop.stock_lock"] - 1]
    assert "shared" in lines[places["Cache.shared"] - 1]
    assert "self._lock" in lines[places["Cache._lock"] - 1]
    (unseen,) = [line for line in said.splitlines() if "not recorded" in line]
    assert "shop.stuck (made before the recording, and held when it began)" in unseen
    assert "shop.boxes[…]" in unseen
    assert "stock_lock" not in unseen


def test_what_is_not_recorded_is_in_the_trace(tmp_path: Path) -> None:
    found, _ = late(tmp_path, "")
    assert {entry["name"] for entry in found.defined("unseen")} == {"shop.stuck", "shop.boxes[…]"}
    assert all(entry["file"].endswith("shop.py") and entry["line"] for entry in found.defined("unseen"))
    assert any("shop.stuck" in gap for gap in load(tmp_path / "trace.weft").gaps)


def test_early_events_and_so_on_are_waited_for_by_name(tmp_path: Path) -> None:
    found, _ = late(
        tmp_path,
        """
        def work():
            with shop.changed:
                shop.changed.wait()
            shop.ready.wait()
            shop.slots.acquire()
            shop.jobs.get()

        def waited_for(condition):
            while not condition._waiters:
                time.sleep(0.001)

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        waited_for(shop.changed)
        with shop.changed:
            shop.changed.notify()
        waited_for(shop.ready._cond)
        shop.ready.set()
        waited_for(shop.slots._cond)
        shop.slots.release()
        waited_for(shop.jobs.not_empty)
        shop.jobs.put(1)
        thread.join()
        """,
    )
    waits = [row.what for row in found.of(Kind.WAIT, thread="worker")]
    assert [what for what in waits if what != "shop.changed"] == [
        *("shop.changed.wait", "shop.ready", "shop.slots", "shop.jobs.get"),
    ]
    assert not found.gaps


def test_who_holds_or_waits_for_the_bare_lock_and_who_uses_the_recorded_one_exclude_each_other(tmp_path: Path) -> None:
    found, _ = late(
        tmp_path,
        """
        import sys
        sys.setswitchinterval(1e-6)
        bare, rbare = shop.stock_lock, shop.price_lock
        count = rcount = 0
        def old(turns):
            global count, rcount
            for _ in range(turns):
                with bare:
                    seen = count
                    count = seen + 1
                rbare.acquire()
                seen = rcount
                rcount = seen + 1
                shop.price_lock.release()  # by name: perhaps the recorded one
        def new(turns):
            global count, rcount
            for _ in range(turns):
                with shop.stock_lock:
                    seen = count
                    count = seen + 1
                with shop.price_lock, shop.price_lock:
                    seen = rcount
                    rcount = seen + 1
        threads = [threading.Thread(target=work, args=(3000,)) for work in (old, old, new, new)]
        for thread in threads:
            thread.start()
        ---
        for thread in threads:
            thread.join()
        assert count == rcount == 12000, (count, rcount)
        assert not bare.locked() and "unlocked" in repr(rbare)
        with shop.price_lock, shop.stock_lock:
            last = "here"
        """,
    )
    assert not found.gaps


def test_locks_of_libraries_are_rebound_only_when_asked_for(tmp_path: Path) -> None:
    code = """
        import logging
        ---
        print(type(logging._lock).__module__)
        with logging._lock:
            pass
        """
    few, _ = late(tmp_path, code)
    assert not few.of(Kind.SECTION)
    other = tmp_path / "all"
    other.mkdir()
    more, _ = late(other, code, all_locks=True)
    assert "logging._lock" in {row.what for row in more.of(Kind.SECTION)}


HIDING = """
import threading

def make_view():
    lock, rlock = threading.Lock(), threading.RLock()
    both = [lock, threading.Lock()]
    def view():
        with lock, rlock:
            return both
    return view

class Box:
    def __init__(self):
        self._lock = threading.Lock()
        self.__class__

class Sly:
    def __getattribute__(self, name):
        raise AssertionError(name)

views = {"view": make_view()}
boxes = [[Box(), Box()]]
sly = Sly()
"""


def test_locks_that_no_module_has_a_name_for_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "hiding.py").write_text(HIDING)
    _, said = late(
        tmp_path,
        """
        import hiding
        def main():
            mine = threading.Lock()
            weft.instrument(path="PATH")
            with mine: pass
            hiding.views["view"]()
        main()
        weft.uninstrument()
        ---
        """.replace("PATH", str(tmp_path / "early.weft")),
    )
    named = {(entry["name"], entry["why"]) for entry in recorded.load(tmp_path / "early.weft").defined("unseen")}
    lost = "made before the recording, kept in"
    assert {
        ("closure of hiding.make_view.view, variable both", f"{lost} a closure"),
        ("closure of hiding.make_view.view, variable lock", f"{lost} a closure"),
        ("closure of hiding.make_view.view, variable rlock", f"{lost} a closure"),
        ("hiding.Box._lock (2 of them)", f"{lost} an object that no module has a name for"),
        ("app.main, variable mine", f"{lost} a local variable"),
    } <= named
    assert "closure of hiding.make_view.view, variable lock" in said
