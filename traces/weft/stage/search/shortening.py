"""Make a failing order simple: as few switches from one actor to another as can be, then as few steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from .execution import Execution, Executor, Plan, Race, race_from_json

MOST = 200
"""Executions that are made for it at most."""

MOST_REMEMBERED = 400
"""Steps; in longer executions who moves may depend on how many have been made."""

Order = tuple[int, ...]


class Failing(NamedTuple):
    """An order that fails.

    Attributes:
        loop: of a livelock: how many of the last steps lead back to where they begin.
        race: that both actors of it stand before at the end.
    """

    order: Order
    loop: int = 0
    race: Race | None = None


def failing_from_json(data: Any) -> Failing:
    """Return one that crossed the pipe."""
    order, loop, race = data
    return Failing(tuple(order), loop, race_from_json(race) if race else None)


Finds = Callable[[Execution], Failing | None]
"""Returns what an execution shows of the failure that is looked for, None when it does not show it."""


def ending(kind: str) -> Finds:
    """Return what finds executions that end with a verdict of a kind."""

    def found(execution: Execution) -> Failing | None:
        verdict = execution.verdict
        return Failing(execution.order, execution.loop) if verdict is not None and verdict[0] == kind else None

    return found


class _Made:
    """Executions that were made, and which paths need none since they lead along one of those."""

    def __init__(self, known: Execution | None) -> None:
        self._made: list[tuple[Order, Order]] = []
        if known is not None:
            self.add((), known)

    def add(self, path: Order, execution: Execution) -> None:
        order = execution.order
        if order[: len(path)] == path and len(order) < MOST_REMEMBERED:
            self._made.append((path, order))

    def leads_along(self, path: Order) -> bool:
        """Return whether what comes of a path is known: who moves after it is the same as after a shorter one."""
        return any(len(begin) <= len(path) and order[: len(path)] == path for begin, order in self._made)


def shortened(
    executor: Executor,
    failing: Failing,
    finds: Finds,
    kept: int = 0,
    most: int = MOST,
    known: Execution | None = None,
) -> tuple[Failing, int]:
    """Return an order that fails in the same way with as few switches as could be found, and the executions it took.

    Args:
        kept: how many of its first steps stay as they are.
        most: executions that are made for it.
        known: what comes of no path at all, which does not fail in this way.
    """
    best = failing
    begin = best.order[:kept]
    count = 0
    made = _Made(known)
    better = True
    while better and count < most:
        better = False
        for rest in _simpler(best.order[kept:]):
            path = (*begin, *rest)
            if made.leads_along(path):
                continue  # it was no better, or is what is to become better
            count += 1
            execution = executor.execute(Plan(path, lenient=True, races=failing.race is not None))
            made.add(path, execution)
            found = finds(execution)
            if found is not None and found.order[:kept] == begin and _weight(found.order) < _weight(best.order):
                best, better = found, True
                break
            if count >= most:
                break
    return best, count


def _weight(order: Sequence[int]) -> tuple[int, int]:
    return switches(order), len(order)


def switches(order: Sequence[int]) -> int:
    """Return how often an order goes from one actor to another."""
    return sum(one != other for one, other in pairwise(order))


def _simpler(order: Order) -> Iterator[Order]:
    """Yield orders with fewer switches: less of what was decided, or two stretches of an actor made one."""
    stretches = _stretches(order)
    for end in range(len(stretches)):
        yield _joined(stretches[:end])
    for first in range(len(stretches)):
        for second in range(first + 2, len(stretches)):
            if stretches[first][0] == stretches[second][0]:
                rest = stretches[:second] + stretches[second + 1 :]
                yield _joined([*rest[: first + 1], stretches[second], *rest[first + 1 :]])
                yield _joined([*stretches[:first], *rest[first + 1 : second], stretches[first], *stretches[second:]])


def _stretches(order: Sequence[int]) -> list[Order]:
    stretches: list[list[int]] = []
    for actor in order:
        if not stretches or stretches[-1][0] != actor:
            stretches.append([])
        stretches[-1].append(actor)
    return [tuple(one) for one in stretches]


def _joined(stretches: Sequence[Order]) -> Order:
    return tuple([actor for one in stretches for actor in one])
