"""Without other characters than ASCII, and without colours, everything is still there and states stay apart."""

from __future__ import annotations

import ast
import io
import itertools
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from textual.pilot import Pilot

import weft
import weft_tui
from support.busy import BusyServer
from support.dashboard import Bench, bench, screen
from support.scripted import shop
from support.stage_bench import press, staged
from support.staged import two_locks
from weft.timeline.text import LEGEND
from weft.timeline.values import State
from weft_tui.cli import cli
from weft_tui.glyphs import AsciiStream, ascii_of
from weft_tui.looks import Looks, of_terminal
from weft_tui.screens.help import IN_ASCII, KEY_NAMES
from weft_tui.stage import marks
from weft_tui.view import Mode
from weft_tui.widgets.scene import LETTERS, SHADES

ASCII = Looks(ascii=True)
UTF8 = {"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "charset", "looks"),
    [
        (UTF8, "utf-8", Looks()),
        ({"TERM": "xterm"}, "UTF-8", Looks()),
        ({**UTF8, "LANG": "C"}, "utf-8", Looks()),
        ({**UTF8, "LC_ALL": "C"}, "utf-8", ASCII),
        ({**UTF8, "LC_ALL": "POSIX"}, "utf-8", ASCII),
        ({**UTF8, "LC_CTYPE": "de_DE.ISO-8859-15@euro"}, "utf-8", ASCII),
        ({**UTF8, "LC_CTYPE": "de_DE.utf8@euro"}, "utf-8", Looks()),
        (UTF8, "iso8859-1", ASCII),
        ({**UTF8, "NO_COLOR": "1"}, "utf-8", Looks(colours=False)),
        ({**UTF8, "NO_COLOR": ""}, "utf-8", Looks()),
        ({**UTF8, "TERM": "dumb"}, "utf-8", Looks(ascii=True, colours=False)),
    ],
)
def test_the_environment_tells_what_a_terminal_can_show(environ: dict[str, str], charset: str, looks: Looks) -> None:
    assert of_terminal(environ, charset) == looks


def test_every_sign_that_we_draw_has_one_in_ascii_of_the_same_width() -> None:
    drawn = set()
    for package in (weft_tui, weft):
        for file in Path(package.__file__).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    drawn |= {sign for sign in node.value if not sign.isascii()}
    assert {"█", "│", "→", "…"} <= drawn
    for sign in drawn - {"\N{VARIATION SELECTOR-16}"}:
        told = ascii_of(sign)
        assert told.isascii(), sign
        assert len(told) == cell_len(sign), sign
        assert set(told) != {"?"} or sign in "\N{REPLACEMENT CHARACTER}⚠", sign


@pytest.mark.parametrize(
    ("text", "told"),
    [("Käufer", "Kaufer"), ("e\u0301te", "ete"), ("店", "??"), ("שלום", "????"), ("🦥", "  "), ("\ufffd[31m", "?[31m")],
)
def test_what_others_have_written_keeps_its_columns(text: str, told: str) -> None:
    assert ascii_of(text) == told
    assert len(told) == cell_len(text)


@pytest.mark.parametrize("shapes", [SHADES, LETTERS])
def test_any_two_states_have_different_signs(shapes: str) -> None:
    assert len(shapes) == len(State)
    assert all(one != other for one, other in itertools.combinations(shapes, 2))


def test_the_letters_are_those_of_the_text_timeline() -> None:
    words = " ".join(LEGEND)
    for state, meaning in ((State.WAIT, "waits"), (State.HOLD, "holds"), (State.RUN, "runs"), (State.IDLE, "idle")):
        assert f"{LETTERS[state]} {meaning}" in words
    assert f"{LETTERS[State.WAIT_HOLD]} the same while it holds" in words
    assert f"{LETTERS[State.HANDOFF]} is handed" in words


