"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

INSTALLED = any(one.name == "weft" for one in entry_points(group="pytest11"))
IN_TWO = pytest.param(
    ("-p", "xdist", "-n", "2"), marks=pytest.mark.skipif(find_spec("xdist") is None, reason="no pytest-xdist")
)
PLUGIN = ("-p", "weft.testing.plugin")

SHOP = """
import threading
from flask import Flask
STOCK = {"left": 1}
lock = threading.Lock()
def create_app():
    app = Flask("shop")
    @app.post("/buy")
    def buy():
        if STOCK["left"] > 0:
            STOCK["left"] -= 1
        return {"left": STOCK["left"]}
    @app.post("/buy-locked")
    def buy_locked():
        with lock:
            return buy()
    @app.get("/stock")
    def stock():
        return {"left": STOCK["left"]}
    return app
"""
HEAD = """
import pytest
import weft
from weft.stage import Scenario, get, post
import shop

def buying(path):
    return Scenario("buying", shop.create_app, {"alice": post(path), "bob": post(path)},
                    check=lambda outcome: shop.STOCK["left"] >= 0)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with its app in src and its tests in tests."""
    monkeypatch.delenv("CI", raising=False)  # pytest prints failures twice there
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others' take three times as long to start as pytest
    (pytester.mkdir("src") / "shop.py").write_text(SHOP)
    pytester.mkdir("tests")
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\npythonpath = ['src']\n")
    return pytester


def _run(project: pytest.Pytester, source: str, *words: str) -> pytest.RunResult:
    (project.path / "tests" / "test_shop.py").write_text(HEAD + source)
    return project.runpytest_subprocess(*PLUGIN, *words, timeout=100)


def _said(result: pytest.RunResult) -> str:
    return result.stdout.str()


ALL_WAYS = """
RACE, SAFE = buying("/buy"), buying("/buy-locked")
SEVERAL = [buying("/buy-locked")]

def test_function():
    weft.assert_holds(RACE)

def test_fixture(weft):
    weft.holds("shop:create_app", requests=["POST /buy"] * 2, check="GET /stock .left >= 0")

def test_factory_of_an_app(weft):
    weft.holds(shop.create_app, requests=["POST /buy"] * 2, check="GET /stock .left >= 0")

@pytest.mark.weft
def test_marked():
    return buying("/buy")

def test_good_function():
    weft.assert_holds(SAFE)
    weft.assert_holds(SEVERAL[0])

@pytest.mark.weft
def test_good_marked():
    return buying("/buy-locked")

class TestShop:
    def test_good_fixture(self, weft):
        weft.holds("shop:create_app", requests=["POST /buy-locked"] * 2, check="GET /stock .left >= 0")

    @staticmethod
    @pytest.mark.weft
    def test_good_static():
        return buying("/buy-locked")
"""
STEPS = [
    r'  1\. bob runs until before read STOCK\["left"\] \(shop\.py:\d+\)',
    r"  2\. alice runs completely: 200 '\{\"left\":0\}'",
    r"  3\. bob goes on to the end: 200 '\{\"left\":-1\}'",
]


@pytest.mark.parametrize("words", [(), ("--import-mode=importlib",), IN_TWO])
def test_what_breaks_fails_in_every_way_to_say_it_and_what_holds_passes(
    project: pytest.Pytester, words: tuple[str, ...]
) -> None:
    result = _run(project, ALL_WAYS, *words)
    result.assert_outcomes(passed=4, failed=4)
    said = _said(result)
    assert said.count('because bob read STOCK["left"]') == 4
    result.stdout.re_match_lines(
        ["E +AssertionError: fails, invariant: GET /stock .left is -1, not >= 0", *(f"E  +{line}" for line in STEPS)]
    )
    assert "asserting.py" not in said
    assert "plugin.py" not in said
    files = sorted(file.name for file in (project.path / ".pytest_cache/d/weft").iterdir())
    names = ("factory_of_an_app", "fixture", "function", "marked")
    assert files == [f"tests-test_shop-test_{name}.json" for name in names]
    for name in files:
        assert f"step through it: weft step --schedule .pytest_cache/d/weft/{name}" in said


def test_races_are_failures_where_they_are_asked_for(project: pytest.Pytester) -> None:
    source = """
def test_races(weft):
    weft.holds("shop:create_app", requests=["POST /buy-locked", "GET /stock"], races=True)
def test_none(weft):
    weft.holds("shop:create_app", requests=["POST /buy-locked"] * 2, races=True)
"""
    result = _run(project, source)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.re_match_lines(
        ["E +AssertionError: fails, race: a data race", 'E +race on STOCK\\["left"\\]: nothing']
    )


