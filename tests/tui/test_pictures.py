"""How the dashboard looks. After a wanted change: pytest tests/tui/test_pictures.py --snapshot-update."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from support.dashboard import Bench
from support.scripted import shop
from weft_tui.view import Mode

NAMES = tuple(f"waitress-{n}" for n in range(12))


def pressing(*keys: str, theme: str = "textual-dark"):
    async def run(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()

    return run


@pytest.mark.parametrize(
    ("size", "mode", "theme", "keys"),
    [
        pytest.param((80, 24), Mode.REPLAY, "textual-dark", (), id="narrow"),
        pytest.param((120, 40), Mode.LIVE, "textual-dark", (), id="wide-live"),
        pytest.param((200, 50), Mode.REPLAY, "textual-dark", ("w",), id="very-wide-worst-wait"),
        pytest.param((120, 40), Mode.REPLAY, "textual-light", ("2",), id="light"),
        pytest.param((120, 40), Mode.REPLAY, "textual-dark", ("question_mark",), id="help"),
        pytest.param((50, 12), Mode.REPLAY, "textual-dark", (), id="too-small"),
    ],
)
def test_looks(snap_compare, size, mode, theme, keys) -> None:
    assert snap_compare(Bench(mode, shop()), terminal_size=size, run_before=pressing(*keys, theme=theme))


def test_looks_without_colours(snap_compare, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Bench(Mode.REPLAY, shop(names=NAMES, processes=2))
    assert snap_compare(app, terminal_size=(100, 30), run_before=pressing("w"))


def test_looks_empty(snap_compare) -> None:
    assert snap_compare(Bench(Mode.LIVE, None), terminal_size=(80, 24), run_before=pressing())
