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
from ..widgets.inked import shapes_of
from ..widgets.inspector import Inspector
from ..widgets.legend import LEGEND
from ..widgets.scene import LETTERS, Shapes

INTRO: Final[Line] = (
    ("A row is a thread; time runs to the right. Look for ", Ink.PLAIN),
    ("waits", Ink.WAIT),
    (".", Ink.PLAIN),
)
BLANK: Final[Line] = ((" ", Ink.PLAIN),)
WORDS: Final = 12
MARGIN: Final = 3
"""Columns of the box that no text stands in."""

WIDE: Final = 200
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
    "backspace": "bksp",
    "plus": "+",
    "minus": "-",
    "question_mark": "?",
    "slash": "/",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}
IN_ASCII: Final = {
    **{name: name for name in ("left", "right", "up", "down")},
    **{f"shift+{name}": f"shift-{name}" for name in ("left", "right", "tab")},
}
"""Keys whose names are other ones where there are no arrows."""

DIGITS: Final = 3
"""Digits that are listed one by one, at most."""

HIDDEN: Final = ("equals_sign", "underscore", "ctrl+c")


Section = tuple[str, Sequence[Binding]]
"""A title, empty for the keys that always work, and the keys below it."""


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
            box.border_subtitle = "↑ ↓ scroll, esc closes this"
            yield Inspector(id="help-text")

    def on_mount(self) -> None:
        """Fill the box."""
        self._fill()

    def on_resize(self) -> None:
        """Write anew for the new width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        text = self.query_one(Inspector)
        text.lines = tuple(self.text(max(text.size.width - MARGIN, 1) if text.size.width else WIDE))
        text.styles.height = max(text.total(), len(text.lines))

    def text(self, width: int) -> Sequence[Line]:
        """Return what to show in so many columns."""
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

    def __init__(self, sections: Sequence[Section], shares: Sequence[float]) -> None:
        super().__init__("weft")
        self.sections = sections
        self.shares = shares

    def text(self, width: int) -> Sequence[Line]:
        """Return the help."""
        return help_lines(self.sections, self.shares, width, shapes=shapes_of(self))


def key_list(bindings: Iterable[Binding], *, in_ascii: bool = False) -> list[tuple[str, str]]:
    """Return (keys, what they do): keys that are told by the same words share a row."""
    rows: dict[str, list[str]] = {}
    names = {**KEY_NAMES, **IN_ASCII} if in_ascii else KEY_NAMES
    for binding in bindings:
        keys = rows.setdefault(binding.tooltip or binding.description, [])
        for key in binding.key.split(","):
            name = names.get(key, key)
            if key not in HIDDEN and name not in keys:
                keys.append(name)
    return [(_joined(keys), words) for words, keys in rows.items() if keys]


def _joined(keys: Sequence[str]) -> str:
    """Return keys in a row; many digits as the first and the last one."""
    if len(keys) > DIGITS and all(key.isdigit() for key in keys):
        return f"{keys[0]} … {keys[-1]}"
    return " ".join(sorted(keys, key=len, reverse=True))


def help_lines(
    sections: Sequence[Section], shares: Sequence[float], width: int, *, shapes: Shapes | None
) -> tuple[Line, ...]:
    """Return the text of the help.

    Args:
        sections: the keys.
        shares: how much of the visible time is spent in each state, 0 … 1.
        width: columns that a line may take.
        shapes: states are told apart by these glyphs.
    """
    lines: list[Line] = [INTRO, BLANK, *_legend(shares, shapes)]
    in_ascii = bool(shapes and shapes.glyphs == LETTERS)
    for title, bindings in sections:
        keys = key_list(bindings, in_ascii=in_ascii)
        lines += [BLANK, *([((title, Ink.TITLE),)] if title else []), *key_lines(keys, width)]
    return tuple(lines)


def _legend(shares: Sequence[float], shapes: Shapes | None) -> Iterable[Line]:
    for state, (ink, glyph, words, meaning) in LEGEND.items():
        mark = shapes.glyphs[state] if shapes else glyph
        yield (
            (f"{mark * 2} ", ink),
            (words.ljust(WORDS), Ink.STRONG),
            (f"{_percent(shares[state])}  " if shares else "", Ink.DIM),
            (meaning, Ink.PLAIN),
        )


def _percent(share: float) -> str:
    """Return a part of what is visible in four columns; what is there at all is never 0 %."""
    return " <1%" if 0 < share < 0.005 else f"{share:4.0%}"


def key_lines(keys: Sequence[tuple[str, str]], width: int) -> Iterable[Line]:
    """Return the keys, side by side where ``width`` columns have room for two of them."""
    halves = -(-len(keys) // 2)
    parts = [part for part in (keys[:halves], keys[halves:]) if part]
    if sum(sum(_widths(part)) for part in parts) > width:
        parts = [keys]
    for row in zip_longest(*parts, fillvalue=("", "")):
        spans: list[Span] = []
        for (name, words), part in zip(row, parts, strict=True):
            names, actions = _widths(part)
            spans += [(name.ljust(names), Ink.TITLE), (f" {words}".ljust(actions + 1), Ink.PLAIN)]
        yield (*spans[:-1], (spans[-1][0].rstrip(), Ink.PLAIN))


def _widths(keys: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """Return how wide the keys are, and what they do."""
    return max(KEYS, *(len(name) for name, _ in keys)), max(ACTION, *(len(words) + 2 for _, words in keys))
