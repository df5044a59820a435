"""What stands in an actor's column."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.stage_bench import press, seen_after, settle, staged
from support.staged import crowd, faulty, hostile, last_item, two_locks
from weft.stage.moment import Context, Place, Shown
from weft_tui.spans import Ink, width_of
from weft_tui.stage.code import Listings
from weft_tui.stage.column import columns
from weft_tui.stage.roster import roster, roster_at, visible
from weft_tui.stage.rows import Ground
from weft_tui.stage.seen import Seen


def shown(seen: Seen, actor: int = 0, width: int = 50, height: int = 20) -> list[str]:
    rows = columns(seen, [actor], actor, [width], height, Listings().get)[0]
    return ["".join(text for text, _ in row.line) for row in rows]


def test_a_ready_actor_shows_what_it_does_next(tmp_path: Path) -> None:
    rows = shown(seen_after(last_item(), 0, 0, folder=tmp_path))
    assert rows[0].split() == ["1", "alice", "POST", "/buy", "ready"]
    assert rows[1] == '→ write STATE["stock"]'
    assert rows[2].strip() == "shop.py:13 in buy"
    assert next(row for row in rows if row.startswith("▶")).split()[1] == "13"
    assert any(row.split() == ["locals", "stock", "=", "1"] for row in rows)
    assert any(row.strip().startswith("flask  POST /buy → buy") for row in rows)
    assert any("from   shop.py:1 in dispatch" in row for row in rows)


def test_a_blocked_actor_is_grey_and_says_why(tmp_path: Path) -> None:
    seen = seen_after(two_locks(), 0, 0, 0, 1, 1, 1, folder=tmp_path)
    rows, others = columns(seen, [0, 1], 1, [50, 50], 20, Listings().get)
    text = ["".join(text for text, _ in row.line) for row in rows]
    assert "waits for shop.audit_lock, held by auditor" in text[1]
    assert text[0].split()[-1] == "deadlock"
    for part in (rows, others):
        assert [row.line[0][0] for row in part if row.ground is Ground.HERE] == ["✗"]
    inks = {ink for row in rows[3:] if row.ground is Ground.PLAIN for text, ink in row.line if text.strip()}
    assert inks == {Ink.DIM}


def test_what_the_last_step_changed_is_marked(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, 0, folder=tmp_path)
    rows = columns(seen, [0], 0, [50], 20, Listings().get)[0]
    assert not [text for row in rows for text, ink in row.line if ink is Ink.HOLD]
    seen = seen_after(last_item(), 0, 0, 0, 0, folder=tmp_path)
    rows = columns(seen, [0], 0, [50], 20, Listings().get)[0]
    assert [text for row in rows for text, ink in row.line if ink is Ink.HOLD] == ["0"]


def test_the_place_of_the_verdict_is_marked(tmp_path: Path) -> None:
    rows = shown(seen_after(faulty(), 0, 0, folder=tmp_path))
    assert rows[0].split()[-1] == "failed"
    assert "KeyError: 'stock'" in rows[1]
    assert next(row for row in rows if row.startswith("✗ ") and "10" in row)


def test_an_actor_that_is_done_shows_its_answer(tmp_path: Path) -> None:
    rows = shown(seen_after(last_item(), *[0] * 6, folder=tmp_path))
    assert rows[0].split()[-1] == "done"
    assert rows[1] == '✓ 200 {"left": 0}'


@pytest.mark.parametrize("width", [20, 24, 37, 60, 100])
@pytest.mark.parametrize("height", [4, 8, 11, 20, 40])
def test_every_row_fits_and_sections_stand_side_by_side(tmp_path: Path, width: int, height: int) -> None:
    for script in (last_item(), two_locks(), hostile()):
        seen = seen_after(script, 0, 0, 1, folder=tmp_path)
        made = columns(seen, [0, 1], 0, [width, width], height, Listings().get)
        assert [len(rows) for rows in made] == [height, height]
        for rows in made:
            assert max(width_of(row.line) for row in rows) <= width
            assert rows[0].ground in (Ground.HEAD, Ground.PICKED)


def test_contexts_and_stacks_are_packed(tmp_path: Path) -> None:
    seen = seen_after(last_item(), 0, 0, folder=tmp_path)
    view = seen.moment.actors[0]._replace(
        context=Context("shop", "", "", (Shown("user", "1"),), (Shown("cart", "[1, 2]"),)),
        frames=(Place("/x/shop.py", 3, "a.<locals>.b"), *[Place("/x/__init__.py", 9, "c")] * 5),
        variables=tuple(Shown(f"name{n}", "v" * n) for n in range(20)),
    )
    moment = seen.moment._replace(actors=(view, *seen.moment.actors[1:]))
    from dataclasses import replace

    rows = shown(replace(seen, moment=moment, last=(view.frames[0], None)), height=30)
    assert any("app context of shop   g.user = 1" in row for row in rows)
    assert any(row.strip() == "shop.py:3 in b" for row in rows)
    assert sum("x/__init__.py:9 in c" in row for row in rows) == 3
    assert any("its source cannot be read" in row for row in rows)


def test_those_concerned_stay_visible(tmp_path: Path) -> None:
    seen = seen_after(crowd(9), 0, 0, 5, 5, folder=tmp_path)
    assert visible(seen, 8, 3) == [0, 5, 8]
    assert visible(seen, 8, 1) == [8]
    assert visible(seen, 0, 20) == list(range(10))


def test_the_roster_names_all(tmp_path: Path) -> None:
    seen = seen_after(crowd(9), folder=tmp_path)
    line = roster(seen, 3, 79)
    assert width_of(line) <= 79
    assert roster_at(line, 0) == 0
    assert roster_at(line, width_of(line[:6])) == 3
    assert roster_at(line, 200) == -1


async def test_the_picture_is_made_once_and_kept() -> None:
    async with staged(last_item(), "1") as (app, pilot):
        memo = app.stage.columns.memo
        misses, hits = memo.misses, memo.hits
        app.stage.columns.refresh()
        await settle(app, pilot)
        assert memo.misses == misses
        assert memo.hits > hits
        await press(app, pilot, "right")
        assert memo.misses == misses + 1
