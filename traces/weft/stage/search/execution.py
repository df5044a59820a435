"""What an execution tells the search: plain values that cross a pipe as JSON. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

READ, WRITE, ACQUIRE, RELEASE = 1, 2, 4, 8
"""How a thing is touched. Two reads are independent, everything else is not."""

ALL = 0
"""The part of a thing that overlaps with each of its parts."""

ORDER = -1
"""The part that stands for the order of the keys of a dict: whoever puts a new key into it writes to that."""

Effect = tuple[int, int, int]
"""A thing, a part of it, and how it is touched. Things and parts are numbered in the order in which they are first
announced, which is the same in all executions that begin alike."""

Effects = tuple[Effect, ...]


class Step(NamedTuple):
    """A step that was made.

    Attributes:
        actor: who made it.
        effects: what it touched.
        movable: who could have been given a step instead, the actor included.
        late: timeouts were over, since nobody else could move.
        known: how many things had been announced before it.
        players: how many threads there were before it.
    """

    actor: int
    effects: Effects
    movable: Sequence[int]
    late: bool = False
    known: int = 0
    players: int = 0


class Plan(NamedTuple):
    """What an execution is to do.

    Attributes:
        path: actors of the first steps.
        sleep: by actor, what its next step would touch: an order that begins with it after ``path`` without its last
            step has been tried already, so it need not move before something that it depends on has happened.
        policy: who moves after that: ``on`` (whoever moved last, while it can), ``walk``, ``pos`` or ``pct``.
        seed: of chance.
        switches: of ``pct``: how often the order of priorities changes.
        length: of ``pct``: how many steps an execution is thought to have.
        lenient: leave out what is in the path and cannot be done, instead of giving up.
        races: tell which accesses stand next to each other with nothing that orders them.
    """

    path: Sequence[int] = ()
    sleep: Mapping[int, Effects] = {}
    policy: str = "on"
    seed: int = 0
    switches: int = 3
    length: int = 20
    lenient: bool = False
    races: bool = False


Place = tuple[str, int, str]
"""A file, a line (from 1), and what is accessed there in source terms."""
Places = frozenset[Place]


class Access(NamedTuple):
    """A read or write that an actor is about to make; ``text`` in source terms, ``line`` from 1."""

    actor: int
    kind: str
    text: str
    file: str
    line: int
    function: str

    @property
    def place(self) -> Place:
        """What is the same whoever makes it."""
        return self.file, self.line, self.text


class Race(NamedTuple):
    """Two accesses to the same thing, at least one of them a write, that two actors stand before at the same time.

    Attributes:
        name: of the thing.
        step: how many steps lead there; either may be the next.
    """

    name: str
    first: Access
    second: Access
    step: int

    @property
    def places(self) -> Places:
        """What identifies it from execution to execution."""
        return frozenset((self.first.place, self.second.place))


class Accessed(NamedTuple):
    """The access that a step was; ``step`` from 0."""

    step: int
    access: Access


class Execution(NamedTuple):
    """What came of a plan.

    Attributes:
        steps: that were made; the app's own threads may go on when the actors have ended.
        blocked: who could not go on at the end, and what each would have touched next.
        verdict: kind and sentence, see `weft.stage.moment.Verdict`; None when it ended early since all that could move
            was asleep.
        learned: sites that were found to touch what others touch, and were passed without a stop before that.
        unseen: sites that touch what only running the app's code could tell.
        diverged: a sentence when the path could not be followed; else empty.
        races, accesses: that were seen, when the plan asked for them.
        loop: how many of the last steps led back to where they began, for a livelock.
        assumed: what was taken for granted, as sentences: a proof holds as far as that is so.
        ended: after how many steps the actors had ended; None when it was not before the last.
    """

    steps: Sequence[Step]
    blocked: Sequence[tuple[int, Effects]] = ()
    verdict: tuple[str, str] | None = None
    learned: Sequence[Any] = ()
    unseen: Sequence[Any] = ()
    diverged: str = ""
    races: Sequence[Race] = ()
    loop: int = 0
    accesses: Sequence[Accessed] = ()
    ended: int | None = None
    assumed: Sequence[str] = ()

    @property
    def order(self) -> tuple[int, ...]:
        """Who moved, step by step, until the run ended."""
        return tuple([step.actor for step in self.steps[: self.ended]])


class Executor(Protocol):
    """Makes executions; `weft.stage.process.Executions` does in the app's process."""

    def execute(self, plan: Plan) -> Execution:
        """Make one execution, from the scenario's beginning."""
        ...

    def learn(self, sites: Sequence[Any]) -> None:
        """Stop at these sites too from now on."""


def touches(one: Effects, other: Effects) -> bool:
    """Return whether the order of two steps may matter."""
    for thing, part, how in one:
        for thing2, part2, how2 in other:
            if thing == thing2 and how | how2 != READ and (part in (part2, ALL) or part2 == ALL):
                return True
    return False


APART, HELD_BACK, MAY_SWAP = 0, 1, 2
"""How two steps depend on each other: not at all; so that they have one order only; or so that each may come first."""


def relation(earlier: Effects, later: Effects) -> int:
    """Return how two steps depend on each other.

    Whoever waits for a lock cannot move before it is released: such a pair has one order only.
    """
    found = APART
    for thing, part, how in earlier:
        for thing2, part2, how2 in later:
            if thing == thing2 and how | how2 != READ and (part in (part2, ALL) or part2 == ALL):
                if how != RELEASE or how2 != ACQUIRE:
                    return MAY_SWAP
                found = HELD_BACK
    return found


def plan_from_json(data: Any) -> Plan:
    """Return a plan that crossed the pipe."""
    path, sleep, *rest = data
    return Plan(path, {int(actor): effects_from_json(one) for actor, one in sleep.items()}, *rest)


def execution_from_json(data: Any) -> Execution:
    """Return an execution that crossed the pipe."""
    steps, blocked, verdict, learned, unseen, diverged, races, loop, accesses, ended, assumed = data
    return Execution(
        [Step(actor, effects_from_json(effects), *others) for actor, effects, *others in steps],
        [(actor, effects_from_json(effects)) for actor, effects in blocked],
        tuple(verdict) if verdict else None,
        learned,
        unseen,
        diverged,
        [race_from_json(one) for one in races],
        loop,
        [Accessed(step, Access(*access)) for step, access in accesses],
        ended,
        assumed,
    )


def race_from_json(data: Any) -> Race:
    """Return a race that crossed the pipe."""
    name, first, second, step = data
    return Race(name, Access(*first), Access(*second), step)


def effects_from_json(data: Any) -> Effects:
    """Return effects that crossed the pipe."""
    return tuple((thing, part, how) for thing, part, how in data)
