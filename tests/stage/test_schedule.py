"""Schedule files: labelled by actor and operation, they survive edits and other Pythons, and say where they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.staging import HEAD, finish, play, staged
from weft import WeftError
from weft.stage import schedule as schedules
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.continuing import lead
from weft.stage.search.searching import Budget, Search
from weft.stage.session import Session

SHOP = """
STOCK = {"left": 1}
def create_app():
    app = Flask("shop")
    @app.post("/buy")
    def buy():
        if STOCK["left"] > 0:
            time.sleep(0.1)
            STOCK["left"] -= 1
        return {"left": STOCK["left"]}
    return app
SCENARIO = Scenario("oversell", create_app, {"alice": post("/buy"), "bob": post("/buy")},
                    check=lambda outcome: STOCK["left"] >= 0)
"""
WANTED = {"target": "", "requests": [], "check": "", "seed": None, "fixed": False}


def _saved(folder: Path) -> Path:
    with staged(folder, SHOP) as session:
        play(session, 0, 1, 0, 1)
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "invariant"
        file = folder / "oversell.json"
        file.write_text(schedules.dump(schedules.of(session, {**WANTED, "target": str(folder / "program.py")})))
    return file


def test_a_schedule_reads_well_and_comes_back(tmp_path: Path) -> None:
    file = _saved(tmp_path)
    data = json.loads(file.read_text())
    assert data["steps"][2] == ["alice", "read", 'read STOCK["left"]', "program.py:12 create_app.buy"]
    assert data["outcome"][0] == "invariant"
    assert schedules.load(file).steps[2].actor == "alice"


def test_it_replays_to_the_same_end(tmp_path: Path) -> None:
    known = schedules.load(_saved(tmp_path))
    with staged(tmp_path, SHOP) as session:
        replayed = schedules.replay(session, known)
        assert replayed == (len(known.steps), "", True, [])


def test_it_survives_lines_and_stops_in_between(tmp_path: Path) -> None:
    known = schedules.load(_saved(tmp_path))
    edited = SHOP.replace(
        "        if STOCK",
        "        # a comment\n        lock = threading.Lock()\n        with lock:\n            pass\n        if STOCK",
    )
    with staged(tmp_path, edited) as session:
        replayed = schedules.replay(session, known)
        assert (replayed.followed, replayed.diverged, replayed.same) == (len(known.steps), "", True)
        assert replayed.changed == ["program.py"]


def test_the_first_step_that_is_gone_is_named_and_the_rest_is_tried(tmp_path: Path) -> None:
    known = schedules.load(_saved(tmp_path))
    with staged(tmp_path, SHOP.replace("            time.sleep(0.1)\n", "")) as session:
        replayed = schedules.replay(session, known)
        assert replayed.diverged.startswith(
            "step 5: alice was to sleep 0.1 s at program.py:13 create_app.buy, but is about to "
        )
        assert 4 < replayed.followed < len(known.steps)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no schedule"),
        ("[]", "is no schedule; name a file that `weft step` has saved"),
        ('{"weft_schedule": 9}', "is a schedule of version 9, known is 1"),
        ('{"weft_schedule": 1}', "is a damaged schedule"),
        ('{"weft_schedule": 1, "target": "x", "steps": 3}', "is a damaged schedule"),
    ],
)
def test_what_is_no_schedule_says_so(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(WeftError, match=said.replace("(", r"\(")):
        schedules.load(file)


def test_the_fixed_app_is_played_along_the_same_choices(tmp_path: Path) -> None:
    fixed = """
LOCK = threading.Lock()
def create_fixed():
    app = Flask("shop")
    @app.post("/buy")
    def buy():
        with LOCK:
            if STOCK["left"] > 0:
                time.sleep(0.1)
                STOCK["left"] -= 1
        return {"left": STOCK["left"]}
    return app
"""
    source = SHOP.replace("SCENARIO", fixed + "SCENARIO").replace("check=", "fixed=create_fixed, check=")
    with staged(tmp_path, source) as session:
        play(session, 0, 1, 0, 1)
        finish(session, 0)
        finish(session, 1)
        assert session.moment.verdict.kind == "invariant"
        other = session.on_fixed()
        try:
            assert other.info.running_fixed
            finish(other, 0)
            finish(other, 1)
            assert other.moment.verdict.kind == "holds"
        finally:
            other.close()


def test_a_stop_that_a_search_has_learned_of_is_one_when_its_schedule_is_made_again(tmp_path: Path) -> None:
    source = """
flag, seen, ran = {"up": False}, {"n": 0}, []
def first():
    flag["up"] = True
    time.sleep(1)
    flag["up"] = False
def count():
    box = seen
    if flag["up"]:
        number = box["n"]
        box["n"] = number + 1
        ran.append(1)
SCENARIO = Scenario("x", None, {"alice": first, "bob": count, "carol": count},
                    check=lambda outcome: seen["n"] == len(ran))
"""
    file = tmp_path / "program.py"
    file.write_text(HEAD + source)
    process = AppProcess(str(file))
    session = Session(process)
    try:
        report = Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60)).run()
        session.restart()
        assert session.learned
        session.set_stops(Stops.ACCESS)
        lead(session, report)
        text = schedules.dump(schedules.of(session, {**WANTED, "target": str(file)}))
    finally:
        session.close()
    (tmp_path / "race.json").write_text(text)
    file.write_text(HEAD + "\n\n" + source)  # lines may move
    known = schedules.load(tmp_path / "race.json")
    again = Session(AppProcess(**known.wanted))
    try:
        replayed = schedules.replay(again, known)
        assert (replayed.diverged, replayed.same) == ("", True)
        assert again.moment.verdict.kind == "invariant"
        assert [node.operation.text for node in again.here.path()] == [step.text for step in known.steps]
    finally:
        again.close()
