"""Async views: what is lost across an ``await`` is found, and what cannot be searched for is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search import verdicts
from weft.stage.search.searching import Budget, Report, Search
from weft.stage.session import Session

pytest.importorskip("asgiref")

SHOP = """
import asyncio, os
STOCK, lock, seen = {"n": 0}, threading.Lock(), threading.Event()
def work():
    return 1
def create_app():
    app = Flask("shop")
    @app.post("/buy")
    async def buy():
        BODY
        return "ok"
    return app
CHECK = lambda outcome: STOCK["n"] == 2
SCENARIO = Scenario("x", create_app, {"alice": post("/buy"), "bob": post("/buy")}, check=CHECK)
"""


def _search(folder: Path, body: str, budget: Budget | None = None) -> tuple[Report, list[str]]:
    file = folder / "program.py"
    lines = body.strip().replace("\n", "\n        ")
    file.write_text(HEAD + SHOP.replace("BODY", lines), encoding="utf-8")
    process = AppProcess(str(file))
    try:
        report = Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), budget or Budget(120)).run()
        return report, verdicts.relative(Session(process), report)
    finally:
        process.close()


def test_an_update_that_is_lost_across_an_await_is_found(tmp_path: Path) -> None:
    report, _ = _search(
        tmp_path,
        """
n = STOCK["n"]
await asyncio.sleep(0.1)
STOCK["n"] = n + 1
""",
    )
    assert (report.verdict, report.kind) == ("fails", "invariant"), report


def test_none_is_lost_under_a_lock_and_the_verdict_says_what_it_does_not_see(tmp_path: Path) -> None:
    report, said = _search(
        tmp_path,
        """
await asyncio.sleep(0.1)
with lock:
    STOCK["n"] += 1
""",
    )
    assert (report.verdict, report.text) == ("holds", "")
    assert said[0] == (
        "which task of an event loop comes first is not searched for, nor seen what async views do at sockets: buy"
    )


@pytest.mark.parametrize(
    "waits",
    [
        "await asyncio.get_running_loop().run_in_executor(None, work)",
        "await asyncio.wait_for(asyncio.to_thread(work), 5)",
    ],
)
def test_what_another_thread_ends_is_waited_for(tmp_path: Path, waits: str) -> None:
    body = f"with lock:\n    STOCK['n'] += {waits}"
    report, _ = _search(tmp_path, body, Budget(120, 4))
    assert report.kind == ""
    assert "where the stage does not see it" not in report.text
    assert report.ends == ("all actors have finished and the invariant holds",)


def test_a_timeout_ends_when_nobody_else_can_move(tmp_path: Path) -> None:
    body = """
try:
    await asyncio.wait_for(asyncio.to_thread(seen.wait), 5)
except TimeoutError:
    STOCK["n"] += 10 + seen.is_set()
    seen.set()
"""
    report, said = _search(tmp_path, body, Budget(120, 4))
    assert (report.verdict, report.kind) == ("fails", "invariant"), report
    assert not said


def test_a_loop_that_looks_at_a_pipe_proves_nothing(tmp_path: Path) -> None:
    body = """
ends, arrived = os.pipe(), asyncio.Event()
asyncio.get_running_loop().add_reader(ends[0], arrived.set)
await arrived.wait()
"""
    report, said = _search(tmp_path, body, Budget(120, 3))
    assert report.verdict == "inconclusive"
    assert "where the stage does not see it" in report.text
    assert said
