"""Numbered styles of the lanes, taken from the style sheet, and the shortest escape sequence from each to each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.color import Color, ColorSystem
from rich.style import Style
from textual.widget import Widget

from weft.timeline.values import State

from .classes import style_of

STATE_CLASSES: Final = (
    "state--off",
    "state--idle",
    "state--run",
    "state--hold",
    "state--wait",
    "state--wait-hold",
    "state--handoff",
)
"""Component classes in the order of `State`: ``background`` is the block, ``color`` the text or line on it."""

TONES: Final = len(State) + 2
"""The states, and OFF and IDLE once more on the ground of the selected lane."""

PICKED: Final = len(State)
"""What to add to OFF and IDLE in the selected lane."""


class Role(IntEnum):
    """Styles of the lanes that are not about states; the value is the style's number."""

    NAME = TONES * (TONES + 1)
    NAME_PICKED = NAME + 1
    PID = NAME + 2
    PID_PICKED = NAME + 3
    CAPTION = NAME + 4
    CAPTION_PICKED = NAME + 5
    GROUND = NAME + 6
    ARROW = NAME + 7
    WAKE = NAME + 8


ROLE_CLASSES: Final = {
    Role.NAME: "lanes--name",
    Role.NAME_PICKED: "lanes--name-picked",
    Role.PID: "lanes--pid",
    Role.PID_PICKED: "lanes--pid-picked",
    Role.CAPTION: "lanes--caption",
    Role.CAPTION_PICKED: "lanes--caption-picked",
    Role.GROUND: "lanes--ground",
    Role.ARROW: "lanes--arrow",
    Role.WAKE: "lanes--wake",
}
CURSOR_CLASS: Final = "lanes--cursor"
PICKED_CLASSES: Final = ("lanes--off-picked", "lanes--idle-picked")


def pair(left: int, right: int) -> int:
    """Return the number of the style that draws tone ``left`` over tone ``right``; of the same tone: text on it."""
    return left * TONES + right


def cursor(tone: int) -> int:
    """Return the number of the style of the cursor's line on a tone."""
    return TONES * TONES + tone


@dataclass(frozen=True)
class Palette:
    """All styles by their numbers."""

    styles: tuple[Style, ...]

    def sequences(
        self, system: ColorSystem, before: NDArray[np.uint8], after: NDArray[np.uint8]
    ) -> NDArray[np.object_]:
        """Return the escape sequences between styles (`len(styles)`: from a reset), worked out as they are needed.

        Args:
            before, after: numbers of styles, in one shape, which the answer has too.
        """
        if system not in self._tables:
            self._tables[system] = _Table(self.styles, system)
        return self._tables[system].between(before, after)

    @cached_property
    def _tables(self) -> dict[ColorSystem, _Table]:
        return {}


class _Table:
    """The sequences between styles that have met so far."""

    def __init__(self, styles: tuple[Style, ...], system: ColorSystem) -> None:
        self.codes = [_codes(style, system) for style in styles]
        self.known = np.zeros((len(styles) + 1, len(styles)), np.bool_)
        self.sequences = np.full(self.known.shape, "", object)

    def between(self, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.object_]:
        new = ~self.known[before, after]
        if new.any():
            for old, style in set(zip(before[new].tolist(), after[new].tolist(), strict=True)):
                self.sequences[old, style] = self._change(old, style)
                self.known[old, style] = True
        found: NDArray[np.object_] = self.sequences[before, after]
        return found

    def _change(self, old: int, new: int) -> str:
        after = self.codes[new]
        if old == len(self.codes):
            return f"\x1b[{';'.join(filter(None, after))}m"
        return _change(self.codes[old], after)


def palette_of(widget: Widget) -> Palette:
    """Read the style sheet's answers for a widget."""
    tones = [style_of(widget, name) for name in (*STATE_CLASSES, *PICKED_CLASSES)]
    marker = style_of(widget, CURSOR_CLASS).color
    pairs = [
        Style(color=left.color if left is right else left.bgcolor, bgcolor=right.bgcolor)
        for left in tones
        for right in tones
    ]
    cursors = [Style(color=marker, bgcolor=tone.bgcolor) for tone in tones]
    roles = [style_of(widget, ROLE_CLASSES[role]) for role in Role]
    return Palette((*pairs, *cursors, *roles))


def _codes(style: Style, system: ColorSystem) -> tuple[str, str, str]:
    attributes = ";".join(code for code, on in (("1", style.bold), ("2", style.dim), ("4", style.underline)) if on)
    return attributes, _color(style.color, system, True), _color(style.bgcolor, system, False)


def _color(color: Color | None, system: ColorSystem, foreground: bool) -> str:
    if color is None:
        return "39" if foreground else "49"
    return ";".join(color.downgrade(system).get_ansi_codes(foreground))


def _change(before: tuple[str, str, str], after: tuple[str, str, str]) -> str:
    if before == after:
        return ""
    if before[0] != after[0]:
        return f"\x1b[{';'.join(filter(None, ('0', *after)))}m"
    return f"\x1b[{';'.join(new for old, new in zip(before, after, strict=True) if old != new)}m"
