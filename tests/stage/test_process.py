"""The app's process: what cannot be run says why in one sentence with a place, and nothing stays behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from support.staging import HEAD, finish, play, staged, upcoming
from weft import WeftError
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions, list_scenarios
from weft.stage.search.execution import Plan

APP = """
STOCK = {"left": 1}
def create_app():
    app = Flask("shop")
    @app.post("/buy")
    def buy():
        if STOCK["left"] > 0:
            time.sleep(0.1)
            STOCK["left"] -= 1
        return {"left": STOCK["left"]}
    @app.get("/stock")
    def stock():
        return {"left": STOCK["left"]}
    return app
"""


def _file(folder: Path, source: str) -> str:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    return str(file)


def _refused(target: str, **wanted: object) -> str:
    with pytest.raises(WeftError) as caught:
        AppProcess(target, **wanted).close()
    return str(caught.value)


def test_an_unchanged_app_is_stepped_through_from_the_command_line(tmp_path: Path) -> None:
    wanted = {"requests": ["POST /buy", "mallory: POST /buy"], "check": "GET /stock .left >= 0"}
    file = _file(tmp_path, APP)
    with staged(tmp_path, APP, target=f"{file}:create_app", **wanted) as session:
        assert session.info.actors == ["alice", "mallory"]
        play(session, 0, 1, 0, 1)
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "invariant"
        assert session.moment.verdict.text == "GET /stock .left is -1, not >= 0"
        session.restart()
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "holds"


def test_every_run_begins_with_the_same_state(tmp_path: Path) -> None:
    source = f"""{APP}
SCENARIO = Scenario("x", create_app, {{"alice": post("/buy")}}, watch=["STOCK['left']"])
"""
    with staged(tmp_path, source) as session:
        for _ in range(3):
            assert session.moment.watched[0].text == "1"
            finish(session, 0)
            assert session.moment.watched[0].text == "0"
            session.restart()
            session.root.children.clear()


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        ("1 / 0", "", "program.py cannot be imported: program.py:6: ZeroDivisionError: division by zero"),
        ("def f(:", "", "program.py:6: SyntaxError: "),
        (
            "import nowhere_to_be.found",
            "",
            "program.py needs nowhere_to_be (program.py:6), which is not here; if it is "
            "a package, install it: pip install nowhere-to-be",
        ),
        ("raise SystemExit(3)", "", "cannot be imported: program.py:6: SystemExit: 3"),
        ("x = 1", "", "has no scenario; make one with weft.stage.Scenario"),
        ("x = 1", ":x", "is no scenario; is it an app?"),
        ("x = 1", ":y", "has no y"),
        ('a = Scenario("a")\nb = Scenario("b")', "", "has several scenarios (a, b); name one"),
        (
            'def make(): 1 / 0\na = Scenario("a", make)',
            "",
            "the app cannot be made ready: program.py:6: ZeroDivisionError",
        ),
        ('a = Scenario("a", lambda: 3)', "", "made a int, no Flask app"),
        ('a = Scenario("a", 3)', "", "is no Flask app and nothing that makes one"),
        ("def a(): 1 / 0", ":a", "a made no scenario: program.py:6: ZeroDivisionError"),
        ('def a(b): return Scenario("a")', ":a", "is no scenario; is it an app?"),
    ],
)
def test_what_cannot_be_loaded_says_why(tmp_path: Path, source: str, name: str, said: str) -> None:
    assert said in _refused(_file(tmp_path, source) + name)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"requests": ["BUY"]}, "'BUY' is no request; write METHOD PATH"),
        ({"requests": ["POST /buy {"]}, "is no JSON"),
        ({"requests": ["POST /buy"], "check": "GET /stock =="}, "is no check"),
        ({"requests": ["POST /buy"], "check": "GET"}, "'GET' is no check; write \"GET /path == value\""),
        ({"requests": ["POST /buy"], "check": "GET /stock"}, "is no check"),
        ({"requests": ["POST /buy"], "check": "GET /stock >> 0"}, "is no check"),
        ({"requests": ["POST /buy"], "check": "STOK == {}"}, "speaks of STOK, which the app's module does not have"),
        ({"requests": ["POST /buy"], "fixed": True}, "has no fixed app"),
    ],
)
def test_words_that_mean_nothing_say_why(tmp_path: Path, wanted: dict[str, object], said: str) -> None:
    assert said in _refused(_file(tmp_path, APP), **wanted)


def test_a_missing_file_or_module_says_so(tmp_path: Path) -> None:
    assert "no such file" in _refused(str(tmp_path / "none.py"))
    assert "there is no module nowhere_to_be_found here" in _refused("nowhere_to_be_found:x")


def test_scenarios_are_listed(tmp_path: Path) -> None:
    file = _file(tmp_path, 'a = Scenario("first", goal="see it")\nmore = [Scenario("second")]')
    assert list_scenarios(file) == [("a", "first", "see it"), ("second", "second", "")]


def test_an_app_that_runs_itself_when_it_is_imported_is_listed_too(tmp_path: Path) -> None:
    file = _file(tmp_path, 'Flask("shop").run(port=0)\na = Scenario("first")')
    assert list_scenarios(file) == [("a", "first", "")]


def test_an_exception_in_a_view_is_the_verdict_with_its_place(tmp_path: Path) -> None:
    source = """
