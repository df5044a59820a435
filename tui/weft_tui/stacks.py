"""Stacks in words: the user's own frames, the innermost first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath
from typing import Final, Protocol

from weft.timeline.values import Place, Stack

from .sources import WHY_NOT
from .spans import Ink, Line

FRAMES: Final = 3
"""Callers that are told, at most."""

NOT_YOURS: Final = ("site-packages", "dist-packages", "/lib/python3", "\\lib\\", "<frozen")
"""Parts of file names that tell libraries from the user's own code."""


Quote = Callable[[Place], str]
"""Returns the source of a line, nothing when it is not known."""


def unquoted(place: Place) -> str:
    """Know no source."""
    return ""


def told(words: str, stack: Stack, quote: Quote = unquoted) -> Iterator[Line]:
    """Tell a stack: the user's innermost frame with words and source, and who of the user's code called it."""
    if not stack:
        return
    first = yours(stack)
    pad = " " * (len(words) - len(words.lstrip(" ")) + 2)
    code = quote(stack[first])
    missing: Line = ((f" {code}", Ink.DIM),) if code in WHY_NOT else ()
    yield ((words, Ink.PLAIN), *place(stack[first]), *missing)
    if code and not missing:
        yield ((f"{pad}{code}", Ink.DIM),)
    for frame in [frame for frame in stack[first + 1 :] if is_yours(frame)][:FRAMES]:
        where = "".join(text for text, _ in place(frame))
        yield ((f"{pad}called from {where}", Ink.DIM),)


def yours(stack: Sequence[Place]) -> int:
    """Return the index of the innermost frame that is not a library's, 0 when all are."""
    return next((index for index, frame in enumerate(stack) if is_yours(frame)), 0)


def is_yours(frame: Place) -> bool:
    """Say whether a frame is not a library's."""
    return not any(part in frame.file for part in NOT_YOURS)


class Frame(Protocol):
    """A line of code, as timelines and the stage have them."""

    @property
    def file(self) -> str:
        """Its file."""
        raise NotImplementedError

    @property
    def line(self) -> int:
        """Its number, from 1."""
        raise NotImplementedError

    @property
    def function(self) -> str:
        """What it is a line of."""
        raise NotImplementedError


def place(frame: Frame) -> Line:
    """Return a line of code: ``shop.py:88 in report``."""
    function = frame.function.rpartition("<locals>.")[2]
    return ((f"{short(frame.file)}:{frame.line}", Ink.STRONG), (f" in {function}", Ink.PLAIN))


def short(file: str) -> str:
    """Return the end of a path that tells it apart: the file, and its folder when the name says nothing."""
    path = PurePath(file)
    return f"{path.parent.name}/{path.name}" if path.name in ("__init__.py", "__main__.py") else path.name
