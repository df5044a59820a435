"""Which orders have to be tried so that every outcome is seen: dynamic partial order reduction.

Two orders that differ only in neighbouring steps which do not touch the same thing lead to the same outcome, so one of
them is enough. The algorithm is source-DPOR with sleep sets: P. Abdulla, S. Aronis, B. Jonsson, K. Sagonas, Optimal
Dynamic Partial Order Reduction, POPL 2014. After each execution it looks for races, pairs of steps that touch the same
thing and have no other reason for their order, and plans to try the other one.

A thread that waits at the end counts as if it had made its step: that it could not is the other half of a race.
Timeouts are over only when nobody else can move. Such a step depends on all that came before; whoever else could have
moved there is tried too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .execution import Effects, Execution, Plan, Step, may_swap, touches


class Node:
    """A point on the way that is being tried.

    Attributes:
        chosen, effects, known: of the step that is being tried, see `Step`.
        todo: whose step is to be tried here, or has been.
        tried: whose step has been.
        sleep: whose step need not be tried here, and what it would touch.
    """

    __slots__ = ("chosen", "effects", "known", "movable", "sleep", "todo", "tried")

    def __init__(self, step: Step, sleep: Mapping[int, Effects]) -> None:
        self.movable = frozenset(step.movable)
        self.chosen, self.effects, self.known = step.actor, step.effects, step.known
        self.todo = set(self.movable) if step.late else {step.actor}
        self.tried: set[int] = set()
        self.sleep = dict(sleep)

    def left(self) -> list[int]:
        """Return whose step is still to be tried."""
        return sorted(actor for actor in self.todo - self.tried if actor not in self.sleep)

    def done(self) -> None:
        """Note that the step has been tried, with all that can follow."""
        self.tried.add(self.chosen)
        # What was announced only after it may have another number in the next execution: then it cannot be told what
        # wakes it up.
        if all(thing < self.known and part < self.known for thing, part, _ in self.effects):
            self.sleep[self.chosen] = self.effects


class Reduction:
    """All orders of a scenario, without those that need not be tried.

    Args:
        prefix: whose steps come first in all of them.

    Attributes:
        executions: how many were made.
        repeated: how many of them were given up on the way, since all that could follow was known.
    """

    def __init__(self, prefix: Sequence[int] = ()) -> None:
        self._prefix = tuple(prefix)
        self._nodes: list[Node] = []
        self.executions = self.repeated = 0

    def next(self) -> Plan | None:
        """Return what is to be tried next, None when nothing is left."""
        if not self.executions:
            return Plan(self._prefix)
        while len(self._nodes) > len(self._prefix):
            node = self._nodes[-1]
            node.done()
            left = node.left()
            if left:
                node.chosen = left[0]
                return Plan([one.chosen for one in self._nodes], node.sleep)
            self._nodes.pop()
        return None

    def left(self) -> int:
        """Return how many orders are known that are still to be tried; more may turn up."""
        return sum(len(set(node.left()) - {node.chosen}) for node in self._nodes[len(self._prefix) :])

    def add(self, execution: Execution) -> None:
        """Take in what came of the last plan."""
        self.executions += 1
        self.repeated += execution.verdict is None
        steps = execution.steps
        if self._nodes:
            last = len(self._nodes) - 1
            self._nodes[last].effects, self._nodes[last].known = steps[last].effects, steps[last].known
        for index in range(len(self._nodes), len(steps)):
            self._nodes.append(Node(steps[index], self._asleep(index, steps)))
        history = History(
            max((*(step.players for step in steps), *(actor + 1 for actor, _ in execution.blocked)), default=0)
        )
        for step in steps:
            self._try_before(history, step.actor, step.effects)
            history.add(step)
        for actor, effects in execution.blocked:
            self._try_before(history, actor, effects)

    def _asleep(self, index: int, steps: Sequence[Step]) -> Mapping[int, Effects]:
        if index == 0 or steps[index - 1].late:
            return {}
        before = self._nodes[index - 1]
        return still_asleep(before.sleep, before.chosen, before.effects)

    def _try_before(self, history: History, actor: int, effects: Effects) -> None:
        """Plan to let a step come before each that it races with."""
        for index in history.races(actor, effects):
            node = self._nodes[index]
            first = [one for one in history.initials(index, actor, effects) if one in node.movable]
            if any(one in node.todo or one in node.sleep for one in first):
                continue
            if first:
                node.todo.add(actor if actor in first else first[0])
            else:
                node.todo |= node.movable


def still_asleep(sleep: Mapping[int, Effects], actor: int, effects: Effects) -> dict[int, Effects]:
    """Return who sleeps on after a step: those whose own step does not depend on it."""
    return {one: theirs for one, theirs in sleep.items() if one != actor and not touches(theirs, effects)}


class _Done(NamedTuple):
    """A step, and by actor how many of their steps come before it for a reason, itself included."""

    actor: int
    effects: Effects
    movable: Sequence[int]
    players: int
    clock: Sequence[int]


class History:
    """The steps so far and the reasons of their order: happens-before, as vector clocks.

    Args:
        players: how many threads there are at the end.
    """

    def __init__(self, players: int) -> None:
        self._steps: list[_Done] = []
        self._clocks = [[0] * players for _ in range(players)]
        self._touched: dict[int, list[int]] = {}
        self._latest = [-1] * players

    def add(self, step: Step) -> None:
        """Add a step."""
        actor, effects = step.actor, step.effects
        if self._steps:
            for born in range(self._steps[-1].players, step.players):
                _join(self._clocks[born], self._steps[-1].clock)
        own = self._clocks[actor][actor] + 1
        clock = self._after(actor, effects)
        if step.late:
            for other in self._clocks:
                _join(clock, other)
        clock[actor] = own
        for thing in {thing for thing, _, _ in effects}:
            self._touched.setdefault(thing, []).append(len(self._steps))
        self._latest[actor] = len(self._steps)
        self._steps.append(_Done(actor, effects, step.movable, step.players, clock))
        self._clocks[actor] = clock[:]

    def races(self, actor: int, effects: Effects) -> Iterator[int]:
        """Yield the steps that have no reason to come before the next one but that both touch the same thing.

        A step in front of which the actor was waiting already, and could not have moved, is no such step.
        """
        clock = self._clocks[actor][:]
        for index in self._before(effects):
            step = self._steps[index]
            if step.actor == actor or clock[step.actor] >= step.clock[step.actor]:
                continue
            blocked = self._latest[actor] < index and actor < step.players and actor not in step.movable
            if not blocked and may_swap(step.effects, effects):
                yield index
                _join(clock, step.clock)

    def initials(self, index: int, actor: int, effects: Effects) -> list[int]:
        """Return who can begin after the first ``index`` steps, to get to the next step before that one.

        Of the steps since then, those count which do not come after it for a reason.
        """
        behind = self._steps[index]
        others: list[_Done] = []
        first: list[int] = []
        upcoming = _Done(actor, effects, (), 0, self._after(actor, effects))
        for step in (*self._steps[index + 1 :], upcoming):
            if step is not upcoming and step.clock[behind.actor] >= behind.clock[behind.actor]:
                continue
            if not any(step.clock[other.actor] >= other.clock[other.actor] for other in others):
                first.append(step.actor)
            others.append(step)
        return first

    def _before(self, effects: Effects) -> list[int]:
        """Return the steps that touch the same things in whatever way, the latest first."""
        found = {index for thing, _, _ in effects for index in self._touched.get(thing, ())}
        return sorted(found, reverse=True)

    def _after(self, actor: int, effects: Effects) -> list[int]:
        clock = self._clocks[actor][:]
        for index in self._before(effects):
            step = self._steps[index]
            if touches(step.effects, effects):
                _join(clock, step.clock)
        return clock


def _join(clock: list[int], other: Sequence[int]) -> None:
    for index, count in enumerate(other):
        if count > clock[index]:
            clock[index] = count
