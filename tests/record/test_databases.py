"""Waits for a busy SQLite database, and who writes to it. Everything else is as without us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.recorded import Recorded, record
from weft.events import Kind
from weft.timeline import load

SETUP = """
    import os, pathlib, sqlite3, sys, threading, time
    FILE = pathlib.Path(__file__).with_name("shop.db")
    def connect(**options): return sqlite3.connect(FILE, **options)
    first = connect()
    first.execute("create table if not exists items (name, stock)")
    first.commit()
    first.close()
    def run(*works):
        threads = [threading.Thread(target=work, name=work.__name__) for work in works]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
"""


def of_database(found: Recorded, *kinds: Kind) -> list[str]:
    return [row.thread for row in found.of(*kinds) if row.what == "shop.db"]


def waited(change: str, wait: str) -> str:
    return f"""{SETUP}
    busy, asked = threading.Event(), threading.Event()
    def writer():
        connection = connect()
        {change}
        busy.set()
        asked.wait()
        time.sleep(0.05)
        connection.commit()
        connection.close()
    def customer():
        connection = connect(timeout=20)
        busy.wait()
        asked.set()
        {wait}
        connection.close()
    run(writer, customer)
    check = connect()
    print(check.execute("select count(*) from items").fetchone()[0])
    """


@pytest.mark.parametrize(
    ("change", "wait", "rows"),
    [
        ("connection.execute('insert into items values (1, 1)')",
         "connection.execute('insert into items values (?, ?)', (2, 2)); connection.commit()", 2),
        ("connection.execute('insert into items values (1, 1)')",
         "connection.cursor().execute('begin immediate'); connection.rollback()", 1),
        ("connection.execute('begin exclusive')", "connection.execute('select * from items').fetchall()", 0),
        ("connection.execute('insert into items values (1, 1)')",
         "connection.isolation_level = None; connection.execute('insert into items values (2, 2)')", 2),
    ],
)  # fmt: skip
def test_a_wait_names_who_writes(tmp_path: Path, change: str, wait: str, rows: int) -> None:
    found = record(tmp_path, waited(change, wait))
    assert found.done is not None
    assert found.done.stdout == f"{rows}\n"
    assert of_database(found, Kind.WAIT) == of_database(found, Kind.RESUME) == ["customer"]
    snapshot = load(tmp_path / "trace.weft")
    (lock,) = [lock.id for lock in snapshot.locks if lock.kind == "Database"]
    (wait_row,) = [row for row in snapshot.tables.waits.all() if row["lock"] == lock]
    moment = snapshot.moment(int(snapshot.tables.roster.lane[wait_row["thread"]]), int(wait_row["start"]) + 1)
    assert snapshot.threads[moment.blames[0].hold.thread].name == "writer"
    assert wait_row["end"] - wait_row["start"] > 20_000_000


@pytest.mark.parametrize("leave", ["connection.commit()", "connection.__exit__(None, None, None)"])
def test_a_commit_waits_for_readers(tmp_path: Path, leave: str) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    filler = connect()
    filler.executemany("insert into items values (?, ?)", [(n, n) for n in range(1000)])
    filler.commit()
    reading, asked = threading.Event(), threading.Event()
    def reader():
        connection = connect()
        rows = connection.execute("select * from items")
        rows.fetchone()
        reading.set()
        asked.wait()
        time.sleep(0.05)
        rows.close()
    def writer():
        connection = connect(timeout=20)
        connection.execute("insert into items values (?, ?)", [1, "x"])
        reading.wait()
        asked.set()
        {leave}
        assert not connection.in_transaction
    run(reader, writer)
    assert connect().execute("select count(*) from items").fetchone() == (1001,)
    """,
    )
    assert of_database(found, Kind.WAIT) == of_database(found, Kind.RESUME) == ["writer"]


