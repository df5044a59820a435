"""Data races: accesses to the same thing that nothing orders, each with the steps that lead in front of both.

That two accesses are not ordered by happens-before (locks, events, queues, the start and end of threads, and whatever
else keeps one of them back) is shown by a point where either can be next. A search through all orders comes past such
a point of every race. Where the budget is too small for that, races are predicted: of the steps of an execution, those
are left out that come after the first access for a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .dpor import History
from .execution import READ, Access, Effects, Execution, Executor, Places, Plan, Step
from .shortening import Failing, Finds, shortened

MOST_TRIES = 3
"""Times that it is tried to lead in front of both accesses of a pair of places."""
MOST_EXECUTIONS = 600
"""Executions that are made at most to make the ways to all races simple."""


class Races:
    """The data races that are known.

    Attributes:
        found: each pair of places once, as they were found.
    """

    def __init__(self) -> None:
        self.found: dict[Places, Failing] = {}
        self._tries: dict[Places, int] = {}

    def add(self, execution: Execution) -> None:
        """Take in what was seen in an execution."""
        for race in execution.races:
            self.found.setdefault(race.places, Failing(execution.order[: race.step], race=race))

    def predicted(self, execution: Execution) -> Iterator[Plan]:
        """Yield what would lead in front of both accesses of pairs that are not known to race."""
        accesses = {access.step: access for access in execution.accesses}
        history = History()
        for number, step in enumerate(execution.steps):
            access = accesses.get(number)
            for index in history.reasons(step.actor, step.effects)[1] if access is not None else ():
                before = accesses.get(index)
                if access is not None and before is not None and self._is_new(before.access, access.access):
                    yield Plan(_in_front(execution.steps, index, number), lenient=True, races=True)
            history.add(step)

    def shortened(self, executor: Executor, kept: int) -> tuple[list[Failing], int]:
        """Return each with as few switches as could be found on the way there, and the executions that this took."""
        simple, count = [], 0
        for places, one in self.found.items():
            most = MOST_EXECUTIONS // len(self.found) + 1
            short, more = shortened(executor, one, standing_before(places), kept, most)
            simple.append(short)
            count += more
        return sorted(simple, key=_where), count

    def _is_new(self, one: Access, other: Access) -> bool:
        if one.kind == other.kind == "read":
            return False
        places = frozenset((one.place, other.place))
        self._tries[places] = self._tries.get(places, 0) + 1
        return places not in self.found and self._tries[places] <= MOST_TRIES


def standing_before(places: Places) -> Finds:
    """Return what finds executions in which two actors stand before accesses at these places."""

    def found(execution: Execution) -> Failing | None:
        for race in execution.races:
            if race.places == places:
                return Failing(execution.order[: race.step], race=race)
        return None

    return found


def _where(one: Failing) -> tuple[object, ...]:
    race = one.race
    return () if race is None else (race.name, *sorted(race.places))


def _in_front(steps: Sequence[Step], first: int, second: int) -> list[int]:
    """Return who moves until both can make their step: all others before these, but for what the first one causes."""
    order = [step.actor for step in steps[:first]]
    caused = [steps[first]]
    for step in steps[first + 1 : second]:
        if any(step.actor == one.actor or _depends(one.effects, step.effects) for one in caused):
            caused.append(step)
        else:
            order.append(step.actor)
    return order


def _depends(one: Effects, other: Effects) -> bool:
    return any(thing == thing2 and not how == how2 == READ for thing, _, how in one for thing2, _, how2 in other)
