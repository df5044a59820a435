"""How rows and columns of the terminal are shared."""

from __future__ import annotations

import pytest

from weft_tui.screens.layout import FIXED, MIN_PANEL, lane_rows
from weft_tui.widgets.panels import PanelName, arrange, title_at

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