def test_a_timeout_lasts_as_long_as_asked_for_and_is_a_give_up(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    holder = connect()
    holder.execute("insert into items values (1, 1)")
    for options in (dict(timeout=0.2), dict(timeout=0)):
        other = connect(**options)
        began = time.perf_counter()
        try:
            other.execute("insert into items values (2, 2)")
        except sqlite3.OperationalError as error:
            assert str(error) == "database is locked"
            assert error.__context__ is None
        else:
            raise AssertionError
        assert (time.perf_counter() - began >= 0.15) == bool(options["timeout"])
        assert other.in_transaction
        assert other.execute("pragma busy_timeout").fetchone()[0] == options["timeout"] * 1000
    other.execute("pragma busy_timeout=30")
    try:
        other.execute("insert into items values (2, 2)")
    except sqlite3.OperationalError:
        pass
    assert other.execute("pragma busy_timeout").fetchone()[0] == 30
    """,
    )
    assert len(of_database(found, Kind.WAIT)) == len(of_database(found, Kind.GIVE_UP)) == 2


PROGRAM = r"""
import gc, pathlib, sqlite3, sys, threading, warnings
warnings.simplefilter("ignore")
FILE = pathlib.Path(sys.argv[1])
out = []
def tell(do):
    try:
        out.append(repr(do()))
    except BaseException as error:
        out.append(f"{type(error).__name__}: {error}")
c = sqlite3.connect(FILE, isolation_level=None if "auto" in sys.argv else "")
tell(lambda: isinstance(c, sqlite3.Connection) and isinstance(c.cursor(), sqlite3.Cursor))
tell(lambda: repr(c).partition(" at ")[0] + repr(c.cursor()).partition(" at ")[0])
tell(lambda: c.execute("create table t (a integer primary key, b unique)").fetchall())
tell(lambda: c.execute("insert into t values (?, ?)", (1, "x")).lastrowid)
tell(lambda: (c.in_transaction, c.total_changes))
tell(lambda: c.execute("insert into t values (:a, :b)", {"a": 2, "b": "y"}).rowcount)
tell(lambda: c.execute("insert into t values (1, 'z')"))
tell(lambda: c.execute("insert into nowhere values (1)"))
tell(lambda: c.execute("insert into t values (?, ?)", (1,)))
tell(lambda: c.execute("not sql"))
tell(lambda: c.execute())
tell(lambda: c.execute(1))
tell(lambda: c.execute("select 1", (), 3))
tell(lambda: c.executemany("insert into t values (?, ?)", ((n, n) for n in range(10, 13))).rowcount)
tell(lambda: c.commit())
tell(lambda: c.in_transaction)
c.row_factory = sqlite3.Row
tell(lambda: tuple(c.execute("select * from t order by a").fetchone()))
tell(lambda: c.execute("insert into t values (50, 'r') returning a").fetchall()[0]["a"])
tell(lambda: c.rollback())
tell(lambda: [tuple(row) for row in c.execute("select * from t")])
def leaving(kind):
    with c:
        c.execute("insert into t values (60, 'w')")
        if kind: raise kind("mine")
tell(lambda: leaving(KeyError))
tell(lambda: leaving(None))
tell(lambda: leaving(None))
tell(lambda: c.executescript("create table u (a); insert into u values (1); select * from u").fetchall())
tell(lambda: c.execute("pragma foreign_keys=on").fetchall())
c.executescript("create table p (a primary key); create table q (a references p deferrable initially deferred)")
def orphan():
    with c:
        if not c.in_transaction: c.execute("begin")
        c.execute("insert into q values (7)")
tell(orphan)
tell(lambda: c.in_transaction)
tell(lambda: c.cursor(sqlite3.Cursor).execute("select count(*) from q").fetchone()[0])
class Mine(sqlite3.Connection): pass
tell(lambda: type(sqlite3.connect(FILE, factory=Mine)))
tell(lambda: type(sqlite3.connect(":memory:")))
tell(lambda: sqlite3.connect())
tell(lambda: sqlite3.connect(FILE / "no"))
class Adapted:
    times = 0
    def __conform__(self, protocol):
        Adapted.times += 1
        return "adapted"
tell(lambda: c.execute("insert into u values (?)", (Adapted(),)).rowcount)
tell(lambda: Adapted.times)
called = []
c.create_function("f", 1, lambda x: called.append(x) or x)
tell(lambda: c.execute("insert into u select f(a) from u").rowcount)
tell(lambda: len(called))
traced = []
c.set_trace_callback(traced.append)
c.execute("select 5").fetchall()
tell(lambda: traced)
c.set_trace_callback(None)
elsewhere = []
def other():
    try: c.execute("insert into u values (1)")
    except Exception as error: elsewhere.append(type(error).__name__)
    try: c.commit()
    except Exception as error: elsewhere.append(type(error).__name__)
thread = threading.Thread(target=other); thread.start(); thread.join()
tell(lambda: elsewhere)
tell(lambda: [line for line in c.iterdump()][:3])
c.commit()
target = sqlite3.connect(":memory:")
tell(lambda: c.backup(target))
tell(lambda: c.close())
tell(lambda: c.close())
tell(lambda: c.execute("select 1"))
tell(lambda: c.commit())
tell(lambda: c.rollback())
tell(lambda: c.in_transaction)
tell(lambda: c.__enter__())
tell(lambda: c.__exit__(None, None, None))
print("\n".join(out))
"""


@pytest.mark.parametrize("mode", ["", "auto"])
def test_everything_else_is_as_without_us(tmp_path: Path, mode: str) -> None:
    bare = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "bare.db"), mode],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (bare.returncode, bare.stderr) == (0, "")
    program = PROGRAM.replace("sys.argv[1]", repr(str(tmp_path / "recorded.db"))).replace("sys.argv", repr([mode]))
    found = record(tmp_path, program)
    assert found.done is not None
    assert found.done.stdout.replace("recorded.db", "bare.db").splitlines() == bare.stdout.splitlines()


def test_a_connection_that_threads_share_keeps_its_patience(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    sys.setswitchinterval(1e-5)
    def work(connections):
        def go():
            for n in range(40):
                for connection in connections:
                    connection.execute("insert into items values (?, 1)", (n,))
                    connection.commit()
        return go
    shared, other = (connect(timeout=30, check_same_thread=False) for _ in range(2))
    works = [work([shared]) for _ in range(3)] + [work([other])]
    failed = []
    def safe(go):
        def guarded():
            try: go()
            except BaseException as error: failed.append(error)
        return guarded
    run(*map(safe, works))
    assert not failed, failed
    assert connect().execute("select count(*) from items").fetchone() == (160,)
    """,
    )
    assert of_database(found, Kind.SECTION)


