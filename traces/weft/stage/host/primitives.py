"""What stands in for `threading.Lock` and `threading.RLock` on the stage.

Only these two are made new: the standard library's own Condition, Event, Semaphore, Barrier and Queue run on them. A
real lock inside keeps the state, so for threads that are no players it is that lock. A player that wants it parks
until it is free; since only one player runs at a time, taking it then never blocks.

A lock made by the app's files is visible: each acquire and release is a stop point. Any other is hidden: only when a
player has to wait for it.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import threading
import weakref
from _thread import RLock as RawRLock
from _thread import allocate_lock
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from ...record import names
from ..moment import Place
from ..search.execution import ACQUIRE, RELEASE, WRITE
from .baton import Pending, Player, Stage
from .beneath import Beneath
from .clock import Clock

RawLock = type(allocate_lock())

_HOW = {"acquire": ACQUIRE, "release": RELEASE}

_WAIT = threading.Condition.wait.__code__
"""It makes a lock and takes it twice: who releases it is who notifies, not who took it."""


class Maker:
    """Tells whose a lock is and what it is called.

    Args:
        stage, clock: where the players are and what time it is there.
        ours: whether a file is the app's.
    """

    def __init__(self, stage: Stage, clock: Clock, ours: Callable[[str], bool]) -> None:
        self.stage = stage
        self.clock = clock
        self.ours = ours
        self._made_at: dict[tuple[object, int, type], int] = {}
        self._named: list[weakref.ref[Any]] = []
        self.made_at: dict[str, Place] = {}
        self.beneath = Beneath()
        self.idle = False
        """What is made now is none of the app's, which need not be found out."""

    def name(self, frame: FrameType, thing: Any) -> str:
        """Return the name of what is made in a frame, empty when that is none of the app's."""
        if self.idle:
            return ""
        frame, in_condition = names.creator(frame)
        if in_condition and frame.f_back is not None:
            frame = frame.f_back  # behind what wraps the constructor
        code, offset = frame.f_code, frame.f_lasti
        # What is made by generated code, as a dataclass's constructor, is its module's.
        file = code.co_filename if not code.co_filename.startswith("<") else frame.f_globals.get("__file__")
        if not self.ours(str(file)):
            return ""
        key = (code, offset, type(thing))
        count = self._made_at[key] = self._made_at.get(key, 0) + 1
        name = names.of_lock(code, offset, str(frame.f_globals.get("__name__", "?")), count)
        self._named.append(weakref.ref(thing))
        self.made_at[name] = Place.in_code(code, frame.f_lineno)._replace(file=str(file))
        return name

    def mark(self) -> Callable[[], None]:
        """Return what makes it forget whatever is made from now on."""
        counts, named, places = dict(self._made_at), list(self._named), dict(self.made_at)

        def forget() -> None:
            if len(self._named) != len(named):  # each of the three has more with everything that is made
                self._made_at, self._named, self.made_at = dict(counts), list(named), dict(places)

        return forget

    def rename(self, old: str, new: str) -> str:
        """Call something by another name; return that name."""
        if new and old in self.made_at:
            self.made_at[new] = self.made_at[old]
        return new or old

    def named(self) -> list[Any]:
        """Return what the app has made and still has, in order."""
        return [thing for reference in self._named if (thing := reference()) is not None]

    def place(self, frame: FrameType | None) -> Place | None:
        """Return the innermost place in the app's files."""
        while frame is not None:
            code = frame.f_code
            if self.ours(code.co_filename):
                return Place.in_code(code, frame.f_lineno)
            frame = frame.f_back
        return None

    def place_of(self, function: Any) -> Place | None:
        """Return where a function of the app begins."""
        code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
        if code is None or not self.ours(code.co_filename):
            return None
        return Place.in_code(code, code.co_firstlineno)

    def called(self, frame: FrameType | None) -> str:
        """Return the library function that the app has called, or that its thread runs."""
        name = "a library"
        while frame is not None and not self.ours(frame.f_code.co_filename):
            if frame.f_globals.get("__package__") != __package__ and frame.f_code.co_filename != contextlib.__file__:
                name = frame.f_code.co_qualname
            frame = frame.f_back
        return name


