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

from collections.abc import Iterable, Mapping, Sequence

from .execution import APART, MAY_SWAP, Effects, Execution, Plan, Step, relation, touches


class Node:
    """A point on the way that is being tried. Sets of actors are bits of an int.

    Attributes:
        chosen, effects, known: of the step that is being tried, see `Step`.
        todo: whose step is to be tried here, or has been.
        tried: whose step has been.
        sleep: whose step need not be tried here, and what it would touch.
        asleep: the same as bits.
    """

    __slots__ = ("asleep", "chosen", "effects", "known", "movable", "sleep", "todo", "tried")

    def __init__(self, step: Step, sleep: dict[int, Effects]) -> None:
        self.chosen, self.effects, movable, late, self.known, _ = step
        self.movable = bits(movable)
        self.todo = self.movable if late else 1 << self.chosen
        self.tried = 0
        self.sleep = sleep
        self.asleep = bits(sleep) if sleep else 0

    def left(self) -> int:
        """Return whose step is still to be tried."""
        return self.todo & ~self.tried & ~self.asleep

    def done(self) -> None:
        """Note that the step has been tried, with all that can follow."""
        self.tried |= 1 << self.chosen
        # What was announced only after it may have another number in the next execution: then it cannot be told what
        # wakes it up.
        known = self.known
        for thing, part, _ in self.effects:
            if thing >= known or part >= known:
                return
        self.sleep[self.chosen] = self.effects
        self.asleep |= 1 << self.chosen


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
        self._history = History()
        self.executions = self.repeated = 0

    def next(self) -> Plan | None:
        """Return what is to be tried next, None when nothing is left."""
        if not self.executions:
            return Plan(self._prefix)
        while len(self._nodes) > len(self._prefix):
            node = self._nodes[-1]
            left = node.left() & ~(1 << node.chosen)
            if left:
                node.done()
                node.chosen = (left & -left).bit_length() - 1
                return Plan([one.chosen for one in self._nodes], node.sleep)
            self._nodes.pop()
        return None

    def left(self) -> int:
        """Return how many orders are known that are still to be tried; more may turn up."""
        return sum((node.left() & ~(1 << node.chosen)).bit_count() for node in self._nodes[len(self._prefix) :])

    def add(self, execution: Execution) -> None:
        """Take in what came of the last plan."""
        self.executions += 1
        self.repeated += execution.verdict is None
        steps, nodes, history = execution.steps, self._nodes, self._history
        known = len(nodes)
        if known:
            nodes[-1].effects, nodes[-1].known = steps[known - 1].effects, steps[known - 1].known
        for index in range(known, len(steps)):
            nodes.append(Node(steps[index], self._asleep(index, steps)))
        # The races among the steps that are the same as last time are known.
        for step in steps[history.back_to(steps, known - 1) if known else 0 :]:
            after, races = history.reasons(step.actor, step.effects)
            if races:
                self._try_before(step.actor, after, races)
            history.add(step, after)
        for actor, effects in execution.blocked:
            self._try_before(actor, *history.reasons(actor, effects))

    def _asleep(self, index: int, steps: Sequence[Step]) -> dict[int, Effects]:
        before = self._nodes[index - 1] if index else None
        if before is None or not before.sleep or steps[index - 1].late:
            return {}
        return still_asleep(before.sleep, before.chosen, before.effects)

    def _try_before(self, actor: int, after: int, races: Iterable[int]) -> None:
        """Plan to let a step come before each that it races with.

        Args:
            after, races: see `History.reasons`.
        """
        for index in races:
            node = self._nodes[index]
            initials = self._history.initials(index, actor, after) & node.movable
            if initials & (node.todo | node.asleep):
                continue
            if initials:
                own = initials & 1 << actor
                node.todo |= own or initials & -initials
            else:
                node.todo |= node.movable


def bits(actors: Iterable[int]) -> int:
    """Return a set of actors as the bits of an int."""
    found = 0
    for actor in actors:
        found |= 1 << actor
    return found


