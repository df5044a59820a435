"""The list of recent traces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.busy import BusyServer
from weft import places
from weft.errors import WeftError
from weft_tui import recents
from weft_tui.recent_app import RecentApp
from weft_tui.recents import listed, looked_into
from weft_tui.widgets.table import Table


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path))
    for number, name in enumerate(("old", "new")):
        BusyServer(threads=4).write(tmp_path / f"{name}.weft", 3_000)
        os.utime(tmp_path / f"{name}.weft", (number, number))
    (tmp_path / "bad.weft").write_bytes(b"no trace at all, but long enough to be one" * 3)
    os.utime(tmp_path / "bad.weft", (9, 9))
    (tmp_path / "notes.txt").touch()
    return tmp_path


def test_traces_are_listed_the_newest_first(folder: Path) -> None:
    assert [recent.path.name for recent in listed()] == ["bad.weft", "new.weft", "old.weft"]


def test_none_is_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(WeftError, match="`weft demo` makes one"):
        listed()
    assert places.folder() == tmp_path / "nowhere"


def test_what_is_in_a_trace_is_told_and_large_ones_are_not_searched(folder: Path, monkeypatch) -> None:
    bad, new, _ = map(looked_into, listed())
    assert "bad.weft" in bad.trouble
    assert new.length_ns > 0
    assert new.requests > 0
    assert new.findings is not None
    monkeypatch.setattr(recents, "MOST_BYTES", 1_000)
    assert looked_into(listed()[1]).findings is None


async def test_enter_shows_a_trace_and_one_that_cannot_be_read_is_refused(folder: Path) -> None:
    app = RecentApp(listed())
    async with app.run_test(size=(100, 24)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        table = app.screen.query_one(Table)
        rows = [table.render_line(y).text for y in range(4)]
        assert "findings" in rows[0]
        assert "bad.weft" in rows[1]
        assert "new.weft" in rows[2]
        await pilot.press("enter")
        assert app.screen is not app.dashboard
        assert any("bad.weft" in str(note.message) for note in app._notifications)
        await pilot.press("down", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.screen is app.dashboard
        assert app.dashboard.path == folder / "new.weft"
        assert app.dashboard.snapshot is not None


async def test_q_chooses_nothing(folder: Path) -> None:
    app = RecentApp(listed())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
    assert app.dashboard.snapshot is None
