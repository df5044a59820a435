"""The table: columns that fit, rows that keep their mark."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from support.dashboard import bench
from support.scripted import shop
from weft_tui.app import WeftApp
from weft_tui.spans import Ink, plain_text
from weft_tui.widgets.table import Column, Table, table_line, text, visible_columns
from weft_tui.widgets.tables import bar

COLUMNS = (
    Column[int]("name", 0, lambda row: text(f"row {row}")),
    Column[int]("square", 8, lambda row: text(str(row * row)), right=True, keep=2),
    Column[int]("half", 8, lambda row: text(str(row / 2)), keep=1),
)


@pytest.mark.parametrize(
    ("width", "titles"), [(60, ["name", "square", "half"]), (32, ["name", "square"]), (12, ["name"])]
)
def test_columns_go_by_their_rank_when_it_gets_narrow(width: int, titles: list[str]) -> None:
    columns = visible_columns(COLUMNS, width, least=20)
    assert [column.title for column, _ in columns] == titles
    assert sum(size for _, size in columns) + 2 * (len(columns) - 1) == width


def test_cells_are_cut_and_aligned() -> None:
    line = table_line([((("a long name", Ink.PLAIN),), 6, False), ((("7", Ink.PLAIN),), 4, True)])
    assert plain_text([line]) == "a lon…     7"


@pytest.mark.parametrize(("share", "expected"), [(0, "    "), (0.001, "▏   "), (0.5, "██  "), (1, "████"), (7, "████")])
def test_bars(share: float, expected: str) -> None:
    assert bar(share, 4) == expected


class One(App[None]):
    CSS_PATH = WeftApp.CSS_PATH

    def compose(self) -> ComposeResult:
        yield Table[int](COLUMNS, key=lambda row: row, empty="Nothing here.")


async def test_ten_thousand_rows_format_only_what_is_visible() -> None:
    asked: list[int] = []
    columns = (Column[int]("name", 0, lambda row: asked.append(row) or text(str(row))),)
    app = One()
    async with app.run_test(size=(60, 20)) as pilot:
        table = app.query_one(Table)
        table.columns = columns
        table.rows = range(10_000)
        table.focus()
        await pilot.pause()
        assert set(asked) <= set(range(20))
        await pilot.press("pagedown", "pagedown")
        assert table.marked == 36
        assert str(table.marked) in "".join(table.render_line(y).text for y in range(20))


async def test_the_mark_stays_on_its_row_when_rows_move() -> None:
    app = One()
    async with app.run_test(size=(60, 20)) as pilot:
        table = app.query_one(Table)
        table.rows = (5, 6, 7)
        table.focus()
        await pilot.press("j", "down")
        table.rows = (9, 7, 5)
        assert table.marked == 1
        table.rows = (1,)
        assert table.marked == 0
        await pilot.press("up", "k", "pageup")
        assert table.marked == 0


async def test_an_empty_table_says_what_to_do() -> None:
    app = One()
    async with app.run_test(size=(60, 20)):
        assert app.query_one(Table).render_line(1).text.startswith(" Nothing here.")


async def test_locks_and_requests_as_rows() -> None:
    async with bench(shop(), size=(200, 50)) as (app, _):
        locks = [app.dashboard.query_one("#locks").render_line(y).text for y in range(4)]
        assert "shop.stock_lock" in locks[1]
        assert "1 now" in locks[1]
        assert "1 s" in locks[1]
        requests = [app.dashboard.query_one("#requests").render_line(y).text for y in range(4)]
        assert "POST /checkout" in requests[1]
        assert "running" in requests[1]
        assert "75%" in requests[2]
        assert "500" in requests[2]
