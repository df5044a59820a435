"""A person's way through a scenario: a tree of steps. Looking back needs no run; going on from there runs anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ..counted import many
from ..errors import WeftError
from .moment import As, Moment, Operation, Status, Stops, Verdict, endless
from .search.execution import Execution, Plan
from .search.searching import Done, Report

LIMIT = 5_000
"""Steps that running on makes at most in one go."""


class Info(NamedTuple):
    """What a scenario says about itself.

    Attributes:
        target: the words after ``weft step`` that name it, for schedule files and messages.
        file: of the scenario, or of the app.
        actors: their names, in order; the indices of a `Moment` start with these.
        fixed: there is a fixed app; ``running_fixed`` tells whether it is the one that runs.
        gil: the interpreter that runs it has one.
    """

    name: str
    target: str
    file: str
    actors: Sequence[str]
    does: Sequence[str]
    goal: str = ""
    hints: Sequence[str] = ()
    lesson: str = ""
    fixed: bool = False
    running_fixed: bool = False
    python: str = ""
    gil: bool = True
    seed: int = 0


class Badge(StrEnum):
    """What a preemption needs, see `weft.stage.moment.As`."""

    NONE = ""
    THIS = "this"
    FREE_THREADED = "free-threaded"


class Choice(NamedTuple):
    """What identifies a step from run to run: the actor and its operation, never a line or an offset."""

    actor: int
    kind: str
    text: str


class Performed(NamedTuple):
    """What a runner did when it was asked for a step."""

    operation: Operation
    moment: Moment


class Runner(Protocol):
    """Runs a scenario from its beginning; `weft.stage.process` has the real one."""

    info: Info
    note: str
    """What a person should know before the first step: what is not as it should be; empty for nothing."""

    @property
    def learned(self) -> Sequence[Sequence[str]]:
        """Sites at which it stops since a search has learned of them: name of the file, kind, text."""
        ...

    def start(self, path: Sequence[Choice], stops: Stops) -> Moment:
        """Begin anew and make these steps, leaving out no stop in between.

        Raises:
            Diverged: the program did something else than before.
            WeftError: it cannot be run at all.
        """
        ...

    def prepare(self, path: Sequence[Choice], stops: Stops) -> None:
        """Get ready to `start` with these steps, when nothing else is to be done."""

    def step(self, actor: int) -> Performed:
        """Let an actor that can move do its next operation."""
        ...

    def look(self) -> Moment:
        """Return what is seen now, when something may have come back from outside."""
        ...

    def execute(self, plan: Plan, stops: Stops, interpreter: As, *, again: bool) -> Execution:
        """Make one execution for the search; where the runner stood is lost.

        Args:
            again: it may be made where the last one was, when everything could be put back there.
        """
        ...

    def search(
        self,
        wanted: Mapping[str, Any],
        stops: Stops,
        stopped: Callable[[], bool],
        progress: Callable[[Report], None],
    ) -> Done:
        """Make a whole search, see `weft.stage.process.AppProcess`; where the runner stood is lost."""
        ...

    def learn(self, sites: Sequence[Any]) -> None:
        """Stop at these sites too from now on."""

    def again(self, *, fixed: bool) -> Runner:
        """Start the same scenario in another process, on its fixed app or on the one with the bug."""
        ...

    def close(self) -> None:
        """End the app's process."""


class Diverged(WeftError):
    """The same choices led elsewhere."""


