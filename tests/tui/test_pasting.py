"""A part of the lanes as text."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from findings.scripts import BLAMED, script
from support.dashboard import bench
from support.scripted import MS, ms, shop
from timeline.script import play
from weft.findings import Severity, find
from weft_tui.lineup import Wish, line_up
from weft_tui.messages import FindingsReady
from weft_tui.pasting import as_text
from weft_tui.picks import By
from weft_tui.view import Extent, whole


def part(snapshot, span=None, by: By = By.THREAD, findings=()) -> str:
    span = span or (snapshot.start_ns, snapshot.end_ns)
    view = whole(Extent(snapshot.start_ns, snapshot.end_ns))
    return as_text(snapshot, line_up(snapshot, Wish(by), view), span, "shop.weft", findings)


def test_it_is_a_fenced_picture_of_the_time_that_is_selected() -> None:
    lines = part(shop(), (ms(250), ms(750))).splitlines()
    assert lines[0] == "```text"
    assert lines[-1] == "```"
    assert lines[1].startswith("shop.weft, 250.0 ms to 750.0 ms of 1 s (from 22:13:20.250")
    rows = {line.split(")")[0]: line for line in lines if line.startswith("Thread")}
    assert len(rows) == 3
    assert not any(line.startswith("MainThread") for line in lines), "idle"
    report = rows["Thread-1 (worker"].split()[-1]
    assert set(report) == {"#"}
    checkout = rows["Thread-2 (worker"].split()[-1]
    assert checkout.index("W") == round(len(report) * 0.1)
    assert set(checkout[checkout.index("W") :]) == {"W"}
    assert "(1 other row not shown: idle, or waiting less)" in lines
    assert all(line.isascii() and len(line) <= 110 for line in lines)


def test_names_cannot_break_out_of_the_fence() -> None:
    lines = part(shop(names=("a", "```", "\x1b[31mred\x1b[m", "ok"))).splitlines()
    assert lines[0] == "````text"
    assert lines[-1] == "````"
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("by", list(By))
def test_lanes_of_any_kind_can_be_copied(by: By) -> None:
    snapshot = play(script(BLAMED))
    lines = part(snapshot, by=by).splitlines()
    assert any({By.THREAD: "W", By.LOCK: "#", By.REQUEST: "W"}[by] in line.split()[-1] for line in lines[4:-4])
    if by is By.REQUEST:
        assert any("GET " in line or "POST " in line for line in lines)


def test_what_was_found_meanwhile_is_told() -> None:
    snapshot = play(script(BLAMED))
    found = find(snapshot)
    assert found
    assert found[0].sentence in part(snapshot, findings=found)
    early = (snapshot.start_ns, snapshot.start_ns + 1)
    later = [replace(found[0], began_ns=snapshot.start_ns + 10, severity=Severity.SLOW)]
    assert found[0].sentence not in part(snapshot, early, findings=later)


async def test_c_copies_what_is_selected_and_what_is_visible_without_a_selection() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("c")
        assert "0 to 1.0" in app.clipboard.splitlines()[1]
        assert app.toasts == ["1 s copied as text. C writes it to a file."]
        await pilot.press("home", "a", *["right"] * 10, "c")
        span = app.view.cursor_ns - app.dashboard.extent.start_ns
        assert 0 < span < 200 * MS
        assert app.dashboard.selection is not None
        assert len(app.clipboard.splitlines()) > 5
        assert "0 to 1.0" not in app.clipboard.splitlines()[1]


async def test_it_is_written_to_a_private_file_never_over_another(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weft-shop-1.txt").write_text("mine")
    async with bench(shop()) as (app, pilot):
        app.dashboard.post_message(FindingsReady((), ()))
        await pilot.press("C")
        saved = tmp_path / "weft-shop-2.txt"
        assert saved.read_text().startswith("```text\nshop.weft, ")
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600
        assert app.toasts == [f"1 s written to {saved}"]
        assert (tmp_path / "weft-shop-1.txt").read_text() == "mine"


async def test_nothing_is_copied_where_nothing_is() -> None:
    async with bench(None) as (app, pilot):
        await pilot.press("c", "C")
        assert app.toasts == []
        assert app.clipboard == ""
