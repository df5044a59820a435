"""Every message of the stage, on one page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message

from weft.errors import WeftError

from .seen import Seen


@dataclass
class Played(Message):
    """Something was done with the session, or a part of it.

    Attributes:
        then: called with the answer, on the screen's side.
        progress: it is still being done.
    """

    seen: Seen
    then: Callable[[Any], None] | None = None
    answer: Any = None
    progress: bool = False


@dataclass
class Searching(Message):
    """A search goes on; the text says how far it is."""

    text: str

    def can_replace(self, message: Message) -> bool:
        """Replace the one before, which is out of date."""
        return isinstance(message, Searching)


@dataclass
class Refused(Message):
    """The session could not do it; the text says what to do next."""

    error: WeftError
    seen: Seen


@dataclass
class NotStarted(Message):
    """There is no session: the scenario cannot be run at all."""

    error: WeftError


@dataclass
class ActorPicked(Message):
    """Somebody clicked on an actor."""

    actor: int


@dataclass
class PointPicked(Message):
    """Somebody clicked on a step of the history; ``at`` is its index in what is seen."""

    at: int
