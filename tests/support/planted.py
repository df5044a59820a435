"""Small programs with races that are known, by trying every order; and the same programs as source for the stage."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from support.orders import Op, Program, World

Places = frozenset[int]
"""The numbers of two lines, or of the one line that both threads are at."""

_LINES = {
    "read": "_ = m.v{}",
    "write": "m.v{} = 1",
    "acquire": "l{}.acquire()",
    "release": "l{}.release()",
    "set": "e{}.set()",
    "await": "e{}.wait()",
    "count": "s{}.acquire()",
    "uncount": "s{}.release()",
}
_HEAD = """
class Memory: v0, v1 = 0, 0
m, l0, l1, e0, s0 = Memory(), threading.Lock(), threading.Lock(), threading.Event(), threading.Semaphore(1)
"""


def program(seed: int) -> Program:
    """Return a program of two or three threads that take locks for some of their accesses."""
    chance = random.Random(seed)
    count = chance.choice((2, 2, 3))
    return Program([list(_thread(chance, 4 if count == 2 else 2)) for _ in range(count)])


def _thread(chance: random.Random, parts: int) -> Iterator[Op]:
    for _ in range(parts):
        accesses = [(chance.choice(("read", "write")), chance.randrange(2)) for _ in range(chance.choice((1, 1, 2)))]
        what = chance.choice(("plain", "lock", "lock", "lock", "semaphore", "set", "await"))
        which = chance.choice((0, 0, 0, 1))
        begin, end = {"lock": ("acquire", "release"), "semaphore": ("count", "uncount")}.get(what, ("", ""))
        if begin:
            yield begin, which if what == "lock" else 0
            yield from accesses
            yield end, which if what == "lock" else 0
        elif what == "plain":
            yield from accesses
        else:
            yield what, 0


def source(threads: Sequence[Sequence[Op]]) -> tuple[str, dict[tuple[int, int], int]]:
    """Return what the stage is to run, and the line (from 0) of each operation by thread and number."""
    lines, where = _HEAD.splitlines(), {}
    for number, ops in enumerate(threads):
        lines.append(f"def act{number}():")
        for index, (kind, which) in enumerate(ops):
            where[number, index] = len(lines)
            lines.append(f"    {_LINES[kind].format(which)}")
        lines.append("    return")
    acts = ", ".join(f'"a{number}": act{number}' for number in range(len(threads)))
    return "\n".join([*lines, f'SCENARIO = Scenario("x", None, {{{acts}}})', ""]), where


def races(threads: Sequence[Sequence[Op]]) -> set[frozenset[tuple[int, int]]]:
    """Return the pairs of operations, by thread and number, that can both be next in some order."""
    found: set[frozenset[tuple[int, int]]] = set()
    seen: set[object] = set()
    paths: list[tuple[int, ...]] = [()]
    while paths:
        path = paths.pop()
        world = World(Program(threads))
        for thread in path:
            world.step(thread)
        state = (tuple(world.at), tuple(world.owners), tuple(world.set), world.free)
        if state in seen:
            continue
        seen.add(state)
        movable = [thread for thread in range(len(threads)) if world.ready(thread)]
        for one in movable:
            for other in movable:
                if one < other and _conflict(world.op(one), world.op(other)):
                    found.add(frozenset({(one, world.at[one]), (other, world.at[other])}))
        paths.extend((*path, thread) for thread in movable)
    return found


def _conflict(one: Op | None, other: Op | None) -> bool:
    if one is None or other is None or one[1] != other[1]:
        return False
    return {one[0], other[0]} in ({"read", "write"}, {"write"})
