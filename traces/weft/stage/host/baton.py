"""Real threads that pass a baton: whoever has it runs, all others are parked before their next visible operation.

Each player has one raw lock as its baton, and so has the driver (the thread that gives the steps). A player that
arrives at a stop point announces what it is about to do; whoever is next gets the baton from it directly, so a player
that may go on does not switch threads at all. As many as arrive late, because they ran outside, park and wait.

Raw locks only: what stands in for `threading.Lock` is for the app.
"""

from __future__ import annotations

import contextvars
import sys
from _thread import allocate_lock, get_ident, get_native_id
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from ..moment import Place
from .scheduled import Scheduled, scheduled

Effect = tuple[str, str, int]
"""A named thing, a part of it (empty: all of it), and how it is touched, see `weft.stage.search.execution`."""

PATIENCE = 0.2
"""A player that was given a step and is not heard of for so long (seconds) is outside; where the operating system
tells, the time does not count in which it could have run and did not get a processor."""
MOST_PATIENCE = 20.0
"""After so long (seconds) it is outside in any case."""


class Abort(BaseException):
    """Ends a player that cannot go on; raised where it waits."""


class Pending(NamedTuple):
    """An operation that a player is about to do.

    Attributes:
        kind, text, on: see `weft.stage.moment.Operation`.
        ready: whether it could be done now; None for always. Has no side effects.
        timed: it has a timeout, which ends when nobody else can move.
        holders: whom it waits for.
        why: what it waits for: ``stock_lock, held by bob since shop.py:31``.
        touch: what a read or write is about, see `weft.stage.host.touches`.
        effects: what it touches, for the search; None: what it is ``on``, which a read reads and all else writes.
    """

    kind: str
    text: str
    on: str = ""
    ready: Callable[[], bool] | None = None
    timed: bool = False
    holders: Callable[[], Sequence[Player]] | None = None
    why: Callable[[], str] | None = None
    touch: Any = None
    effects: Sequence[Effect] | None = None


Call = tuple[Pending | None, int, bool]
"""What was announced by whoever had moved (None: it had ended, or nobody had moved yet), who moved next, and whether
timeouts were over."""


def is_alike(one: Pending | None, other: Pending | None) -> bool:
    """Return whether two operations of different executions are the same."""
    if one is None or other is None or one is other:
        return one is other
    return (
        one.touch is None
        and other.touch is None
        and one[:3] == other[:3]
        and one.timed == other.timed
        and one.effects == other.effects
    )


BEHIND: Call = Pending("", ""), -1, False
"""Stands behind all calls that are known."""


class Player:
    """A thread on the stage.

    Attributes:
        own: it is one of the scenario's actors, not a thread of the app.
        pending: what it does next; None while it runs.
        frame: where it is parked, innermost frame of whatever code; None before its first step.
        entry: the line of the app where it is going to begin, when that is known.
        switchable: since its last operation this interpreter could have switched to another thread.
        switched_at: the instruction that made it so, if it was one only.
        inside: what it is doing, outermost first, while library code runs on its behalf.
        response: what it got last.
        outside: it was given a step and has not come back.
    """

    entry: Place | None = None
    error: BaseException | None = None
    response: Any = None
    starts = False
    """It waits for a thread that it has started to begin."""
    jobs = 0
    """How often a thread of the app has taken something from a queue: what follows may be for somebody else."""

    def __init__(self, index: int, name: str, does: str = "", *, own: bool = False, baton: Any = None) -> None:
        self.index, self.name, self.does, self.own = index, name, does, own
        self.ident = self.native_id = 0
        self.baton = held_lock() if baton is None else baton
        self.pending: Pending | None = None
        self.frame: FrameType | None = None
        self.context: contextvars.Context | None = None
        self.switchable = True
        self.switched_at: tuple[FrameType, int] | None = None
        self.inside: list[Pending] = []
        self.outside = self.done = False
        self.told: Callable[[], str] = _nothing
        """Says in one line what it got last."""
        self.parks = 0
        self.accesses = 0
        """What it has touched since its last stop."""
        self.aborted = False
        """It is to end: it makes no stop any more, and fails where it would have to wait."""

    @property
    def doing(self) -> int:
        """On whose behalf it may run: itself as an actor, somebody else with each job as a thread of the app."""
        return self.index if self.own else self.index + self.jobs * 1_000

    @property
    def failed(self) -> bool:
        """Whether it ended with an exception, or got a 5xx."""
        return self.error is not None or (self.response is not None and self.response.status >= 500)

    @property
    def parked(self) -> bool:
        """Whether it waits for its baton."""
        return self.pending is not None and not self.done

    def ready(self) -> bool:
        """Return whether it could do its next operation now, timeouts aside."""
        pending = self.pending
        return pending is not None and not self.done and (pending.ready is None or pending.ready())


