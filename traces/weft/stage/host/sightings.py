"""Data races that are seen: two players stand before accesses to the same thing, and nothing says who comes first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from ..search.execution import Access, Accessed, Effects, Places, Race, touches
from .baton import Pending, Player
from .primitives import Maker


class Sightings:
    """The races of one execution.

    Two accesses have no happens-before order exactly if some order of the steps leads to a point where both are next:
    no lock, event, queue or end of a thread keeps either of them back.

    Args:
        maker: knows where a player stands.
        effects: tells what an operation touches.

    Attributes:
        found: what was seen, each pair of places once.
        accesses: what the steps were.
    """

    def __init__(self, maker: Maker, effects: Callable[[Pending], Effects]) -> None:
        self._maker, self._effects = maker, effects
        self._looked: dict[tuple[int, int], tuple[Pending, Pending]] = {}
        self._places: set[Places] = set()
        self.found: list[Race] = []
        self.accesses: list[Accessed] = []

    def look(self, movable: Sequence[Player], step: int) -> None:
        """Look at who can move after so many steps."""
        accessing = [player for player in movable if player.pending is not None and player.pending.touch is not None]
        for one, other in combinations(accessing, 2):
            first, second = one.pending, other.pending
            if first is None or second is None or (first.kind == second.kind == "read"):
                continue
            before = self._looked.get((one.index, other.index))
            if before is not None and before[0] is first and before[1] is second:
                continue
            self._looked[one.index, other.index] = first, second
            if touches(self._effects(first), self._effects(second)):
                self._note(Race(first.touch.name, self._access(one, first), self._access(other, second), step))

    def step(self, player: Player, step: int) -> None:
        """Note that a player makes its step, after so many others."""
        if player.pending is not None and player.pending.touch is not None:
            self.accesses.append(Accessed(step, self._access(player, player.pending)))

    def _note(self, race: Race) -> None:
        if race.places not in self._places:
            self._places.add(race.places)
            self.found.append(race)

    def _access(self, player: Player, pending: Pending) -> Access:
        place = self._maker.place(player.frame)
        file, line, function = place if place is not None else ("", 0, "")
        return Access(player.index, pending.kind, pending.touch.text, file, line, function)
