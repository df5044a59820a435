"""One execution for the search: a plan's steps, then whoever its policy picks; and what every step touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic as _monotonic
from time import sleep as _sleep

from ..moment import As
from ..search.dpor import still_asleep
from ..search.execution import ORDER, WRITE, Effects, Execution, Plan, Step
from . import policies
from .baton import BEHIND, Pending, Player, is_alike
from .looping import Loops
from .rounds import Rounds
from .run import Run
from .sharing import Sharing
from .sightings import Sightings
from .touches import inserts
from .trail import Trail

MOST_STEPS = 2_000
"""After so many steps an execution is given up."""
MOST_BEYOND = 300
"""Steps that threads of the app make at most when all actors have ended."""
ORDERED = "in which order keys get into a dict is searched for only where the app looks at them: {}"
FINISHING = 200
"""So many steps somebody makes in a row when all that matters is that everybody comes to the end."""
PATIENCE = 1.0
"""So long (seconds) everybody waits for a player who is outside."""


class Explorer:
    """Makes one execution.

    Args:
        run: a run at its beginning.
        sharing: decides where its players stop.
        interpreter: which preemptions are allowed; a step lasts until the next place where there may be one.
        trail: of the last execution, on which this one begins as far as it is the same.

    Attributes:
        departed: it did not stay on the trail, and was given up; without a trail it may go on.
    """

    def __init__(self, run: Run, sharing: Sharing, interpreter: As, plan: Plan, trail: Trail) -> None:
        self._run, self._stage, self._sharing, self._plan = run, run.stage, sharing, plan
        self._atomic = interpreter is As.THIS
        self._trail = trail
        run.stage.ahead, run.stage.at = trail.begin(() if plan.races or plan.lenient else plan.path), 0
        self.departed = False
        self._numbers, self._steps, self._assumed = trail.numbers, trail.steps, trail.assumed
        self._followed, self._given = len(trail.steps), len(plan.path)
        self._sleep: dict[int, Effects] = {}
        self._last: Player | None = None
        self._asleep = self._limit = False
        self._ended = False
        """It is asleep, at a limit, not what it should be, or goes round for ever."""
        self._beyond = -1
        """After so many steps all actors had ended; what the app's own threads do then could have been done before."""
        self._diverged = ""
        self._pending: list[Pending | None] = []
        self._effects: list[Effects] = []
        self._sightings = Sightings(run.maker, self._numbers.effects) if plan.races else None
        self._loops = Loops(run.stage, run.clock, run.maker, sharing.touched)
        self._rounds = Rounds()
        self._policy: policies.Policy | None = None

    def execution(self) -> Execution:
        """Make it."""
        sharing, stage = self._sharing, self._stage
        stage.choose = self._choose
        verdict = self._verdict(self._play())
        races = self._sightings.found if self._sightings is not None else ()
        loop, ended = self._rounds.steps, None
        over = stage.is_over()
        if not (over or stage.acting or self._plan.lenient or verdict is None) and any(
            one.parked for one in stage.players
        ):
            ended = self._beyond = len(self._steps)
            self._trail.close()
            self._play()
            over = stage.is_over()
        stage.choose, stage.ahead = lambda: None, ()
        if verdict is not None:
            self._assumed.update(dict.fromkeys(ORDERED.format(name) for name in sharing.orders()))
            self._assumed.update(dict.fromkeys(self._run.unseen()))
        return Execution(
            self._steps,
            [] if over else self._blocked(),
            verdict,
            sorted(sharing.learned),
            sorted(sharing.unseen),
            self._diverged,
            races,
            loop,
            self._sightings.accesses if self._sightings is not None else (),
            ended,
            sorted(self._assumed),
        )

    def _play(self) -> str:
        """Give steps until it is over; return what the stage does not see, as a sentence."""
        stage, outside, until = self._stage, "", 0.0
        while True:
            player = self._choose()
            if player is not None:
                until = 0.0 if stage.give(player) else _monotonic() + PATIENCE
                if not until:
                    continue
                self._trail.close()
            away = [one.name for one in stage.players if one.outside]
            if away:
                outside = f"{away[0]} waited, or computed, where the stage does not see it"
                until = until or _monotonic() + PATIENCE
            if player is None and (self._over() or not away or _monotonic() > until):
                return outside
            if player is None:
                _sleep(0.005)

    def finish(self) -> bool:
        """Let everybody run to the end, however, or fail where they would wait; return whether all have ended."""
        stage = self._stage
        if stage.is_over():
            return True
        if not (self._limit or self._rounds.steps or self._rounds.stuck):  # else they would not come to an end
            stage.choose = self._any()
            while (following := stage.choose()) is not None:
                stage.give(following)
        stage.choose = lambda: None
        for player in stage.players:
            if player.parked:
                player.aborted = True
                if not stage.give(player):
                    return False
        return stage.is_over()

    def _any(self) -> Callable[[], Player | None]:
        """Return what says who moves: one after the other, but whoever waits in a loop is left for a while."""
        count = 0

        def choose() -> Player | None:
            nonlocal count
            count += 1
            movable = self._stage.movable()
            return movable[count // FINISHING % len(movable)] if movable and count < MOST_STEPS else None

        return choose

    def _over(self) -> bool:
        return self._ended or (not self._stage.acting and self._beyond < 0)

    def _verdict(self, outside: str) -> tuple[str, str] | None:
        if self._asleep or self._diverged:
            return None
        if self._rounds.steps:
            return "livelock", self._rounds.sentence()
        if self._rounds.stuck:
            return "limit", self._rounds.stuck
        if self._limit:
            return "limit", f"not finished after {MOST_STEPS} steps"
        verdict = self._run.verdict()
        if outside or verdict is None:
            return "inconclusive", outside or "nobody could move, and nobody was waiting"
        return verdict.kind, verdict.text

    def _blocked(self) -> list[tuple[int, Effects]]:
        movable = self._stage.movable()
        return [
            (player.index, self._numbers.effects(player.pending))
            for player in self._stage.players
            if player.parked and player.pending is not None and player not in movable
        ]

    def _choose(self) -> Player | None:
        """Return who moves next, None when nobody does; called by whoever parks."""
        stage, beyond = self._stage, self._beyond
        if self._ended or (not stage.acting and beyond < 0):
            return None
        if stage.ahead:
            if stage.ahead[stage.at] is not BEHIND:
                return self._as_before()
            stage.ahead = ()
        last, steps, trail = self._last, self._steps, self._trail
        announced = last.pending if last is not None else None
        trail.arrive()
        if self._atomic and last is not None and last.parked and not last.switchable and last.ready():
            self._go_on(last)
            trail.add(announced, last.index, late=False, begins=False)
            return last
        movable, waiting = self._movable(beyond < 0)
        count = len(steps)
        if count == self._given and count and self._plan.sleep:
            self._sleep = dict(self._plan.sleep)
        if self._sleep and count:
            before = steps[-1]
            self._sleep = {} if before.late else still_asleep(self._sleep, before.actor, before.effects)
        if not movable:
            return None
        if count >= (MOST_STEPS if beyond < 0 else beyond + MOST_BEYOND):
            self._limit = self._ended = True
            if beyond >= 0:
                self._assumed[f"the app's own threads were followed {MOST_BEYOND} steps beyond the last response"] = (
                    None
                )
            return None
        for text in waiting:
            self._assumed[f"a timeout ends only when nobody else can move: {text}"] = None
        sightings = self._sightings
        if sightings is not None and beyond < 0:
            sightings.look(movable, count)
        if last is not None and not last.done:
            state = self._loops.state(last)
            if self._loops.looped:
                trail.close()
            if state is not None and self._rounds.closes(state, movable, stage.waiting()):
                self._ended = True
                return None
        following, able = self._following(movable)
        if len(able) < len(movable) and last is not None and last.pending is not None:
            self._assumed[f"a loop that came back to the same state goes on when others have moved: {last.name}"] = None
        if following is not None:
            self._rounds.add(following, movable)
            if sightings is not None:
                sightings.step(following, count)
            pending, index, effects = following.pending, following.index, self._effects
            late = pending is not None and pending.ready is not None and not pending.ready()
            touched = _at_once(pending, effects[index])
            could = [one.index for one in able]
            steps.append(_made(Step, (index, touched, could, late, self._numbers.count, len(effects))))
            self._last = following
            trail.add(announced, index, late=late, begins=True)
        return following

    def _as_before(self) -> Player | None:
        """Return who moved next the last time, None if it is not the same any more."""
        stage, last = self._stage, self._last
        players = stage.players
        announced, chosen, late = stage.ahead[stage.at]
        player = players[chosen] if chosen < len(players) else None
        pending = player.pending if player is not None else None
        if (
            pending is None
            or not is_alike(announced, last.pending if last is not None else None)
            or (pending.ready is not None and pending.ready() is late)
        ):
            self.departed = self._ended = True
            self._diverged = f"after {stage.at} stops it went on in another way than before"
            return None
        stage.at += 1
        self._last = player
        return player

    def _movable(self, timeouts: bool) -> tuple[Sequence[Player], Sequence[str]]:
        """Return who can be given a step, as `Stage.movable` does, and which waits are taken to be long.

        Numbers what everybody is about to touch, in turn, so that the order of numbers is always the same.

        Args:
            timeouts: they end when nobody else can move.
        """
        movable: list[Player] = []
        waiting: list[str] = []
        seen, effects, players = self._pending, self._effects, self._stage.players
        while len(seen) < len(players):
            seen.append(None)
            effects.append(())
        for player in players:
            pending, index = player.pending, player.index
            if pending is not seen[index]:
                seen[index] = pending
                effects[index] = self._numbers.effects(pending) if pending is not None else ()
            if pending is None or player.done:
                continue
            if pending.ready is None or pending.ready():
                movable.append(player)
            elif pending.timed:
                waiting.append(pending.text)
        if timeouts and not movable and not any(player.outside for player in players):
            return self._stage.waiting(), waiting
        return movable, waiting

    def _following(self, movable: Sequence[Player]) -> tuple[Player | None, Sequence[Player]]:
        """Return who is next, and who could be."""
        able = self._rounds.useful(movable) if self._rounds.resting else movable
        while self._followed < self._given:
            wanted = self._plan.path[self._followed]
            self._followed += 1
            for player in movable:
                if player.index == wanted:
                    return player, able if player in able else movable
            if not self._plan.lenient:
                self._ended = True
                self._diverged = f"step {self._followed}: actor {wanted + 1} could not move"
                return None, movable
        sleep = self._sleep
        awake = [player.index for player in able if player.index not in sleep]
        if not awake and any(player.own and player.failed for player in self._stage.players):
            # For a reason that no step has told: whatever stands in for this order may have gone well.
            self._sleep, awake = {}, [player.index for player in able]
        if not awake:
            self._asleep = self._ended = True
            return None, able
        policy = self._policy = self._policy or policies.make(self._plan)
        effects = {} if self._plan.policy == policies.ON else {one.index: self._effects[one.index] for one in able}
        return self._stage.players[policy(awake, effects, self._last.index if self._last else -1)], able

    def _go_on(self, player: Player) -> None:
        """Make another operation part of the step."""
        step = self._steps[-1]
        pending = player.pending
        more = _at_once(pending, self._numbers.effects(pending)) if pending is not None else ()
        self._steps[-1] = step._replace(effects=(*step.effects, *(one for one in more if one not in step.effects)))


def _at_once(pending: Pending | None, effects: Effects) -> Effects:
    """Return what an operation touches when it is done now: a key that is new comes last in the order of keys."""
    if pending is None or pending.kind != "write" or pending.touch is None:
        return effects
    touch = pending.touch
    return (*effects, (effects[0][0], ORDER, WRITE)) if inserts(touch.obj, touch.key) else effects


_made = tuple.__new__
"""Makes a named tuple in half the time that its class takes."""
