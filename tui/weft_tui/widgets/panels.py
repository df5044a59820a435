"""The panels below the lanes: one with tabs on a narrow terminal, two or three side by side on wider ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from ..messages import PanelWanted
from ..spans import INKS, Ink, Line, ink_styles, strip
from .inspector import Inspector
from .table import Table

PAIR_WIDTH: Final = 110
ALL_WIDTH: Final = 180


class PanelName(IntEnum):
    """The panels, by the keys that show them."""

    LOCKS = 1
    REQUESTS = 2
    INSPECTOR = 3


TITLES: Final = {PanelName.LOCKS: "Locks", PanelName.REQUESTS: "Requests", PanelName.INSPECTOR: "Inspector"}
TABLES: Final = (PanelName.LOCKS, PanelName.REQUESTS)


def arrange(width: int, wanted: PanelName, table: PanelName) -> dict[PanelName, tuple[PanelName, ...]]:
    """Return the visible panels, each with the titles that stand above it.

    Args:
        wanted: the panel that was asked for last.
        table: the table that was asked for last.
    """
    if width >= ALL_WIDTH:
        return {name: (name,) for name in PanelName}
    if width >= PAIR_WIDTH:
        return {table: TABLES, PanelName.INSPECTOR: (PanelName.INSPECTOR,)}
    return {wanted: tuple(PanelName)}
