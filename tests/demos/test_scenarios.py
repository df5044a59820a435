"""Each scenario shows its bug, step by step, on every Python; and its fixed app holds whoever moves when."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

import weft_demos
from weft.stage import Outcome, Response, Scenario, private
from weft.stage.moment import As, Verdict
from weft.stage.process import AppProcess
from weft.stage.session import Choice, Order, Session


class Bug(NamedTuple):
    """The steps to a bug, one "ACTOR OPERATION" a line, and how the run ends."""

    steps: str
    kind: str
    sentence: str

    def choices(self, session: Session) -> list[Choice]:
        names = list(session.info.actors)
        words = [line.split(maxsplit=1) for line in self.steps.strip().splitlines()]
        return [Choice(names.index(actor), _kind(text), text) for actor, text in words]


def _kind(text: str) -> str:
    word = text.split()[0]
    if " session:" in text:
        return {"get": "read", "set": "write"}[word]
    return {"SELECT": "read", "UPDATE": "write", "COMMIT": "commit", "GET": "read", "SET": "write"}.get(word, word)


BUGS = {
    "changed-dict": Bug(
        """
        alice start
        alice read online
        alice read online
        alice read online[name]
        carol start
        carol write online[name]
        carol respond 204
        alice read online
        alice respond 500
        """,
        "status",
        "alice got 500: changed_dict.py:LINE: RuntimeError: dictionary changed size during iteration",
    ),
    "connection-pool": Bug(
        """
        alice start
        alice get from pool.free
        bob start
        bob get from pool.free
        alice sleep 0.01 s
        bob sleep 0.01 s
        """,
        "deadlock",
        "nobody can go on: alice waits for something in pool.free; bob waits for something in pool.free",
    ),
    "deadlock": Bug(
        """
        alice start
        alice acquire accounts[1].lock
        bob start
        bob acquire accounts[2].lock
        """,
        "deadlock",
        "nobody can go on: alice waits for accounts[2].lock, held by bob since deadlock.py:LINE; "
        "bob waits for accounts[1].lock, held by alice since deadlock.py:LINE",
    ),
    "leaked-global": Bug(
        """
        bob start
        bob write current_user
        alice start
        alice write current_user
        bob read current_user
        bob respond 200
        alice read current_user
        alice respond 200
        """,
        "invariant",
        "bob sees the account of alice",
    ),
    "livelock": Bug(
        """
        alice start
        bob start
        alice acquire office.room
        bob acquire office.projector
        alice try office.projector
        bob try office.room
        alice release office.room
        bob release office.projector
        """,
        "livelock",
        "alice and bob go on for ever without getting anywhere: acquire office.",
    ),
    "lost-session": Bug(
        """
        tab start
        tab get session:tabs
        other start
        other get session:tabs
        tab set session:tabs
        tab respond 204
        other set session:tabs
        other respond 204
        """,
        "invariant",
        "a loom and yarn were put into the cart, in it is yarn",
    ),
    "lost-update": Bug(
        """
        alice start
        alice read article.likes
        bob start
        bob read article.likes
        bob write article.likes
        bob respond 204
        alice write article.likes
        alice respond 204
        """,
        "invariant",
        "2 visitors liked the article, its counter says 1",
    ),
    "lost-update-sql": Bug(
        """
        alice start
        alice SELECT left FROM stock WHERE item = ?
        bob start
        bob SELECT left FROM stock WHERE item = ?
        bob UPDATE stock SET left = ? WHERE item = ?
        bob COMMIT
        alice UPDATE stock SET left = ? WHERE item = ?
        alice COMMIT
        """,
        "invariant",
        "3 looms were in stock and 2 were sold, the database says 2 are left",
    ),
    "lost-update-redis": Bug(
        """
        alice start
        alice GET likes
        bob start
        bob GET likes
        bob SET likes
        bob respond 204
        alice SET likes
        alice respond 204
        """,
        "invariant",
        "2 visitors liked the article, Redis has counted 1",
    ),
    "lost-wakeup": Bug(
        """
        customer start
        customer read order.paid
        bank start
        bank acquire order.changed
        bank write order.paid
        bank notify all of order.changed
        bank release order.changed
        bank respond 204
        customer acquire order.changed
        customer wait for order.changed
        """,
        "deadlock",
        "nobody can go on: customer waits for order.changed to be notified",
    ),
    "oversell": Bug(
        """
        alice start
        alice read item.stock
        bob start
        bob read item.stock
        alice sleep 0.3 s
        alice read item.stock
        alice write item.stock
        alice respond 201
        bob sleep 0.3 s
        bob read item.stock
        bob write item.stock
        bob respond 201
        """,
        "invariant",
        "1 loom was in stock, 2 were sold",
    ),
    "philosophers": Bug(
        """
        plato start
        plato acquire table.red
        hypatia start
        hypatia acquire table.green
        kant start
        kant acquire table.blue
        """,
        "deadlock",
        "nobody can go on: plato waits for table.green, held by hypatia since philosophers.py:LINE; "
        "hypatia waits for table.blue, held by kant since philosophers.py:LINE; "
        "kant waits for table.red, held by plato since philosophers.py:LINE",
    ),
}


@contextmanager
def on_stage(name: str, *, fixed: bool = False, interpreter: As = As.FREE_THREADED) -> Iterator[Session]:
    runner = AppProcess(weft_demos.scenarios()[name], fixed=fixed)
    assert not runner.note
    try:
        yield Session(runner, interpreter=interpreter)
    finally:
        runner.close()


def load(name: str) -> Scenario:
    module, _, variable = weft_demos.scenarios()[name].partition(":")
    scenario: Scenario = getattr(importlib.import_module(module), variable)
    return scenario


def ended(session: Session) -> Verdict:
    """Run all in turn until the run ends, if it has not; return how."""
    session.run_all(Order.ROUND_ROBIN)
    assert session.moment.verdict is not None
    return session.moment.verdict


def steps(session: Session) -> str:
    """The steps made so far, one "ACTOR OPERATION" a line."""
    names = session.info.actors
    return "\n".join(f"{names[node.actor]} {node.operation.text}" for node in session.here.path() if node.operation)


# what there is


def test_each_scenario_has_its_bug_here() -> None:
    assert list(weft_demos.scenarios()) == list(weft_demos.described()) == sorted(BUGS)
    assert weft_demos.scenarios()["lost-update"] == "weft_demos.lost_update:SCENARIO"
    assert not {name.replace("-", "_") for name in BUGS} & set(weft_demos.names())


def test_scenarios_are_found_without_an_import() -> None:
    code = (
        "import sys, weft_demos as w; w.scenarios(), w.described(); print([m for m in sys.modules if m[:6] == 'flask'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", BUGS)
def test_a_scenario_fits_on_a_page_and_explains_itself(name: str) -> None:
    scenario = load(name)
    file = Path(str(sys.modules[scenario.app.__module__].__file__))
    assert len(file.read_text("utf-8").splitlines()) < 90
    assert weft_demos.described()[name].endswith(".")
    assert scenario.goal.endswith(".")
    assert len(scenario.hints) == 3
    assert all(len(hint) < 120 for hint in scenario.hints)
    assert 300 < len(scenario.lesson) < 500


# without the stage


def app_of(scenario: Scenario, twin: str):
    app = getattr(scenario, twin)()
    if scenario.setup is not None:
        private.anew()
        scenario.setup(app)
    app.testing = True
    return app


@pytest.mark.parametrize("twin", ["app", "fixed"])
@pytest.mark.parametrize("name", BUGS)
def test_all_is_well_as_long_as_one_request_comes_after_another(name: str, twin: str) -> None:
    scenario = load(name)
    app = app_of(scenario, twin)
    outcome = Outcome(app, {})
    for actor in reversed(scenario.actors):  # the bank first, or its customer waits for ever
        (act,) = scenario.acts(actor)
        outcome.responses[actor] = outcome.request(act.method, act.path, **act.options)
        assert outcome.responses[actor].status in (200, 201, 204, 409)
    if scenario.check is not None:
        scenario.check(outcome)


@pytest.mark.parametrize("name", BUGS)
def test_the_fixed_app_holds_with_threads_of_its_own(name: str) -> None:
    scenario = load(name)
    outcome = Outcome(app_of(scenario, "fixed"), {})
    answers: dict[str, Response] = {}

    def ask(actor: str) -> None:
        (act,) = scenario.acts(actor)
        answers[actor] = outcome.request(act.method, act.path, **act.options)

    threads = [threading.Thread(target=ask, args=[actor], daemon=True) for actor in scenario.actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers.keys() == set(scenario.actors)
    if scenario.check is not None:
        scenario.check(Outcome(outcome.app, answers))


# on the stage


@pytest.mark.parametrize("interpreter", list(As))
@pytest.mark.parametrize("name", BUGS)
def test_these_steps_lead_to_the_bug_with_and_without_the_gil(name: str, interpreter: As) -> None:
    bug = BUGS[name]
    with on_stage(name, interpreter=interpreter) as session:
        for choice in bug.choices(session):
            assert session.follow(choice), f"{choice}: {session.refusal(choice.actor)}"
        assert steps(session).split("\n") == [line.strip() for line in bug.steps.strip().splitlines()]
        verdict = ended(session)
    assert verdict.kind == bug.kind
    assert re.sub(r"\.py:\d+", ".py:LINE", verdict.text).startswith(bug.sentence)


@pytest.mark.parametrize("name", BUGS)
def test_the_fixed_app_holds_along_the_same_steps(name: str) -> None:
    with on_stage(name, fixed=True) as session:
        for choice in BUGS[name].choices(session):
            session.follow(choice)
        assert ended(session).kind == "holds"


@pytest.mark.parametrize("name", BUGS)
def test_the_fixed_app_holds_in_any_order(name: str) -> None:
    with on_stage(name, fixed=True) as session:
        assert ended(session).kind == "holds"
        orders = {steps(session)}
        for _ in range(10):
            session.restart()
            session.run_all(Order.RANDOM)
            assert ended(session).kind == "holds", steps(session)
            orders.add(steps(session))
        assert len(orders) > 2


@pytest.mark.parametrize("name", BUGS)
def test_the_keys_of_the_last_hint_lead_to_the_bug(name: str) -> None:
    with on_stage(name) as session:
        keys = " ".join(re.findall(r"(?:press|:) ([1-9](?: [1-9])+)", session.info.hints[-1]))
        assert keys
        for key in keys.split():
            session.step(int(key) - 1)
        assert ended(session).kind == BUGS[name].kind


@pytest.mark.parametrize("name", sorted(BUGS.keys() - {"lost-wakeup"}))
def test_one_after_another_shows_nothing(name: str) -> None:
    with on_stage(name) as session:
        for actor in range(len(session.info.actors)):
            while not session.refusal(actor):
                session.step(actor)
        assert ended(session).kind == "holds"


def test_the_oversold_shop_sells_on_the_fixed_app_once() -> None:
    with on_stage("oversell") as session:
        for choice in BUGS["oversell"].choices(session):
            session.follow(choice)
        fixed = session.on_fixed()
        try:
            assert ended(fixed).kind == "holds"
            assert [view.why[:3] for view in fixed.moment.actors] == ["201", "409"]
        finally:
            fixed.close()