def test_a_connection_that_is_dropped_keeps_nobody_from_writing(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    import gc, warnings
    warnings.simplefilter("ignore")
    connection = connect()
    connection.execute("insert into items values (1, 1)")
    del connection
    gc.collect()
    connect(timeout=1).execute("insert into items values (1, 1)")
    """,
    )
    assert not of_database(found, Kind.WAIT)
    # Of the table, and of what was dropped; the last is there until the end.
    assert len(of_database(found, Kind.SECTION)) == 2


def test_where_code_of_the_apps_would_notice_nothing_is_tried(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    holder = connect()
    holder.execute("insert into items values (1, 1)")
    traced = []
    other = connect(timeout=0.01)
    other.set_trace_callback(traced.append)
    other.create_function("f", 1, lambda value: value)
    try:
        other.execute("insert into items values (f(1), 2)")
    except sqlite3.OperationalError:
        pass
    assert not [line for line in traced if "PRAGMA" in line], traced
    third = connect(timeout=0.01)
    class Adapted:
        times = 0
        def __conform__(self, protocol):
            Adapted.times += 1
            return 1
    try:
        third.execute("insert into items values (?, 2)", [Adapted()])
    except sqlite3.OperationalError:
        pass
    assert Adapted.times == 1
    """,
    )
    assert not of_database(found, Kind.WAIT)


def test_the_writer_may_be_another_process(tmp_path: Path) -> None:
    record(
        tmp_path,
        f"""{SETUP}
    import subprocess
    if len(sys.argv) > 1:
        connection = connect()
        connection.execute("insert into items values (1, 1)")
        print("busy", flush=True)
        sys.stdin.readline()
        time.sleep(0.05)
        connection.commit()
    else:
        child = subprocess.Popen(
            [sys.executable, __file__, "child"], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
        )
        assert child.stdout.readline() == "busy\\n"
        child.stdin.write("go\\n")
        child.stdin.flush()
        connection = connect(timeout=20)
        connection.execute("insert into items values (1, 1)")
        connection.commit()
        child.communicate()
    """,
    )
    snapshot = load(tmp_path / "trace.weft")
    (lock,) = [lock.id for lock in snapshot.locks if lock.kind == "Database"]
    (wait,) = [row for row in snapshot.tables.waits.all() if row["lock"] == lock]
    moment = snapshot.moment(int(snapshot.tables.roster.lane[wait["thread"]]), int(wait["start"]) + 1)
    assert snapshot.threads[moment.blames[0].hold.thread].process != moment.thread.process


def test_locks_of_our_own_are_never_listed(tmp_path: Path) -> None:
    code = f"""{SETUP}
    import logging
    logging.StreamHandler(sys.stdout)
    connection = connect()
    connection.execute("insert into items values (1, 1)")
    connection.commit()
    connection.close()
    """
    locks = record(tmp_path, code, all_locks=True).defined("lock")
    assert [lock["name"] for lock in locks if lock["name"].endswith(".turn") or "weft" in lock["name"]] == []
