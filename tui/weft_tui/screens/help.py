"""The help: what the colours mean, how much of each there is, and every key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ..spans import Ink, Line, Span
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
ACTION: Final = 32

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
    "backspace": "⌫",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
    "slash": "/",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
DIGITS: Final = 3
"""Digits that are listed one by one, at most."""

HIDDEN: Final = ("equals_sign", "underscore", "ctrl+c")


class TextScreen(ModalScreen[None]):
    """Shows some lines in a box; the keys that a hand would try close it.

    Args:
        title: stands in the box's border.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,space", "close", "Close", key_display="esc"),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line] = ()) -> None:
        super().__init__()
        self.box_title = title
        self.lines = lines

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Vertical(id="help-box") as box:
            box.border_title = self.box_title
            box.border_subtitle = "esc closes this"
            yield Inspector(id="help-text")

    def on_mount(self) -> None:
        """Fill the box."""
        text = self.query_one(Inspector)
        text.lines = tuple(self.text())
        text.styles.height = len(text.lines)

    def on_resize(self) -> None:
        """Make room for lines that have to be wrapped."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        text = self.query_one(Inspector)
        text.styles.height = max(text.total(), len(text.lines))

    def text(self) -> Sequence[Line]:
        """Return what to show."""
        return self.lines

    def action_page(self, count: int) -> None:
        """Scroll by a page."""
        text = self.query_one(Inspector)
        text.top += count * max(text.page - 1, 1)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()


class HelpScreen(TextScreen):
    """Shows the legend and the keys."""

    def __init__(self, bindings: Sequence[Binding], shares: Sequence[float]) -> None:
        super().__init__("weft")
        self.bindings = bindings
        self.shares = shares

    def text(self) -> Sequence[Line]:
        """Return the help."""
        return help_lines(key_list(self.bindings), self.shares, shapes=self.app.no_color)


def key_list(bindings: Iterable[Binding]) -> list[tuple[str, str]]:
    """Return (keys, what they do): keys that are told by the same words share a row."""
    rows: dict[str, list[str]] = {}
    for binding in bindings:
        keys = rows.setdefault(binding.tooltip or binding.description, [])
        for key in binding.key.split(","):
            name = KEY_NAMES.get(key, key)
            if key not in HIDDEN and name not in keys:
                keys.append(name)
    return [(_joined(keys), words) for words, keys in rows.items() if keys]


def _joined(keys: Sequence[str]) -> str:
    """Return keys in a row; many digits as the first and the last one."""
    if len(keys) > DIGITS and all(key.isdigit() for key in keys):
        return f"{keys[0]} … {keys[-1]}"
    return " ".join(sorted(keys, key=len, reverse=True))


def help_lines(keys: Sequence[tuple[str, str]], shares: Sequence[float], *, shapes: bool) -> tuple[Line, ...]:
    """Return the text of the help.

    Args:
        keys: (keys, what they do).
        shares: how much of the visible time is spent in each state, 0 … 1.
        shapes: states are told apart by glyph.
    """
    return (INTRO, BLANK, *_legend(shares, shapes), BLANK, *key_lines(keys))


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


def key_lines(keys: Sequence[tuple[str, str]], columns: int = 2) -> Iterable[Line]:
    """Return the keys, side by side where there is room for ``columns`` of them."""
    size = -(-len(keys) // columns)
    parts = [keys[first : first + size] for first in range(0, len(keys), size)]
    widths = [
        (max(KEYS, *(len(name) for name, _ in part)), max(ACTION, *(len(words) + 1 for _, words in part)))
        for part in parts
    ]
    for row in zip_longest(*parts, fillvalue=("", "")):
        spans: list[Span] = []
        for (name, words), (names, actions) in zip(row, widths, strict=True):
            spans += [(name.ljust(names), Ink.TITLE), (f" {words}".ljust(actions + 1), Ink.PLAIN)]
        yield (*spans[:-1], (spans[-1][0].rstrip(), Ink.PLAIN))
