"""The search from the stepping screen: its choice, its progress, and the branch that it adds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from support.stage_bench import StageBench, press, settle
from support.staging import HEAD
from weft.stage.process import AppProcess
from weft.stage.session import Session
from weft_tui.stage.app import StageApp
from weft_tui.stage.choose import ChooseScreen

OVERSELL = "weft_demos.oversell:SCENARIO"


class RealBench(StageBench):
    """A stage with a real app's process."""

    def __init__(self, target: str, *, fixed: bool = False) -> None:
        StageApp.__init__(self, lambda: Session(AppProcess(target, fixed=fixed)))


@asynccontextmanager
async def searching(target: str, *keys: str, fixed: bool = False) -> AsyncIterator[tuple[RealBench, Pilot[None]]]:
    app = RealBench(target, fixed=fixed)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot)
        await press(app, pilot, *keys)
        yield app, pilot


async def test_the_failing_order_becomes_the_branch_that_is_looked_at() -> None:
    async with searching(OVERSELL, "/") as (app, pilot):
        assert app.seen.verdict.kind == "invariant"
        assert "found after" in app.text("advice")
        assert "INVARIANT BROKEN" in app.text("notice")
        assert app.seen.at == app.seen.steps > 5
        await press(app, pilot, "U")
        assert app.seen.at < app.seen.steps
        await press(app, pilot, "home", "2", "1")  # going on from there runs anew
        assert app.steps()[0].startswith("2 start")
        assert app.seen.branches == 2


async def test_behind_the_steps_made_they_stay() -> None:
    async with searching(OVERSELL, "2", "2", "1", "/") as (app, pilot):
        before = app.steps()
        assert isinstance(app.screen, ChooseScreen)
        await press(app, pilot, "enter")
        assert app.seen.verdict.kind == "invariant"
        assert app.steps()[:3] == before
        assert app.seen.branches == 1


async def test_from_the_beginning_all_orders_are_tried_and_the_own_branch_stays() -> None:
    async with searching(OVERSELL, "2", "2", "1", "1", "2", "/") as (app, pilot):
        before = app.steps()
        await press(app, pilot, "down", "enter")
        assert app.seen.verdict.kind == "invariant"
        assert app.steps()[:5] != before
        assert app.seen.branches == 2


async def test_what_holds_is_said_and_nothing_else_changes() -> None:
    async with searching(OVERSELL, "1", "1", "/", "enter", fixed=True) as (app, pilot):
        assert "holds in every order of the threads' steps (access stops" in app.text("advice")
        assert "behind the 2 steps that were made" in app.text("advice")
        assert (app.seen.at, app.seen.steps, app.seen.branches) == (2, 2, 1)
        await press(app, pilot, "1")
        assert app.seen.at == 3


async def test_the_dialog_closes_without_a_search() -> None:
    async with searching(OVERSELL, "1", "/", "escape") as (app, _):
        assert (app.seen.at, app.seen.verdict, app.text("advice").count("found")) == (1, None, 0)


async def test_it_searches_at_other_stops_too() -> None:
    async with searching(OVERSELL, "o", "/") as (app, _):
        assert app.seen.verdict.kind == "invariant"
        assert "found after" in app.text("advice")
        assert app.seen.at == app.seen.steps > 5


async def test_a_switch_that_this_interpreter_does_not_make_is_refused() -> None:
    async with searching(OVERSELL, "1", "1", "1", "1", "2", "i", "/", "enter") as (app, _):
        assert "i allows it" in app.text("advice")


async def test_escape_ends_it_with_what_is_known(tmp_path: Path) -> None:
    source = """
seen = {'n': 0}
def act():
    for _ in range(5):
        seen['n'] += 1
SCENARIO = Scenario('many', None, {'a': act, 'b': act, 'c': act}, check=lambda outcome: seen['n'] > 1)
"""
    file = tmp_path / "many.py"
    file.write_text(HEAD + source)
    async with searching(str(file)) as (app, pilot):
        await pilot.press("/")
        async with asyncio.timeout(60):
            while "executions" not in app.text("advice"):
                await pilot.pause(0.01)
        assert app.text("advice").startswith(" searching: ")
        await pilot.press("escape")
        await settle(app, pilot)
        assert "inconclusive: it was stopped before all orders were tried" in app.text("advice")
        await press(app, pilot, "1")
        assert app.steps() == ["1 start"]
