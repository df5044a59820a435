"""SQLAlchemy's connection pools: who waits for a connection, and who has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.recorded import Recorded, record
from weft.events import Kind
from weft.timeline import load

pytest.importorskip("sqlalchemy")

SETUP = """
    import threading
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool, QueuePool, SingletonThreadPool, StaticPool
    def run(*works):
        threads = [threading.Thread(target=work, name=work.__name__) for work in works]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
"""


def of_pools(found: Recorded, *kinds: Kind) -> list[tuple[str, str]]:
    pools = {entry["name"] for entry in found.defined("lock") if entry["kind"] == "Pool"}
    return [(row.thread, row.what) for row in found.of(*kinds) if row.what in pools]


WAITING = f"""{SETUP}
    one = dict(poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args=dict(check_same_thread=False))
    engine = create_engine("sqlite://", **one)
    pool = engine.pool._pool
    taken = threading.Event()
    def owner():
        with engine.connect() as connection:
            connection.execute(text("select 1"))
            taken.set()
            while not pool.not_empty._waiters: pass
    def customer():
        taken.wait()
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    run(owner, customer)
"""


def test_a_wait_for_a_connection_names_who_has_it(tmp_path: Path) -> None:
    found = record(tmp_path, WAITING)
    assert of_pools(found, Kind.WAIT) == of_pools(found, Kind.RESUME) == [("customer", "app.engine")]
    assert sorted(of_pools(found, Kind.SECTION)) == [("customer", "app.engine"), ("owner", "app.engine")]
    others = {row.what for row in found.of(Kind.WAIT) if not row.what.endswith(".join")}
    assert others <= {"app.engine", "app.taken"}
    snapshot = load(tmp_path / "trace.weft")
    (pool,) = [lock.id for lock in snapshot.locks if lock.kind == "Pool"]
    (wait,) = [row for row in snapshot.tables.waits.all() if row["lock"] == pool]
    moment = snapshot.moment(int(snapshot.tables.roster.lane[wait["thread"]]), int(wait["start"]) + 1)
    assert snapshot.threads[moment.wait.holder].name == "owner"
    assert [snapshot.threads[blame.hold.thread].name for blame in moment.blames] == ["owner"]


def test_with_all_locks_the_pool_is_still_what_is_told(tmp_path: Path) -> None:
    found = record(tmp_path, WAITING, all_locks=True)
    assert len([row for row in found.of(Kind.WAIT) if row.thread == "customer"]) >= 2
    snapshot = load(tmp_path / "trace.weft")
    (pool,) = [lock.id for lock in snapshot.locks if lock.kind == "Pool"]
    (wait,) = [row for row in snapshot.tables.waits.all() if row["lock"] == pool]
    lane = int(snapshot.tables.roster.lane[wait["thread"]])
    assert snapshot.moment(lane, int(wait["end"]) - 1).wait.lock == pool


def test_a_timeout_is_a_give_up_and_the_apps_own_error(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    from sqlalchemy.exc import TimeoutError
    def shop():
        return create_engine("sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    engine = shop()
    with engine.connect():
        try:
            engine.connect()
        except TimeoutError as error:
            assert "QueuePool limit of size 1 overflow 0 reached" in str(error)
        else:
            raise AssertionError
    """,
    )
    assert of_pools(found, Kind.WAIT) == of_pools(found, Kind.GIVE_UP) == [("MainThread", "shop pool")]


@pytest.mark.parametrize("kind", ["NullPool", "SingletonThreadPool", "StaticPool", "QueuePool"])
def test_every_kind_of_pool_tells_who_has_a_connection(tmp_path: Path, kind: str) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    engine = create_engine("sqlite://", poolclass={kind}, connect_args=dict(check_same_thread=False))
    def work():
        for _ in range(3):
            with engine.connect() as connection:
                assert connection.execute(text("select 1")).scalar() == 1
    run(work)
    work()
    """,
    )
    assert sorted(of_pools(found, Kind.SECTION)) == [("MainThread", "app.engine")] * 3 + [("work", "app.engine")] * 3
    assert not of_pools(found, Kind.WAIT)


def test_a_pool_that_replaces_another_goes_by_its_name(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=3, max_overflow=2)
    assert (engine.pool.size(), engine.pool._max_overflow) == (3, 2)
    for _ in range(2):
        engine.connect().close()
        engine.dispose()
    """,
    )
    assert of_pools(found, Kind.SECTION) == [("MainThread", "app.engine")] * 2


def test_a_connection_comes_back_by_every_way(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        f"""{SETUP}
    import gc
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=9)
    connection = engine.raw_connection()
    connection.detach()
    connection.close()
    connection = engine.raw_connection()
    connection.invalidate()
    connection = engine.raw_connection()
    del connection
    gc.collect()
    connection = engine.raw_connection()
    connection.close()
    from weft import mark
    mark("all are back")
    kept = engine.raw_connection()
    """,
    )
    assert len(of_pools(found, Kind.SECTION)) >= 4
    (back,) = [row.time for row in found.of(Kind.MARK)]
    assert all(row.value < back for row in found.of(Kind.SECTION) if row.what == "app.engine" and row.time < back)
