"""One run of a scenario: its actors on the stage, steps on demand, and what came of it."""

from __future__ import annotations

import contextvars
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic as _monotonic
from time import sleep as _sleep
from typing import Any

from .. import private
from ..moment import ActorView, Moment, Operation, Place, Status, Stops, Verdict
from ..scenario import Act, Outcome, Request, Response, Scenario
from ..session import Choice
from . import clock, web
from .actors import Actor
from .baton import Pending, Player
from .blocking import Blocking
from .clock import Clock
from .databases import Databases
from .eyes import Eyes
from .files import Files
from .look import Looker, circle, stepped
from .policies import PATIENCE
from .primitives import Maker
from .sharing import Learned, Log
from .stores import Stores
from .target import Target
from .texts import safe_text

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
TRIAL_SECONDS = 1.0
"""How long the actors may run in a trial, when they compute or wait where the stage does not see them."""

DISPLACED = "accesses are not seen since another tool watches the app's instructions ({}); run it without that tool"


class SetupFailed(Exception):
    """The scenario's setup raised what is the cause of this."""


class Production:
    """Everything that was put in place to run a scenario: made once, runs in every copy of the process."""

    def __init__(
        self,
        target: Target,
        scenario: Scenario,
        app: Any,
        namespace: dict[str, Any],
        clock: Clock,
        maker: Maker,
        blocking: Blocking,
        databases: Databases,
        stores: Stores,
        eyes: Eyes,
    ) -> None:
        self.target, self.scenario, self.app, self.namespace = target, scenario, app, namespace
        self.stage, self.clock, self.maker, self.blocking, self.eyes = maker.stage, clock, maker, blocking, eyes
        self.databases, self.stores, self.files = databases, stores, Files(maker)
        self.learned: list[Learned] = []
        self.named: Sequence[Sequence[str]] = ()
        """Sites that share, as a schedule names them: file, kind, text."""
        self.failures: dict[int, BaseException] = {}
        self.rehearse: Callable[[], object] = lambda: None
        """Warms a thread: the first memory that a copy of a process writes to costs more than what it writes."""
        self.put_back: Callable[[], None] | None = None
        """Makes everything what it was before the run; None when only another copy of the process can."""