def test_marks_that_share_a_place_on_the_stage_stay_apart() -> None:
    for together in (
        [marks.STEP, marks.LAST_STEP, marks.FAILED_STEP, marks.ALIVE, marks.LANE_BLOCKED, marks.LANE_OUTSIDE],
        [marks.NEXT, marks.BLOCKED, marks.OUTSIDE, marks.ANSWERED, marks.WRONG],
        [marks.THIS, marks.FREE_THREADED],
        [marks.EDGE, marks.EDGE_PICKED],
        [marks.OVER, marks.BACK],
    ):
        told = [ascii_of(mark.glyph) for mark in together]
        assert len(set(told)) == len(told), told


def test_keys_are_told_apart() -> None:
    told = [ascii_of(name) for name in {**KEY_NAMES, **IN_ASCII}.values()]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_the_dashboard_is_ascii_whatever_is_looked_at(size: tuple[int, int]) -> None:
    async with bench(shop(names=("Käufer", "店 1", "x", "y")), size=size, looks=ASCII) as (app, pilot):
        for key in (None, *"123456", "v", "v", "question_mark", "escape", "slash", "escape"):
            if key:
                await pilot.press(key)
            assert screen(app).isascii(), key


async def test_states_are_letters_on_their_colours() -> None:
    async with bench(shop(), looks=ASCII) as (app, _):
        text = screen(app)
        assert all(2 * letter in text for letter in "#WX.-")
        assert "WW waits" in text
        strips = app.dashboard.lanes.picture()
        grounds = {segment.style.bgcolor.triplet for strip in strips for segment in strip if segment.text == "XXX"}
        letters = [seg for strip in strips for seg in strip if seg.text.strip("W") == "" and "WW" in seg.text]
        assert letters
        assert all(segment.style.bgcolor.triplet not in grounds for segment in letters)


async def test_without_colours_letters_stand_on_no_ground() -> None:
    async with bench(shop(), looks=Looks(ascii=True, colours=False)) as (app, _):
        lanes = app.dashboard.lanes
        assert all(2 * letter in screen(app) for letter in "#WX.-")
        assert len({segment.style.bgcolor for strip in lanes.picture()[::2] for segment in strip}) <= 2


async def test_it_can_be_switched_while_it_runs() -> None:
    async with bench(shop()) as (app, pilot):
        before = screen(app)
        assert not before.isascii()
        app.draw_in_ascii(True)
        await pilot.pause()
        assert screen(app).isascii()
        app.draw_in_ascii(False)
        await pilot.pause()
        assert screen(app) == before


async def test_the_stage_is_ascii() -> None:
    async with staged(two_locks(), "1", "1", "1", "2", "2", "2", looks=ASCII) as (app, pilot):
        for key in ("u", "v", "escape", "question_mark", "escape", "b"):
            await press(app, pilot, key)
            assert screen(app).isascii(), key


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize("before", [True, False])
def test_reports_are_ascii_where_that_is_asked_for(tmp_path: Path, form: str, before: bool) -> None:
    path = tmp_path / "busy.weft"
    BusyServer(threads=4).write(path, 4_000)
    command = ["report", str(path), "--format", form]
    command = ["--ascii", *command] if before else [*command, "--ascii"]
    result = CliRunner().invoke(cli, command, standalone_mode=False)
    assert result.exit_code == 0, result
    assert result.stdout.isascii()
    assert len(result.stdout) > 1000


def test_a_stream_writes_ascii_and_leaves_the_other_one_open() -> None:
    raw = io.BytesIO()
    other = io.TextIOWrapper(raw, "latin-1")
    stream = AsciiStream(other)
    stream.write("read x → 1 … é\n")
    stream.close()
    del stream
    assert not other.closed
    assert raw.getvalue() == b"read x > 1 ~ e\n"


def test_looks_in_ascii(snap_compare) -> None:
    async def look(pilot: Pilot[None]) -> None:
        await pilot.press("w")

    assert snap_compare(Bench(Mode.REPLAY, shop(), ASCII), terminal_size=(100, 30), run_before=look)
