"""What libraries keep their threads apart with, where several of those on the stage come to it.

A lock that a library made is no stop. Where it is held between two stops of its owner, or is one of those things that
a thread waits at for another one's doing (a queue, a semaphore, an event, a condition), the order in which the app's
threads come to it may matter, and nobody has varied it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .baton import Player

UNSEEN = "who comes first to a lock or queue that a library made is not searched for: {}"


class Beneath:
    """Knows who has come to what in this run."""

    def __init__(self) -> None:
        self._users: dict[int, tuple[Any, Player]] = {}
        self._kept: dict[int, str] = {}
        self._found: dict[str, None] = {}
        self._apart: Player | None = None

    @contextmanager
    def apart(self, me: Player | None) -> Iterator[None]:
        """While somebody comes to what is known otherwise, nothing is noted of that one."""
        before, self._apart = self._apart, me
        try:
            yield
        finally:
            self._apart = before

    def forget(self) -> None:
        """Forget what is known of another run."""
        self._users.clear()
        self._kept.clear()
        self._found.clear()

    def used(self, thing: Any, me: Player, called: Callable[[], str], *, waited_at: bool) -> None:
        """Note that somebody has come to something.

        Args:
            called: returns what of a library has been called for it.
            waited_at: it is there to be waited at; a lock only matters when it is `kept`.
        """
        if me is self._apart:
            return
        known = self._users.setdefault(id(thing), (thing, me))
        if known[1] is not me:
            if waited_at:
                self._found[called()] = None
            elif id(thing) in self._kept:
                self._found[self._kept[id(thing)]] = None
            self._users[id(thing)] = (thing, me)

    def kept(self, thing: Any, called: Callable[[], str]) -> None:
        """Note that a lock was held from before a stop until behind it."""
        self._kept.setdefault(id(thing), called())

    def sentences(self) -> list[str]:
        """Return what there is to say about it."""
        return [UNSEEN.format(name) for name in self._found]
