"""The search finds what breaks each demo, without a hint, and that nothing breaks its fixed twin."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search import verdicts
from weft.stage.search.execution import Execution, Plan
from weft.stage.search.searching import Budget, Report, Search
from weft.stage.session import Session


def search(
    target: str, *, interpreter: As = As.FREE_THREADED, fixed: bool = False, budget: Budget | None = None
) -> Report:
    process = AppProcess(target, fixed=fixed)
    try:
        return Search(Executions(process, Stops.ACCESS, interpreter), budget or Budget(60)).run()
    finally:
        process.close()


def _file(folder: Path, source: str) -> str:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("demo", "kind", "switches"),
    [
        ("oversell", "invariant", 2),
        ("lost_update", "invariant", 2),
        ("lost_update_sql", "invariant", 2),
        ("lost_update_redis", "invariant", 2),
        ("lost_session", "invariant", 2),
        ("leaked_global", "invariant", 2),
        ("deadlock", "deadlock", 1),
        ("livelock", "livelock", 3),
        ("philosophers", "deadlock", 2),
        ("lost_wakeup", "deadlock", 2),
        ("connection_pool", "deadlock", 1),
        ("changed_dict", "status", 2),
    ],
)
def test_the_bug_of_each_demo_is_found_and_none_in_its_fixed_twin(demo: str, kind: str, switches: int) -> None:
    target = f"weft_demos.{demo}:SCENARIO"
    report = search(target)
    assert (report.verdict, report.kind, report.switches) == ("fails", kind, switches)
    report = search(target, fixed=True)
    assert (report.verdict, report.text, report.left) == ("holds", "", 0)


def test_what_this_interpreter_cannot_do_is_no_failure_for_it(tmp_path: Path) -> None:
    source = """
class Page: likes = 0
page = Page()
def like():
    page.likes += 1
SCENARIO = Scenario("x", None, {"alice": like, "bob": like}, check=lambda outcome: page.likes == 2)
"""
    report = search(_file(tmp_path, source), interpreter=As.THIS)
    assert (report.verdict, report.executions) == ("holds", 2)
    report = search(_file(tmp_path, source))
    assert (report.verdict, report.kind) == ("fails", "invariant")
    source = source.replace("page.likes += 1", "likes = page.likes\n    str.upper('a')\n    page.likes = likes + 1")
    assert search(_file(tmp_path, source), interpreter=As.THIS).verdict == "fails"


@pytest.mark.parametrize(("sections", "orders"), [(2, 6), (3, 20)])
def test_locked_sections_are_tried_in_every_order_once(tmp_path: Path, sections: int, orders: int) -> None:
    source = f"""
lock, seen = threading.Lock(), []
def act(name):
    for _ in range({sections}):
        with lock:
            seen.append(name)
SCENARIO = Scenario("x", None, {{"alice": lambda: act("a"), "bob": lambda: act("b")}})
"""
    report = search(_file(tmp_path, source))
    assert (report.verdict, report.orders) == ("holds", orders)


def test_what_was_passed_without_a_stop_is_learned_and_tried_again(tmp_path: Path) -> None:
    source = """
flag, seen = {"up": False}, {"n": 0}
def first():
    flag["up"] = True
    time.sleep(1)
    flag["up"] = False
def second():
    if flag["up"]:
        number = seen["n"]
        seen["n"] = number + 1
def third():
    if flag["up"]:
        number = seen["n"]
        seen["n"] = number + 1
SCENARIO = Scenario("x", None, {"alice": first, "bob": second, "carol": third},
                    check=lambda outcome: seen["n"] != 1 or not flag.get("both"))
"""
    report = search(_file(tmp_path, source))
    assert report.verdict == "holds"
    source = source.replace('seen["n"] != 1 or not flag.get("both")', 'seen["n"] != 2')
    assert search(_file(tmp_path, source)).kind == "invariant"


def test_what_a_thread_does_after_the_last_response_could_have_been_done_before(tmp_path: Path) -> None:
    source = """
class Page: likes, seen = 0, 0
page = Page()
def count():
    page.likes = 1
def first():
    threading.Thread(target=count).start()
    page.seen = page.likes
SCENARIO = Scenario("x", None, {"alice": first}, check=lambda outcome: page.seen == 0)
"""
    report = search(_file(tmp_path, source))
    assert (report.verdict, report.kind, report.switches) == ("fails", "invariant", 2)
    source = source.replace("page.seen == 0", "page.seen < 2")
    report = search(_file(tmp_path, source))
    assert (report.verdict, report.left) == ("holds", 0)
    source = source.replace("page.likes = 1", "while True:\n        page.likes = 1\n        time.sleep(1)")
    assert search(_file(tmp_path, source), budget=Budget(60, 30)).kind == ""


@pytest.mark.parametrize("looks", ["third", "first"])
@pytest.mark.parametrize("put", ['keys["{}"] = 1', 'keys.setdefault("{}", 1)', 'counts["{}"] += 1'])
def test_keys_get_into_a_dict_in_every_order_where_somebody_looks(tmp_path: Path, looks: str, put: str) -> None:
    source = f"""
