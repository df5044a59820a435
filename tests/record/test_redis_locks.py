"""redis-py's locks: who waits, who has it, also across processes. The server is a folder: a key is a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.recorded import Recorded, record
from weft.events import Kind
from weft.timeline import load

pytest.importorskip("redis.lock")

SERVER = """
    import os, pathlib, subprocess, sys, threading, time
    from redis.lock import Lock
    from redis.exceptions import LockError, LockNotOwnedError

    class Client:
        "A Redis server that knows how to lock; its keys are files beside the app."
        def __init__(self):
            self.folder = pathlib.Path(__file__).parent
        def set(self, name, token, nx, px):
            name = name.decode() if isinstance(name, bytes) else name
            try:
                with open(self.folder / f"{name}.key", "xb") as file:
                    file.write(token)
                return True
            except FileExistsError:
                return None
        def register_script(self, script):
            return Script()
    class Script:
        def __call__(self, keys, args, client):
            (name,), (token,) = keys, args
            name = name.decode() if isinstance(name, bytes) else name
            path = client.folder / f"{name}.key"
            if not path.exists() or path.read_bytes() != token:
                return 0
            path.unlink()
            return 1
    client = Client()
"""


def of_locks(found: Recorded, *kinds: Kind) -> list[tuple[str, str]]:
    locks = {entry["name"] for entry in found.defined("lock") if entry["kind"] == "Redis lock"}
    return [(row.thread, row.what) for row in found.of(*kinds) if row.what in locks]


def test_one_that_is_free_is_held_and_not_waited_for(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SERVER}
    with Lock(client, "stock"):
        pass
    lock = Lock(client, b"bytes")
    assert lock.acquire() is True
    lock.release()
    try:
        lock.release()
    except LockError as error:
        assert "not owned" in str(error) or "unlocked" in str(error)
    else:
        raise AssertionError
    """,
    )
    assert of_locks(found, Kind.SECTION) == [("MainThread", "stock"), ("MainThread", "bytes")]
    assert not of_locks(found, Kind.WAIT, Kind.TRY_FAILED)


def test_a_thread_that_waits_is_told_who_has_it(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SERVER}
    tried = threading.Event()
    class Telling(Lock):
        def do_acquire(self, token):
            got = super().do_acquire(token)
            if not got: tried.set()
            return got
    def customer():
        with Telling(client, "stock", sleep=0.001):
            pass
    with Lock(client, "stock"):
        thread = threading.Thread(target=customer, name="customer")
        thread.start()
        tried.wait()
    thread.join()
    """,
    )
    assert of_locks(found, Kind.WAIT) == of_locks(found, Kind.RESUME) == [("customer", "stock")]
    assert of_locks(found, Kind.SECTION) == [("MainThread", "stock"), ("customer", "stock")]
    threads = {entry["id"]: entry["name"] for entry in found.defined("thread")}
    assert [threads[row.value] for row in found.of(Kind.WAIT) if row.what == "stock"] == ["MainThread"]


def test_tries_and_timeouts_are_no_acquisitions(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SERVER}
    with Lock(client, "stock"):
        other = Lock(client, "stock", sleep=0.001)
        assert other.acquire(blocking=False) is False
        assert Lock(client, "stock", blocking=False).acquire() is False
        assert other.acquire(0.001, False) is False
        assert other.acquire(blocking_timeout=0.01) is False
        try:
            Lock(client, "stock", blocking_timeout=0.01, sleep=0.001).__enter__()
        except LockError:
            pass
        else:
            raise AssertionError
    """,
    )
    assert len(of_locks(found, Kind.TRY_FAILED)) == 3
    assert len(of_locks(found, Kind.WAIT)) == len(of_locks(found, Kind.GIVE_UP)) == 2
    assert [row.value for row in found.of(Kind.TIMED) if row.what == "stock"] == [10_000_000] * 2
    assert len(of_locks(found, Kind.SECTION)) == 1


def test_a_lock_that_was_lost_is_not_held_on(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SERVER}
    lock = Lock(client, "stock")
    lock.acquire()
    (client.folder / "stock.key").unlink()
    try:
        lock.release()
    except LockNotOwnedError:
        pass
    else:
        raise AssertionError
    """,
    )
    assert len(of_locks(found, Kind.SECTION)) == 1


def test_the_holder_may_be_another_process_of_the_trace(tmp_path: Path) -> None:
    record(
        tmp_path,
        f"""{SERVER}
    def tell(word): print(word, flush=True)
    if len(sys.argv) > 1:
        class Telling(Lock):
            def do_acquire(self, token):
                got = super().do_acquire(token)
                if not got: tell("tried")
                return got
        with Telling(client, "stock", sleep=0.001):
            pass
    else:
        with Lock(client, "stock"):
            child = subprocess.Popen([sys.executable, __file__, "child"], stdout=subprocess.PIPE, text=True)
            assert child.stdout.readline() == "tried\\n"
        child.stdout.read()
        assert child.wait() == 0
    """,
    )
    snapshot = load(tmp_path / "trace.weft")
    (stock,) = [lock.id for lock in snapshot.locks if lock.name == "stock"]
    (wait,) = [row for row in snapshot.tables.waits.all() if row["lock"] == stock]
    moment = snapshot.moment(int(snapshot.tables.roster.lane[wait["thread"]]), int(wait["start"]) + 1)
    (blame,) = moment.blames
    holder = snapshot.threads[blame.hold.thread]
    assert (holder.name, holder.process != moment.thread.process) == ("MainThread", True)
    assert moment.wait.holder == blame.hold.thread
