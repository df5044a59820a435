"""Whether the app has come back to a state that it was in before, as a thread does that tries again and again.

A state is where all players stand in the code and with which local variables, what they have touched so far, and who
holds which lock. What cannot be compared (an iterator that moves on, a clock that was looked at, a database that was
written to) makes two states different ones. Runs none of the app's code.
"""

from __future__ import annotations

import dis
import random
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple

from . import plain
from .baton import Player, Stage
from .clock import Clock
from .primitives import Lock, Maker
from .target import WEFT
from .touches import Key, Touch, peek

MOST, DEPTH = 2_000, 4
"""Values that are compared at most, and how deep containers in containers are."""


class Unsure(Exception):
    """Something cannot be compared."""


class Loops:
    """Tells states apart.

    Args:
        touched: yields what the players have touched so far: object, part, and whether it was written.
    """

    def __init__(
        self, stage: Stage, clock: Clock, maker: Maker, touched: Callable[[], Iterable[tuple[object, Key, bool]]]
    ) -> None:
        self._stage, self._clock, self._maker, self._touched = stage, clock, maker, touched
        self._standing: dict[int, tuple[int, Hashable]] = {}
        self._first: dict[tuple[int, Key], Hashable] = {}
        self._kept: list[object] = []
        """Objects that count by their identity, so that it stays their own."""
        self.looped = False
        """Somebody has come to a stop in a loop."""

    def state(self, moved: Player) -> Hashable:
        """Return the state, None when the player that has moved last is in no loop or it cannot be told."""
        if not self._repeats(moved):
            return None
        self.looped = True
        try:
            players = tuple(map(self._player, self._stage.players))
            locks = tuple(map(self._lock, self._maker.named()))
            return players, locks, tuple(self._changed()), self._clock.looks, hash(random.getstate())
        except Unsure:
            return None

    def _repeats(self, player: Player) -> bool:
        frame = player.frame
        known = _tests
        while frame is not None:
            code = frame.f_code
            tests = known.get(id(code))
            if tests is None:
                tests = self._find(code)
            if tests and _within(frame, tests):
                return True
            if tests is _outermost:
                return False
            frame = frame.f_back
        return False

    def _find(self, code: CodeType) -> list[tuple[int, int]]:
        if code.co_qualname in _OUTERMOST and code.co_filename.startswith(WEFT):
            found = _outermost
        else:
            found = _loops(code).tests if self._maker.ours(code.co_filename) else []
        _tests[id(code)] = found
        _looked_at.append(code)
        return found

    def _frames(self, player: Player) -> Iterator[FrameType]:
        """Yield the frames of the app's code that a player is in, innermost first."""
        frame = player.frame
        while frame is not None:
            if self._maker.ours(frame.f_code.co_filename):
                yield frame
            frame = frame.f_back

    def _player(self, player: Player) -> Hashable:
        pending = player.pending
        if player.done or pending is None:
            return player.done
        known = self._standing.get(player.index)
        if known is None or known[0] != player.parks:
            known = self._standing[player.index] = player.parks, self._stand(player)
        return pending.kind, pending.text, player.switchable, known[1]

    def _stand(self, player: Player) -> Hashable:
        """Return where a player stands, with the variables of the app's functions."""
        looping = [one for one in self._frames(player) if _within(one, _loops(one.f_code).tests)]
        outermost = looping[-1] if looping else None
        if outermost is None:
            return player.parks  # it is where it has not been before
        standing: list[Hashable] = []
        frame: FrameType | None = player.frame
        inside = True
        while frame is not None:
            code = frame.f_code
            if inside and _within(frame, _loops(code).iterations):
                raise Unsure
            seen = self._maker.ours(code.co_filename) or (inside and not code.co_filename.startswith(WEFT))
            variables = tuple(map(self._named, frame.f_locals.items())) if seen else ()
            standing.append((id(code), frame.f_lasti, variables))
            inside = inside and frame is not outermost
            frame = frame.f_back
        return tuple(standing)

    def _named(self, item: tuple[str, Any]) -> Hashable:
        return item[0], self._value(item[1])

    def _changed(self) -> Iterator[Hashable]:
        """Yield what has been written, or is not what it was when it was touched first."""
        for count, (obj, key, written) in enumerate(self._touched()):
            if count >= MOST:
                raise Unsure
            value = self._value(peek(Touch(obj, key, "read", "", "")))
            if self._first.setdefault((id(obj), key), value) != value or written:
                yield id(obj), key, value

    def _lock(self, thing: Any) -> Hashable:
        if isinstance(thing, Lock):
            return thing.locked(), thing.owner.index if thing.owner is not None else -1, getattr(thing, "depth", 0)
        own = plain.own_dict(thing) or {}
        return tuple(self._value(own[name]) for name in _STATES if name in own)

    def _value(self, value: Any, depth: int = 0) -> Hashable:
        """Return what is equal for values that are: the content of containers, anything else as itself."""
        kind = type(value)
        if plain.among(kind, _ATOMS):
            return id(kind), value
        base = next((one for one in _CONTAINERS if plain.is_a(value, one)), None)
        if base is not None:
            return id(kind), self._content(base, value, depth)
        if isinstance(value, Lock) and not value.name:
            return self._lock(value)  # of one wait
        if plain.on_class(kind, "__next__")[0] is not None or plain.is_a(value, random.Random):
            raise Unsure
        self._kept.append(value)
        return id(value)

    def _content(self, base: Any, value: Any, depth: int) -> Hashable:
        if depth >= DEPTH or base.__len__(value) > MOST:
            raise Unsure
        if base is bytearray:
            return bytes(value)
        if base is dict:
            return tuple((self._value(key, depth + 1), self._value(one, depth + 1)) for key, one in dict.items(value))
        inside = (self._value(one, depth + 1) for one in base.__iter__(value))
        return frozenset(inside) if base in (set, frozenset) else tuple(inside)


