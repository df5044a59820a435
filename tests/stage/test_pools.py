"""What requests share only by a pool: of threads, of connections, or one that a library keeps for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD, finish, staged
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.searching import Budget, Report, Search


def _search(folder: Path, source: str) -> Report:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    process = AppProcess(str(file))
    try:
        return Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60)).run()
    finally:
        process.close()


THREADS = """
from concurrent.futures import FIRST_COMPLETED, as_completed, wait
pool, log = ThreadPoolExecutor({threads}), []
def work(name):
    log.append(name)
    return name
def ask(name):
    return pool.submit(work, name).result()
def other():
    ask("b")
def first():
    {first}
SCENARIO = Scenario("x", None, {{"alice": first, "bob": {second}}}, check=lambda outcome: {check})
"""


@pytest.mark.parametrize(
    ("threads", "first", "second", "check", "holds"),
    [
        (1, "ask('a')", "other", "log == ['a', 'b']", False),
        (1, "ask('a')", "other", "sorted(log) == ['a', 'b']", True),
        (1, "ask('a'), ask('c')", "other", "log != ['a', 'b', 'c']", False),
        (1, "ask('a'), ask('c')", "other", "log.index('a') < log.index('c')", True),
        (1, "pool.submit(ask, 'a').result()", "lambda: None", "True", False),
        (2, "pool.submit(ask, 'a').result()", "lambda: None", "log == ['a']", True),
        (2, "pool.submit(ask, 'a').result()", "lambda: pool.submit(ask, 'b').result()", "True", False),
        (1, "log.append(pool.submit(work, 'a').cancel())", "lambda: None", "log != [True]", False),
        (1, "log.append(pool.submit(work, 'a').cancel())", "lambda: None", "log.count(False) < 2", True),
        (1, "log.append(pool.submit(work, 'a').done())", "lambda: None", "log != [False]", False),
        (2, "wait([pool.submit(work, n) for n in 'ac'])\n    log.append('z')", "lambda: None", "log[2] == 'z'", True),
        (2, "wait([pool.submit(work, n) for n in 'ac'])", "lambda: None", "log != ['c', 'a']", False),
        (
            2,
            "wait([pool.submit(work, n) for n in 'ac'], return_when=FIRST_COMPLETED)\n    log.append('z')",
            "lambda: None",
            "log.index('z') == 2",
            False,
        ),
        (
            2,
            "log.extend(x.result().upper() for x in as_completed([pool.submit(work, n) for n in 'ac']))",
            "lambda: None",
            "log[-1] == 'C'",
            False,
        ),
        (2, "log.extend(pool.map(str.upper, 'ac'))", "lambda: None", "log == ['A', 'C']", True),
        (
            1,
            "with ThreadPoolExecutor(2) as mine: list(mine.map(work, 'ac'))\n    log.append('z')",
            "lambda: None",
            "log in (['a', 'c', 'z'], ['c', 'a', 'z'])",
            True,
        ),
    ],
)
def test_who_hands_its_work_over_first_is_varied(
    tmp_path: Path, threads: int, first: str, second: str, check: str, holds: bool
) -> None:
    report = _search(tmp_path, THREADS.format(threads=threads, first=first, second=second, check=check))
    assert (report.verdict, report.kind in ("", "invariant", "deadlock")) == ("holds" if holds else "fails", True)
    if holds:  # what breaks does not depend on what is taken for granted
        assert not any("a library made" in line for line in report.assumed)


ENGINE = """
import sqlalchemy
from weft.stage import folder
STORE = {{}}
def setup():
    STORE["engine"] = sqlalchemy.create_engine(
        f"sqlite:///{{folder()}}/x.db", pool_size={size}, max_overflow=0, pool_timeout={timeout})
    STORE["engine"].connect().close()
def nested():
    with STORE["engine"].connect(), STORE["engine"].connect():
        pass
def single():
    with STORE["engine"].connect():
        pass
