"""Small programs that are played without threads, to compare the search with trying every order there is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from weft.stage.search.dpor import Reduction, still_asleep
from weft.stage.search.execution import ACQUIRE, ALL, READ, RELEASE, WRITE, Effects, Execution, Plan, Step

VARIABLES, LOCKS, SIGNALS = 2, 2, 1

Op = tuple[str, int]
"""A kind and which: ``read`` and ``write`` of a variable, ``read*`` of all of them (parts of one thing), ``acquire``,
``try``, ``wait`` (with a timeout) and ``release`` of a lock, ``set``, ``clear``, ``await`` and ``await-late`` (with a
timeout) of a signal, ``count`` and ``uncount`` of a semaphore, ``spawn``: start the next thread."""

Outcome = tuple[object, ...]


class Program(NamedTuple):
    """What the threads do: those that are there from the beginning, and those that are started."""

    threads: Sequence[Sequence[Op]]
    spawned: Sequence[Sequence[Op]] = ()


class World:
    """One play of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.ops = [list(one) for one in program.threads]
        self.at = [0] * len(self.ops)
        self.memory = [0] * VARIABLES
        self.owners = [-1] * LOCKS
        self.set = [False] * SIGNALS
        self.free = 1
        self.seen: list[list[object]] = [[] for _ in self.ops]

    def op(self, thread: int) -> Op | None:
        return self.ops[thread][self.at[thread]] if self.at[thread] < len(self.ops[thread]) else None

    def ready(self, thread: int) -> bool:
        op = self.op(thread)
        if op is None:
            return False
        kind, which = op
        if kind in ("acquire", "wait"):
            return self.owners[which] == -1
        if kind in ("await", "await-late"):
            return self.set[which]
        if kind == "count":
            return self.free > 0
        return True

    def movable(self) -> tuple[list[int], bool]:
        ready = [thread for thread in range(len(self.ops)) if self.ready(thread)]
        late = [t for t in range(len(self.ops)) if (self.op(t) or ("", 0))[0] in ("wait", "await-late")]
        return (ready, False) if ready or not late else (late, True)

    def effects(self, thread: int) -> Effects:
        kind, which = self.op(thread) or ("", 0)
        if kind in ("read", "write", "read*"):
            return ((1, ALL if kind == "read*" else 2 + which, WRITE if kind == "write" else READ),)
        if kind in ("acquire", "wait", "try", "release"):
            how = {"acquire": ACQUIRE, "wait": ACQUIRE, "try": WRITE, "release": RELEASE}[kind]
            return ((10 + which, ALL, how),)
        if kind in ("set", "clear", "await", "await-late"):
            return ((20 + which, ALL, WRITE),)
        return ((30, ALL, WRITE),) if kind in ("count", "uncount") else ()

    def step(self, thread: int) -> None:
        kind, which = self.op(thread) or ("", 0)
        ready = self.ready(thread)
        self.at[thread] += 1
        seen = self.seen[thread]
        if kind == "read":
            seen.append(self.memory[which])
        elif kind == "read*":
            seen.append(tuple(self.memory))
        elif kind == "write":
            self.memory[which] = hash((thread, tuple(seen))) % 1000
        elif kind in ("acquire", "try", "wait"):
            got = self.owners[which] == -1
            seen.append(got)
            if got:
                self.owners[which] = thread
            else:  # what follows is done with the lock
                rest = self.ops[thread][self.at[thread] :]
                self.at[thread] += rest.index(("release", which)) + 1
        elif kind == "release":
            self.owners[which] = -1
        elif kind in ("set", "clear"):
            self.set[which] = kind == "set"
        elif kind == "await-late":
            seen.append(ready)
        elif kind in ("count", "uncount"):
            self.free += 1 if kind == "uncount" else -1
        elif kind == "spawn" and len(self.ops) < len(self.program.threads) + len(self.program.spawned):
            self.ops.append(list(self.program.spawned[len(self.ops) - len(self.program.threads)]))
            self.at.append(0)
            self.seen.append([])

    def outcome(self) -> Outcome:
        stuck = tuple(thread for thread in range(len(self.ops)) if self.op(thread) is not None)
        return tuple(self.memory), tuple(map(tuple, self.seen)), stuck