def test_an_order_that_this_interpreter_can_make_is_preferred(project: pytest.Pytester) -> None:
    source = """
import threading
class Account:
    def __init__(self):
        self.lock, self.balance = threading.Lock(), 100
A, B = Account(), Account()
def transfer(x, y):
    with x.lock:
        x.balance -= 1
        with y.lock:
            y.balance += 1
@pytest.mark.weft
def test_it():
    return Scenario("bank", None, {"alice": lambda: transfer(A, B), "bob": lambda: transfer(B, A)})
@pytest.mark.weft
def test_other():
    def count(): A.balance += 1
    return Scenario("count", None, {"alice": count, "bob": count}, check=lambda outcome: A.balance == 102)
"""
    result = _run(project, source)
    result.assert_outcomes(failed=2)
    of_the_bank, _, of_the_count = _said(result).partition("_ test_other _")
    assert "fails, deadlock" in of_the_bank
    assert "without the GIL" not in of_the_bank
    assert 'a build without the GIL; interpreter="this" looks for' in of_the_count
    saved = json.loads((project.path / ".pytest_cache/d/weft/tests-test_shop-test_it.json").read_text())
    assert saved["as"] == "this"


def test_a_marked_function_fails_with_nothing_but_what_came_of_it(project: pytest.Pytester) -> None:
    result = _run(project, '@pytest.mark.weft\ndef test_marked():\n    return buying("/buy")\n')
    result.stdout.re_match_lines_random([r"fails, invariant: what must hold is not true", *STEPS])
    assert "Traceback" not in _said(result)
    assert "During handling" not in _said(result)


def test_a_saved_schedule_is_stepped_through_and_is_a_regression_test(project: pytest.Pytester) -> None:
    with (project.path / "pyproject.toml").open("a") as file:
        file.write("\nweft_schedules = 'tests/schedules'\n")
    source = """
@pytest.mark.weft
def test_race():
    return buying("/buy")

def test_still_there():
    weft.assert_schedule("schedules/tests-test_shop-test_race.json", expect="fails")

def test_gone(weft):
    weft.schedule("schedules/tests-test_shop-test_race.json")
"""
    result = _run(project, source)
    result.assert_outcomes(passed=1, failed=2)
    saved = "tests/schedules/tests-test_shop-test_race.json"
    assert f"AssertionError: {saved} does not hold, invariant: what must hold is not true" in _said(result)
    command = [sys.executable, "-m", "weft_tui", "step", "--schedule", saved, "--headless", "--format", "json"]
    again = subprocess.run(command, cwd=project.path, capture_output=True, text=True, timeout=100, check=False)
    assert (again.returncode, again.stderr) == (1, "")
    assert json.loads(again.stdout)["replay"]["same"]

    app = project.path / "src" / "shop.py"
    app.write_text(SHOP.replace('return {"left": STOCK["left"]}', "return {}", 1))  # it fails still, another way
    result = _run(project, source, "-k", "still")
    result.assert_outcomes(failed=1, deselected=2)
    result.stdout.re_match_lines(
        [
            f"E +AssertionError: {saved} cannot be followed any more \\(invariant: .*",
            "E +it diverged at step [0-9]+: alice was to read STOCK.* but is about to respond 200",
        ]
    )

    app.write_text(SHOP.replace("def buy():", "def buy():\n      with lock:"))
    result = _run(project, source, "-rP")
    result.assert_outcomes(passed=2, failed=1)
    named = "it diverged at step [0-9]+: alice was to .*, but is about to acquire lock"
    result.stdout.re_match_lines(
        [
            f"E +AssertionError: {saved} cannot be followed any more .*",
            f"E +{named}.*",
        ]
    )
    assert "weft schedule" in _said(result)  # why it holds now

    result = _run(project, source.replace('race.json")', 'race.json", strict=True)'))
    result.stdout.re_match_lines([f"E +AssertionError: {saved} cannot be followed any more", f"E +{named}.*"])


@pytest.mark.parametrize(
    ("option", "outcome"), [("", "failed"), ('inconclusive="skip"', "skipped"), ('inconclusive="xfail"', "xfailed")]
)
def test_what_is_not_known_fails_unless_the_test_says_otherwise(
    project: pytest.Pytester, option: str, outcome: str
) -> None:
    source = f"@pytest.mark.weft(executions=2)\ndef test_it(weft):\n    weft.holds({SAFE}, {option})\n"
    result = _run(project, source, "-rsx")
    result.assert_outcomes(**{outcome: 1})
    assert "inconclusive: the budget was spent before all orders were tried" in _said(result)
    assert not (project.path / ".pytest_cache/d/weft").exists()


