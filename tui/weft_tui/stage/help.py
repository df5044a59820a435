"""The help of the stage: every key, every mark, every badge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

from ..screens.help import BLANK, TextScreen, key_lines
from ..spans import Ink, Line
from .marks import BADGES, COLUMN, ELSEWHERE, HISTORY, WORDS, Mark

INTRO: Final[Sequence[Line]] = (
    (
        ("You are the scheduler: a ", Ink.PLAIN),
        ("digit", Ink.TITLE),
        (" gives that actor a step. Find an order that breaks the app.", Ink.PLAIN),
    ),
)
GLYPH: Final = 3
MEANING: Final = 42
PAIRED: Final = 2 * (GLYPH + 2 + MEANING)
"""Columns that two lists of marks need."""


class HelpScreen(TextScreen):
    """Shows the help.

    Args:
        keys: (keys, what they do).
    """

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__("weft stage")
        self.keys = keys

    def text(self, width: int) -> Sequence[Line]:
        """Return the help."""
        return help_text(self.keys, width)


def help_text(keys: Sequence[tuple[str, str]], width: int) -> tuple[Line, ...]:
    """Return the help.

    Args:
        keys: (keys, what they do).
        width: columns that a line may take.
    """
    paired = width >= PAIRED
    lines = [*INTRO, BLANK, *key_lines(keys, width)]
    if paired:
        lines += [BLANK, *_beside(("in a column", COLUMN), ("in the history", HISTORY))]
    else:
        lines += [BLANK, *_listed("in a column", COLUMN), BLANK, *_listed("in the history", HISTORY)]
    lines += [BLANK, *_listed("elsewhere", ELSEWHERE)]
    lines += [BLANK, *_listed("what an actor can do", WORDS)]
    lines += [BLANK, *_listed("what goes on, and what came of it", BADGES)]
    return tuple(lines)


Section = tuple[str, Sequence[Mark]]


def _listed(title: str, marks: Sequence[Mark]) -> Iterable[Line]:
    widest = max(GLYPH, *(len(mark.glyph) for mark in marks))
    yield ((title, Ink.TITLE),)
    for mark in marks:
        yield _told(mark, widest)


def _told(mark: Mark, widest: int) -> Line:
    return (mark.span, (f"{' ' * (widest - len(mark.glyph))}  {mark.meaning}", Ink.PLAIN))


def _beside(left: Section, right: Section) -> Iterable[Line]:
    yield ((left[0].ljust(GLYPH + MEANING + 2), Ink.TITLE), (right[0], Ink.TITLE))
    for one, other in zip_longest(left[1], right[1]):
        mine = _told(one, GLYPH) if one is not None else ((" " * GLYPH, Ink.PLAIN), ("", Ink.PLAIN))
        room = MEANING + 2 + GLYPH - len(mine[0][0])
        padded: Line = (mine[0], (mine[1][0].ljust(room), Ink.PLAIN))
        yield (*padded, *(_told(other, GLYPH) if other is not None else ()))
