"""The help of the stage: what stands where, what the marks mean, and every key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..screens.help import BLANK, key_lines
from ..spans import Ink, Line

INTRO: Final[Sequence[Line]] = (
    (
        ("You are the scheduler: a ", Ink.PLAIN),
        ("digit", Ink.TITLE),
        (" gives that actor a step. Find an order that breaks the app.", Ink.PLAIN),
    ),
)
Mark = tuple[str, Ink, str]
COLUMN: Final[Sequence[Mark]] = (
    ("→", Ink.TITLE, "what an actor does next"),
    ("∥", Ink.WAIT, "blocked, by whom"),
    ("∿", Ink.HANDOFF, "runs outside the stage"),
    ("▶", Ink.TITLE, "the line it is about to run"),
)
HISTORY: Final[Sequence[Mark]] = (
    ("●", Ink.RUN, "a step in the history"),
    ("■", Ink.GOOD, "the last step of its actor"),
    ("!", Ink.HOLD, "preempted, as any Python may"),
    ("‡", Ink.WAIT_HOLD, "preempted, as only without a GIL"),
)
MEANING: Final = 42
PAIRED: Final = 110
"""Columns of the terminal that two columns of keys need."""


def help_text(keys: Sequence[tuple[str, str]], width: int) -> tuple[Line, ...]:
    """Return the help.

    Args:
        keys: (keys, what they do).
        width: of the terminal.
    """
    paired = width >= PAIRED
    return (*INTRO, BLANK, *_marks(paired), BLANK, *key_lines(keys, 2 if paired else 1))


def _marks(paired: bool) -> Iterable[Line]:
    if not paired:
        return [((f"{glyph}  ", ink), (words, Ink.PLAIN)) for glyph, ink, words in (*COLUMN, *HISTORY)]
    return [
        ((f"{glyph}  ", ink), (words.ljust(MEANING), Ink.PLAIN), (f"{other}  ", color), (meaning, Ink.PLAIN))
        for (glyph, ink, words), (other, color, meaning) in zip(COLUMN, HISTORY, strict=True)
    ]