def still_asleep(sleep: Mapping[int, Effects], actor: int, effects: Effects) -> dict[int, Effects]:
    """Return who sleeps on after a step: those whose own step does not depend on it."""
    if not sleep:
        return {}
    return {one: theirs for one, theirs in sleep.items() if one != actor and not touches(theirs, effects)}


class History:
    """The steps so far and the reasons of their order: happens-before. Sets of steps are bits of an int."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._its: list[int] = []
        """By step, those that come before it for a reason, itself included."""
        self._before_it: list[tuple[int, int, int]] = []
        """By step, what there was before it: what came before its actor's next step, its actor's last one, threads."""
        self._pasts: list[int] = []
        """By actor, what comes before its next step because it came before its last one or its start."""
        self._latest: list[int] = []
        self._touched: dict[int, int] = {}

    def back_to(self, steps: Sequence[Step], least: int = 0) -> int:
        """Forget all but what these steps begin with; return how many those are.

        Args:
            least: as many are, if all is as expected.
        """
        same = least if self._steps[:least] == steps[:least] else 0
        for mine, its in zip(self._steps[same:], steps[same:], strict=False):
            if mine != its:
                break
            same += 1
        behind, pasts, touched = self._steps, self._pasts, self._touched
        while len(behind) > same:
            actor, effects, _, _, _, _ = behind.pop()
            pasts[actor], self._latest[actor], threads = self._before_it.pop()
            self._its.pop()
            bit = 1 << len(behind)
            for thing, _, _ in effects:
                touched[thing] &= ~bit
            if len(pasts) > threads:
                del pasts[threads:], self._latest[threads:]
        return same

    def add(self, step: Step, after: int | None = None) -> None:
        """Add a step.

        Args:
            after: what `reasons` says of it, if that is known.
        """
        actor, effects, _, late, _, players = step
        pasts, bit = self._pasts, 1 << len(self._steps)
        threads = len(pasts)
        past = (self.reasons(actor, effects)[0] if after is None else after) | bit
        while len(pasts) < players:
            pasts.append(self._its[-1] if self._its else 0)
            self._latest.append(-1)
        if late:
            for other in pasts:
                past |= other
        for thing, _, _ in effects:
            self._touched[thing] = self._touched.get(thing, 0) | bit
        self._before_it.append((pasts[actor], self._latest[actor], threads))
        pasts[actor], self._latest[actor] = past, len(self._steps)
        self._steps.append(step)
        self._its.append(past)

    def reasons(self, actor: int, effects: Effects) -> tuple[int, Sequence[int]]:
        """Return what comes for a reason before an actor's next step, if that touches these things, and the races.

        Those are the steps that have no reason to come before it but that both touch the same thing. A step in front
        of which the actor was waiting already, and could not have moved, is no such step.
        """
        after = self._past(actor)
        before = 0
        for thing, _, _ in effects:
            before |= self._touched.get(thing, 0)
        left = before & ~after
        if not left:
            return after, ()
        races: list[int] = []
        latest = self._latest[actor] if actor < len(self._latest) else -1
        while left:
            index = left.bit_length() - 1
            left ^= 1 << index
            step = self._steps[index]
            how = relation(step.effects, effects)
            if how == APART:
                continue
            its = self._its[index]
            after |= its
            blocked = latest < index and actor < step.players and actor not in step.movable
            if how == MAY_SWAP and step.actor != actor and not blocked:
                races.append(index)
                left &= ~its
        return after, races

    def initials(self, index: int, actor: int, after: int) -> int:
        """Return who can begin after the first ``index`` steps, to get to the next step before that one, as bits.

        Of the steps since then, those count which do not come after it for a reason.

        Args:
            actor, after: whose the next step is, and what `reasons` says of it.
        """
        others = first = 0
        for number in range(index + 1, len(self._steps)):
            past = self._its[number]
            if past >> index & 1:
                continue
            if not past & others:
                first |= 1 << self._steps[number].actor
            others |= 1 << number
        if not after & others:
            first |= 1 << actor
        return first

    def _past(self, actor: int) -> int:
        """Return what comes before an actor's next step whatever that is."""
        if actor < len(self._pasts):
            return self._pasts[actor]
        return self._its[-1] if self._its else 0  # it was started by the last step