class _Factory(type):
    """Makes ``isinstance(x, threading.Lock)`` true for raw locks too."""

    raw: Any

    def __instancecheck__(cls, instance: object) -> bool:
        return type.__instancecheck__(cls, instance) or isinstance(instance, cls.raw)


class Lock(metaclass=_Factory):
    """Stands in for `threading.Lock`."""

    raw: Any = RawLock
    kind = "Lock"
    maker: Maker

    def __init__(self) -> None:
        self._raw = self._make_raw()
        self.owner: Player | None = None
        self._parks = 0
        """How often its owner had stopped before it took it, when a library made it."""
        self.taken_at: Place | None = None
        self.waiters: list[Player] = []
        frame = sys._getframe(1)
        self._signal = frame.f_code is _WAIT
        self.name = self.maker.name(frame, self)

    def _make_raw(self) -> Any:
        return allocate_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Acquire the lock as `threading.Lock` does; a player stops before."""
        return self._acquire(blocking, timeout, sys._getframe(1))

    __enter__ = acquire

    def release(self) -> None:
        """Release the lock as `threading.Lock` does; a player stops before."""
        self._release(sys._getframe(1))

    def __exit__(self, *exc: object) -> None:
        self._release(sys._getframe(1))

    def _acquire(self, blocking: bool, timeout: float, frame: FrameType) -> bool:
        stage = self.maker.stage
        me = stage.me()
        if me is None or (timeout != -1 and (not blocking or timeout < 0)):
            return bool(self._raw.acquire(blocking, timeout))
        if self._again(me):
            return bool(self._raw.acquire())
        began = self.maker.clock.now_ns
        if not blocking or timeout == 0:
            if self.name and not me.inside:
                self._stop(me, "try", frame)
        elif (self.name and not me.inside) or not self._free():
            self._stop(me, "acquire", frame, self._free, timed=timeout >= 0)
        # A thread that is no player may have been quicker: then wait for it like anyone, the stage sees it as outside.
        got = self._raw.acquire(False) or (blocking and timeout < 0 and self._raw.acquire())
        me.switchable = True
        if got:
            self._taken(me, frame)
        elif blocking:
            self.maker.clock.pass_until(began + int(timeout * 1e9))
        return bool(got)

    def _release(self, frame: FrameType) -> None:
        me = self.maker.stage.me()
        if me is not None and self.name and not me.inside and self._raw.locked():
            self._stop(me, "release", frame)
        self._let_go(me)
        self._raw.release()

    def locked(self) -> bool:
        """Return whether anyone holds the lock."""
        return bool(self._raw.locked())

    def free(self) -> None:
        """Let nobody hold it."""
        if self._raw.locked():
            self._raw._at_fork_reinit()
        self.owner = self.taken_at = None
        self.waiters.clear()

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} {self.kind} object {self.name} at {id(self):#x}>"

    def _at_fork_reinit(self) -> None:
        self._raw._at_fork_reinit()
        self.owner = None

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle '_thread.{self.kind.lower()}' object")

    def _again(self, me: Player) -> bool:
        """Whether the player holds it already and may take it once more without a stop."""
        return False

    def _free(self) -> bool:
        return not self._raw.locked()

    def _stop(
        self,
        me: Player,
        kind: str,
        frame: FrameType,
        ready: Callable[[], bool] | None = None,
        timed: bool = False,
    ) -> None:
        forget_own_switch(me, frame)
        how = _HOW.get(kind, WRITE)
        effects = [(self.name, "", how)] if self.name else []
        asked = Pending(kind, f"{kind} {self.name}", self.name, ready, timed, self._holders, self._why, effects=effects)
        if me.inside and self.name:
            asked = asked._replace(text=f"{kind} {self.name} again")
        elif me.inside and ready is not None:
            holders = me.inside[0].holders if self._signal else None
            asked = me.inside[0]._replace(ready=ready, timed=timed, holders=holders or self._holders)
        elif not self.name:
            asked = asked._replace(kind="wait", text=f"wait in {self.maker.called(frame)}")
        self.waiters.append(me)
        try:
            self.maker.stage.point(asked, frame)
        finally:
            self.waiters.remove(me)

    def _holders(self) -> Sequence[Player]:
        return () if self.owner is None or self._signal else (self.owner,)

    def _why(self) -> str:
        if self._signal:
            return "a notification"
        name = self.name or "the lock"
        if self.owner is None:
            return f"{name}, held by a thread that is not on the stage" if self._raw.locked() else ""
        place = self.taken_at
        return f"{name}, held by {self.owner.name}{f' since {place.short}' if place is not None else ''}"

    def _taken(self, me: Player, frame: FrameType) -> None:
        self.owner, self.taken_at = me, self.maker.place(frame)
        me.switchable = True
        if self.name:
            self.maker.stage.happened.append(("acquire", self.name, 0))
        elif not (self._signal or me.inside):
            self._parks = me.parks
            self.maker.beneath.used(self, me, str, waited_at=False)

    def _let_go(self, me: Player | None) -> None:
        if self.owner is not None and self.name:
            self.maker.stage.happened.append(("release", self.name, self.owner.index))
        elif self.owner is me and me is not None and self._parks != me.parks and not (self._signal or me.inside):
            self.maker.beneath.kept(self, lambda: self.maker.called(sys._getframe()))
        self.owner = self.taken_at = None
        if me is not None:
            me.switchable = True


class RLock(Lock):
    """Stands in for `threading.RLock`."""

    raw = RawRLock
    kind = "RLock"

    def __init__(self) -> None:
        self.depth = 0
        super().__init__()
        self.name = self.name or self.maker.name(sys._getframe(1), self)

    def _make_raw(self) -> Any:
        return RawRLock()

    def _acquire(self, blocking: bool, timeout: float, frame: FrameType) -> bool:
        got = super()._acquire(blocking, timeout, frame)
        self.depth += got
        return got

    def _release(self, frame: FrameType) -> None:
        """Release the lock; a player stops before the last release only."""
        me = self.maker.stage.me()
        if not self._raw._is_owned():
            self._raw.release()  # raises
        if self.depth == 1:
            if me is not None and self.name and not me.inside:
                self._stop(me, "release", frame)
            self._let_go(me)
        self.depth -= 1
        self._raw.release()

    def locked(self) -> bool:
        """Return whether anyone holds the lock."""
        return self.depth > 0

    def free(self) -> None:
        """Let nobody hold it."""
        if self.depth:
            self._raw._at_fork_reinit()
        self.owner = self.taken_at = None
        self.depth = 0
        self.waiters.clear()

    def _at_fork_reinit(self) -> None:
        super()._at_fork_reinit()
        self.depth = 0

    def _again(self, me: Player) -> bool:
        return self.owner is me

    def _free(self) -> bool:
        return self.depth == 0

    def _is_owned(self) -> bool:
        return bool(self._raw._is_owned())

    def _recursion_count(self) -> int:
        return self.depth if self._raw._is_owned() else 0

    def _release_save(self) -> Any:
        depth = self.depth
        self._let_go(self.maker.stage.me())
        self.depth = 0
        return depth, self._raw._release_save()

    def _acquire_restore(self, state: Any) -> None:
        depth, saved = state
        me = self.maker.stage.me()
        frame = sys._getframe(1)
        if me is not None and not self._free():
            self._stop(me, "acquire", frame, self._free)
        self._raw._acquire_restore(saved)
        self.depth = depth
        if me is not None:
            self._taken(me, frame)


def forget_own_switch(me: Player, caller: FrameType) -> None:
    """Before an operation in C: its own call instruction looks for thread switches only when it has returned."""
    if me.switched_at == (caller, caller.f_lasti):
        me.switchable = False