class Node:
    """A point in the tree: the step that led here and what was seen then.

    Attributes:
        parent: None at the beginning.
        actor: who moved, -1 at the beginning.
        operation: what it did.
        badge: whether the step preempted another actor, and what that needs.
        preempted: the actor that could have gone on, -1 for none.
        children: what was tried from here, the latest last.
    """

    __slots__ = ("actor", "badge", "children", "moment", "operation", "parent", "preempted")

    def __init__(
        self, moment: Moment, parent: Node | None = None, actor: int = -1, operation: Operation | None = None
    ) -> None:
        self.moment, self.parent, self.actor, self.operation = moment, parent, actor, operation
        self.children: list[Node] = []
        self.preempted, self.badge = (-1, Badge.NONE) if parent is None else _preempted(parent, actor)

    @property
    def number(self) -> int:
        """How many steps lead here."""
        return self.moment.number

    def choice(self) -> Choice:
        """Return what identifies the step that led here."""
        kind, text = self.operation[:2] if self.operation is not None else ("", "")
        return Choice(self.actor, kind, text)

    def path(self) -> list[Node]:
        """Return the nodes from the first step to this one, without the beginning."""
        nodes: list[Node] = []
        node = self
        while node.parent is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]

    def tip(self) -> Node:
        """Return where the latest tries from here lead."""
        node = self
        while node.children:
            node = node.children[-1]
        return node

    def tips(self) -> Iterator[Node]:
        """Yield the ends of all that was tried from here, in the order of the tree."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            if not node.children:
                yield node
            stack.extend(reversed(node.children))


def _preempted(parent: Node, actor: int) -> tuple[int, Badge]:
    before = parent.actor
    if before in (-1, actor):
        return -1, Badge.NONE
    view = parent.moment.actors[before]
    if view.status is not Status.READY or (view.next is not None and view.next.kind == "sleep"):
        return -1, Badge.NONE
    return before, Badge.THIS if view.preemptible else Badge.FREE_THREADED


class Until(StrEnum):
    """How far an actor is run."""

    BLOCKED = "blocked"
    FINISHED = "finished"
    ACCESS = "access"
    """Until its next operation is about a given thing."""
    LINE = "line"
    """Until it stands in another line."""


class Order(StrEnum):
    """Who is next when all actors run."""

    ROUND_ROBIN = "round-robin"
    RANDOM = "random"


class Session:
    """Steps through a scenario.

    Args:
        runner: runs it; the session closes it.
        stops, interpreter: where threads stop and which preemptions are allowed; `set_stops` and ``interpreter`` may
            change them at any time.
    """

    def __init__(self, runner: Runner, *, stops: Stops = Stops.ACCESS, interpreter: As = As.FREE_THREADED) -> None:
        self._runner = runner
        self.stops = stops
        self.interpreter = interpreter
        self.note = runner.note
        self.stopped: Callable[[], bool] = lambda: False
        """Asked between steps that are made in one go: whether to end early."""
        self.root = self.here = Node(runner.start((), stops))
        self._live: Node | None = self.root
        """Where the app stands; None when its process has ended."""
        self._random = random.Random(runner.info.seed)  # noqa: S311 - to be repeatable is the point
        self._turn = -1

    @property
    def info(self) -> Info:
        """What the scenario says about itself."""
        return self._runner.info

    @property
    def learned(self) -> Sequence[Sequence[str]]:
        """Sites at which threads stop since a search has learned of them: name of the file, kind, text."""
        return self._runner.learned

    @property
    def moment(self) -> Moment:
        """What is seen at the point looked at."""
        return self.here.moment

    def close(self) -> None:
        """End the app's process."""
        self._runner.close()

    def refusal(self, actor: int) -> str:
        """Return why an actor cannot be given a step here, as a sentence; empty when it can."""
        moment = self.moment
        if not 0 <= actor < len(moment.actors):
            return f"there is no actor {actor + 1}"
        view = moment.actors[actor]
        if moment.verdict is not None:
            return "the run has ended: go back, or restart"
        if view.status in (Status.DONE, Status.FAILED):
            return f"{view.name} has finished"
        if not moment.can_move(actor):
            return f"{view.name} cannot move: {view.why or 'blocked'}"
        held_by = self._bound_to()
        if held_by not in (-1, actor):
            name = moment.actors[held_by].name
            return f"with the GIL no thread switch happens here: give {name} a step, or play a free-threaded build"
        return ""

    def movable(self) -> list[int]:
        """Return the actors that can be given a step here."""
        return [actor for actor in range(len(self.moment.actors)) if not self.refusal(actor)]

    def step(self, actor: int) -> Node:
        """Give an actor a step; what was undone stays as another branch.

        Raises:
            WeftError: it cannot move, see `refusal`; or the app's process ended.
            Diverged: the steps before could not be repeated.
        """
        refusal = self.refusal(actor)
        if refusal:
            raise WeftError(refusal)
        known = next((child for child in self.here.children if child.actor == actor), None)
        if known is not None:
            return self.go(known)
        following = self.moment.actors[actor].next
        self._catch_up()
        self._live = None
        try:
            done = self._runner.step(actor)
        except WeftError as error:
            name = self.moment.actors[actor].name
            what = f" was to {following.text}" if following is not None else " had its step"
            raise WeftError(f"{name}{what}: {error}") from None
        node = Node(done.moment, self.here, actor, done.operation)
        self.here.children.append(node)
        self.here = self._live = node
        return node

    def run(self, actor: int, until: Until, on: str = "") -> int:
        """Run one actor until something happens; return the number of steps, at most `LIMIT`.

        Args:
            on: with `Until.ACCESS`, the name that the next operation must be about.
        """
        start = self._standing(actor)
        for count in range(LIMIT):
            if count and self._reached(actor, until, on, start):
                return count
            if self.refusal(actor) or self.stopped():
                return count
            self.step(actor)
        return LIMIT

    def run_all(self, order: Order, *, limit: int = LIMIT) -> int:
        """Run all actors, a step each in turn or by chance, until the run ends; return the number of steps.

        A round that comes back to what was seen twice before, in turn, is a livelock, and ends the run as one.
        """
        seen: dict[object, list[int]] = {}
        for count in range(limit):
            movable = self.movable()
            if not movable or self.stopped():
                return count
            if order is Order.ROUND_ROBIN:
                times = seen.setdefault(_digest(self.moment, self._turn), [])
                times.append(self.here.number)
                if len(times) > 2:
                    self._end(_livelock(self.here, times[-1] - times[-2]))
                    return count
            self.step(self._next_in_turn(movable) if order is Order.ROUND_ROBIN else self._random.choice(movable))
        self._end(Verdict("limit", f"not finished after {many(self.moment.number, 'step')}"))
        return limit

    def look(self) -> Moment:
        """Look again at the newest point, where an actor may have come back from outside."""
        if self._live is self.here:
            self.here.moment = self._runner.look()._replace(number=self.here.number)
        return self.moment

    def on_fixed(self) -> Session:
        """Make the same choices, as far as it has them, on the fixed app; from there on the one with the bug.

        If they lead to the end here, the other one is run to its end too, in turn.
        """
        runner = self._runner.again(fixed=not self.info.running_fixed)
        other = Session(runner, stops=self.stops, interpreter=self.interpreter)
        other.stopped = self.stopped
        for node in self.here.path():
            if self.stopped():
                break
            other.follow(node.choice())
        if self.moment.verdict is not None:
            other.run_all(Order.ROUND_ROBIN)
        return other

    def prepare(self) -> None:
        """Get ready for what is likely next, to go on here or from the step before; for when nothing else is done."""
        node = self.here if self._live is not self.here else self.here.parent
        if node is not None:
            self._runner.prepare([one.choice() for one in node.path()], self.stops)

    def undo(self, count: int = 1) -> Node:
        """Look at an earlier step; nothing runs."""
        node = self.here
        for _ in range(count):
            node = node.parent or node
        return self.go(node)

    def redo(self, count: int = 1) -> Node:
        """Look at what followed, on the branch looked at last."""
        node = self.here
        for _ in range(count):
            node = node.children[-1] if node.children else node
        return self.go(node)

    def go(self, node: Node) -> Node:
        """Look at any point of the tree; redo leads along its branch from now on."""
        child = node
        while child.parent is not None:
            siblings = child.parent.children
            siblings.append(siblings.pop(siblings.index(child)))
            child = child.parent
        self.here = node
        return node

    def restart(self) -> Node:
        """Look at the beginning."""
        return self.go(self.root)

    def set_stops(self, stops: Stops) -> None:
        """Stop elsewhere from now on: the way here is made again with the new stops, as a new tree."""
        path = [node.choice() for node in self.here.path()]
        self.stops = stops
        self.root = self.here = self._live = Node(self._runner.start((), stops))
        for choice in path:
            if self.stopped():
                break
            self.follow(choice)

    def follow(self, choice: Choice) -> bool:
        """Run an actor until it has done an operation, past other stops; return whether it got there.

        If it did not, nothing is left of the attempt.
        """
        begun, tried = self.here, None
        for _ in range(LIMIT):
            view = self.moment.actors[choice.actor] if choice.actor < len(self.moment.actors) else None
            following = view.next if view is not None else None
            if following is None or self.refusal(choice.actor) or self.stopped():
                break
            known = len(self.here.children)
            node = self.step(choice.actor)
            if tried is None and node.parent is not None and len(node.parent.children) > known:
                tried = node
            if (following.kind, following.text) == (choice.kind, choice.text):
                return True
        if tried is not None and tried.parent is not None:
            tried.parent.children.remove(tried)
        self.go(begun)
        return False

    def take(self, order: Sequence[int]) -> None:
        """Give steps in an order that the search has found; where only one actor may move, it goes on by itself.

        Raises:
            WeftError: an actor cannot move.
        """
        for actor in order:
            self.step(actor)
            while self._bound_to() == actor and not self.refusal(actor):
                self.step(actor)

    def close_round(self) -> int:
        """End the run as a livelock where its last steps led back to what was seen before; return how many they are."""
        here, node = _digest(self.moment, 0), self.here.parent
        while node is not None:
            if _digest(node.moment, 0) == here:
                steps = self.here.number - node.number
                self._end(_livelock(self.here, steps))
                return steps
            node = node.parent
        return 0

    def order(self) -> list[int]:
        """Return the order that leads here, as `take` takes it."""
        return [node.actor for node in self.here.path() if node.parent and self._bound(node.parent) != node.actor]

    def lend(self) -> Runner:
        """Return the runner for something else to use; the next step begins anew."""
        self._live = None
        return self._runner

    def tips(self) -> list[Node]:
        """Return the ends of all branches."""
        return list(self.root.tips())

    def _catch_up(self) -> None:
        """Run up to the point looked at, when the app stands elsewhere."""
        if self._live is self.here:
            return
        moment = self._runner.start([node.choice() for node in self.here.path()], self.stops)
        self._live = self.here
        if _doing(moment) != _doing(self.here.moment):
            raise Diverged(f"the same {many(self.here.number, 'step')} led elsewhere: the app is not deterministic")

    def _bound_to(self) -> int:
        """Return the only actor that the interpreter lets move here, -1 when any may."""
        return self._bound(self.here)

    def _bound(self, node: Node) -> int:
        if self.interpreter is As.FREE_THREADED or node.actor == -1:
            return -1
        before = node.moment.actors[node.actor]
        free = before.status is not Status.READY or before.preemptible
        return -1 if free else node.actor

    def _standing(self, actor: int) -> object:
        frames = self.moment.actors[actor].frames if actor < len(self.moment.actors) else ()
        return frames[0] if frames else None

    def _reached(self, actor: int, until: Until, on: str, start: object) -> bool:
        following = self.moment.actors[actor].next
        if until is Until.ACCESS:
            return following is not None and following.on == on
        if until is Until.LINE:
            return self._standing(actor) != start
        return False

    def _next_in_turn(self, movable: Sequence[int]) -> int:
        self._turn = next((actor for actor in movable if actor > self._turn), movable[0])
        return self._turn

    def _end(self, verdict: Verdict) -> None:
        self.here.moment = self.here.moment._replace(verdict=verdict)


def _doing(moment: Moment) -> list[object]:
    return [(view.status, view.next and view.next.text) for view in moment.actors]


def _digest(moment: Moment, turn: int) -> object:
    actors = tuple((view.status, view.next, tuple(view.frames), tuple(view.variables)) for view in moment.actors)
    return actors, tuple(moment.shared), tuple(moment.locks), turn


def _livelock(node: Node, steps: int) -> Verdict:
    """Return the verdict on a run whose last steps, so many, led back to where they began."""
    again = [step for step in node.path()[-steps:] if step.operation is not None]
    actors = sorted({step.actor for step in again})
    names = [node.moment.actors[actor].name for actor in actors]
    return Verdict("livelock", endless(names, [one.operation.text for one in again if one.operation]), None, actors)
