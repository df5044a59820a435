"""How the stage looks. After a wanted change: pytest tests/tui/stage/test_pictures.py --snapshot-update."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from support.stage_bench import StageBench, press, settle, staged
from support.staged import Script, crowd, hostile, last_item, two_locks

BUG = ("1", "1", "2", "2")
LOCKED = ("1", "1", "1", "2", "2", "2")


def pressing(*keys: str, theme: str = "textual-dark"):
    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, StageBench)
        app.theme = theme
        await settle(app, pilot)
        await press(app, pilot, *keys)

    return run


@pytest.mark.parametrize(
    ("script", "size", "theme", "keys"),
    [
        pytest.param(last_item(), (80, 24), "textual-dark", (), id="begin-narrow"),
        pytest.param(last_item(), (80, 24), "textual-dark", BUG, id="narrow"),
        pytest.param(last_item(), (120, 40), "textual-dark", (*BUG, "1"), id="wide"),
        pytest.param(last_item(), (120, 40), "textual-dark", (*BUG, "a"), id="wide-broken"),
        pytest.param(two_locks(), (120, 40), "textual-light", LOCKED, id="light-deadlock"),
        pytest.param(two_locks(), (200, 50), "textual-dark", (*LOCKED, "u", "u"), id="very-wide-looking-back"),
        pytest.param(crowd(9), (120, 40), "textual-dark", ("1", "1", "6", "6", "9"), id="crowd"),
        pytest.param(hostile(), (80, 24), "textual-dark", ("1", "1", "2"), id="hostile"),
        pytest.param(last_item(), (120, 40), "textual-dark", (*BUG, "a", "R", "F", "2", "F", "c"), id="compare"),
        pytest.param(last_item(), (120, 40), "textual-dark", ("question_mark",), id="help"),
        pytest.param(last_item(), (50, 12), "textual-dark", (), id="too-small"),
    ],
)
def test_looks(snap_compare, script: Script, size, theme, keys) -> None:
    assert snap_compare(StageBench(script), terminal_size=size, run_before=pressing(*keys, theme=theme))


def test_looks_without_colours(snap_compare, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(StageBench(two_locks()), terminal_size=(100, 30), run_before=pressing(*LOCKED))


async def test_it_is_drawn_anew_at_any_size() -> None:
    async with staged(two_locks(), *LOCKED) as (app, pilot):
        for size in ((80, 24), (200, 50), (60, 16), (59, 16), (30, 8), (150, 20), (120, 40)):
            await pilot.resize_terminal(*size)
            await settle(app, pilot)
            if size >= (60, 16):
                assert "mover" in app.text("columns")
                assert "▶" in app.text("history")
                assert (app.stage.history.size.height > 30) is (size == (200, 50))


async def test_text_from_the_app_is_data() -> None:
    async with staged(hostile(), "1", "1", "1") as (app, pilot):
        for key in ("v", "b", "x", "question_mark", "s"):
            await press(app, pilot, key, "escape")
        svg = app.export_screenshot()
        assert "\x1b" not in svg
        assert "\x07" not in svg
        for name in ("stage-status", "notice", "advice", "columns", "history", "facts"):
            text = app.text(name)
            assert all(sign.isprintable() or sign == "\n" for sign in text), name
        assert "[b]x[/b]" in app.text("columns")
