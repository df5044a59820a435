"""The way of the last execution of a search, for the next one, which mostly begins alike.

Orders are tried depth first, so an execution differs from the last one behind a long way that both have in common.
There it is not found out anew who could move, what everybody touches and whom that concerns: each player goes on as
before, as long as it comes to the stops that it came to before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..search.execution import ALL, READ, WRITE, Effects, Step
from .baton import BEHIND, Call, Pending
from .sharing import Sharing
from .watchers import Lasting

MOST_DEPARTURES = 3
"""After so many executions that went on in another way than the last one, none is expected not to."""


class Trail:
    """What the last execution came past.

    Args:
        sharing: notes what is touched.

    Attributes:
        numbers: of what was announced.
        assumed: what was taken for granted so far, as sentences.
        steps: that were made.
    """

    def __init__(self, sharing: Sharing) -> None:
        self._sharing = sharing
        self._departures = 0
        self.forget()

    def forget(self) -> None:
        """Let the next execution be made without it."""
        self.numbers = Numbers()
        self.assumed: dict[str, None] = {}
        self.steps: list[Step] = []
        self._calls: list[Call] = []
        self._actors: list[int] = []
        """By step, who made it."""
        self._marks: list[tuple[int, int, int, int, int]] = []
        """By call, how much was known before it."""
        self._chosen: list[int] = []
        """By step, the call at which it was decided on."""
        self._open = True

    def depart(self) -> None:
        """Note that an execution did not go on as the last one, and let the next one be made without it."""
        self._departures += 1
        self.forget()

    def begin(self, path: Sequence[int]) -> Sequence[Call]:
        """Begin an execution whose first steps are known; return the calls that it has in common with the last one.

        `BEHIND` follows them, if there are any. All that was found out behind them is forgotten.
        """
        same = self._same(path) if self._departures < MOST_DEPARTURES else 0
        if not same:
            self.forget()
            self._sharing.begin()
            return ()
        first = self._chosen[same]
        things, known, assumed, added, count = self._marks[first]
        self.numbers.back_to(things, known)
        while len(self.assumed) > assumed:
            self.assumed.popitem()
        self._sharing.begin(added, count)
        self.steps = self.steps[:same]
        del self._calls[first:], self._marks[first:], self._chosen[same:], self._actors[same:]
        self._open = True
        return *self._calls, BEHIND

    def _same(self, path: Sequence[int]) -> int:
        """Return with how many steps of a path the last execution began, as far as it can be followed."""
        actors, most = self._actors, min(len(path), len(self._chosen) - 1)
        if most > 0 and actors[: most - 1] == path[: most - 1]:  # as a search does it
            return most - (actors[most - 1] != path[most - 1])
        return next((index for index in range(most) if actors[index] != path[index]), max(0, most))

    def close(self) -> None:
        """Let nothing from here on be followed."""
        self._open = False

    def arrive(self) -> None:
        """Note that it is about to be decided who moves."""
        if self._open:
            numbers, log = self.numbers, self._sharing.lasting
            self._marks.append((len(numbers.things), len(numbers.known), len(self.assumed), len(log.added), log.count))

    def add(self, announced: Pending | None, actor: int, *, late: bool, begins: bool) -> None:
        """Note who moves.

        Args:
            announced: by whoever has moved before.
            begins: it is a step of its own.
        """
        if not self._open:
            return
        if announced is not None and announced.touch is not None and type(announced) is not Lasting:
            self._open = False  # what is touched is another object the next time
            return
        if begins:
            self._chosen.append(len(self._calls))
            self._actors.append(actor)
        self._calls.append((announced, actor, late))


class Numbers:
    """Numbers things and their parts in the order in which they are announced.

    Attributes:
        things: what has a number.
        known: by the id of an operation, the operation and what it touches.
        count: the next number.
    """

    def __init__(self) -> None:
        self.things: dict[Any, int] = {}
        self.known: dict[int, tuple[Pending, Effects]] = {}
        self.count = ALL + 1

    def back_to(self, things: int, known: int) -> None:
        """Forget all but what was numbered first."""
        while len(self.things) > things:
            self.things.popitem()
        self.count = len(self.things) + ALL + 1
        while len(self.known) > known:
            self.known.popitem()

    def effects(self, pending: Pending) -> Effects:
        """Return what an operation touches."""
        # The operation is kept, so that neither its id nor that of what it touches comes to mean something else.
        known = self.known.get(id(pending))
        if known is None:
            known = self.known[id(pending)] = pending, tuple(self._touched(pending))
        return known[1]

    def _touched(self, pending: Pending) -> list[tuple[int, int, int]]:
        touch = pending.touch
        if touch is not None:
            family, key = touch.key
            thing = self._number((id(touch.obj), "item" if family == "*" else family))
            part = ALL if family == "*" else self._number((thing, key))
            return [(thing, part, READ if pending.kind == "read" else WRITE)]
        effects = pending.effects
        if effects is None:
            effects = [(pending.on, "", READ if pending.kind == "read" else WRITE)] if pending.on else []
        if not effects and pending.kind == "wait":
            effects = [("inside a library", "", WRITE)]
        numbered = []
        for name, piece, how in effects:
            thing = self._number(("thing", name))
            numbered.append((thing, self._number((thing, piece)) if piece else ALL, how))
        return numbered

    def _number(self, key: Any) -> int:
        known = self.things.get(key)
        if known is None:
            known = self.things[key] = self.count
            self.count += 1
        return known