from collections import defaultdict
keys, counts, seen = {{}}, defaultdict(int), []
def first():
    {put.format("a")}
    {"look()" if looks == "first" else "pass"}
def second():
    {put.format("b")}
def look():
    seen.append(list({put.partition("[")[0].partition(".")[0]}))
SCENARIO = Scenario("x", None, {{"alice": first, "bob": second{', "carol": look' if looks == "third" else ""}}},
                    check=lambda outcome: seen != [["b", "a"]])
"""
    assert search(_file(tmp_path, source)).kind == "invariant"
    report = search(_file(tmp_path, source.replace('["b", "a"]', '["c"]')))
    assert (report.verdict, report.assumed) == ("holds", ())


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("jobs.get(timeout=1)", "a timeout ends only when nobody else can move: get from jobs"),
        (
            "while not flag['up']: time.sleep(1)",
            "a loop that came back to the same state goes on when others have moved: bob",
        ),
        ("flag.get(*key)", ""),
        ("flag['down'] = True", "in which order keys get into a dict is searched for only where the app looks"),
        ("flag['up'] = True", ""),
        ("pick().update(up=True)", "not followed, as only running the app's code could tell what it touches: pick()"),
    ],
)
def test_what_a_proof_depends_on_is_said(tmp_path: Path, body: str, sentence: str) -> None:
    source = f"""
flag, key, jobs = {{"up": False}}, ("up",), queue.Queue()
def pick():
    return flag
def first():
    flag["up"] = flag["by"] = True
    jobs.put(1)
def second():
    {body}
SCENARIO = Scenario("x", None, {{"alice": first, "bob": second}})
"""
    process = AppProcess(_file(tmp_path, source))
    try:
        report = Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60)).run()
        session = Session(process)
        said = verdicts.relative(session, report)
        assert report.verdict == "holds"
        assert any(line.startswith(sentence) for line in said) if sentence else not said
        assert verdicts.as_json(session, report, {})["relative"] == said
        assert not said or said[0] in verdicts.as_text(session, report)
    finally:
        process.close()


def test_who_fails_for_a_reason_that_is_not_seen_is_still_told(tmp_path: Path) -> None:
    source = """
class Page: hits = 0
page = Page()
def counting():
    while True:
        page.hits += 1
        yield
visits = counting()
def visit(): next(visits)
SCENARIO = Scenario("x", None, {"alice": visit, "bob": visit})
"""
    report = search(_file(tmp_path, source))
    assert (report.verdict, report.kind) == ("fails", "exception")
    assert "generator already executing" in report.text


def test_what_waits_elsewhere_proves_nothing(tmp_path: Path) -> None:
    source = """
import os
ends = os.pipe()
def first():
    os.read(ends[0], 1)
SCENARIO = Scenario("x", None, {"alice": first, "bob": lambda: None})
"""
    report = search(_file(tmp_path, source), budget=Budget(60, 3))
    assert report.verdict == "inconclusive"
    assert "alice waited, or computed, where the stage does not see it" in report.text


def test_a_budget_that_is_spent_proves_nothing_and_says_so() -> None:
    report = search("weft_demos.philosophers:SCENARIO", fixed=True, budget=Budget(60, 4))
    assert (report.verdict, report.executions, report.sampled) == ("inconclusive", 4, 2)
    assert report.text.startswith("the budget was spent before all orders were tried:")


class Skewed:
    """Two threads; fails when the short one's only step falls into a small window of the long one."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []

    def execute(self, plan: Plan) -> Execution:
        self.plans.append(plan)
        return Execution([], (), ("holds", ""), diverged="step 1: whatever" if not plan.policy.startswith("p") else "")

    def learn(self, sites: object) -> None:
        raise AssertionError


def test_an_app_that_is_not_deterministic_is_sampled() -> None:
    executor = Skewed()
    report = Search(executor, Budget(60, 9)).run()
    assert report.verdict == "inconclusive"
    assert report.text == "the app is not deterministic: step 1: whatever"
    assert [plan.policy for plan in executor.plans[1:5]] == ["pos", "pct", "pos", "walk"]
    assert len({plan.seed for plan in executor.plans[1:]}) == 8
