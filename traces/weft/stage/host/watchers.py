"""What is done about what the eyes see of the app's code: stop the players there, or just take notes."""

from __future__ import annotations

import linecache
import sys
from _thread import get_ident
from collections import defaultdict
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..moment import Stops
from . import plain
from .baton import Pending, Player, Stage
from .expressions import View
from .sharing import Log, Sharing
from .sites import Site
from .touches import Key

MOST = 10_000
"""Accesses that are remembered."""
MANY = 500
"""Accesses without a stop, after which there is one: whoever touches so much may wait in a loop for somebody else."""


class Access(Pending):
    """A read or write that a player is about to make. What it touches is named only when somebody asks."""

    __slots__ = ()

    @property
    def on(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The name of what is touched."""
        return str(self.touch.name)


class Lasting(Access):
    """An access to an object that outlives a run: this is the same one in all of them."""

    __slots__ = ()


class Stopper:
    """Watches the app's code and stops players before what others could see.

    Args:
        stays: whether an object outlives a run: then what there is to say of an access to it is the same every time.
    """

    def __init__(
        self,
        stage: Stage,
        sharing: Sharing,
        stops: Stops,
        ours: Callable[[str], bool],
        stays: Callable[[object], bool],
    ) -> None:
        self._stage, self._sharing, self._ours, self._stays = stage, sharing, ours, stays
        self._accesses = stops is not Stops.SYNC
        self._known: dict[Site, dict[tuple[int, Key], Access]] = {}
        self._count = 0
        self._players = stage.by_ident

    def access(self, site: Site, frame: FrameType) -> None:
        """A player is about to touch what is at a site."""
        me = self._players.get(get_ident())
        if me is None or not self._accesses or site.find is None:
            return
        part = site.find(View(frame))
        if part is None:
            return
        obj, key = part
        known = self._known.get(site)
        if known is None:
            known = self._known[site] = {}
        pending = known.get((id(obj), key))
        if pending is not None:
            again = self._stage.passes(me, pending) if self._stage.ahead else None
            if again is not None:
                if not again:
                    self._stage.stop(me, pending, frame)
                return
            stops = self._sharing.stops(site, pending.touch, me, lasts=True, same=True)
        else:
            touch, lasts = site.touch(obj, key), self._stays(obj)
            # Reading what a defaultdict has not stores it: only each time will tell.
            same = lasts and not plain.is_a(obj, defaultdict) and self._count < MOST
            pending = (Lasting if same else Access)(touch.kind, f"{touch.kind} {touch.text}", touch=touch)
            if same:
                known[id(obj), key] = pending
                self._count += 1
            stops = self._sharing.stops(site, touch, me, lasts=lasts)
        if stops:
            self._stage.point(pending, frame)
        elif _is_busy(me):
            self._stage.point(_at_line(frame), frame)

    def switch(self) -> None:
        """This interpreter could switch threads here."""
        me = self._stage.me()
        if me is None:
            return
        if me.switchable:
            me.switched_at = None
        else:
            frame = sys._getframe(1)
            while frame.f_back is not None and not self._ours(frame.f_code.co_filename):
                frame = frame.f_back
            me.switchable, me.switched_at = True, (frame, frame.f_lasti)

    def line(self, frame: FrameType, line: int) -> None:
        """A player is about to run a line."""
        if self._stage.me() is not None:
            self._stage.point(_at_line(frame, line), frame)

    def opcode(self, frame: FrameType, text: str) -> None:
        """A player is about to run a bytecode."""
        if self._stage.me() is not None:
            self._stage.point(Pending("opcode", text), frame)


class Learner:
    """Notes what the actors touch, and stops nobody."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.log = Log(trial=True)

    def access(self, site: Any, frame: FrameType) -> None:
        """Note what a player touches."""
        me = self._stage.me()
        if me is not None:
            touch = site.resolve(frame)
            if touch is not None:
                self.log.add(me, site.key, touch)
            if _is_busy(me):
                self._stage.point(_at_line(frame), frame)

    def switch(self) -> None:
        """Nothing to note."""

    def line(self, frame: FrameType, line: int) -> None:
        """Nothing to note."""

    def opcode(self, frame: FrameType, text: str) -> None:
        """Nothing to note."""


def _is_busy(me: Player) -> bool:
    me.accesses += 1
    return me.accesses >= MANY


def _at_line(frame: FrameType, line: int = 0) -> Pending:
    line = line or frame.f_lineno
    text = linecache.getline(frame.f_code.co_filename, line).strip()
    return Pending("line", text or f"line {line}")
