"""What the search costs: time and executions to the verdict on the programs that such tools are compared by.

    python tests/benchmarks/search.py                    the search alone
    python tests/benchmarks/search.py FOLDER             also frontrun and interleave-test, in environments made there
    python tests/benchmarks/search.py FOLDER PROGRAM     only programs with these words in their names

Rounds of all tools alternate; each figure is a median over them. A tool that gives no verdict in `PATIENCE` seconds has
"none". `search_peers.py` has the programs in the words of the others, and their settings.

"ms" is a search in a process where others were made before, "first ms" the first one; the modules are imported and the
app's process is ready. "per s" is executions by time, "per CPU s" by the time of processors: what counts on a busy
machine. A verdict of ours includes that the order was shortened and told to be the same when it is made again. "new
threads": each execution has threads of its own. "holds (2)" is true for at most two preemptions.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.searching import Budget, Search

ROUNDS = 5
PATIENCE = 60.0
SECONDS = 0.5
"""For this long a program's search is made again in the same process."""
MOST = 50
PEERS = ("frontrun", "interleave-test")

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


OURS = tuple(name for name in PROGRAMS if "steps, all orders" in name)
"""Programs that only we search."""


class Cost(NamedTuple):
    """What a search came to.

    Attributes:
        verdict: in a word.
        executions: that it took, those for shortening an order that fails included.
        seconds: from when it was asked to when it answered.
        cpu: seconds of processors that were spent on it, of all its processes.
    """

    verdict: str
    executions: int
    seconds: float
    cpu: float


class Round(NamedTuple):
    """The first search of a fresh process, and the ones that followed there; and what came before them (s)."""

    first: Cost
    others: Sequence[Cost]
    start: float


def weft(file: Path, *, stay: bool, seconds: float) -> Round:
    """Search a program's orders, again and again."""
    began = time.perf_counter()
    process = AppProcess(str(file))
    start = time.perf_counter() - began
    costs: list[Cost] = []
    try:
        executions = Executions(process, Stops.ACCESS, As.FREE_THREADED, stay=stay)
        until = time.perf_counter() + seconds
        while not costs or (time.perf_counter() < until and len(costs) < MOST):
            before, began = _worked(process), time.perf_counter()
            report = Search(executions, Budget(PATIENCE)).run()
            taken, after = time.perf_counter() - began, _worked(process)
            worked = sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())
            costs.append(Cost(report.verdict, report.executions, taken, worked))
    finally:
        process.close()
    return Round(costs[0], costs[1:], start)


def _worked(process: AppProcess) -> dict[int, float]:
    """Return the seconds that processors have worked for us and for the copy of the app's process, by process."""
    copy = process._copy
    pids = [os.getpid(), *([copy.pid] if copy is not None else [])]
    return {pid: time.clock_gettime(~pid << 3 | 2) for pid in pids}  # Linux: the clock of a process


def peer(python: Path, tool: str, name: str, seed: int, seconds: float) -> Round:
    """Let another tool do the same."""
    script = Path(__file__).with_name("search_peers.py")
    command = [str(python), str(script), tool, name, str(seed), str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout
    except subprocess.TimeoutExpired as late:
        done = late.stdout.decode() if isinstance(late.stdout, bytes) else ""
    costs = [Cost(*json.loads(line)) for line in done.splitlines() if line.startswith("[")]
    return Round(costs[0], costs[1:], 0.0) if costs else Round(Cost("none", 0, PATIENCE, 0.0), (), 0.0)


def installed(folder: Path) -> dict[str, Path]:
    """Return the Python of each other tool, in an environment of its own that is made if it is not there."""
    found = {}
    for tool in PEERS:
        place = folder / f"{tool}-{platform.python_version()}"
        python = place / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
        done = subprocess.run([*pip, "install", "-q", tool, "flask"], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"  {tool}: cannot be installed, left out")
            continue
        listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, text=True, check=False).stdout
        print(f"  {', '.join(line for line in listed.split() if line.lower().startswith((tool, 'flask')))}")
        found[tool] = python
    return found


def _line(name: str, tool: str, rounds: Sequence[Round]) -> str:
    """Return a row: medians over the rounds, of each round the median of its later searches."""
    said = sorted({one.verdict for each in rounds for one in (each.first, *each.others)})
    steady = [cost for each in rounds for cost in each.others or (each.first,)]
    executions = statistics.median(one.executions for one in steady)
    seconds = statistics.median(one.seconds for one in steady)
    cpu = statistics.median(one.cpu for one in steady)
    first = statistics.median(each.first.seconds for each in rounds)
    rate = f"{executions / seconds:9,.0f} {executions / cpu:9,.0f}" if cpu and executions else f"{'-':>9} {'-':>9}"
    return (
        f"  {name:44} {tool:16} {'/'.join(said):>12} {executions:10,.0f} {seconds * 1e3:9,.1f} {first * 1e3:9,.1f} "
        f"{cpu * 1e3:9,.1f} {rate}"
    )


def main() -> None:
    print(f"\nthe search, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}, {ROUNDS} rounds, medians")
    pythons = installed(Path(sys.argv[1]).absolute()) if len(sys.argv) > 1 else {}
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    print(
        f"  {'program':44} {'tool':16} {'verdict':>12} {'executions':>10} {'ms':>9} {'first ms':>9} {'CPU ms':>9} "
        f"{'per s':>9} {'per CPU s':>9}"
    )
    with tempfile.TemporaryDirectory() as folder:
        starts: list[float] = []
        for number, (name, source) in enumerate(PROGRAMS.items()):
            if wanted not in name:
                continue
            file = Path(folder) / f"program_{number}.py"
            file.write_text(HEAD + source, encoding="utf-8")
            rows: dict[str, list[Round]] = {}
            for turn in range(ROUNDS):
                for tool, stay in (("weft", True), ("weft, new threads", False)):
                    rows.setdefault(tool, []).append(weft(file, stay=stay, seconds=SECONDS))
                for tool, python in pythons.items():
                    some = rows.setdefault(tool, [])
                    if name in OURS or (some and some[-1].first.seconds > PATIENCE / 4):
                        continue  # it is not going to be quicker
                    some.append(peer(python, tool, name, turn, SECONDS))
            starts += [each.start for each in rows["weft"]]
            for tool, rounds in rows.items():
                if rounds:
                    print(_line(name, tool, rounds), flush=True)
        print(f"  until the app's process is ready: {statistics.median(starts) * 1e3:.0f} ms")
    print(f"  load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    sys.exit(main())