SAFE = '"shop:create_app", requests=["POST /buy-locked"] * 2'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def test_it():\n    weft.assert_holds(buying('/buy'))\n", "the scenario 'buying' was made inside a function"),
        ("def test_it():\n    weft.assert_holds('shp:app')\n", "there is no module shp here"),
        ("def test_it():\n    weft.assert_holds(shop.create_app)\n", "is no scenario; is it an app?"),
        (
            f"def test_it(weft):\n    weft.holds({SAFE}, stops='lines')\n",
            "stops='lines' is not known; choose sync, access, line, opcode",
        ),
        (f"def test_it(weft):\n    weft.holds({SAFE}, interpreter='that')\n", "choose this or free-threaded"),
        (f"def test_it(weft):\n    weft.holds({SAFE}, inconclusive='pass')\n", "choose fail, skip or xfail"),
        ("def test_it(weft):\n    weft.holds('shop:create_app', requests='GET /')\n", "is one text; write a list"),
        (
            "def test_it(weft):\n    weft.schedule('none.json')\n",
            "none.json: No such file or directory; name a schedule",
        ),
        ("def test_it(weft):\n    weft.schedule('none.json', expect='x')\n", "choose holds or fails"),
        ("@pytest.mark.weft\ndef test_it(tmp_path):\n    pass\n", "so it takes no arguments"),
        ("@pytest.mark.weft\ndef test_it():\n    pass\n", "is no scenario"),
        (
            "@pytest.mark.weft\ndef test_it():\n    1 / 0\n",
            "test_it made no scenario: test_shop.py:12: ZeroDivisionError",
        ),
        ("@pytest.mark.weft('shop')\ndef test_it():\n    pass\n", "the mark weft takes options by name only"),
        (
            "RACE = buying('/buy')\ndef test_it():\n    weft.assert_holds(RACE, save='pyproject.toml')\n",
            "pyproject.toml is there already and is no schedule; name another file",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence_without_weft_s_own_lines(
    project: pytest.Pytester, source: str, said: str
) -> None:
    result = _run(project, source)
    result.assert_outcomes(failed=1)
    assert said in _said(result)
    assert "traces/weft" not in _said(result)


@pytest.mark.parametrize("words", [(), IN_TWO])
def test_which_orders_were_tried_is_told_when_asked_for(project: pytest.Pytester, words: tuple[str, ...]) -> None:
    source = "@pytest.mark.weft\ndef test_it():\n    return buying('/buy-locked')\n"
    assert "alice runs completely" not in _said(_run(project, source, *words))
    result = _run(project, source, "--weft-orders", *words)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*orders of threads that were tried*",
            "tests/test_shop.py::test_it",
            "1. alice runs completely: 200 *; bob runs completely: 200 *",
            "2. alice runs until before acquire lock *; bob runs completely: 200 *; alice goes on to the end*",
        ]
    )


def test_a_test_file_in_a_package_and_a_run_from_below(project: pytest.Pytester, monkeypatch) -> None:
    (project.path / "tests" / "__init__.py").touch()
    (project.path / "tests" / "names.py").write_text("PATH = '/buy'\n")
    monkeypatch.chdir(project.path / "tests")
    result = _run(project, "from .names import PATH\nRACE = buying(PATH)\ndef test_it(weft):\n    weft.holds(RACE)\n")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([f"E  +{line}" for line in STEPS])


def test_flask_is_not_needed(project: pytest.Pytester) -> None:
    for name in ("flask", "werkzeug"):
        (project.path / "src" / f"{name}.py").write_text("raise ImportError('not here')\n")
    (project.path / "src" / "shop.py").write_text(
        "SEEN = {'n': 0}\ndef count():\n    SEEN['n'] += 1\ncreate_app = None\n"
    )
    source = """
@pytest.mark.weft
def test_it():
    return Scenario("counting", None, {"alice": shop.count, "bob": shop.count},
                    check=lambda outcome: shop.SEEN["n"] == 2)
"""
    result = _run(project, source)
    result.assert_outcomes(failed=1)
    assert 'because alice read SEEN["n"]' in _said(result) or 'because bob read SEEN["n"]' in _said(result)


def test_it_is_there_and_can_be_left_out(project: pytest.Pytester, monkeypatch) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    assert "weft(stops, interpreter," in _said(
        project.runpytest_subprocess(*(() if INSTALLED else PLUGIN), "--markers")
    )
    name = "weft" if INSTALLED else "weft.testing.plugin"
    assert "weft(stops" not in _said(project.runpytest_subprocess("-p", f"no:{name}", "--markers"))


def test_loading_it_loads_nothing_else() -> None:
    code = "import sys, pytest, weft.testing.plugin; print(*(name for name in sys.modules if name.startswith('weft')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    assert {name for name in loaded if name.startswith("weft.testing.")} == {
        "weft.testing.plugin",
        "weft.testing.surroundings",
    }
    assert not [name for name in loaded if name.startswith(("weft.stage", "weft.record", "weft.log"))]


def test_without_pytest_the_schedule_goes_beside_the_work(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    code = (
        'import weft; weft.assert_holds("shop:create_app", requests=["POST /buy"] * 2, check="GET /stock .left >= 0")'
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert "AssertionError: fails, invariant: GET /stock .left is -1" in done.stderr
    assert "weft_schedule" in json.loads((tmp_path / ".weft" / "weft.json").read_text())
