"""`weft explore` from the command line: what it prints, and with which status it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SHOP = """
from flask import Flask
STOCK = {"left": 1}
def create_app():
    app = Flask("shop")
    @app.post("/buy")
    def buy():
        if STOCK["left"] > 0:
            STOCK["left"] -= 1
        return {"left": STOCK["left"]}
    @app.get("/stock")
    def stock():
        return {"left": STOCK["left"]}
    return app
"""
TWICE = ["--request", "POST /buy", "--request", "POST /buy", "--check", "GET /stock .left >= 0"]


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "weft_tui", "explore", *words]


def _weft(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(*words), cwd=folder, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def test_an_unchanged_app_is_searched_and_the_failing_order_is_a_schedule(shop: Path) -> None:
    done = _weft(shop, "shop:create_app", *TWICE, "--save", "race.json")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[4] == "fails, invariant: GET /stock .left is -1, not >= 0"
    assert lines[5:9] == [
        '  1. bob runs until before read STOCK["left"] (shop.py:9)',
        "  2. alice runs completely: 200 '{\"left\":0}'",
        "  3. bob goes on to the end: 200 '{\"left\":-1}'",
        'because bob read STOCK["left"] (→ 1) at shop.py:8, alice wrote it (= 0) at shop.py:9, then bob read it (→ 0) '
        "at shop.py:9; no lock was held from the first to the last",
    ]
    assert lines[9].startswith("one of these switches needs a build without the GIL; --as this looks for what")
    assert lines[-1] == "step through it: weft step --schedule race.json"
    command = [sys.executable, "-m", "weft_tui", "step", "--schedule", "race.json", "--headless", "--format", "json"]
    again = subprocess.run(command, cwd=shop, capture_output=True, text=True, timeout=100, check=False)
    said = json.loads(again.stdout)
    assert (again.returncode, said["verdict"]["kind"], said["replay"]["same"]) == (1, "invariant", True)


def test_races_are_told_without_a_check(shop: Path) -> None:
    done = _weft(shop, "shop:create_app", *TWICE[:2], "--request", "GET /stock", "--races", "--save", "race.json")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[4:8] == [
        "fails, race: a data race",
        'race on STOCK["left"]: nothing orders',
        '  alice (POST /buy), which writes STOCK["left"] at shop.py:9: STOCK["left"] -= 1 (holds no lock)',
        '  bob (GET /stock), which reads STOCK["left"] at shop.py:13: return {"left": STOCK["left"]} (holds no lock)',
    ]
    assert lines[-1] == "step through the first: weft step --schedule race.json"
    command = [sys.executable, "-m", "weft_tui", "step", "--schedule", "race.json", "--headless", "--format", "json"]
    again = subprocess.run(command, cwd=shop, capture_output=True, text=True, timeout=100, check=False)
    assert json.loads(again.stdout)["replay"]["diverged"] == ""
    done = _weft(shop, "shop:create_app", *TWICE[:2], "--request", "GET /stock", "--races", "--format", "json")
    (race,) = json.loads(done.stdout)["races"]
    assert [one["source"] for one in race["accesses"]] == ['STOCK["left"] -= 1', 'return {"left": STOCK["left"]}']
    done = _weft(shop, "shop:create_app", "--request", "GET /stock", "--request", "GET /stock", "--races")
    assert done.returncode == 0


def test_a_livelock_is_told_with_its_loop_and_can_be_stepped_through(tmp_path: Path) -> None:
    done = _weft(tmp_path, "livelock", "--save", "round.json")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[4].startswith("fails, livelock: alice and bob go on for ever without getting anywhere: ")
    told = [line.split(". ", 1)[1].split(" (livelock.py")[0] for line in lines[5:] if line.startswith("  ")]
    assert told == [
        "alice runs until before try office.projector",
        "bob runs until before acquire office.projector",
        "again and again: bob runs until before release office.projector",
        "again and again: alice runs until before try office.projector",
        "again and again: bob goes on until before acquire office.projector",
    ]
    command = [sys.executable, "-m", "weft_tui", "step", "--schedule", "round.json", "--headless", "--format", "json"]
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    said = json.loads(again.stdout)
    assert (again.returncode, said["verdict"]["kind"], said["replay"]["same"]) == (1, "livelock", True)


def test_the_folder_that_somebody_stands_in_may_be_the_root_of_all(shop: Path) -> None:
    done = subprocess.run(
        _command("shop:create_app", *TWICE),
        cwd="/", env={**os.environ, "PYTHONPATH": os.pathsep.join([str(shop), *sys.path])},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout


def test_a_lock_in_the_view_makes_it_hold(shop: Path) -> None:
    source = SHOP.replace("if STOCK", "with lock:\n          if STOCK").replace("    STOCK[", "      STOCK[")
    (shop / "shop.py").write_text(f"import threading\nlock = threading.Lock()\n{source}")
    done = _weft(shop, "shop:create_app", *TWICE, "--format", "json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["verdict"], said["orders"], said["left"]) == (0, "holds", 2, 0)
    assert (said["mode"], said["granularity"], said["schedule"], said["kind"]) == ("free-threaded", "access", [], None)


BANK = """
from threading import Lock
from flask import Flask
app = Flask("bank")
class Account:
    def __init__(self):
        self.lock, self.balance = Lock(), 100