def execute(program: Program, plan: Plan) -> tuple[Execution, Outcome]:
    """Play a program as a plan says."""
    world, steps = World(program), []
    sleep: dict[int, Effects] = {}
    last = -1
    while True:
        movable, late = world.movable()
        if not movable:
            break
        if len(steps) < len(plan.path):
            actor = plan.path[len(steps)]
            assert actor in movable
            sleep = dict(plan.sleep) if len(steps) == len(plan.path) - 1 else {}
        else:
            awake = [one for one in movable if one not in sleep]
            if not awake:
                return Execution(steps, _blocked(world, movable)), ()
            actor = last if last in awake else awake[0]
        effects = world.effects(actor)
        steps.append(Step(actor, effects, movable, late, 100, len(world.ops)))
        world.step(actor)
        sleep = {} if late else still_asleep(sleep, actor, effects)
        last = actor
    blocked = _blocked(world, movable)
    return Execution(steps, blocked, ("deadlock" if blocked else "holds", "")), world.outcome()


def _blocked(world: World, movable: Sequence[int]) -> list[tuple[int, Effects]]:
    waiting = [one for one in range(len(world.ops)) if world.op(one) is not None and one not in movable]
    return [(one, world.effects(one)) for one in waiting]


def reduced(program: Program, prefix: Sequence[int] = (), most: int = 100_000) -> tuple[set[Outcome], Reduction]:
    """Return the outcomes that the search sees behind a prefix."""
    found, search = set(), Reduction(prefix)
    while (plan := search.next()) is not None:
        assert search.executions < most
        execution, outcome = execute(program, plan)
        search.add(execution)
        if execution.verdict is not None:
            found.add(outcome)
    return found, search


def every(program: Program, prefix: Sequence[int] = ()) -> tuple[set[Outcome], int]:
    """Return the outcomes of all orders that begin with a prefix, and how many orders there are."""
    found: set[Outcome] = set()
    count = 0
    stack: list[tuple[int, ...]] = [tuple(prefix)]
    while stack:
        path = stack.pop()
        world = World(program)
        for actor in path:
            world.step(actor)
        movable, _ = world.movable()
        if not movable:
            count += 1
            found.add(world.outcome())
        stack.extend((*path, actor) for actor in movable)
    return found, count


def random_prefix(program: Program, seed: int) -> tuple[int, ...]:
    """Return the beginning of an order, possibly all of it."""
    chance = random.Random(seed)
    world, path = World(program), []
    movable, _ = world.movable()
    while movable and chance.random() < 0.6:
        path.append(chance.choice(movable))
        world.step(path[-1])
        movable, _ = world.movable()
    return tuple(path)


def random_program(seed: int) -> Program:
    """Return a program of two or three threads, small enough for every order to be tried."""
    chance = random.Random(seed)
    count = chance.choice((2, 2, 3))
    kinds = chance.sample(["locks", "tries", "signals", "late", "count", "whole"], chance.randint(0, 4))
    most = {2: 6, 3: 3}[count]
    spawned: list[list[Op]] = []
    if chance.random() < 0.2:
        count, most, spawned = 2, 3, [list(_thread(chance, kinds, 2))]
    threads = [list(_thread(chance, kinds, chance.randint(1, most))) for _ in range(count)]
    if spawned:
        threads[0].insert(chance.randint(0, len(threads[0])), ("spawn", 0))
    return Program(threads, spawned)


def _thread(chance: random.Random, kinds: Sequence[str], length: int) -> Iterator[Op]:
    held: list[int] = []
    counted = 0
    for _ in range(length):
        what = chance.choice(["memory", "memory", *kinds])
        which = chance.randrange(LOCKS)
        if what in ("locks", "tries") and which not in held:
            held.append(which)
            yield ("acquire" if what == "locks" else chance.choice(("try", "wait")), which)
        elif what in ("locks", "tries"):
            held.remove(which)
            yield "release", which
        elif what in ("signals", "late"):
            yield chance.choice(("set", "clear", "await" if what == "signals" else "await-late")), 0
        elif what == "count" and not counted:
            counted = 1
            yield "count", 0
        elif what == "count":
            counted = 0
            yield "uncount", 0
        elif what == "whole":
            yield "read*", 0
        else:
            yield chance.choice(("read", "write")), chance.randrange(VARIABLES)
    for which in chance.sample(held, len(held)):
        yield "release", which
    if counted:
        yield "uncount", 0