SCENARIO = Scenario("x", None, {{"alice": nested, "bob": {other}}}, setup=setup)
"""


@pytest.mark.parametrize(
    ("size", "timeout", "other", "kind"),
    [
        (2, None, "nested", "deadlock"),
        (2, 1, "nested", "exception"),
        (2, None, "single", ""),
        (3, None, "nested", ""),
        (15, None, "nested", ""),
    ],
)
def test_requests_that_want_the_last_connections_of_a_pool(
    tmp_path: Path, size: int, timeout: int | None, other: str, kind: str
) -> None:
    pytest.importorskip("sqlalchemy")
    source = ENGINE.format(size=size, timeout=timeout, other=other)
    report = _search(tmp_path, source)
    assert (report.verdict, report.kind) == ("fails" if kind else "holds", kind)
    assert kind or not any("a library made" in line for line in report.assumed)
    if kind == "deadlock":
        assert report.text == (
            "nobody can go on: alice waits for a connection of QueuePool, held by alice, bob; "
            "bob waits for a connection of QueuePool, held by alice, bob"
        )
    if size == 15:
        assert report.orders == 1, "what cannot be in want is not looked at"
    if size == 3:
        with staged(tmp_path, source) as session:
            assert finish(session, 0) == [
                "start",
                *["take a connection of QueuePool"] * 2,
                *["give a connection back to QueuePool"] * 2,
            ]


def test_more_connections_than_anybody_was_thought_to_want_are_said(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    source = ENGINE.format(size=7, timeout=None, other="single").replace(
        '    with STORE["engine"].connect(), STORE["engine"].connect():\n        pass',
        '    for one in [STORE["engine"].connect() for _ in range(7)]:\n        one.close()',
    )
    report = _search(tmp_path, source)
    assert report.verdict == "holds"
    assert list(report.assumed) == [
        "who gets the connections of QueuePool, which has fewer than were wanted at a time, is not searched for"
    ]


REDIS = """
import fakeredis, redis
STORE = {{}}
def setup():
    pool = redis.{pool}(
        connection_class=fakeredis.FakeConnection, max_connections={size}, server=fakeredis.FakeServer())
    STORE["redis"] = redis.Redis(connection_pool=pool)
def watch():
    with STORE["redis"].pipeline() as pipe:
        pipe.watch("n")
        pipe.multi()
        pipe.set("n", 1)
        pipe.execute()
def look():
    STORE["redis"].get("other")
SCENARIO = Scenario("x", None, {{"alice": {first}, "bob": look}}, setup=setup)
"""


@pytest.mark.parametrize(
    ("pool", "size", "first", "kind", "orders"),
    [
        ("ConnectionPool", 1, "watch", "exception", 0),
        ("ConnectionPool", 2, "watch", "", 1),
        ("ConnectionPool", 1, "look", "", 1),
        ("BlockingConnectionPool", 1, "watch", "", 2),
        (
            "BlockingConnectionPool",
            1,
            "lambda: (STORE['redis'].connection_pool.get_connection(), look())",
            "exception",
            0,
        ),
    ],
)
def test_commands_that_want_the_last_connection_to_redis(
    tmp_path: Path, pool: str, size: int, first: str, kind: str, orders: int
) -> None:
    pytest.importorskip("fakeredis")
    report = _search(tmp_path, REDIS.format(pool=pool, size=size, first=first))
    assert (report.verdict, report.kind) == ("fails" if kind else "holds", kind)
    assert kind or report.orders == orders


def _library(folder: Path, text: str) -> str:
    packages = folder / "site-packages"
    packages.mkdir()
    (packages / "vault.py").write_text(f"import queue, threading\n{text}")
    return f"import sys\nsys.path.insert(0, {str(packages)!r})\nimport vault\n"


@pytest.mark.parametrize(
    ("library", "act", "said"),
    [
        ("slots = threading.Semaphore(2)", "vault.slots.acquire()", True),
        ("idle = queue.LifoQueue()\ndef back(): idle.put(1)", "vault.back()", True),
        (
            "lock = threading.Lock()\ndef locked(act):\n    with lock: act()",
            "vault.locked(lambda: time.sleep(1))",
            True,
        ),
        ("lock = threading.Lock()\ndef locked(act):\n    with lock: act()", "vault.locked(lambda: None)", False),
        ("def mine(): queue.Queue().put(1)", "vault.mine()", False),
    ],
)
def test_what_a_library_keeps_its_users_apart_with_is_said(tmp_path: Path, library: str, act: str, said: bool) -> None:
    source = f'{_library(tmp_path, library)}SCENARIO = Scenario("x", None, {{{{n: lambda: {act} for n in "ab"}}}})\n'
    report = _search(tmp_path, source.replace("{{", "{").replace("}}", "}"))
    assert report.verdict == "holds"
    found = [line for line in report.assumed if line.startswith("who comes first to a lock or queue that a library")]
    assert len(found) == said, report.assumed


def test_a_lock_of_a_library_that_a_stop_lies_in_is_said_of_loggers(tmp_path: Path) -> None:
    source = """
import logging.handlers
jobs, log = queue.Queue(), logging.getLogger("x")
log.addHandler(logging.handlers.QueueHandler(jobs))
log.propagate = False
SCENARIO = Scenario("x", None, {"alice": lambda: log.error("a"), "bob": lambda: log.error("b")})
"""
    report = _search(tmp_path, source)
    name = "Logger.error"
    assert f"who comes first to a lock or queue that a library made is not searched for: {name}" in report.assumed