_ATOMS = (str, int, bool, float, bytes, type(None))
_CONTAINERS: tuple[type, ...] = (dict, list, tuple, set, frozenset, deque, bytearray)
_STATES = ("_flag", "_value", "_waiters", "_count", "_state", "queue", "_queue", "unfinished_tasks")
"""Attributes of the standard library's Event, Semaphore, Condition, Barrier and queues."""


class _Loops(NamedTuple):
    """From where to where the loops of a function go, by offset: those that test something, those over an iterator."""

    tests: list[tuple[int, int]]
    iterations: list[tuple[int, int]]


_OUTERMOST = ("Run._act", "Stage.perform")
"""Functions of the stage behind which are no frames of the app."""
_LEAVES_WITH = ("POP_TOP", "POP_EXCEPT", "POP_TOP", "POP_TOP")
"""Before a jump from the end of the code, where exceptions are handled, to behind a ``with`` that has swallowed one."""
_tests: dict[int, list[tuple[int, int]]] = {}
"""Those of the app's functions that test something, none of others."""
_outermost: list[tuple[int, int]] = []
"""Stands for those of `_OUTERMOST`."""
_looked_at: list[CodeType] = []
"""Kept, so that their ids stay their own."""
_known: dict[int, tuple[CodeType, _Loops]] = {}
"""By the code's identity: to hash a code object takes long."""


def _loops(code: CodeType) -> _Loops:
    known = _known.get(id(code))
    if known is None:
        known = _known[id(code)] = code, _found(code)
    return known[1]


def _found(code: CodeType) -> _Loops:
    instructions = {one.offset: one for one in dis.get_instructions(code)}
    found = _Loops([], [])
    before: deque[str] = deque(maxlen=4)
    for one in instructions.values():
        leaves = tuple(before) == _LEAVES_WITH and not one.is_jump_target  # where 3.11 begins a loop anew
        before.append(one.opname)
        if "JUMP_BACKWARD" not in one.opname or "NO_INTERRUPT" in one.opname or leaves:
            continue
        begin = one.argval
        while begin in instructions and instructions[begin].opname == "EXTENDED_ARG":
            begin += 2
        over = begin in instructions and instructions[begin].opname == "FOR_ITER"
        (found.iterations if over else found.tests).append((begin, one.offset))
    return found


def _within(frame: FrameType, loops: Iterable[tuple[int, int]]) -> bool:
    return any(begin <= frame.f_lasti <= end for begin, end in loops)
