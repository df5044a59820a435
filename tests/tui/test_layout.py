"""How rows and columns of the terminal are shared."""

from __future__ import annotations

import pytest

from support.dashboard import bench
from support.scripted import shop
from weft_tui.screens.layout import FIXED, MIN_PANEL, lane_rows
from weft_tui.spans import plain_text, width_of
from weft_tui.widgets.panels import PanelName, arrange, title_at, title_line

LOCKS, REQUESTS, INSPECTOR, FINDINGS, LOG, RECORDING = PanelName
TABLES = (LOCKS, REQUESTS, FINDINGS, LOG, RECORDING)
FIRST = (LOCKS, FINDINGS, LOG, RECORDING)


@pytest.mark.parametrize("height", [16, 24, 40, 60])
@pytest.mark.parametrize("lanes", [0, 1, 4, 9, 30, 1000])
def test_the_panels_always_keep_their_rows(lanes: int, height: int) -> None:
    rows = lane_rows(lanes, height)
    assert rows >= 4
    assert height - FIXED - rows >= min(MIN_PANEL, height - FIXED - 4)


def test_few_lanes_get_two_rows_each_and_no_more() -> None:
    assert lane_rows(5, 50) == 10
    assert lane_rows(20, 50) == 20
    assert lane_rows(100, 50) == 29


@pytest.mark.parametrize(
    ("width", "wanted", "table", "places"),
    [
        (80, REQUESTS, REQUESTS, {REQUESTS: tuple(PanelName)}),
        (80, INSPECTOR, LOCKS, {INSPECTOR: tuple(PanelName)}),
        (120, INSPECTOR, REQUESTS, {REQUESTS: TABLES, INSPECTOR: (INSPECTOR,)}),
        (180, LOCKS, LOCKS, {LOCKS: FIRST, REQUESTS: (REQUESTS,), INSPECTOR: (INSPECTOR,)}),
        (180, FINDINGS, FINDINGS, {FINDINGS: FIRST, REQUESTS: (REQUESTS,), INSPECTOR: (INSPECTOR,)}),
    ],
)
def test_panels_by_width(width: int, wanted: PanelName, table: PanelName, places: dict) -> None:
    assert arrange(width, wanted, table) == places


def test_titles_are_found_by_column() -> None:
    assert [title_at(tuple(PanelName), column) for column in (0, 8, 9, 20, 33, 34, 45, 46)] == [
        LOCKS,
        LOCKS,
        REQUESTS,
        REQUESTS,
        INSPECTOR,
        FINDINGS,
        FINDINGS,
        LOG,
    ]


def test_titles_stand_closer_and_shorter_where_there_is_little_room() -> None:
    for width, expected in ((80, " 3 Inspector  4 "), (76, " 3 Inspector 4 "), (60, " 3 Insp… 4 Find… (12, 3 new) ")):
        line = title_line(tuple(PanelName), PanelName.LOCKS, "12, 3 new", width=width)
        assert width_of(line) <= width
        text = plain_text([line])
        assert expected in text
        at = text.index("5 Log")
        assert title_at(tuple(PanelName), at, "12, 3 new", width) is PanelName.LOG


async def test_panels_are_arranged_anew_when_the_terminal_changes_its_width() -> None:
    async with bench(shop(), size=(120, 40)) as (app, pilot):
        panels = app.dashboard.panels
        assert panels.showing(PanelName.LOCKS)
        assert panels.showing(PanelName.INSPECTOR)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert [name for name in PanelName if panels.showing(name)] == [PanelName.INSPECTOR]
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert panels.showing(PanelName.LOCKS)
