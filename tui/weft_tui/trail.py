"""Where somebody has been: back and forward, as in a browser."""

from __future__ import annotations

from typing import Final, NamedTuple

from .view import View

MOST: Final = 200


class Place(NamedTuple):
    """A view, with the selected thread and the selected lock or request."""

    view: View
    lane: int
    subject: int


class Trail:
    """The places before the current one, and, after going back, those behind it."""

    def __init__(self) -> None:
        self._past: list[Place] = []
        self._future: list[Place] = []

    def leave(self, place: Place) -> None:
        """Note that a place is left for a new one."""
        if not self._past or self._past[-1] != place:
            self._past = [*self._past[-MOST + 1 :], place]
        self._future.clear()

    def back(self, place: Place) -> Place | None:
        """Return the place before the current one, if there is one."""
        return _taken(self._past, self._future, place)

    def forward(self, place: Place) -> Place | None:
        """Return the place that was gone back from, if there is one."""
        return _taken(self._future, self._past, place)


def _taken(from_: list[Place], to: list[Place], place: Place) -> Place | None:
    if not from_:
        return None
    to.append(place)
    return from_.pop()
