"""The interleaved steps, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.stage_bench import press, seen_after, staged
from support.staged import counting, crowd, hostile, last_item, two_locks
from weft_tui.spans import Ink, width_of
from weft_tui.stage.history import Lanes, heading, step_row
from weft_tui.stage.seen import Seen


def rows(seen: Seen, width: int = 90) -> list[str]:
    lanes = Lanes(len(seen.moment.actors), seen.steps, width)
    return [
        "".join(text for text, _ in step_row(seen.path, index, seen.at, lanes)).rstrip()
        for index in range(len(seen.path))
    ]


def test_the_running_thread_is_woven_between_the_lanes(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, 0, 1, 1, 0, 1, folder=tmp_path)
    assert rows(seen) == [
        "    0 │ the beginning                           │",
        "    1 ● start POST /buy                         │",
        '    2 ● read STATE["stock"] → 1                 │',
        "    3 ╰─ preempted ‡ free-threaded only ───────▸● start POST /buy",
        '    4 │                                         ● read STATE["stock"] → 1',
        '    5 ● write STATE["stock"] = 0 ◂──────────────╯ preempted ‡ free-threaded only',
        ' ▶  6 ╰─ preempted ! ──────────────────────────▸● write STATE["stock"] = 0',
    ]


def test_preemptions_have_the_ink_of_what_they_need(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, 0, 1, 1, 0, 1, folder=tmp_path)
    lanes = Lanes(2, seen.steps, 90)
    inks = {index: {ink for _, ink in step_row(seen.path, index, 6, lanes)} for index in (1, 3, 6)}
    assert Ink.WAIT_HOLD in inks[3]
    assert Ink.HOLD in inks[6]
    assert not inks[1] & {Ink.HOLD, Ink.WAIT_HOLD}


def test_what_was_undone_is_dimmed(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, 0, 1, folder=tmp_path)
    lanes = Lanes(2, seen.steps, 90)
    assert {ink for _, ink in step_row(seen.path, 3, 2, lanes)} == {Ink.DIM}
    assert Ink.STRONG in {ink for _, ink in step_row(seen.path, 2, 2, lanes)}


def test_a_switch_because_of_a_lock_is_no_preemption(tmp_path: Path) -> None:
    seen = seen_after(two_locks(), 0, 0, 0, 1, 1, 1, folder=tmp_path)
    assert "┆" in rows(seen)[-1]
    assert "preempted" in rows(seen)[4]
    seen = seen_after(last_item(), *[0] * 6, 1, folder=tmp_path)
    assert "■ respond 200" in rows(seen)[6]
    assert "preempted" not in rows(seen)[7]


def test_narrow_lanes_have_their_words_beside_them(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, 0, 1, 1, 0, folder=tmp_path)
    assert rows(seen, 49) == [
        "    0 │ │  the beginning",
        "    1 ● │  alice start POST /buy",
        '    2 ● │  alice read STATE["stock"] → 1',
        "    3 ╰▸●  bob start POST /buy preempts alice ‡",
        '    4 │ ●  bob read STATE["stock"] → 1',
        ' ▶  5 ●◂╯  alice write STATE["stock"] = 0 ‡',
    ]


@pytest.mark.parametrize("width", [20, 37, 49, 80, 120, 200])
def test_every_row_is_as_wide_as_the_history(tmp_path: Path, width: int) -> None:
    for script in (crowd(9), hostile()):
        seen = seen_after(script, 1, 0, 1, 0, folder=tmp_path)
        lanes = Lanes(len(seen.moment.actors), seen.steps, width)
        assert width_of(heading(seen.moment.actors, lanes)) == width
        for index in range(len(seen.path)):
            assert width_of(step_row(seen.path, index, 2, lanes)) == width


async def test_only_what_is_visible_is_drawn_of_a_long_history() -> None:
    async with staged(counting(10**9), "a") as (app, pilot):
        history = app.stage.history
        assert app.seen.steps == 5_000
        assert history.top == 5_001 - history.page
        assert "▶ 5000" in app.text("history")
        await press(app, pilot, "home")
        assert history.top == 0
        await press(app, pilot, "pagedown", "down")
        assert f"▶ {history.page:4}" in app.text("history")
