"""`weft step` and `weft scenarios` from the command line: what they print, and with which status they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOP = """
import os, time
from flask import Flask
STOCK = {"left": 1}
def create_app():
    app = Flask("shop")
    @app.post("/buy")
    def buy():
        if STOCK["left"] > 0:
            time.sleep(0.1)
            STOCK["left"] -= 1
        return {"left": STOCK["left"]}
    @app.post("/end")
    def end():
        os._exit(7)
    @app.post("/spin")
    def spin():
        while True:
            pass
    return app
"""
TWICE = ["--request", "POST /buy", "--request", "POST /buy"]


def _weft(folder: Path, *words: str, columns: str = "80") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "weft_tui", *words]
    told = {**os.environ, "COLUMNS": columns}
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def test_an_app_is_stepped_through_and_the_run_saved(shop: Path) -> None:
    words = ["step", "shop:create_app", *TWICE, "--headless", "--order", "random", "--seed", "3"]
    done = _weft(shop, *words, "--save", "run.json", "--trace", "run.weft")
    assert (done.returncode, done.stderr) == (0, "")
    assert "holds: all actors have finished" in done.stdout
    again = _weft(shop, "step", "--schedule", "run.json", "--headless", "--format", "json")
    said = json.loads(again.stdout)
    assert (again.returncode, said["verdict"]["kind"], said["replay"]["diverged"]) == (0, "holds", "")
    assert said["steps"][0] == {
        "number": 1,
        "actor": said["steps"][0]["actor"],
        "kind": "start",
        "text": "start",
        "value": "",
        "place": said["steps"][0]["place"],
        "preempts": None,
        "possible": None,
    }
    report = _weft(shop, "report", "run.weft", "--format", "json")
    data = json.loads(report.stdout)
    assert [(one["endpoint"], one["count"]) for one in data["requests"]] == [("buy", 2)]
    assert "skipped" not in report.stdout
    refused = _weft(shop, *words, "--save", "run.json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "run.json is there already" in refused.stderr


def test_the_steps_of_many_actors_fit_a_terminal(shop: Path) -> None:
    names = ["alice", "bob", "carol", "dave", "eve"]
    words = [word for name in names for word in ("--request", f"{name}: POST /buy")]
    done = _weft(shop, "step", "shop:create_app", *words, "--headless", "--stops", "line")
    lines = done.stdout.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.endswith("actor  step"))
    steps = [line for line in lines[begin + 1 :] if line[:4].strip().isdigit()]
    assert len(steps) > 20
    assert max(map(len, steps)) <= 80
    assert steps[1].split()[1:] == ["·", "●", "·", "·", "·", "bob", "start", "shop.py:7"]
    assert all(line.index("●") == 6 + 2 * names.index(line[16:21].strip()) for line in steps)
    assert "! a switch that this interpreter can make" in done.stdout
    wide = _weft(shop, "step", "shop:create_app", *words, "--headless", "--stops", "line", columns="300")
    assert "●" not in wide.stdout
    assert sum("bob" in line and "eve" in line for line in wide.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ([*TWICE, "--check", "GET /stock == 0"], 3, "the check itself failed: LookupError: GET /stock answered 404"),
        ([*TWICE, "--check", "STOCK['left'] == 7"], 1, "invariant: STOCK['left'] == 7 is not true"),
        ([*TWICE, "--check", "STOCK['x'] == 7"], 3, "the check itself failed: KeyError: 'x'"),
        ([*TWICE, "--check", "POST /buy .x.y == 0"], 3, "there is no POST /buy .x .y: it answered {"),
        (["--request", "POST /bye"], 3, "alice got 404: no route of the app matches POST /bye"),
        (["--request", "POST /end"], 3, "alice was to start: the app's process ended with status 7"),
        (["--request", "POST /spin"], 3, "alice has not come back since shop.py:1"),
    ],
)
def test_what_came_of_it_is_the_status(shop: Path, words: list[str], status: int, said: str) -> None:
    done = _weft(shop, "step", "shop:create_app", *words, "--headless")
    assert said in done.stdout
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["step"], "name a scenario or an app"),
        (["step", "oversel"], "no scenario is called oversel; did you mean oversell?"),
        (["step", "nowhere:x"], "there is no module nowhere here"),
        (["step", "shop.py"], "has no scenario"),
        (["step", "shop:create_app", "--request", "BUY"], "is no request"),
        (["step", "--schedule", "none.json"], "No such file"),
        (["step", "oversell", "--stops", "never"], "is not one of"),
        (["scenarios", "shop.py"], "shop.py has no scenario"),
        (["scenarios", "none.py"], "no such file"),
    ],
)
def test_bad_input_is_one_line_and_status_2(shop: Path, words: list[str], said: str) -> None:
    done = _weft(shop, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_scenarios_are_listed_with_what_they_are_about(tmp_path: Path) -> None:
    done = _weft(tmp_path, "scenarios")
    assert done.returncode == 0
    assert "oversell           Check-then-act: two customers buy the last item" in done.stdout