def create_app():
    app = Flask("x")
    @app.get("/")
    def index():
        return {}["missing"]
    return app
SCENARIO = Scenario("x", create_app, {"alice": get("/")})
"""
    with staged(tmp_path, source) as session:
        finish(session, 0)
        verdict = session.moment.verdict
        assert (verdict.kind, verdict.text) == ("status", "alice got 500: program.py:11: KeyError: 'missing'")
        assert verdict.place[1:] == (11, "create_app.index")


def test_a_check_that_fails_itself_decides_nothing(tmp_path: Path) -> None:
    source = 'SCENARIO = Scenario("x", None, {"alice": lambda: None}, check=lambda outcome: nonsense)\n'
    with staged(tmp_path, source) as session:
        finish(session, 0)
        verdict = session.moment.verdict
        assert verdict.kind == "inconclusive"
        assert verdict.text == "the check itself failed: program.py:6: NameError: name 'nonsense' is not defined"


def test_what_the_app_prints_is_seen_and_does_not_disturb(tmp_path: Path) -> None:
    source = """
def first():
    print("hello \\x1b[31m")
    time.sleep(1)
SCENARIO = Scenario("x", None, {"alice": first})
"""
    with staged(tmp_path, source) as session:
        session.step(0)
        assert session.moment.output == "hello \x1b[31m\n"
        finish(session, 0)
        assert session.moment.output == ""


def test_time_and_chance_are_the_same_in_every_run(tmp_path: Path) -> None:
    source = """
import datetime, os, random, secrets, uuid
from time import monotonic
seen = {}
def first():
    seen["all"] = [
        random.random(), random.Random().random(), str(uuid.uuid4()), secrets.token_hex(4), time.time(),
        monotonic(), datetime.datetime.now().isoformat(), datetime.datetime.now(datetime.timezone.utc).year,
    ]
    time.sleep(1)
SCENARIO = Scenario("x", None, {"alice": first}, watch=["seen['all'][:4]", "seen['all'][6]"])
"""
    with staged(tmp_path, source) as session:
        assert not session.note
        finish(session, 0)
        before = session.moment.watched
    with staged(tmp_path, source) as session:
        finish(session, 0)
        assert session.moment.watched == before
        assert before[1].text.startswith("'2026-01-01T00:00:00")
    with staged(tmp_path, source, seed=5) as session:
        finish(session, 0)
        other = session.moment.watched
        assert all(one != two for one, two in zip(before[0].text.split(", "), other[0].text.split(", "), strict=True))
    with staged(tmp_path, source.replace("watch=", "seed=5, watch=")) as session:
        finish(session, 0)
        assert session.moment.watched == other


def test_a_prepared_copy_stands_where_one_goes_on(tmp_path: Path) -> None:
    source = f"""{APP}
SCENARIO = Scenario("x", create_app, {{"alice": post("/buy"), "bob": post("/buy")}}, watch=["STOCK['left']"])
"""
    with staged(tmp_path, source) as session:
        runs = []
        for prepared in (False, True):
            session.restart()
            session.root.children.clear()
            play(session, 0, 1, 0, 0, 1, 1)
            if prepared:
                session.undo(3)
                session.prepare()
                session.redo(3)
                session.prepare()
                session.prepare()
                waiting = session._runner._ahead
            session.undo()
            session.here.children.clear()
            done = play(session, 0)
            assert not prepared or session._runner._copy is waiting
            done += finish(session, 0) + finish(session, 1)
            runs.append((done, session.moment))
        assert runs[0] == runs[1]
        assert session.moment.watched[0].text == "-1"
        session.undo(4)
        session.prepare()
        assert session._runner._ahead is not waiting
        session.set_stops(Stops.SYNC)
        finish(session, 0)
        assert session.moment.actors[0].status == "done"


def test_a_prepared_copy_that_diverges_says_so(tmp_path: Path) -> None:
    source = """
import os
def first():
    for number in range(3):
        time.sleep(1 + os.getpid() % 1000 * (number == 2))
SCENARIO = Scenario("x", None, {"alice": first})
"""
    with staged(tmp_path, source) as session:
        play(session, 0, 0, 0, 0)
        session.prepare()
        session.undo()
        session.here.children.clear()
        with pytest.raises(WeftError, match="not deterministic"):
            session.step(0)


def test_nothing_stays_behind(tmp_path: Path) -> None:
    source = 'SCENARIO = Scenario("x", None, {"alice": lambda: time.sleep(1), "bob": lambda: None})\n'
    with staged(tmp_path, source) as session:
        session.step(0)
        time.sleep(0.1)
        group = session._runner._process.pid
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("a process is still there")


def test_a_run_that_is_killed_is_an_error_and_the_next_one_works(tmp_path: Path) -> None:
    source = """
