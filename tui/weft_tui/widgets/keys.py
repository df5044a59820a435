"""The last row: the keys that matter now, as many as fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

ALWAYS: Final = ("help", "quit", "close", "command_palette", "lesson")
"""Actions whose keys are never left out."""


class Keys(Footer):
    """Shows keys with a word each; a click presses them. What comes first stays longest."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        """Yield the keys that fit."""
        yield from fitting(super().compose(), self.app.size.width)

    def on_resize(self) -> None:
        """Choose anew."""
        self.call_after_refresh(self.recompose)


def fitting(keys: Iterable[Widget], width: int) -> list[Widget]:
    """Return the keys that fit into so many columns: the first ones, and those of `ALWAYS`."""
    kept = list(keys)
    while kept and sum(map(_columns, kept)) > width + 1:
        least = next((key for key in reversed(kept) if not _always(key)), None)
        if least is None:
            break
        kept.remove(least)
    return kept


def _always(key: Widget) -> bool:
    return isinstance(key, FooterKey) and key.action.rpartition(".")[2].partition("(")[0] in ALWAYS


def _columns(key: Widget) -> int:
    if not isinstance(key, FooterKey):
        return 0
    return cell_len(key.key_display) + 1 + cell_len(key.description) + 1
