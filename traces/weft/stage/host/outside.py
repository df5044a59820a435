"""Operations on what lies outside the app: databases, stores. Each is a stop point with its own effects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import FrameType

from .baton import Effect, Pending, Player
from .primitives import Maker


class Operation:
    """An operation of a player that is about to be done.

    Args:
        kind, text, on, effects: see `weft.stage.host.baton.Pending`.
        timeout: how long it may wait (seconds of the virtual clock), None for ever.
    """

    def __init__(
        self,
        maker: Maker,
        me: Player,
        pending: Pending,
        timeout: float | None = None,
    ) -> None:
        self._maker, self._me, self._pending = maker, me, pending
        self._frame = _caller()
        self._until = None if timeout is None else maker.clock.now_ns + int(timeout * 1e9)

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return self._until is not None and self._maker.clock.now_ns >= self._until

    def stop(
        self,
        ready: Callable[[], bool] | None = None,
        holders: Callable[[], Sequence[Player]] | None = None,
        why: Callable[[], str] | None = None,
    ) -> None:
        """Wait for the step; when it comes although the operation is not ready, the time is over."""
        self._me.switchable = True  # whatever leads there is in C and lets other threads run
        timed = ready is not None and self._until is not None
        self._maker.stage.point(self._pending._replace(ready=ready, timed=timed, holders=holders, why=why), self._frame)
        self._me.switchable = True
        if ready is not None and self._until is not None and not ready():
            self._maker.clock.pass_until(self._until)

    def inside(self) -> AbstractContextManager[None]:
        """While it is done, what the library does in it is no operation of its own."""
        return self._maker.stage.inside(self._me, self._pending)


def acting(maker: Maker) -> Player | None:
    """Return the player that is about to do something by itself; None when a library does it on its behalf."""
    me = maker.stage.me()
    return None if me is None or me.inside else me


def effects(thing: str, parts: Sequence[str], how: int) -> list[Effect]:
    """Return that parts of a thing are touched, all of it when there are none."""
    return [(thing, part, how) for part in parts or ("",)]


def _caller() -> FrameType:
    """Return the frame that runs neither here nor in a module like this one."""
    frame = sys._getframe(2)
    while frame.f_globals.get("__package__") == __package__ and frame.f_back is not None:
        frame = frame.f_back
    return frame