import os
def first():
    os._exit(1)
SCENARIO = Scenario("x", None, {"alice": first, "bob": lambda: None})
"""
    with staged(tmp_path, source) as session:
        with pytest.raises(WeftError, match="ended"):
            session.step(0)
        finish(session, 1)
        assert session.moment.actors[1].status == "done"


def test_an_app_among_the_installed_packages_of_the_folder_is_the_apps_too(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / ".venv" / "site-packages" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "app.py").write_text(HEAD + APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{package.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with staged(tmp_path, "", target="shop.app:create_app", requests=["POST /buy", "POST /buy"]) as session:
        assert play(session, 0) == ["start"]
        assert upcoming(session)["alice"] == 'read STOCK["left"]'


def test_a_function_that_makes_a_scenario_names_it(tmp_path: Path) -> None:
    source = f"""{APP}
def bought(times=1):
    return Scenario("bought", create_app, {{"alice": [post("/buy")] * times}})
"""
    with staged(tmp_path, source, target=f"{tmp_path / 'program.py'}:bought") as session:
        assert session.info.name == "bought"
        finish(session, 0)
        assert session.moment.verdict.kind == "holds"


def test_the_apps_files_may_lie_elsewhere_than_the_scenarios(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "shelf_of_shop.py").write_text("STOCK = {'left': 1}\ndef buy():\n    STOCK['left'] -= 1\n")
    (tmp_path / "tests").mkdir()
    source = """
from shelf_of_shop import buy
SCENARIO = Scenario("x", None, {"alice": buy, "bob": buy})
"""
    wanted = {"root": str(tmp_path), "paths": [str(tmp_path / "src")]}
    with staged(tmp_path / "tests", source, **wanted) as session:
        play(session, 0)
        assert upcoming(session)["alice"] == 'read STOCK["left"]'


FILES = """
from weft.stage import folder
SEEN = []
def setup():
    SEEN.append(1)
    (folder() / "left").write_text("2")
def take():
    left = int((folder() / "left").read_text())
    time.sleep(1)
    (folder() / "left").write_text(str(left - 1))
SCENARIO = Scenario("x", None, {"alice": take, "bob": take}, setup=setup,
                    check=lambda outcome: len(SEEN) == 1 and (folder() / "left").read_text() == "0")
"""


def test_the_setup_makes_the_files_of_each_run_anew_in_a_folder_of_its_own(tmp_path: Path) -> None:
    process = AppProcess(_file(tmp_path, FILES))
    try:
        assert process.note == ""
        for interpreter in As:
            executions = Executions(process, Stops.SYNC, interpreter)
            verdicts = [executions.execute(Plan(path)).verdict for path in ((0, 0, 1, 1), (0, 1, 0, 1)) * 2]
            assert executions.alike
            assert [verdict and verdict[0] for verdict in verdicts] == ["holds", "invariant"] * 2
        made = list(Path(process._folder).glob("*/*"))
        assert 0 < len(made) <= 2
    finally:
        process.close()
    assert not Path(process._folder).exists()


def test_a_setup_that_fails_is_said_when_the_scenario_is_loaded(tmp_path: Path) -> None:
    source = 'def setup(): raise OSError("no room")\nSCENARIO = Scenario("x", None, {"alice": print}, setup=setup)'
    with pytest.raises(WeftError, match=r"^the setup cannot be made ready: program\.py:\d+: OSError: no room$"):
        AppProcess(_file(tmp_path, source))


def test_the_setup_and_the_check_see_the_time_and_the_chance_of_the_run(tmp_path: Path) -> None:
    source = """
import uuid
SEEN = []
def setup():
    SEEN[:] = [time.gmtime(time.time())[:4], uuid.uuid4()]
def check(outcome):
    raise AssertionError(f"{SEEN} {time.gmtime(time.time())[:4]}")
SCENARIO = Scenario("x", None, {"alice": lambda: time.sleep(3600)}, setup=setup, check=check)
"""
    verdicts = set()
    for _ in range(2):
        with staged(tmp_path, source) as session:
            finish(session, 0)
            verdicts.add(session.moment.verdict.text)
    (text,) = verdicts
    assert text.startswith("[(2026, 1, 1, 0), UUID(")
    assert text.endswith(" (2026, 1, 1, 1)")


def test_a_connection_to_a_file_that_was_opened_too_early_is_said(tmp_path: Path) -> None:
    source = """
import sqlite3
database = sqlite3.connect("FILE", check_same_thread=False)
SCENARIO = Scenario("x", None, {"alice": lambda: database.execute("SELECT 1")})
"""
    for file, said in ((str(tmp_path / "shop.db"), "in a copy of the process: shop.db;"), (":memory:", "")):
        with staged(tmp_path, source.replace("FILE", file)) as session:
            assert said in session.note
            assert bool(said) == bool(session.note)
