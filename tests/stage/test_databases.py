"""SQL statements are steps of their own, a busy database is a blocked state, and the isolation is SQLite's."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD, finish, play, staged, upcoming
from weft.stage.moment import As, Status, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search import verdicts
from weft.stage.search.dpor import Reduction
from weft.stage.search.execution import Plan
from weft.stage.search.searching import Budget, Search
from weft.stage.session import Session

SHOP = """
import sqlite3
from weft.stage import folder
def setup():
    with sqlite3.connect(folder() / "shop.db") as database:
        database.execute("PRAGMA journal_mode = JOURNAL").fetchall()
        for table in "ab":
            database.executescript(f"CREATE TABLE {table} (n); INSERT INTO {table} VALUES (0)")
    database.close()
SEEN, EVENT = {}, threading.Event()
def act(name, statements, **options):
    database = sqlite3.connect(folder() / "shop.db", **{"isolation_level": None, **options})
    for sql in statements:
        if sql in ("set", "wait"):
            getattr(EVENT, sql)()
            continue
        try:
            rows = database.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            rows = str(error)
        SEEN.setdefault(name, []).append(rows)
    database.close()
def state(outcome):
    database = sqlite3.connect(folder() / "shop.db", timeout=0)
    left = database.execute("SELECT a.n, b.n FROM a, b").fetchone()
    raise AssertionError(f"{left} {sorted(SEEN.items())}")
"""


def _program(actors: dict[str, list[str]], *, journal: str = "DELETE", **options: object) -> str:
    acts = [f"{name!r}: lambda: act({name!r}, {statements!r}, **{options!r})" for name, statements in actors.items()]
    source = SHOP.replace("JOURNAL", journal)
    return f'{source}\nSCENARIO = Scenario("x", None, {{{", ".join(acts)}}}, setup=setup, check=state)\n'


def test_statements_are_steps_and_the_write_lock_has_an_owner(tmp_path: Path) -> None:
    source = _program(
        {
            "alice": ["BEGIN IMMEDIATE", "UPDATE a SET n = n + 1", "COMMIT"],
            "bob": ["UPDATE a SET n = 5 WHERE 'secret' != ''", "SELECT n FROM a"],
        }
    )
    with staged(tmp_path, source, stops=Stops.SYNC) as session:
        assert play(session, 0, 1) == ["start", "start"]
        assert upcoming(session) == {"alice": "BEGIN IMMEDIATE", "bob": "UPDATE a SET n = 5 WHERE '…' != '…'"}
        play(session, 0)
        bob = session.moment.actors[1]
        assert bob.status is Status.BLOCKED
        assert bob.why.startswith("waits for shop.db, locked by alice since program.py:")
        assert (bob.waits_for, bob.can_time_out) == ((0,), True)
        assert play(session, 0) == ["UPDATE a SET n = n + 1"]
        assert session.here.operation.kind == "write"
        assert session.here.operation.on == "a"
        assert upcoming(session)["bob"].startswith("blocked: ")
        assert play(session, 0) == ["COMMIT"]
        assert finish(session, 1) == ["UPDATE a SET n = 5 WHERE '…' != '…'", "SELECT n FROM a"]
        finish(session, 0)
        assert session.moment.verdict is not None
        assert session.moment.verdict.text.startswith("(5, 0) ")


def test_a_wait_ends_when_nobody_else_can_move_after_the_time_that_it_takes(tmp_path: Path) -> None:
    actors = {"alice": ["BEGIN IMMEDIATE", "SELECT n FROM a"], "bob": ["PRAGMA busy_timeout = 7000", "DELETE FROM a"]}
    source = _program(actors).replace("    database.close()\ndef state", "    EVER.wait()\ndef state")
    with staged(tmp_path, "EVER = threading.Event()\n" + source, stops=Stops.SYNC) as session:
        play(session, 0, 0, 0, 1)
        assert session.moment.actors[0].next.text == "wait for EVER"
        assert upcoming(session)["bob"] == "blocked: DELETE FROM a"
        before = session.moment.now_ns
        play(session, 1)
        assert session.moment.now_ns - before >= 7_000_000_000
        assert session.moment.verdict.kind == "deadlock"


def test_where_sqlite_does_not_wait_nobody_does(tmp_path: Path) -> None:
    actors = {"alice": ["BEGIN", "SELECT n FROM a", "DELETE FROM a", "COMMIT"], "bob": ["BEGIN IMMEDIATE", "COMMIT"]}
    with staged(tmp_path, _program(actors), stops=Stops.SYNC) as session:
        play(session, 0, 0, 0, 1, 1)
        assert upcoming(session) == {"alice": "DELETE FROM a", "bob": "COMMIT"}
        play(session, 0)
        assert upcoming(session) == {"alice": "COMMIT", "bob": "COMMIT"}
        for actor in (1, 0, 1):
            finish(session, actor)
        assert "'database is locked'" in session.moment.verdict.text
        assert session.moment.now_ns < 1_000_000_000


def _outcomes(folder: Path, source: str) -> tuple[set[str], set[str], int]:
    """Return what comes of the orders that the search tries, and of all that there are, and how many it tries."""
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    process = AppProcess(str(file))
    try:
        executions = Executions(process, Stops.SYNC, As.FREE_THREADED)
        reduction, some, every = Reduction(), set(), set()
        while (plan := reduction.next()) is not None:
            execution = executions.execute(plan)
            assert not execution.diverged
            reduction.add(execution)
            some.add(execution.verdict)
        todo: list[list[int]] = [[]]
        while todo:
            path = todo.pop()
            execution = executions.execute(Plan(path))
            assert not execution.diverged
            every.add(execution.verdict)
            order = list(execution.order)
            for index in range(len(path), len(order)):
                others = [one for one in execution.steps[index].movable if one != order[index]]
                todo.extend([*order[:index], one] for one in others)
        assert executions.alike
        return some - {None}, every, reduction.executions
    finally:
        process.close()


PROGRAMS = {
    "read, then write": [["SELECT n FROM a", "UPDATE a SET n = 1"], ["UPDATE a SET n = n + 1"]],
    "write transactions": [
        ["BEGIN IMMEDIATE", "UPDATE a SET n = n + 1", "COMMIT"],
        ["BEGIN IMMEDIATE", "UPDATE b SET n = (SELECT n FROM a)", "COMMIT"],
    ],
    "refused upgrades": [
        ["BEGIN", "SELECT n FROM a", "UPDATE a SET n = 1", "COMMIT"],
        ["BEGIN", "SELECT n FROM a", "UPDATE a SET n = 2", "COMMIT"],
    ],
    "a snapshot": [["BEGIN", "SELECT n FROM a", "SELECT n FROM b", "COMMIT"], ["UPDATE b SET n = 1"]],
    "rolled back": [["BEGIN", "DELETE FROM a", "ROLLBACK"], ["SELECT n FROM a", "UPDATE b SET n = 2"]],
    "different tables": [["BEGIN", "UPDATE a SET n = 1", "SELECT n FROM b", "COMMIT"], ["UPDATE b SET n = 2"]],
    "not understood": [["SAVEPOINT x", "UPDATE a SET n = 1", "RELEASE x"], ["SELECT n FROM a", "ALTER TABLE b ADD c"]],
    "seen when committed": [["BEGIN", "UPDATE a SET n = 1", "set", "COMMIT"], ["wait", "SELECT n FROM a"]],
    "exclusive": [["BEGIN EXCLUSIVE", "UPDATE a SET n = 1", "COMMIT"], ["BEGIN", "SELECT n FROM b", "COMMIT"]],
}  # fmt: skip


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_search_sees_every_outcome_of_sqlites_own_isolation(tmp_path: Path, name: str, journal: str) -> None:
    alice, bob = PROGRAMS[name]
    some, every, _ = _outcomes(tmp_path, _program({"alice": alice, "bob": bob}, journal=journal))
    assert some == every
    assert {kind for kind, _ in every} == {"invariant"}
    if name == "refused upgrades":
        assert any("database is locked" in text for _, text in every)
    elif name not in ("exclusive", "a snapshot", "rolled back", "different tables"):
        assert len(every) > 1


def test_what_is_read_only_needs_one_order(tmp_path: Path) -> None:
    program = _program({"alice": ["SELECT n FROM a", "SELECT n FROM b"], "bob": ["SELECT n FROM b", "SELECT n FROM a"]})
    assert _outcomes(tmp_path, program)[2] == 1


POOL = """
from sqlalchemy import create_engine, text
from sqlalchemy.pool import QueuePool
from weft.stage import folder
till = threading.Lock()
def setup(app):
    file = f"sqlite:///{folder() / 'shop.db'}"
    app.config["ENGINE"] = create_engine(file, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=5)
