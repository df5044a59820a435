"""Names for the small ids in records: queued here as raw tuples, spelled out by the writing thread."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

Definition = tuple[str, int, tuple[Any, ...]]
"""What it is, its id, and what `spell` needs to describe it."""

LIMIT = 4096
"""How many entries of one kind are remembered; then the table starts again with new ids."""

pending: list[Definition] = []
_paused = False


def pause(paused: bool) -> None:
    """Stop or allow new definitions: while the writer is stuck, memory must not grow."""
    global _paused
    _paused = paused


def many() -> bool:
    """Return whether so many wait to be taken that the app's own texts should not join them."""
    return len(pending) >= LIMIT


def take() -> list[Definition]:
    """Return and remove what is queued."""
    taken = pending[:]
    del pending[: len(taken)]
    return taken


class Table:
    """Ids for values of one kind, each defined once and before its first use.

    Needs no lock: two threads that meet a new value at once define it twice, which a reader does not mind.

    Args:
        what: the word for it in the trace.
        describe: makes what `spell` needs from a key and the details given to `add`.
        pack: makes what `get` and `add` return from an id, a record's code for instance.
    """

    def __init__(
        self, what: str, describe: Callable[..., tuple[Any, ...]], pack: Callable[[int], int] = lambda number: number
    ) -> None:
        self._what = what
        self._describe = describe
        self._pack = pack
        self._packed: dict[Any, int] = {}
        self._numbers = itertools.count(1)
        self.get = self._packed.get

    def add(self, key: Any, *details: Any) -> int:
        """Define ``key``; while definitions are paused it is packed as 0, not known."""
        if _paused:
            return self._pack(0)
        if len(self._packed) >= LIMIT:
            self._packed.clear()
        number = next(self._numbers)
        pending.append((self._what, number, self._describe(key, *details)))
        packed = self._packed[key] = self._pack(number)
        return packed

    def forget(self) -> None:
        """Drop all ids, so that every value is defined anew (in a forked child)."""
        self._packed.clear()
