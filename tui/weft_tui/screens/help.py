"""The help: what the colours mean, and every key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center
from textual.screen import ModalScreen

from ..spans import Ink, Line
from ..widgets.inspector import Inspector
from ..widgets.legend import LEGEND

INTRO: Final[Line] = (
    ("Each row is a thread, time runs to the right. Look for ", Ink.PLAIN),
    ("waits", Ink.WAIT),
    (": the inspector names the lock, who holds it and where.", Ink.PLAIN),
)
KEYS: Final = 16
"""Columns that the keys take."""


class HelpScreen(ModalScreen[None]):
    """Shows the legend and the keys; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,space", "dismiss", "Close"),
    ]

    def __init__(self, bindings: Sequence[tuple[str, str]], shares: Sequence[float]) -> None:
        super().__init__()
        self.lines = help_lines(bindings, shares)

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Center(id="help-box") as box:
            box.border_title = "weft"
            box.border_subtitle = "esc closes"
            yield Inspector(id="help-text")

    def on_mount(self) -> None:
        """Fill the box."""
        self.query_one(Inspector).lines = self.lines


def help_lines(bindings: Sequence[tuple[str, str]], shares: Sequence[float]) -> tuple[Line, ...]:
    """Return the text of the help.

    Args:
        bindings: (keys, what they do).
        shares: how much of the visible time is spent in each state.
    """
    return (INTRO, ((" ", Ink.PLAIN),), *_legend(shares), ((" ", Ink.PLAIN),), *_key_lines(bindings))


def _legend(shares: Sequence[float]) -> Iterable[Line]:
    for state, (ink, glyph, words, meaning) in LEGEND.items():
        share = f"{shares[state]:6.1%} now" if shares else ""
        yield ((f"{glyph * 2} ", ink), (words.ljust(KEYS - 3), Ink.STRONG), (meaning.ljust(50), Ink.PLAIN), (share, Ink.DIM))


def _key_lines(bindings: Sequence[tuple[str, str]]) -> Iterable[Line]:
    half = (len(bindings) + 1) // 2
    for left, right in zip_longest(bindings[:half], bindings[half:], fillvalue=("", "")):
        yield (
            (left[0].ljust(KEYS), Ink.TITLE),
            (left[1].ljust(26), Ink.PLAIN),
            (right[0].ljust(KEYS), Ink.TITLE),
            (right[1], Ink.PLAIN),
        )
