"""The table: columns that fit, rows that keep their mark."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from textual.app import App, ComposeResult

from support.dashboard import bench
from support.played import played
from support.scripted import shop
from weft_tui.app import WeftApp
from weft_tui.listed import BATCH, Listed
from weft_tui.spans import Ink, plain_text
from weft_tui.widgets.table import Column, Table, table_line, text, visible_columns
from weft_tui.widgets.tables import bar, log_columns, percent, request_columns

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


@pytest.mark.parametrize(("share", "expected"), [(0, "0%"), (0.0001, "<1%"), (0.006, "1%"), (0.5, "50%"), (1, "100%")])
def test_a_share_that_is_there_is_not_told_as_nothing(share: float, expected: str) -> None:
    assert percent(share) == expected


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


SLOWEST = 7


def many(requests: int) -> str:
    """Requests one after the other, each of another path and status, the seventh the slowest; every other one waits."""
    lines = ["w @0 enter", "v @0 enter"]
    for number in range(requests):
        begin, path, end = 10 * number, f"/{number * 37 % 101:03}", 10 * number + 2 + (number * 13 % 5)
        end = begin + 9 if number == SLOWEST else end
        lines += [f"w @{begin} request {number + 1} {path}", f"w @{begin} push e{number * 7 % 11}"]
        lines += [f"w @{begin + 1} wait L v", f"w @{begin + 2} acquire L @{begin + 1}"] * (number % 2)
        lines += [f"w @{begin + 1} log {10 * (number % 6)} said_{number * 5 % 17}"]
        lines += [f"w @{end} done {200 + number % 7}"]
    return "\n".join([*lines, f"v @{10 * requests} request 0 /last", f"* @{10 * requests + 5} pulse"])


async def test_the_slowest_request_of_a_long_trace_is_found_by_sorting() -> None:
    trace = played(many(3_000))
    async with bench(trace, size=(200, 50)) as (app, pilot):
        table = app.dashboard.query_one("#requests", Table)
        assert len(table.rows) == 3_001
        assert table.rows[0].end_ns is None
        await pilot.press("2")
        heading = table.render_line(0).text
        await pilot.click("#requests", offset=(heading.index("took"), 0))
        assert "9 ms" in table.render_line(1).text
        await pilot.press("enter")
        assert app.view.cursor_ns // 10_000_000 * 10_000_000 == trace.start_ns + 10_000_000 * SLOWEST
        table.marked = 5
        row = table.rows[5]
        app.feed(played(many(3_100)))
        await pilot.pause()
        assert len(table.rows) == 3_101
        assert table.rows[table.marked].number == row.number


async def test_the_log_lists_the_whole_trace() -> None:
    async with bench(played(many(1_500)), size=(200, 50)) as (app, pilot):
        await pilot.press("5", "end")
        log = app.dashboard.query_one("#log", Table)
        assert len(log.rows) == 1_500
        assert log.rows[1_499].text.endswith("said 0")


@pytest.mark.parametrize("falling", [False, True])
def test_rows_that_are_told_late_are_sorted_as_values_would_be(falling: bool) -> None:
    trace = played(many(150))
    requests = Listed(trace.request_rows, trace.latest_requests, trace.requests_of, ("id",))

    def took(row):
        return (row.end_ns or trace.end_ns) - row.start_ns

    expected = {
        "request": lambda row: row.path,
        "endpoint": lambda row: row.endpoint or "",
        "status": lambda row: -1 if row.status is None else row.status,
        "took": took,
        "waiting for locks": lambda row: -row.wait_ns / took(row),
        "by lock": lambda row: -row.wait_ns,
        "thread": lambda row: row.lane,
    }
    columns = {column.title: column for column in request_columns(trace)}
    assert set(columns) == set(expected)
    for title, key in expected.items():
        found = requests.sorted(columns[title].ranks, falling=falling)
        assert [row.id for row in found] == [row.id for row in sorted(requests, key=key, reverse=falling)], title

    marks = trace.tables.marks.all()
    said = Listed(marks, np.arange(len(marks)), trace.marks_of, ("start",))
    keys = {
        "at": lambda row: row.time_ns,
        "level": lambda row: row.level,
        "what": lambda row: row.text,
        "thread": lambda row: row.lane,
    }
    for column in log_columns(trace):
        found = said.sorted(column.ranks, falling=falling)
        assert [*found] == sorted(said, key=keys[column.title], reverse=falling), column.title


def test_only_the_rows_that_are_looked_at_are_told() -> None:
    told: list[int] = []
    rows = np.zeros(10_000, [("id", "i4")])
    rows["id"] = range(10_000)

    def tell(part):
        told.extend(part["id"].tolist())
        return part["id"].tolist()

    listed = Listed(rows, np.arange(10_000)[::-1], tell, ("id",))
    assert (listed[0], listed[1], listed[-1], len(told)) == (9_999, 9_998, 0, BATCH + 10_000 % BATCH)
    least = listed.sorted(lambda every: every["id"] % 100, falling=False)
    assert [least[0], least[100]] == [9_900, 9_901]
    assert len(told) < 4 * BATCH
    assert least.place(listed, 0) == 9_900
    assert Listed(rows[:5], np.arange(5), tell, ("id",)).place(listed, 0) is None


ALIKE = """
v @0 enter
w @0 enter
v @1 request 1 /north/stock/of/many/looms/1
v @10 wait AppOfTheShopForLooms.north.stock_lock_of_looms x
v @400 acquire AppOfTheShopForLooms.north.stock_lock_of_looms @10
v @410 done 200
w @1 request 2 /north/stock/of/many/looms/2
w @10 wait AppOfTheShopForLooms.south.stock_lock_of_looms x
w @400 acquire AppOfTheShopForLooms.south.stock_lock_of_looms @10
w @410 done 200
* @4200 pulse
"""


async def test_two_locks_never_read_alike_however_little_room_there_is() -> None:
    async with bench(played(ALIKE), size=(200, 50)) as (app, pilot):
        requests = app.dashboard.query_one("#requests", Table)
        columns = {column.title: column for column in requests.columns}
        for title in ("waiting for locks", "by lock"):
            shown = [table_line([(columns[title].show(row), columns[title].width, False)]) for row in requests.rows]
            assert plain_text(shown[:1]) != plain_text(shown[1:]), title
            assert "…" in plain_text(shown)
        locks = app.dashboard.query_one("#locks", Table)
        for width in range(10, 30):
            locks.columns = [replace(locks.columns[0], width=width)]
            one, other = (locks.render_line(y).text.strip() for y in (1, 2))
            assert one != other
        await pilot.press("8")
        lanes = app.dashboard.lanes
        assert len({names(strip.text[: lanes.indent]) for strip in lanes.picture()[:4:2]}) == 2
        await pilot.press("7", "home")
        for _ in range(3):
            one, other = (names(strip.text[lanes.indent :]) for strip in lanes.picture()[:4:2])
            assert one
            assert one != other
            await pilot.press("+")


def names(text: str) -> str:
    return re.sub(r"[^A-Za-z_.…]", "", text)