def create_app():
    app = Flask("shop")
    @app.post("/first")
    def first():
        with app.config["ENGINE"].connect() as connection:
            FIRST
        return "ok"
    @app.post("/second")
    def second():
        with till, app.config["ENGINE"].connect() as connection:
            connection.execute(text("SELECT * FROM sqlite_master"))
        return "ok"
    return app
SCENARIO = Scenario("x", create_app, {"alice": post("/first"), "bob": post("/second")}, setup=setup)
"""


@pytest.mark.parametrize(
    ("first", "found"),
    [
        ("with till: connection.execute(text('SELECT 1'))", True),
        ("connection.execute(text('CREATE TABLE a (n)')), time.sleep(6)", False),
    ],
)
def test_a_request_that_times_out_at_a_pool_is_found_or_said(tmp_path: Path, first: str, found: bool) -> None:
    """It is found where the connection comes back only after the timeout; who merely takes long is named."""
    pytest.importorskip("sqlalchemy")
    file = tmp_path / "program.py"
    file.write_text(HEAD + POOL.replace("FIRST", first), encoding="utf-8")
    process = AppProcess(str(file))
    try:
        report = Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60)).run()
        said = verdicts.relative(Session(process), report)
    finally:
        process.close()
    if found:
        assert (report.verdict, report.kind) == ("fails", "status")
        assert "bob got 500: program.py:" in report.text
        assert "TimeoutError: QueuePool limit of size 1" in report.text
    else:
        assert (report.verdict, report.kind) == ("holds", "")
        assert "a timeout ends only when nobody else can move: take a connection of QueuePool" in said
