"""Players that go round in circles: who is to let others go first, and whether nobody can help any more.

A spinning thread that comes back to the same state does nothing new until somebody else has moved, so that a fair
scheduler lets others move first: M. Musuvathi, S. Qadeer, Fair Stateless Model Checking, PLDI 2008. When all that
could move on the way did, and the state is the same again, they may go on like that for ever.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..moment import endless
from .baton import Pending, Player


class Rounds:
    """What one execution has gone through.

    Attributes:
        steps: how many of the last steps led back to where they began, with nobody left to end it; 0 until then.
        resting: who is to let others move first.
        stuck: a sentence when only a timeout, which the stage takes to be long, could end it; else empty.
    """

    def __init__(self) -> None:
        self._seen: dict[Hashable, list[int]] = {}
        self._moved: list[tuple[Player, Pending | None]] = []
        self._could: list[Sequence[Player]] = []
        self.resting: set[int] = set()
        self.steps = 0
        self.stuck = ""

    def add(self, player: Player, movable: Sequence[Player]) -> None:
        """Note a step, and who could have been given one instead."""
        if self.resting and player.index not in self.resting:
            self.resting.clear()
        self._moved.append((player, player.pending))
        self._could.append(movable)

    def useful(self, movable: Sequence[Player]) -> Sequence[Player]:
        """Return those of the players whose steps could lead to something new."""
        if not self.resting:
            return movable
        return [player for player in movable if player.index not in self.resting] or movable

    def closes(self, state: Hashable, movable: Sequence[Player], waiting: Sequence[Player]) -> bool:
        """Note a state; return whether the execution can go round for ever from there.

        Args:
            waiting: players whose wait has a timeout.
        """
        now = len(self._moved)
        times = self._seen.setdefault(state, [])
        if times and times[-1] == now:
            return False
        times.append(now)
        for begin in reversed(times[:-1]):
            moved = self._indices(begin)
            if all(one.index in moved for could in (movable, *self._could[begin:]) for one in could):
                self._end(begin, waiting)
                return True
        if len(times) > 1:
            self.resting |= self._indices(times[0])
        return False

    def _indices(self, begin: int) -> set[int]:
        return {player.index for player, _ in self._moved[begin:]}

    def sentence(self) -> str:
        """Return who goes round, doing what."""
        return self._told(len(self._moved) - self.steps)

    def _end(self, begin: int, waiting: Sequence[Player]) -> None:
        others = [player for player in waiting if player.index not in self._indices(begin)]
        if others:
            self.stuck = f"{self._told(begin)}, until the timeout of {others[0].name} is over"
        else:
            self.steps = len(self._moved) - begin

    def _told(self, begin: int) -> str:
        round_ = sorted(self._moved[begin:], key=lambda one: one[0].index)
        texts = [pending.text if pending is not None else "" for _, pending in self._moved[begin:]]
        return endless([player.name for player, _ in round_], texts)
