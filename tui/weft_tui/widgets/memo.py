"""A cache of one value, for pictures that are asked for line by line and again and again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Remember the value for the last key.

    Attributes:
        hits, misses: how often the value was there, and how often it had to be made.
    """

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self._entry: tuple[Hashable, T] | None = None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value for ``key``, made if it is not that of the last call."""
        if self._entry is not None and self._entry[0] == key:
            self.hits += 1
            return self._entry[1]
        self.misses += 1
        value = make()
        self._entry = (key, value)
        return value

    def clear(self) -> None:
        """Forget the value."""
        self._entry = None
