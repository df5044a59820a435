"""What is seen of the stage while everyone is parked: a `Moment`, without running any of the app's code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import CodeType, FrameType
from typing import Any

from ..moment import ActorView, Happening, LockView, Moment, Operation, Place, Shown, Status, Verdict
from . import plain
from .baton import Pending, Player, Stage
from .blocking import Thing
from .clock import Clock
from .primitives import Lock, Maker
from .target import WEFT
from .texts import safe_text
from .touches import WHOLE, Touch, peek
from .web import context

MOST_FRAMES, MOST_VARIABLES, MOST_SHARED, MOST_LOCKS = 12, 30, 100, 200


class Looker:
    """Makes moments.

    Args:
        maker: knows the app's files and what they made.
        things: what waits besides locks.
        watch: named expressions, compiled, and the namespace that they stand in.
    """

    def __init__(
        self,
        stage: Stage,
        clock: Clock,
        maker: Maker,
        things: Sequence[Thing],
        watch: Iterable[tuple[str, CodeType]],
        namespace: dict[str, Any],
    ) -> None:
        self._stage, self._clock, self._maker, self._things = stage, clock, maker, things
        self._watch, self._namespace = list(watch), namespace
        self.begin()

    def begin(self) -> None:
        """Forget what was seen: a run begins."""
        self._shared: dict[str, Touch] = {}
        self._last: dict[str, str] = {}
        self._places: dict[int, tuple[int, list[Place], tuple[Shown, ...], Any]] = {}
        self.steps = 0

    def share(self, touch: Touch) -> None:
        """Show a thing that actors share from now on."""
        if len(self._shared) < MOST_SHARED:
            self._shared.setdefault(touch.name, touch)

    def moment(self, *, output: str = "", value: str = "", verdict: Verdict | None = None) -> Moment:
        """Return what is seen now."""
        players = self._stage.players
        actors = [self._actor(player) for player in players]
        for player in players:
            if player.pending is not None and player.pending.touch is not None:
                self.share(player.pending.touch)
        shared = tuple(Shown(name, safe_text(peek(touch))) for name, touch in self._shared.items())
        changed = tuple(name for name, text in shared if self._last.get(name, text) != text)
        self._last = dict(shared)
        happened, self._stage.happened[:] = tuple(Happening(*one) for one in self._stage.happened), []
        return Moment(
            self.steps,
            self._clock.now_ns,
            tuple(actors),
            shared,
            changed,
            tuple(Shown(name, self._evaluated(code)) for name, code in self._watch),
            tuple(self._locks()),
            circle(actors),
            output,
            happened,
            value,
            verdict,
        )

    def actors(self) -> list[ActorView]:
        """Return who waits for what, without variables and with one place each."""
        return [self._actor(player, briefly=True) for player in self._stage.players]

    def _actor(self, player: Player, *, briefly: bool = False) -> ActorView:
        pending = player.pending
        status, why = self._status(player, pending)
        if pending is None or player.done:
            return ActorView(player.name, player.does, status, None, why, own=player.own)
        places, variables, flask = self._standing(player) if not briefly else self._place(player)
        blocked = status is Status.BLOCKED
        holders = pending.holders() if blocked and pending.holders is not None else ()
        return ActorView(
            player.name,
            player.does,
            status,
            Operation(pending.kind, pending.text, places[0] if places else None, pending.on),
            why,
            tuple(holder.index for holder in holders),
            tuple(places),
            variables,
            flask,
            player.switchable,
            player.own,
            blocked and pending.timed,
        )

    def _status(self, player: Player, pending: Pending | None) -> tuple[Status, str]:
        if player.error is not None:
            return Status.FAILED, f"{type(player.error).__name__}: {safe_text(str(player.error), 200)}"
        if player.done:
            return Status.DONE, player.told()
        if pending is None:
            return (Status.OUTSIDE, self._outside(player)) if player.outside else (Status.READY, "")
        if pending.ready is None or pending.ready():
            return Status.READY, ""
        why = pending.why() if pending.why is not None else ""
        return Status.BLOCKED, f"waits for {why}" if why else f"waits to {pending.text}"

    def _outside(self, player: Player) -> str:
        frame = sys._current_frames().get(player.ident)
        while frame is not None and frame.f_code.co_filename.startswith(WEFT):
            frame = frame.f_back
        place = self._maker.place(frame)
        if frame is None or place is None:
            return "runs where the stage does not see it"
        called = "" if self._maker.ours(frame.f_code.co_filename) else f" in {self._maker.called(frame)}"
        return f"has not come back since {place.short}{called}: it computes, or waits outside the stage"

    def _standing(self, player: Player) -> tuple[list[Place], tuple[Shown, ...], Any]:
        """Return where a parked player stands, its variables and contexts; looked up once per stop."""
        known = self._places.get(player.index)
        frames = known[1] if known is not None and known[0] == player.parks else self._frames(player.frame)
        inner = self._innermost(player.frame)
        if player.entry is not None and player.frame is None:
            frames = [player.entry]
        seen = (player.parks, frames, _variables(inner), context(player.context))
        self._places[player.index] = seen
        return seen[1:]

    def _place(self, player: Player) -> tuple[list[Place], tuple[Shown, ...], Any]:
        place = self._maker.place(player.frame) if player.frame is not None else player.entry
        return [place] if place is not None else [], (), None

    def _innermost(self, frame: FrameType | None) -> FrameType | None:
        while frame is not None and not self._maker.ours(frame.f_code.co_filename):
            frame = frame.f_back
        return frame

    def _frames(self, frame: FrameType | None) -> list[Place]:
        places: list[Place] = []
        while frame is not None and len(places) < MOST_FRAMES:
            place = self._maker.place(frame)
            if place is None:
                break
            places.append(place)
            inner = self._innermost(frame)
            frame = inner.f_back if inner is not None else None
        return places

    def _locks(self) -> Iterable[LockView]:
        for lock in self._maker.named()[:MOST_LOCKS]:
            if isinstance(lock, Lock):
                waiters = tuple(player.index for player in lock.waiters if not player.ready())
                owner = lock.owner.index if lock.owner is not None else -1
                state = "held" if lock.locked() else "free"
                yield LockView(lock.name, lock.kind, state, owner, waiters, self._maker.made_at.get(lock.name))
        for thing in self._things[:MOST_LOCKS]:
            waiters = tuple(player.index for player in thing.waiters if not player.ready())
            if thing.kind != "Condition" or waiters:  # a condition's lock stands for it
                made_at = self._maker.made_at.get(thing.name)
                yield LockView(thing.name, thing.kind, thing.state(), -1, waiters, made_at)

    def _evaluated(self, code: CodeType) -> str:
        try:
            return safe_text(eval(code, self._namespace))  # noqa: S307 - the scenario's own expressions
        except Exception as error:
            return f"({type(error).__name__})"


def stepped(kind: str, touch: Touch | None) -> str:
    """Return what came of a read or write, as text behind its operation."""
    if touch is None:
        return ""
    if touch.asks is not None:
        there = peek(touch)
        found = there is True if plain.is_a(touch.obj, set) else there is not plain.MISSING
        return "" if touch.key == WHOLE else f"→ {found == touch.asks}"
    return f"{'=' if kind == 'write' else '→'} {safe_text(peek(touch))}"


def _variables(frame: FrameType | None) -> tuple[Shown, ...]:
    if frame is None:
        return ()
    names = [name for name in frame.f_locals if not name.startswith(("__", "@py", "."))]
    return tuple(Shown(name, safe_text(frame.f_locals[name])) for name in names[:MOST_VARIABLES])


def circle(actors: Sequence[ActorView]) -> tuple[int, ...]:
    """Return the actors that wait for each other in a circle."""
    stuck: set[int] = set()
    for start in range(len(actors)):
        path: list[int] = []
        at = start
        while at not in path and actors[at].status is Status.BLOCKED and not actors[at].can_time_out:
            path.append(at)
            if len(actors[at].waits_for) != 1:
                path = []
                break
            (at,) = actors[at].waits_for
        if at in path:
            stuck.update(path[path.index(at) :])
    return tuple(sorted(stuck))