def _nothing() -> str:
    return ""


def held_lock() -> Any:
    """Return a raw lock that is held."""
    lock = allocate_lock()
    lock.acquire()
    return lock


START = Pending("start", "start")


class Stage:
    """The players, and who has the baton.

    Args:
        choose: asked by whoever parks; returns who goes on, None for the driver.
    """

    def __init__(self, choose: Callable[[], Player | None] = lambda: None) -> None:
        self.players: list[Player] = []
        self.choose = choose
        self.ahead: Sequence[Call] = ()
        """What the players are going to come to, as far as that is known, and who moves then; `BEHIND` ends it."""
        self.at = 0
        """How many of these they have come to."""
        self.entering: Callable[[], object] = lambda: None
        """Called in the thread of each player before its first step."""
        self.happened: list[tuple[str, str, int]] = []
        self.acting = 0
        """How many actors have not ended."""
        self.by_ident: dict[int, Player] = {}
        """The players by their threads."""
        self._running: Player | None = None
        self._passed = 0
        """How often the baton was passed on."""
        self._gate = allocate_lock()
        self._driver = allocate_lock()
        self._driver.acquire()

    def clear(self) -> None:
        """Forget the players, who have all ended."""
        self.players.clear()
        self.happened.clear()
        self.acting = 0

    def me(self) -> Player | None:
        """Return the player that runs in this thread, None for any other thread."""
        return self.by_ident.get(get_ident())

    def enter(self, name: str, does: str = "", *, own: bool = False, baton: Any = None) -> Player:
        """Add a player whose thread is about to start; ``baton`` is a raw lock that it waits for, and that is held."""
        player = Player(len(self.players), name, does, own=own, baton=baton)
        self.players.append(player)
        self.acting += own
        return player

    def play(self, player: Player, act: Callable[[], object], parked: Callable[[], object]) -> None:
        """Be a player in this thread, from its first step to its end.

        Args:
            parked: called once it is parked before the first step.
        """
        self.entering()
        self.park(player, get_ident(), get_native_id())
        parked()
        player.baton.acquire()
        self.perform(player, act)

    def park(self, player: Player, ident: int, native_id: int) -> None:
        """Let a thread be a player that waits for its first step."""
        player.ident, player.native_id = ident, native_id
        player.pending = START
        self.by_ident[ident] = player

    def perform(self, player: Player, act: Callable[[], object]) -> None:
        """Do what a player does in this thread, which has got the baton for its first step."""
        player.pending = None
        try:
            act()
        except BaseException as error:
            player.error = error
        finally:
            del self.by_ident[player.ident]
            player.done, player.frame, player.context = True, None, None
            self.acting -= player.own
            self._pass_on(player)

    def point(self, pending: Pending, frame: FrameType | None = None) -> None:
        """Announce an operation, and return when it may be done. Does nothing in a thread that is no player."""
        me = self.by_ident.get(get_ident())
        if me is None:
            return
        if me.aborted:
            if pending.ready is None or pending.ready():
                return
            raise Abort
        if not self.ahead or not self.passes(me, pending):
            self.stop(me, pending, frame or sys._getframe(1))

    def stop(self, me: Player, pending: Pending, frame: FrameType) -> None:
        """Let a player wait until it is given its next step, which is this."""
        me.frame = frame
        me.context = contextvars.copy_context()
        me.parks += 1
        me.accesses = 0
        me.pending = pending
        if not self._pass_on(me):
            me.baton.acquire()
        me.pending = me.frame = me.context = None
        me.switchable, me.switched_at = False, None
        if me.aborted:
            raise Abort

    def passes(self, me: Player, pending: Pending) -> bool | None:
        """Let a player that has come to a stop go on if it is known to be next; return what is known."""
        announced, chosen, late = self.ahead[self.at]
        if (announced is not pending and not is_alike(announced, pending)) or self._running is not me:
            return None
        if chosen != me.index or (pending.ready is not None and pending.ready() is late):
            return False
        # Should the driver take it for outside at this moment, it is so from its next stop on.
        self.at += 1
        self._passed += 1
        me.parks += 1
        me.accesses = 0
        me.switchable = False
        me.switched_at = None
        return True

    def _pass_on(self, me: Player) -> bool:
        """Give the baton to whoever is next; return whether that is the same player again."""
        with self._gate:
            mine = self._running is me
            if mine:
                self._running = None
                self._passed += 1
            me.outside = False
        if not mine:
            return False
        following = self.choose()
        if following is None:
            self._driver.release()
            return False
        self._running = following
        if following is me:
            return True
        following.pending = None  # it has been given its step, even if it takes a while to wake up
        following.baton.release()
        return False

    def give(self, player: Player) -> bool:
        """Let a parked player go on, in the driver's thread; return whether the baton came back in time."""
        self._running = player
        player.pending = None
        player.baton.release()
        return self.wait()

    def wait(self) -> bool:
        """Wait for the baton as the driver; whoever keeps it for too long is outside. Returns whether it came back."""
        passed, looks = self._passed, 0
        begun: Scheduled | None = None
        while not self._driver.acquire(True, PATIENCE):
            with self._gate:
                running = self._running
                if self._passed != passed:
                    passed, looks, begun = self._passed, 0, None  # one after another has moved meanwhile
                elif running is not None:
                    now = scheduled(running.native_id)
                    begun, looks = begun or now, looks + 1
                    if looks * PATIENCE < MOST_PATIENCE and (running.starts or _is_starved(begun, now)):
                        continue
                    running.outside = True
                    self._running = None
                    return False
        return True

    @contextmanager
    def inside(self, me: Player, what: Pending) -> Iterator[None]:
        """While library code runs on a player's behalf, whatever it has to wait for is called by this name."""
        me.inside.append(what)
        try:
            yield
        finally:
            me.inside.pop()

    def is_over(self) -> bool:
        """Return whether everybody has ended."""
        for player in self.players:  # noqa: SIM110 - a generator takes three times as long
            if not player.done:
                return False
        return True

    def movable(self) -> list[Player]:
        """Return the players that can be given a step; timeouts end when nobody else can move."""
        ready = []
        for player in self.players:
            pending = player.pending
            if pending is not None and not player.done and (pending.ready is None or pending.ready()):
                ready.append(player)
        if ready or any(player.outside for player in self.players):
            return ready
        return self.waiting()

    def waiting(self) -> list[Player]:
        """Return the players whose wait has a timeout, which is not over."""
        waiting = [player for player in self.players if player.parked and player.pending and player.pending.timed]
        return [player for player in waiting if not player.ready()]


def _is_starved(begun: Scheduled | None, now: Scheduled | None) -> bool:
    """Return whether a thread would have gone on, had it had the processor for as long as `PATIENCE`."""
    return begun is not None and now is not None and now.runnable and now.worked - begun.worked < PATIENCE * 1e9
