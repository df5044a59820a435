"""What the keys of the stage do."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from support.stage_bench import StageBench, press, settle, staged
from support.staged import counting, crowd, faulty, last_item, two_locks
from weft.errors import WeftError
from weft.stage.as_trace import STEP_NS
from weft.stage.moment import As, Status, Stops
from weft.stage.session import Session
from weft_tui.commands.staging import write_trace
from weft_tui.stage.choose import ChooseScreen, NameScreen
from weft_tui.stage.compare import CompareScreen
from weft_tui.stage.facts import Facts
from weft_tui.stage.timeline import TimelineScreen
from weft_tui.widgets.inspector import Inspector

BUG = ("1", "1", "2", "2")
"""Both customers have read that one item is left."""


def names(app: StageBench) -> list[str]:
    return [str(branch.number) for branch in app.screen.values]


# steps


async def test_digits_lead_to_a_lost_update() -> None:
    async with staged(last_item(), *BUG) as (app, pilot):
        assert app.steps() == [
            "1 start POST /buy",
            '1 read STATE["stock"]',
            "2 start POST /buy",
            '2 read STATE["stock"]',
        ]
        await press(app, pilot, "a")
        assert app.seen.verdict.kind == "invariant"
        assert "INVARIANT BROKEN" in app.text("notice")
        assert "2 customers have bought it" in app.text("notice")
        assert "u steps back" in app.text("advice")
        assert "✗ 15" in app.text("columns")


async def test_steps_lead_to_a_deadlock_that_is_named_while_another_can_go_on() -> None:
    async with staged(two_locks(), "1", "1", "1", "2", "2", "2") as (app, pilot):
        assert app.seen.moment.stuck == (0, 1)
        assert app.seen.verdict is None
        assert "mover and auditor wait for each other in a circle" in app.text("notice")
        assert "waits for shop.audit_lock, held by" in app.text("columns")
        assert "held by mover" in app.text("facts")
        await press(app, pilot, "a")
        assert app.seen.verdict.kind == "deadlock"
        assert "nobody can go on" in app.text("notice")


async def test_a_digit_selects_and_the_selected_is_stepped() -> None:
    async with staged(last_item(), "2") as (app, pilot):
        assert app.stage.picked == 1
        await press(app, pilot, "space", "left", "enter", "right", "space")
        assert [step[0] for step in app.steps()] == ["2", "2", "1", "2"]
        await press(app, pilot, "right")
        assert app.stage.picked == 0


async def test_refused_moves_say_why() -> None:
    async with staged(two_locks(), "1", "1", "1", "2", "2", "2", "1") as (app, pilot):
        assert "waits for shop.audit_lock" in app.text("advice")
        await press(app, pilot, "7")
        assert "there is no actor 7" in app.text("advice")
        await press(app, pilot, "3")
        assert "no actor" not in app.text("advice")
        await press(app, pilot, "a", "3")
        assert "the run has ended: u steps back, R restarts" in app.text("advice")
        await press(app, pilot, "a")
        assert "the run has ended" in app.text("advice")


async def test_the_gil_holds_others_back() -> None:
    async with staged(last_item(), "1", "1", "i") as (app, pilot):
        assert app.seen.interpreter is As.THIS
        assert "held by the GIL" in app.text("columns")
        await press(app, pilot, "2")
        assert "with the GIL no thread switch happens here" in app.text("advice")
        await press(app, pilot, "1", "2")
        assert len(app.steps()) == 4
        await press(app, pilot, "i")
        assert app.seen.interpreter is As.FREE_THREADED


# running


@pytest.mark.parametrize(
    ("key", "steps"),
    [
        ("r", 3),
        ("F", 3),
        ("l", 1),
    ],
)
async def test_the_selected_actor_runs_on(key: str, steps: int) -> None:
    async with staged(two_locks(), "2", "2", "1") as (app, pilot):
        await press(app, pilot, key)
        assert len(app.steps()) == 3 + {"r": 2, "F": 2, "l": 1}[key]
        assert app.stage.picked == 0


async def test_it_runs_to_the_next_use_of_a_value() -> None:
    async with staged(last_item(), "1") as (app, pilot):
        await pilot.press("x")
        await pilot.pause()
        assert isinstance(app.screen, ChooseScreen)
        await pilot.press("down", "enter")
        await settle(app, pilot)
        assert app.seen.moment.actors[0].next.text == 'read STATE["sold"]'
        await pilot.press("x", "escape")
        await settle(app, pilot)
        assert len(app.steps()) == 3


async def test_all_run_by_chance() -> None:
    async with staged(last_item(), "A") as (app, _):
        assert app.seen.verdict is not None


async def test_escape_stops_a_long_run_and_nothing_else_is_taken_meanwhile() -> None:
    async with staged(counting(10**9)) as (app, pilot):
        inside, go_on = threading.Event(), threading.Event()
        play_on = app.runner.step

        def step(actor: int):
            inside.set()
            go_on.wait(10)
            return play_on(actor)

        app.runner.step = step
        await pilot.press("a")
        inside.wait(10)
        while not app.stage.running:
            await pilot.pause(0.02)
        assert "RUNNING" in app.text("stage-status")
        await pilot.press("1")
        assert "esc stops it" in app.text("advice")
        await pilot.press("escape")
        go_on.set()
        await settle(app, pilot)
        assert 0 < len(app.steps()) < 5_000
        assert not app.stage.running
        assert "stopped" in app.text("advice")
        await press(app, pilot, "1")
        assert app.is_running


async def test_ctrl_c_stops_what_runs_and_otherwise_quits() -> None:
    async with staged(counting(10**9)) as (app, pilot):
        app.stage.running = True
        await press(app, pilot, "ctrl+c")
        app.stage.running = False
        assert app._exit is False
        await pilot.press("ctrl+c")
        assert app._exit
    while not app.runner.closed:
        await asyncio.sleep(0.01)


# looking back


async def test_back_and_forth_run_nothing() -> None:
    async with staged(last_item(), *BUG) as (app, pilot):
        made = app.runner.steps
        await press(app, pilot, "u", "backspace")
        assert app.seen.at == 2
        assert "LOOKING BACK" in app.text("stage-status")
        assert "step 2 of 4" in app.text("stage-status")
        await press(app, pilot, "y", "ctrl+r", "y")
        assert app.seen.at == 4
        assert "nothing followed yet" in app.text("advice")
        await press(app, pilot, "home", "u")
        assert app.seen.at == 0
        assert "this is the beginning" in app.text("advice")
        await press(app, pilot, "end", "up", "k", "down", "j", "pageup", "pagedown")
        assert app.seen.at == 4
        assert app.runner.steps == made
        assert app.runner.starts == 1


async def test_another_choice_starts_another_branch() -> None:
    async with staged(last_item(), *BUG) as (app, pilot):
        await press(app, pilot, "U")
        assert app.seen.at == 2
        await press(app, pilot, "1")
        assert app.seen.branches == 2
        assert "branch 2 of 2" in app.text("stage-status")
        await press(app, pilot, "u", "2")
        assert "branch 1 of 2" in app.text("stage-status")
        assert app.seen.at == 3
        await press(app, pilot, "R")
        assert app.seen.at == 0
        await press(app, pilot, "U")
        assert "nobody was preempted" in app.text("advice")


async def test_all_branches_are_listed_to_go_there() -> None:
    async with staged(last_item(), *BUG, "a", "R", "1", "F", "2", "F") as (app, pilot):
        assert app.seen.verdict.kind == "holds"
        assert "HOLDS" in app.text("notice")
        await press(app, pilot, "b")
        assert names(app) == ["1", "2"]
        table = "\n".join(app.screen.table.render_line(y).text for y in range(4))
        assert "invariant broken" in table
        assert "bob: start POST /buy" in table
        await press(app, pilot, "up", "space")
        assert app.seen.verdict.kind == "invariant"
        assert app.seen.branch == 1


async def test_two_branches_are_compared() -> None:
    async with staged(last_item(), "c") as (app, pilot):
        assert "only this branch" in app.text("advice")
        await press(app, pilot, *BUG, "a", "R", "1", "F", "2", "F", "c")
        assert isinstance(app.screen, CompareScreen)
        text = app.screen.query_one("#comparison")
        lines = [text.render_line(y).text for y in range(text.size.height)]
        assert "branch 2, looked at" in lines[0]
        assert "3 alice write" in next(line for line in lines if "≠" in line)
        assert any("holds" in line and "invariant broken" in line for line in lines)
        await press(app, pilot, "escape", "R", "2", "F", "c")
        assert names(app) == ["1", "2"]
        await press(app, pilot, "enter")
        assert isinstance(app.screen, CompareScreen)
        await press(app, pilot, "c")
        assert app.screen is app.stage


async def test_clicks_select_an_actor_and_look_at_a_step() -> None:
    async with staged(last_item(), *BUG) as (app, pilot):
        await pilot.click("#columns", offset=(10, 5))
        assert app.stage.picked == 0
        await pilot.click("#history", offset=(10, 2))
        await settle(app, pilot)
        assert app.seen.at == 1
        await pilot.click("#history", offset=(10, 12))
        await settle(app, pilot)
        assert app.seen.at == 1


# what is told


async def test_a_newcomer_is_told_what_to_press() -> None:
    async with staged(last_item()) as (app, pilot):
        assert app.text("advice") == " press 1 to give alice a step, 2 for bob; / searches, ? for all keys"
        assert "Sell the last item twice" in app.text("notice")
        await press(app, pilot, "1")
        assert 'space 1 alice: read STATE["stock"]' in app.text("advice")
        await press(app, pilot, "u")
        assert "y goes on as before" in app.text("advice")


async def test_hints_come_one_after_another() -> None:
    async with staged(last_item(), "h") as (app, pilot):
        assert "hint 1 of 2" in app.text("notice")
        await press(app, pilot, "h", "h")
        assert "hint 2 of 2" in app.text("notice")
        assert "that was the last hint" in app.text("advice")
    async with staged(two_locks(), "h") as (app, _):
        assert "no hints" in app.text("advice")


async def test_all_is_revealed_when_asked_for() -> None:
    async with staged(last_item(), *BUG, "a", "v") as (app, pilot):
        told = "\n".join("".join(text for text, _ in line) for line in app.screen.query_one(Inspector).lines)
        assert "8 preemptions" in told
        assert 'preempted alice before write STATE["stock"]: only a free-threaded build can do that' in told
        assert "hold a lock around both" in told
        await press(app, pilot, "pagedown", "pageup", "v")
        assert app.screen is not app.stage
        await press(app, pilot, "escape")
        assert app.screen is app.stage


async def test_the_help_lists_what_there_is() -> None:
    async with staged(two_locks(), "question_mark") as (app, _):
        told = "\n".join("".join(text for text, _ in line) for line in app.screen.query_one(Inspector).lines)
        assert "1 … 9" in told
        assert "A step of that actor" in told
        assert "in the timeline" not in told
        assert "on the fixed app" not in told


async def test_threads_stop_elsewhere() -> None:
    async with staged(last_item(), "1", "1", "o") as (app, pilot):
        assert app.seen.stops is Stops.LINE
        assert "at every line" in app.text("advice")
        assert app.seen.moment.actors[0].next.text == "line 13"
        await press(app, pilot, "o", "o")
        assert app.seen.stops is Stops.SYNC


async def test_the_same_choices_on_the_fixed_app() -> None:
    async with staged(last_item(), *BUG, "f") as (app, pilot):
        assert "the last item, the fixed app" in app.text("stage-status")
        assert "bob cannot move" not in app.text("notice")
        assert "waits for shop.stock_lock, held by alice" in app.text("columns")
        await press(app, pilot, "a")
        assert app.seen.verdict.kind == "holds"
        await press(app, pilot, "f", "a")
        assert app.seen.verdict.kind == "invariant"
        assert "fixed app" not in app.text("stage-status")
    async with staged(two_locks(), "f") as (app, _):
        assert "no fixed app" in app.text("advice")


async def test_what_is_shared_shows_what_changed() -> None:
    async with staged(last_item(), *BUG, "1") as (app, pilot):
        assert "1 → 0" in app.text("facts")
        assert "sold one" in app.text("facts")
        await press(app, pilot, "u")
        assert "→" not in app.text("facts").splitlines()[1]


async def test_the_facts_are_scrolled_with_keys() -> None:
    async with staged(crowd(9), "1", "1", size=(80, 16)) as (app, pilot):
        facts = app.stage.query_one(Facts)
        assert app.focused is None
        assert facts.total() > facts.page
        assert "tab scrolls" in app.text("facts")
        await press(app, pilot, "tab", "down")
        assert facts.top == 1
        await press(app, pilot, "k", "j")
        assert facts.top == 1
        assert app.seen.at == 2
        assert "tab leaves" in app.text("facts")
        await press(app, pilot, "end")
        assert facts.top == facts.total() - facts.page
        await press(app, pilot, "pageup", "home", "pagedown", "pageup")
        assert facts.top == 0
        await press(app, pilot, "2")
        assert app.seen.at == 3
        await press(app, pilot, "shift+tab", "up")
        assert app.seen.at == 2
        await press(app, pilot, "tab", "escape", "up")
        assert app.seen.at == 1


async def test_a_panel_without_values_says_what_would_be_there() -> None:
    async with staged(two_locks(), size=(80, 24)) as (app, _):
        moment = app.seen.moment._replace(shared=())
        app.stage.seen = replace(app.seen, moment=moment)
        assert " ".join(app.text("facts").split()).startswith("shared no value was about to be touched yet")


async def test_an_actor_without_a_digit_is_chosen_from_a_list() -> None:
    async with staged(crowd(9), "0", size=(80, 24)) as (app, pilot):
        rows = [app.screen.table.render_line(y).text for y in range(11)]
        assert "stock-keeper" in rows[10]
        assert "start refill" in rows[10]
        await press(app, pilot, *["down"] * 9, "enter")
        assert app.stage.picked == 9
        await press(app, pilot, "space")
        assert app.steps() == ["10 start refill"]
        assert " 0 stock-keeper" in app.text("advice").replace("space ", "")
        assert " 10 " not in app.text("advice")
        await press(app, pilot, "0", "escape")
        assert app.stage.picked == 9


async def test_more_actors_than_columns() -> None:
    async with staged(crowd(9), "9", size=(80, 24)) as (app, pilot):
        first = app.text("columns").splitlines()[0]
        assert "ann" in first
        assert "ida" in first
        assert "→ read" in app.text("columns")
        assert 8 in app.stage.columns.shown()
        await press(app, pilot, "1")
        assert app.stage.columns.shown()[0] == 0
        await pilot.click("#columns", offset=(20, 0))
        assert app.stage.picked not in (0, 8)


# what happens outside


async def test_what_runs_outside_is_looked_at_again() -> None:
    async with staged(faulty(), "2", "2") as (app, pilot):
        assert app.seen.moment.actors[1].status is Status.OUTSIDE
        assert "runs outside the stage" in app.text("columns")
        app.runner.come_back()
        while app.seen.moment.actors[1].status is Status.OUTSIDE:
            await pilot.pause(0.05)
        assert "respond 200" in app.text("columns")


async def test_an_exception_is_the_end() -> None:
    async with staged(faulty(), "1", "1") as (app, _):
        assert "EXCEPTION" in app.text("notice")
        assert "KeyError: 'stock'" in app.text("columns")


async def test_a_runner_that_has_died_is_told_once() -> None:
    async with staged(last_item(), "1") as (app, pilot):
        app.runner.broken = True
        await press(app, pilot, "1")
        assert "has ended with status 1" in app.text("advice")
        assert app.toasts == []
        await press(app, pilot, "u")
        assert app.seen.at == 0


async def test_a_program_that_does_something_else_says_so() -> None:
    async with staged(last_item(), *BUG) as (app, pilot):
        app.runner.stubborn = 1
        await press(app, pilot, "u", "1")
        assert "step 1 did something else than before" in app.text("advice")
        assert "not deterministic" in app.text("stage-status")
        await press(app, pilot, "y", "v")
        told = "\n".join("".join(text for text, _ in line) for line in app.screen.query_one(Inspector).lines)
        assert "so the app is not deterministic: step 1 did something else than before" in told


async def test_what_cannot_be_started_ends_the_app_with_a_sentence() -> None:
    def factory() -> Session:
        raise WeftError("shop.py cannot be imported")

    from weft_tui.stage.app import StageApp

    app = StageApp(factory)
    async with app.run_test() as pilot:
        while app.failure is None:
            await pilot.pause(0.01)
    assert app.return_code == 2
    assert str(app.failure) == "shop.py cannot be imported"


async def test_keys_do_no_harm_while_the_app_is_being_started() -> None:
    started = threading.Event()

    from weft_tui.stage.app import StageApp

    bench = StageBench(last_item())

    def factory() -> Session:
        started.wait(10)
        return Session(bench.runner)

    app = StageApp(factory)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for key in ("1", "b", "c", "v", "x", "h", "question_mark", "escape", "left", "s", "escape", "o", "U", "t", "f"):
            await pilot.press(key)
        assert app.stage.seen is None
        started.set()
        await settle(app, pilot)
        assert app.stage.seen is not None


# files


async def test_choices_and_pictures_are_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    saved: list[tuple[int, Path]] = []

    def save(session: Session, path: Path) -> None:
        saved.append((session.here.number, path))

    async with staged(last_item(), "1", "s", save_schedule=save) as (app, pilot):
        assert isinstance(app.screen, NameScreen)
        await press(app, pilot, "enter")
        assert app.screen is app.stage
        assert saved == [(1, Path("the-last-item.json"))]
        assert "Saved the-last-item.json" in app.text("advice")
        await press(app, pilot, "s", *["backspace"] * 30, *"one.svg", "enter")
        assert "Saved one-1.svg" in app.text("advice")
        svg = (tmp_path / "one-1.svg").read_text()
        assert svg.startswith("<svg")
        assert "esc&#160;closes" not in svg
        assert app.toasts == []
        await press(app, pilot, "s", "escape", "w")
        assert app.screen is app.stage
        assert "there is no trace" in app.text("advice")


async def test_a_name_that_does_not_do_can_be_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def save(session: Session, path: Path) -> None:
        if path.name == "no.json":
            raise WeftError("no.json: Permission denied; choose another \x1b[31mplace")

    async with staged(last_item(), "1", "s", save_schedule=save) as (app, pilot):
        dialog = app.screen
        wrong = dialog.query_one("#file-wrong", Static)
        await press(app, pilot, *["backspace"] * 30, *"no.json", "enter")
        assert app.screen is dialog
        assert "no.json: Permission denied; choose another" in str(wrong.content)
        assert "\x1b" not in str(wrong.content)
        await press(app, pilot, "backspace")
        assert str(wrong.content) == ""
        await press(app, pilot, *["backspace"] * 30, "enter")
        assert "a file needs a name" in str(wrong.content)
        await press(app, pilot, *"no/where.svg", "enter")
        assert app.screen is dialog
        assert "cannot be written" in str(wrong.content)
        app.stage.long = True
        await press(app, pilot, *["backspace"] * 30, *"a.json", "enter")
        assert "esc stops it" in str(wrong.content)
        app.stage.long = False
        await press(app, pilot, "enter")
        assert app.screen is app.stage
        assert "Saved a.json" in app.text("advice")


async def test_what_went_wrong_is_told_when_the_dialog_is_gone() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def save(session: Session, path: Path) -> None:
        inside.set()
        go_on.wait(10)
        raise WeftError("the disk is full")

    async with staged(last_item(), "s", save_schedule=save) as (app, pilot):
        await pilot.press("enter", "enter")
        inside.wait(10)
        await pilot.press("escape")
        go_on.set()
        await settle(app, pilot)
        assert app.screen is app.stage
        assert "the disk is full" in app.text("advice")


async def test_a_trace_is_written() -> None:
    written: list[Path] = []
    async with staged(last_item(), "w", save_trace=lambda session, path: written.append(path) or "done") as (
        app,
        pilot,
    ):
        await press(app, pilot, "enter")
        assert [path.name for path in written] == ["the-last-item.weft"]
        assert "done" in app.text("advice")


def trace(session: Session, path: Path) -> None:
    write_trace(path, session, whole=True)


async def opened(app: StageBench, pilot: Pilot[None]) -> TimelineScreen:
    """Wait until the timeline has read all."""
    while not isinstance(app.screen, TimelineScreen) or app.screen.status.loaded < 1:
        await pilot.pause(0.01)
    await pilot.pause()
    return app.screen


@pytest.mark.parametrize(("back", "step", "lane"), [(0, 5, "alice"), (1, 4, "bob"), (3, 2, "alice"), (5, 0, "alice")])
async def test_the_timeline_opens_where_the_stage_looks(back: int, step: int, lane: str) -> None:
    async with staged(last_item(), *BUG, "1", *["u"] * back, "t", timeline=trace) as (app, pilot):
        screen = await opened(app, pilot)
        assert (screen.view.cursor_ns - screen.snapshot.start_ns) // STEP_NS == step
        assert screen.snapshot.end_ns - screen.snapshot.start_ns >= 5 * STEP_NS
        assert screen.snapshot.lanes[screen.lane].name == lane


async def test_a_long_run_is_opened_close_to_the_step() -> None:
    async with staged(counting(100), *["1"] * 3, "a", "home", *["down"] * 90, "t", timeline=trace) as (app, pilot):
        screen = await opened(app, pilot)
        assert screen.view.span_ns == 60 * STEP_NS
        assert screen.view.shows(screen.view.cursor_ns)
        assert (screen.view.cursor_ns - screen.snapshot.start_ns) // STEP_NS == 90


@pytest.mark.parametrize(
    "keys", [("escape",), ("q",), ("t",), ("1", "escape", "escape"), ("question_mark", "escape", "t")]
)
async def test_the_timeline_is_left_and_nothing_stays_behind(keys: tuple[str, ...]) -> None:
    async with staged(last_item(), "1", "t", timeline=trace) as (app, pilot):
        screen = await opened(app, pilot)
        folder = screen.path.parent
        assert screen.path.stat().st_size
        assert folder.stat().st_mode & 0o077 == 0
        await pilot.press(*keys)
        await settle(app, pilot)
        assert app.screen is app.stage
        assert not folder.exists()
        await press(app, pilot, "1")
        assert app.seen.at == 2


async def test_a_timeline_that_cannot_be_written_says_so() -> None:
    def full(session: Session, path: Path) -> None:
        raise WeftError(f"{path.parent}: no space")

    async with staged(last_item(), "1", "t", timeline=full) as (app, _):
        assert app.screen is app.stage
        told = app.text("advice").strip()
        assert "no space" in told
        assert not Path(told.partition(":")[0]).exists()
