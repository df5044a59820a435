"""What the search costs: time, executions and orders to the verdict on the programs that such tools are compared by.

    python tests/benchmarks/search.py            the search alone
    python tests/benchmarks/search.py FOLDER     also frontrun and interleave-test, in a virtual environment made there

Rounds of all tools alternate; each figure is a median over them. A tool that gives no verdict in `PATIENCE` seconds has
"none". Peers run the same bodies of threads, without HTTP where ours has it.
"""

from __future__ import annotations

import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.searching import Budget, Report, Search

ROUNDS = 5
PATIENCE = 60.0

HEAD = """
import threading
from flask import Flask
from weft.stage import Scenario, post
"""

PROGRAMS = {
    "counter": """
class Page: likes = 0
page = Page()
def like():
    likes = page.likes
    page.likes = likes + 1
SCENARIO = Scenario("x", None, {"a": like, "b": like}, check=lambda outcome: page.likes == 2)
""",
    "counter, 2 x 2 steps, all orders": """
class Page: likes = 0
page = Page()
def like():
    for _ in range(2):
        page.likes = page.likes + 1
SCENARIO = Scenario("x", None, {"a": like, "b": like}, check=lambda outcome: page.likes > 0)
""",
    "counter, 2 x 3 steps, all orders": """
class Page: likes = 0
page = Page()
def like():
    for _ in range(3):
        page.likes = page.likes + 1
SCENARIO = Scenario("x", None, {"a": like, "b": like}, check=lambda outcome: page.likes > 0)
""",
    "locked counter, 2 threads": """
class Page: likes = 0
page, lock = Page(), threading.Lock()
def like():
    with lock:
        page.likes += 1
SCENARIO = Scenario("x", None, {"a": like, "b": like}, check=lambda outcome: page.likes == 2)
""",
    "locked counter, 3 threads": """
class Page: likes = 0
page, lock = Page(), threading.Lock()
def like():
    with lock:
        page.likes += 1
SCENARIO = Scenario("x", None, {"a": like, "b": like, "c": like}, check=lambda outcome: page.likes == 3)
""",
    "two locked sections each, all 6 orders": """
seen, lock = [], threading.Lock()
def act(name):
    for _ in range(2):
        with lock:
            seen.append(name)
SCENARIO = Scenario("x", None, {"a": lambda: act("a"), "b": lambda: act("b")}, check=lambda outcome: len(seen) == 4)
""",
    "three locked sections each, all 20 orders": """
seen, lock = [], threading.Lock()
def act(name):
    for _ in range(3):
        with lock:
            seen.append(name)
SCENARIO = Scenario("x", None, {"a": lambda: act("a"), "b": lambda: act("b")}, check=lambda outcome: len(seen) == 6)
""",
    "AB/BA": """
one, two = threading.Lock(), threading.Lock()
def first():
    with one:
        with two:
            pass
def second():
    with two:
        with one:
            pass
SCENARIO = Scenario("x", None, {"a": first, "b": second})
""",
    **{
        f"{count} philosophers": f"""
forks = [threading.Lock() for _ in range({count})]
def eat(seat):
    with forks[seat]:
        with forks[(seat + 1) % {count}]:
            pass
SCENARIO = Scenario("x", None, {{f"p{{n}}": (lambda n=n: eat(n)) for n in range({count})}})
"""
        for count in (3, 4, 5)
    },
    **{
        f"{count} philosophers, forks in order, proof": f"""
forks = [threading.Lock() for _ in range({count})]
def eat(seat):
    first, second = sorted((seat, (seat + 1) % {count}))
    with forks[first]:
        with forks[second]:
            pass
SCENARIO = Scenario("x", None, {{f"p{{n}}": (lambda n=n: eat(n)) for n in range({count})}})
"""
        for count in (3, 4, 5)
    },
    "Flask view, module global": """
LIKES = {"n": 0}
def create_app():
    app = Flask("x")
    @app.post("/like")
    def like():
        likes = LIKES["n"]
        LIKES["n"] = likes + 1
        return "ok"
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/like"), "b": post("/like")}, check=lambda outcome: LIKES["n"] == 2)
""",
    "Flask view, module lock, proof": """
LIKES, lock = {"n": 0}, threading.Lock()
def create_app():
    app = Flask("x")
    @app.post("/like")
    def like():
        with lock:
            LIKES["n"] += 1
        return "ok"
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/like"), "b": post("/like")}, check=lambda outcome: LIKES["n"] == 2)
""",
    "Flask view, check then act, 3 requests": """
STOCK = {"left": 1}
def create_app():
    app = Flask("x")
    @app.post("/buy")
    def buy():
        if STOCK["left"] > 0:
            STOCK["left"] -= 1
        return "ok"
    return app
SCENARIO = Scenario("x", create_app, {name: post("/buy") for name in "abc"}, check=lambda outcome: STOCK["left"] >= 0)
""",
    "Flask view, 2 x 3 steps, all orders": """
LIKES = {"n": 0}
def create_app():
    app = Flask("x")
    @app.post("/like")
    def like():
        for _ in range(3):
            LIKES["n"] = LIKES["n"] + 1
        return "ok"
    return app
SCENARIO = Scenario("x", create_app, {"a": post("/like"), "b": post("/like")}, check=lambda outcome: LIKES["n"] > 0)
""",
}


class Run(NamedTuple):
    """One search: what came of it, and what the start of the app's process took (s)."""

    report: Report
    started: float


def search(file: Path) -> Run:
    """Search a program's orders once."""
    began = time.perf_counter()
    process = AppProcess(str(file))
    started = time.perf_counter() - began
    try:
        report = Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(PATIENCE)).run()
    finally:
        process.close()
    return Run(report, started)


def main() -> None:
    print(f"\nthe search, Python {platform.python_version()}, {ROUNDS} rounds, medians")
    print(f"  {'program':44} {'verdict':>14} {'ms':>8} {'executions':>10} {'orders':>7} {'per second':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name, source in PROGRAMS.items():
            file = Path(folder) / f"program_{abs(hash(name))}.py"
            file.write_text(HEAD + source, encoding="utf-8")
            runs = [search(file).report for _ in range(ROUNDS)]
            last = runs[-1]
            seconds = statistics.median(run.seconds for run in runs)
            said = last.kind or last.verdict
            rate = last.executions / seconds
            print(f"  {name:44} {said:>14} {seconds * 1e3:8.1f} {last.executions:10} {last.orders:7} {rate:10.0f}")
            if len({(run.verdict, run.orders) for run in runs}) > 1:
                print(f"    not the same in every round: {sorted({(run.verdict, run.orders) for run in runs})}")


if __name__ == "__main__":
    sys.exit(main())
