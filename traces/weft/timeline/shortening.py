"""Names that have to be shortened, and can be told apart all the same."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

_PARTS: Final = 8
"""Parts of a dotted name, from its end, among which its telling ones are looked for."""

_CALLS: Final = frozenset({"get", "join", "put", "wait"})
"""Last parts of names that tell too little by themselves: how a queue, or a condition, is waited for."""

_TAIL: Final = 10
"""Characters of a name's end that are kept where that tells it apart: threads are numbered there."""

_SMALL: Final = 8
"""Columns from which on a name keeps both of its ends."""


class Names:
    """Shortens names, each to what none of the others is shortened to, if there is any way to.

    Args:
        names: those that are seen beside each other.
        dotted: they are those of locks (``Shop.stock_lock``), of which the last parts tell most.
        mark: what stands for what is left out.
    """

    def __init__(self, names: tuple[str, ...], *, dotted: bool = False, mark: str = "…") -> None:
        self._mark, self._dotted = mark, dotted
        distinct = set(names)
        self._shared = Counter(ending for name in distinct for ending in _endings(name)) if dotted else Counter[str]()
        self._sorted = sorted({self.ending(name) for name in distinct})
        self._known: dict[tuple[str, int], str] = {}

    def ending(self, name: str) -> str:
        """Return the shortest part of a lock's name, from a dot to the end, that no other lock's name ends with."""
        return next((ending for ending in _endings(name) if self._shared[ending] == 1), name)

    def short(self, name: str, room: int) -> str:
        """Return a name in at most ``room`` characters: whole, or its telling ending, or that with a part left out."""
        if len(name) <= room:
            return name
        if (name, room) not in self._known:
            ending = self.ending(name)
            self._known[name, room] = ending if len(ending) <= room else self._cut(ending, room)
        return self._known[name, room]

    def _cut(self, text: str, room: int) -> str:
        space = room - len(self._mark)
        if space < 1:
            return self._mark[: max(room, 0)]
        for tail in _tails(space, room, dotted=self._dotted):
            if self._alone(text, space - tail, tail):
                return self._joined(text, space - tail, tail)
        return self._around_difference(text, space) or self._joined(text, space, 0)

    def _joined(self, text: str, head: int, tail: int) -> str:
        return f"{text[:head]}{self._mark}{text[len(text) - tail :]}"

    def _alone(self, text: str, head: int, tail: int) -> bool:
        """Say whether no other name has these first and last characters."""
        first, last = text[:head], text[len(text) - tail :]
        at = bisect_left(self._sorted, first)
        while at < len(self._sorted) and self._sorted[at].startswith(first):
            if self._sorted[at] != text and self._sorted[at].endswith(last):
                return False
            at += 1
        return True

    def _around_difference(self, text: str, space: int) -> str:
        """Return the part of a name around where it differs from the one that begins most like it; empty: no room."""
        space -= len(self._mark)
        if space < 1:
            return ""
        at = bisect_left(self._sorted, text)
        near = [other for other in self._sorted[max(at - 1, 0) : at + 2] if other != text]
        differs = max((_same(text, other) for other in near), default=0)
        start = max(min(differs - space // 2, len(text) - space), 0)
        return f"{self._mark}{text[start : start + space]}{self._mark}"


@lru_cache(maxsize=32)
def among(names: tuple[str, ...], *, dotted: bool = False, mark: str = "…") -> Names:
    """Return what shortens names, the same for the same ones."""
    return Names(names, dotted=dotted, mark=mark)


def _endings(name: str) -> Iterator[str]:
    """Yield the last parts of a dotted name, from the shortest ending that tells something to the whole name."""
    parts = name.split(".")
    least = 2 if parts[-1] in _CALLS else 1
    for count in range(least, min(len(parts), _PARTS)):
        if all(parts[-count:]):
            yield ".".join(parts[-count:])
    yield name


def _same(one: str, other: str) -> int:
    """Return how many first characters two names have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, its) in pairs if mine != its), min(len(one), len(other)))


def _tails(space: int, room: int, *, dotted: bool) -> Iterator[int]:
    """Yield how many characters to keep of a name's end, in the order in which that is to be tried."""
    both = min(room // 2, _TAIL) if room >= _SMALL else 0
    usual = 0 if dotted else both
    yield from dict.fromkeys((usual, both, 0, space, *sorted(range(space), key=lambda tail: abs(tail - both))))
