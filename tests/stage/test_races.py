"""Data races without an invariant: found where nothing orders two accesses, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import planted
from support.staging import HEAD, staged
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search import pairs
from weft.stage.search.searching import Budget, Report, Search

SEED = int(os.environ.get("WEFT_FUZZ_SEED", "0"))
OFFSET = HEAD.count("\n") + 1


def _search(folder: Path, source: str, budget: Budget | None = None) -> Report:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    process = AppProcess(str(file))
    try:
        return Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), budget or Budget(60, races=True)).run()
    finally:
        process.close()


def _lines(report: Report) -> set[frozenset[int]]:
    return {frozenset(line - OFFSET for _, line, _ in one.race.places) for one in report.races if one.race}


SOURCE = """
class Data: n = 0
data, lock, other = Data(), threading.Lock(), threading.RLock()
ready, jobs, changed = threading.Event(), queue.Queue(), threading.Condition()
one, two = map(threading.Semaphore, (1, 2))
meet, pool = threading.Barrier(2), ThreadPoolExecutor(1)
def write():
    data.n += 1
def locked():
    with lock:
        write()
def locked_again():
    with other, other:
        write()
def read():
    return data.n
def locked_read():
    with lock:
        return data.n
def counted(semaphore):
    with semaphore:
        write()
def tells():
    write()
    ready.set()
def is_told():
    ready.wait()
    write()
def is_told_too_late():
    write()
    ready.wait()
def puts():
    write()
    jobs.put(1)
def gets():
    jobs.get()
    write()
def notifies():
    with changed:
        write()
        changed.notify()
def is_notified():
    with changed:
        while not data.n:
            changed.wait()
        write()
def before():
    write()
    meet.wait()
def behind():
    meet.wait()
    write()
def starts_and_joins():
    write()
    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    write()
def starts():
    thread = threading.Thread(target=write)
    thread.start()
    write()
def asks_the_pool():
    write()
    pool.submit(write).result()
    write()
def leaves_it_to_the_pool():
    pool.submit(write)
    write()
def nothing():
    pass
SCENARIO = Scenario("x", None, {{"alice": {0}, "bob": {1}}})
"""


@pytest.mark.parametrize(
    ("alice", "bob"),
    [
        ("locked", "locked"),
        ("locked", "locked_read"),
        ("locked_again", "locked_again"),
        ("lambda: counted(one)", "lambda: counted(one)"),
        ("tells", "is_told"),
        ("puts", "gets"),
        ("notifies", "is_notified"),
        ("before", "behind"),
        ("starts_and_joins", "nothing"),
        ("asks_the_pool", "nothing"),
        ("read", "read"),
    ],
)
def test_what_is_ordered_by_something_is_no_race(tmp_path: Path, alice: str, bob: str) -> None:
    report = _search(tmp_path, SOURCE.format(alice, bob))
    assert (report.verdict, report.text, report.races) == ("holds", "", ())


@pytest.mark.parametrize(
    ("alice", "bob"),
    [
        ("write", "write"),
        ("locked", "write"),
        ("locked", "read"),
        ("locked", "locked_again"),
        ("lambda: counted(two)", "lambda: counted(two)"),
        ("tells", "is_told_too_late"),
        ("gets", "lambda: (puts(), write())"),
        ("notifies", "write"),
        ("before", "before"),
        ("starts", "nothing"),
        ("leaves_it_to_the_pool", "nothing"),
    ],
)
def test_what_nothing_orders_is_a_race(tmp_path: Path, alice: str, bob: str) -> None:
    report = _search(tmp_path, SOURCE.format(alice, bob))
    assert (report.verdict, report.kind, report.text) == ("fails", "race", "a data race")


def test_a_race_is_told_with_both_places_the_locks_and_the_steps_to_it(tmp_path: Path) -> None:
    source = """
class Data: n, log = 0, []
data, lock = Data(), threading.Lock()
def create_app():
    app = Flask("x")
    @app.post("/add")
    def add():
        with lock:
            data.n += 1
        return ""
    @app.get("/n")
    def n():
        return str(data.n)
    return app
SCENARIO = Scenario("x", create_app, {"alice": post("/add"), "bob": get("/n")})
"""
    report = _search(tmp_path, source)
    with staged(tmp_path, source) as session:
        (pair,) = pairs.of(session, report, {})
        assert list(pairs.lines([pair])) == [
            "race on data.n: nothing orders",
            "  alice (POST /add), which writes data.n at program.py:14: data.n += 1 (holds lock)",
            "  bob (GET /n), which reads data.n at program.py:18: return str(data.n) (holds no lock)",
            "  1. alice runs until before write data.n (program.py:14)",
            "  2. bob runs until before read data.n (program.py:18)",
            "  3. then either can be next; one of these switches needs a build without the GIL",
        ]
        (told,) = pairs.as_json([pair])
        assert [one["line"] for one in told["accesses"]] == [14, 18]
        assert [one["holds"] for one in told["accesses"]] == [["lock"], []]
        for first, second in ((0, 1), (1, 0)):  # either can come first
            session.restart()
            session.take([*report.races[0].order, first, second])


def test_what_else_fails_is_told_beside_the_races(tmp_path: Path) -> None:
    source = SOURCE.format("write", "write").replace("})\n", "}, check=lambda outcome: data.n == 2)\n")
    report = _search(tmp_path, source)
    assert (report.kind, report.ends[0]) == ("race", "invariant: what must hold is not true")


def test_a_race_between_what_is_far_apart_is_predicted_where_the_budget_is_small(tmp_path: Path) -> None:
    source = """
class Data: n, m = 0, 0
data, lock = Data(), threading.Lock()
def first():
    data.n = 1
    for _ in range(20):
        with lock:
            data.m += 1
def second():
    for _ in range(20):
        with lock:
            data.m += 1
    data.n = 2
SCENARIO = Scenario("x", None, {"alice": first, "bob": second})
"""
    report = _search(tmp_path, source, Budget(60, 60, races=True))
    assert (report.kind, len(report.races)) == ("race", 1)
    assert report.races[0].race.name == "data.n"


def _check_planted(folder: Path, seeds: range) -> None:
    racy = 0
    for seed in seeds:
        threads = planted.program(seed).threads
        source, where = planted.source(threads)
        truth = {frozenset(where[op] for op in pair) for pair in planted.races(threads)}
        report = _search(folder, source)
        assert report.verdict in ("holds", "fails"), (seed, report.text)
        assert _lines(report) == truth, (seed, source)
        racy += bool(truth)
    assert 0 < racy < len(seeds)


def test_exactly_the_races_of_generated_programs_are_found(tmp_path: Path) -> None:
    _check_planted(tmp_path, range(SEED, SEED + 12))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_exactly_the_races_of_many_generated_programs_are_found(tmp_path: Path) -> None:
    _check_planted(tmp_path, range(SEED, SEED + int(os.environ.get("WEFT_FUZZ_PLANTED", "400"))))