A, B = Account(), Account()
def transfer(x, y):
    with x.lock:
        x.balance -= 1
        with y.lock:
            y.balance += 1
    return ""
@app.post("/ab")
def ab():
    return transfer(A, B)
@app.post("/ba")
def ba():
    return transfer(B, A)
"""


def test_an_order_that_this_interpreter_can_make_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "bank.py").write_text(BANK)
    words = ("bank:app", "--request", "POST /ab", "--request", "POST /ba", "--save", "stuck.json", "--format", "json")
    said = json.loads(_weft(tmp_path, *words).stdout)
    assert (said["verdict"], said["kind"], said["possible"]) == ("fails", "deadlock", "this")
    command = [sys.executable, "-m", "weft_tui", "step", "--schedule", "stuck.json", "--headless", "--format", "json"]
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert json.loads(again.stdout)["replay"]["same"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("GET /stokc", "404: no route of the app matches GET /stokc"),
        ("PUT /stock", "405: no route of the app matches PUT"),
    ],
)
def test_requests_that_no_route_matches_prove_nothing(shop: Path, request_: str, said: str) -> None:
    done = _weft(shop, "shop:create_app", "--request", request_, "--request", "GET /stock", "--check", "1 == 1")
    assert done.returncode == 3
    assert f"\ninconclusive: alice got {said}" in done.stdout


def test_errors_that_a_view_answers_with_are_told(shop: Path) -> None:
    (shop / "shop.py").write_text(SHOP.replace('return {"left"', 'return ("", 404) if 1 else {"left"'))
    done = _weft(shop, "shop:create_app", "--request", "GET /stock")
    assert done.returncode == 0, done.stdout
    assert "it ended so: all actors have finished (alice got 404); the scenario" in done.stdout


def test_a_budget_that_is_too_small_ends_undecided(tmp_path: Path) -> None:
    done = _weft(tmp_path, "philosophers", "--fixed", "--executions", "2")
    assert done.returncode == 3
    assert "inconclusive: the budget was spent before all orders were tried" in done.stdout


def test_an_interrupt_ends_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text(
        "from weft.stage import Scenario\nseen = {'n': 0}\n"
        "def act():\n    for _ in range(5):\n        seen['n'] += 1\n"
        "SCENARIO = Scenario('many', None, {'a': act, 'b': act, 'c': act}, check=lambda outcome: seen['n'] > 1)\n"
    )
    main, side = os.openpty()
    command = _command("many.py", "--seconds", "100", "--format", "json")
    child = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=side, text=True)
    os.close(side)
    seen = b""
    while b"executions" not in seen:
        seen += os.read(main, 4096)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=60)
    os.close(main)
    said = json.loads(out)
    assert (child.returncode, said["verdict"]) == (3, "inconclusive")
    assert said["text"].startswith("it was stopped before all orders were tried:")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["overselll"], "no scenario is called overselll; did you mean oversell?"),
        (["oversell", "--executions", "0"], "Invalid value for '--executions'"),
        (
            ["oversell", "--save", "shop.py"],
            "shop.py is there already; choose another name, or replace it with --force",
        ),
        (["oversell", "--open"], "this needs a terminal to draw on; without one use"),
        ([], "name a scenario or an app"),
    ],
)
def test_bad_input_is_one_line(shop: Path, words: list[str], said: str) -> None:
    done = _weft(shop, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert (shop / "shop.py").read_text() == SHOP