class Run:
    """A scenario from its beginning. Only one at a time in a process.

    Args:
        production: what runs.
        watcher: sees what the app's code does.
    """

    def __init__(self, production: Production, watcher: Any, stops: Stops) -> None:
        self._production = production
        self.stage, self.clock, self.maker = production.stage, production.clock, production.maker
        scenario = production.scenario
        watch = [(text, compile(text, "watch", "eval")) for text in scenario.watch]
        self._looker = Looker(
            self.stage, production.clock, production.maker, production.blocking.things, watch, production.namespace
        )
        self._singles: dict[int, web.Single] = {}
        self._endpoints: dict[int, str] = {}
        self._cast: list[Callable[[Actor], None]] = []
        self._actors: list[Actor] = []
        self._stay = False
        self._before()
        gc.disable()  # a collection runs finalizers wherever it happens
        production.eyes.start(watcher, stops)
        self.stage.entering = production.eyes.enter_thread
        for name in scenario.actors:
            self._engage(name, production.rehearse)
        self._begin()

    def keep_threads(self, stay: bool) -> None:
        """Let the actors' threads stay for what is begun anew, where they can forget what they have kept; or not."""
        self._stay = stay
        for actor in self._actors:
            actor.stays = stay

    def again(self) -> None:
        """Begin anew, when everything has been put back."""
        self._looker.begin()
        self._before()
        if not all(actor.stays for actor in self._actors):
            self._actors = []
            for name in self._production.scenario.actors:
                self._engage(name, lambda: None)
        self._begin()

    def _before(self) -> None:
        """Do what comes before the actors' threads."""
        self._script: list[Choice] = []
        self._done = 0
        self._displaced = ""
        """Another tool that keeps accesses from being seen."""
        self.diverged: str = ""
        self._verdict: Verdict | None = None
        seed = self._production.scenario.seed
        clock.begin_with(seed)  # a fork seeds anew
        if self._set_up():
            clock.begin_with(seed)  # it may have drawn some
        self._production.stores.wrap()
        self._printed = os.fstat(1).st_size

    def _engage(self, name: str, rehearse: Callable[[], object]) -> None:
        """Start an actor's thread."""
        eyes = self._production.eyes

        def prepare() -> None:
            eyes.enter_thread()
            contextvars.Context().run(rehearse)

        self.maker.idle = True
        try:
            actor = Actor(self.stage, name, prepare)
        finally:
            self.maker.idle = False
        actor.stays = self._stay
        self._actors.append(actor)

    def _begin(self) -> None:
        """Let the actors wait for their first step."""
        if not self._cast:
            scenario, production = self._production.scenario, self._production
            for name in scenario.actors:
                acts = scenario.acts(name)
                entry = production.maker.place_of(web.entry(production.app, acts[0]) if acts else None)
                todo = [act if isinstance(act, Request) else _ready(act, production.app) for act in acts]
                sends = any(isinstance(act, Request) for act in acts)
                self._cast.append(partial(self._enter, name, does(acts), todo, sends, entry))
        for actor, enter in zip(self._actors, self._cast, strict=True):
            enter(actor)
        self._production.blocking.start_waiting()

    def _enter(
        self,
        name: str,
        what: str,
        acts: Sequence[Request | Callable[[], object]],
        sends: bool,
        entry: Place | None,
        actor: Actor,
    ) -> None:
        player = self.stage.enter(name, what, own=True, baton=actor.baton)
        player.entry = entry
        actor.play(player, partial(self._act, acts, player, sends))

    def _set_up(self) -> bool:
        """Put in order what lies outside the app, in a folder that is empty; return whether there was anything."""
        private.anew()
        setup = self._production.scenario.setup
        if setup is None:
            return False
        blocking = self._production.blocking
        blocking.loading = True
        try:
            with self._production.clock.shown():
                _ready(setup, self._production.app)()
        except BaseException as error:
            raise SetupFailed from error
        finally:
            blocking.loading = False
        return True

    def _act(self, acts: Sequence[Request | Callable[[], object]], player: Player, sends: bool) -> None:
        """Do what an actor was told to do, in its thread."""
        customer = self._customer(acts, player) if sends else None
        for act in acts:
            if isinstance(act, Request) and customer is not None:
                self._request(customer, act, player, f" to {act}" if len(acts) > 1 else "")
            elif callable(act):
                act()
        self._displaced = self._displaced or self._production.eyes.displaced()

    def _customer(self, acts: Sequence[Request | Callable[[], object]], player: Player) -> web.Customer | web.Single:
        known = self._singles.get(player.index)
        if known is None and web.Single.can(acts):
            known = self._singles[player.index] = web.Single(self._production.app, acts[0])  # type: ignore[arg-type]
        return known or web.Customer(self._production.app)

    def _request(self, customer: web.Customer | web.Single, request: Request, player: Player, to: str) -> None:
        happened, failures = self.stage.happened, self._production.failures
        failures.pop(player.index, None)
        happened.append(("request", str(request), player.index))
        happened.append(("endpoint", self._endpoint(request), player.index))
        response = player.response = customer.send(request)
        error = failures.get(player.index)
        player.told = partial(self._told, response, error)
        player.switchable = True  # Flask's own functions have run since
        self.stage.point(Pending("respond", f"respond {response.status}{to}"))
        happened.append(("response", str(request), response.status))

    def _told(self, response: Response, error: BaseException | None) -> str:
        what = safe_text(response.body.strip(), 60) if error is None else self._production.target.sentence(error)
        return f"{response.status} {what}"

    def _endpoint(self, request: Request) -> str:
        known = self._endpoints.get(id(request))
        if known is None:
            known = self._endpoints[id(request)] = web.endpoint(self._production.app, request)
        return known

    # Many steps at once

    def follow(self, script: Sequence[Choice]) -> Moment:
        """Make these steps from here, without looking in between."""
        self._script = list(script)
        self._done = 0
        self.stage.choose = self._scripted
        following = self._scripted()
        if following is not None:
            self.stage.give(following)
        self.stage.choose = lambda: None
        if self._done < len(self._script) and not self.diverged:
            self._diverge()
        self._looker.steps += self._done
        return self.look()

    def all_in_turn(self, log: Log, backwards: bool = False) -> None:
        """Let the actors run one after another, whoever can, and log what they do."""
        own = [player for player in self.stage.players if player.own]
        order = own[::-1] if backwards else own
        until = _monotonic() + TRIAL_SECONDS
        last, count = -1, 0

        def choose() -> Player | None:
            nonlocal last, count
            if _monotonic() > until or all(player.done for player in own):
                return None
            able = self.stage.movable()
            first = [player for player in order if player in able] + able
            if first and (count >= PATIENCE or _is_busy(first[0])):
                # Who waits in a loop for somebody else's doing does so after everybody else.
                last = first[0].index
                others = [player for player in first if player.index != last]
                first = others + first
                order.sort(key=lambda one: one.index == last)
            player = first[0] if first else None
            count = count + 1 if player is not None and player.index == last else 0
            last = player.index if player is not None else last
            if player is not None and player.pending is not None:
                log.tell(player, player.pending.text)
            return player

        self.stage.choose = choose
        while _monotonic() < until:
            following = choose()
            if following is not None:
                self.stage.give(following)
            elif any(player.outside for player in self.stage.players):
                _sleep(0.01)
            else:
                break
        self.stage.choose = lambda: None

    def _scripted(self) -> Player | None:
        if self._done >= len(self._script):
            return None
        actor, kind, text = self._script[self._done]
        players = self.stage.players
        player = players[actor] if actor < len(players) else None
        pending = player.pending if player is not None else None
        if player is None or pending is None or not (player.ready() or player in self.stage.movable()):
            self._diverge()
            return None
        if pending.kind == kind and pending.text == text:
            self._done += 1
        return player

    def _diverge(self) -> None:
        actor, _, text = self._script[self._done]
        players = self.stage.players
        name = players[actor].name if actor < len(players) else f"actor {actor + 1}"
        pending = players[actor].pending if actor < len(players) else None
        instead = f"is about to {pending.text}" if pending is not None else "has finished"
        self.diverged = f"step {self._looker.steps + self._done + 1}: {name} should {text}, but it {instead}"

    # One step

    def step(self, actor: int) -> tuple[Operation, Moment]:
        """Let an actor do its next operation."""
        player = self.stage.players[actor]
        pending = player.pending
        if pending is None or player not in self.stage.movable():
            raise ValueError(f"{player.name} cannot move")
        place = self._production.maker.place(player.frame) if player.frame is not None else player.entry
        operation = Operation(pending.kind, pending.text, place, pending.on)
        value = stepped(pending.kind, pending.touch) if pending.kind == "read" else ""
        self.stage.give(player)
        self._looker.steps += 1
        if pending.kind == "write":
            value = stepped("write", pending.touch)
        return operation, self.look(value)

    def look(self, value: str = "") -> Moment:
        """Return what is seen now."""
        moment = self._looker.moment(output=self._output(), value=value, verdict=self._verdict)
        if self._verdict is None:
            self._verdict = self._judge(moment.actors, moment.stuck)
            if self._verdict is not None:
                moment = moment._replace(verdict=self._verdict, output=moment.output + self._output())
        return moment

    def _output(self) -> str:
        """Return what was printed since the last call."""
        try:
            end = os.fstat(1).st_size
            data = os.pread(1, min(end - self._printed, 20_000), self._printed)
        except OSError:
            return ""
        self._printed = end
        return data.decode(errors="replace")

    # What came of it

    def unseen(self) -> list[str]:
        """Return sentences about what libraries do whose order is not varied."""
        production = self._production
        return [*self.maker.beneath.sentences(), *production.stores.pools.unseen(), *production.files.unseen()]

    def verdict(self) -> Verdict | None:
        """Return what came of it, as `look` does; but who does not wait is not looked at."""
        if self._verdict is None and not self.stage.acting:
            self._verdict = self._final([player for player in self.stage.players if player.own])
        if self._verdict is None:
            actors = self._looker.actors()
            self._verdict = self._judge(actors, circle(actors))
        return self._verdict

    def _judge(self, actors: Sequence[ActorView], stuck: Sequence[int]) -> Verdict | None:
        own = [player for player in self.stage.players if player.own]
        if all(player.done for player in own):
            return self._final(own)
        if self.stage.movable() or any(view.status is Status.OUTSIDE for view in actors):
            return None
        waiting = [index for index, view in enumerate(actors) if view.own and view.status is Status.BLOCKED]
        circle = stuck or waiting
        place = actors[circle[0]].frames[0] if circle and actors[circle[0]].frames else None
        reasons = "; ".join(f"{actors[i].name} {actors[i].why}" for i in circle)
        return Verdict("deadlock", f"nobody can go on: {reasons}", place, tuple(circle))

    def _final(self, own: Sequence[Player]) -> Verdict:
        target = self._production.target
        failed = [player for player in own if player.failed]
        for player in failed:
            if player.error is not None:
                sentence = target.sentence(player.error)
                return Verdict("exception", f"{player.name}: {sentence}", self._place(player.error), (player.index,))
        for player in failed:
            if player.response is not None:
                error = self._production.failures.get(player.index)
                because = f": {target.sentence(error)}" if error is not None else ""
                text = f"{player.name} got {player.response.status}{because}"
                return Verdict("status", text, self._place(error), (player.index,))
        verdict = self._checked({player.name: player.response for player in own if player.response is not None})
        if verdict.kind == "holds" and self._displaced:
            return Verdict("inconclusive", DISPLACED.format(self._displaced))
        return verdict

    def _checked(self, responses: Mapping[str, Response]) -> Verdict:
        failures = self._production.eyes.failures
        if failures:
            return Verdict("inconclusive", f"weft lost sight of the app: {failures[0]!r}; please report this")
        for name, response in responses.items():
            lost = self._astray(name) if response.status in (404, 405) else ""
            if lost:
                return Verdict("inconclusive", f"{name} got {response.status}: no route of the app matches {lost}")
        check = self._production.scenario.check
        if check is None:
            return Verdict("holds", f"all actors have finished{_errors(responses)}; the scenario checks nothing else")
        try:
            with self._production.clock.shown():
                result = check(Outcome(self._production.app, responses))
        except AssertionError as error:
            return Verdict("invariant", str(error) or f"{_called(check)} is not true", self._place(error))
        except BaseException as error:
            return Verdict("inconclusive", f"the check itself failed: {self._production.target.sentence(error)}")
        if result is False:
            return Verdict("invariant", f"{_called(check)} is not true")
        return Verdict("holds", f"all actors have finished{_errors(responses)} and the invariant holds")

    def _astray(self, name: str) -> str:
        production = self._production
        return web.astray(production.app, production.scenario.acts(name))

    def _place(self, error: BaseException | None) -> Place | None:
        found = None
        trace = error.__traceback__ if error is not None else None
        while trace is not None:
            code = trace.tb_frame.f_code
            if self._production.target.ours(code.co_filename):
                found = Place.in_code(code, trace.tb_lineno)
            trace = trace.tb_next
        return found


def _is_busy(player: Player) -> bool:
    """Return whether it stands where it was stopped since it has touched much without a stop."""
    return player.pending is not None and player.pending.kind == "line"


def _called(check: Callable[..., object]) -> str:
    name = getattr(check, "__name__", "<lambda>")
    return "what must hold" if name == "<lambda>" else name


def _errors(responses: Mapping[str, Response]) -> str:
    """Return who got an error, in parentheses: a green verdict must not hide that a request went nowhere."""
    errors = [f"{name} got {response.status}" for name, response in responses.items() if response.status >= 400]
    return f" ({', '.join(errors)})" if errors else ""


def does(acts: Sequence[Act]) -> str:
    """Return what an actor was told to do, in a few words."""
    return ", ".join(str(act) if isinstance(act, Request) else getattr(act, "__name__", "a callable") for act in acts)


def _ready(act: Callable[..., object], app: Any) -> Callable[[], object]:
    """Return what calls something with the app, or with nothing if it takes nothing."""
    code = getattr(act, "__code__", None)
    bound = len(getattr(act, "__defaults__", None) or ()) + (getattr(act, "__self__", None) is not None)
    return partial(act, app) if code is not None and code.co_argcount > bound else act
