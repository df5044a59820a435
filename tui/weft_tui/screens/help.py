"""The help: what the colours mean, how much of each there is, and every key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ..spans import Ink, Line
from ..widgets.inspector import Inspector
from ..widgets.legend import LEGEND
from ..widgets.scene import SHAPES

INTRO: Final[Line] = (
    ("A row is a thread; time runs to the right. Look for ", Ink.PLAIN),
    ("waits", Ink.WAIT),
    (": the inspector explains them.", Ink.PLAIN),
)
BLANK: Final[Line] = ((" ", Ink.PLAIN),)
WORDS: Final = 14
MEANING: Final = 46
KEYS: Final = 10
ACTION: Final = 36

KEY_NAMES: Final = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "shift+left": "⇧←",
    "shift+right": "⇧→",
    "shift+tab": "⇧tab",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "escape": "esc",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
}
HIDDEN: Final = ("equals_sign", "underscore", "ctrl+c")


class HelpScreen(ModalScreen[None]):
    """Shows the legend and the keys; the keys that a hand would try close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,space", "close", "Close", key_display="esc"),
    ]

    def __init__(self, bindings: Sequence[Binding], shares: Sequence[float]) -> None:
        super().__init__()
        self.bindings = bindings
        self.shares = shares

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Vertical(id="help-box") as box:
            box.border_title = "weft"
            box.border_subtitle = "esc closes this"
            yield Inspector(id="help-text")

    def on_mount(self) -> None:
        """Fill the box."""
        text = self.query_one(Inspector)
        text.lines = help_lines(key_list(self.bindings), self.shares, shapes=self.app.no_color)
        text.styles.height = len(text.lines)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()


def key_list(bindings: Iterable[Binding]) -> list[tuple[str, str]]:
    """Return (keys, what they do): keys that are told by the same words share a row."""
    rows: dict[str, list[str]] = {}
    for binding in bindings:
        keys = rows.setdefault(binding.tooltip or binding.description, [])
        for key in binding.key.split(","):
            name = KEY_NAMES.get(key, key)
            if key not in HIDDEN and name not in keys:
                keys.append(name)
    return [(" ".join(sorted(keys, key=len, reverse=True)), words) for words, keys in rows.items() if keys]


def help_lines(keys: Sequence[tuple[str, str]], shares: Sequence[float], *, shapes: bool) -> tuple[Line, ...]:
    """Return the text of the help.

    Args:
        keys: (keys, what they do).
        shares: how much of the visible time is spent in each state, 0 … 1.
        shapes: states are told apart by glyph.
    """
    return (INTRO, BLANK, *_legend(shares, shapes), BLANK, *_key_lines(keys))


def _legend(shares: Sequence[float], shapes: bool) -> Iterable[Line]:
    for state, (ink, glyph, words, meaning) in LEGEND.items():
        mark = chr(SHAPES[state]) if shapes else glyph
        share = f"{shares[state]:6.1%} of what you see" if shares else ""
        yield (
            (f"{mark * 2} ", ink),
            (words.ljust(WORDS), Ink.STRONG),
            (meaning.ljust(MEANING), Ink.PLAIN),
            (share, Ink.DIM),
        )


def _key_lines(keys: Sequence[tuple[str, str]]) -> Iterable[Line]:
    half = (len(keys) + 1) // 2
    for left, right in zip_longest(keys[:half], keys[half:], fillvalue=("", "")):
        yield (
            (left[0].ljust(KEYS), Ink.TITLE),
            (" " + left[1].ljust(ACTION), Ink.PLAIN),
            (right[0].ljust(KEYS), Ink.TITLE),
            (" " + right[1], Ink.PLAIN),
        )
