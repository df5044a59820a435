"""What the screen shows of a session: one frozen value, made where the session lives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from weft.stage.moment import ActorView, As, Moment, Place, Stops, Verdict
from weft.stage.session import Info, Node, Session
from weft.timeline.shortening import among
from weft.timeline.units import plain

from ..spans import cut

LOOK_BACK: Final = 500
"""Steps that are searched for where an actor was last."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A session between two steps.

    Attributes:
        path: the points from the beginning, over the one looked at, to the end of its branch.
        at: index of the point looked at.
        before: what was seen one step earlier.
        branch, branches: which of the tried ways this is, from 1, and how many there are.
        refusals: by actor why it cannot be given a step, empty where it can.
        last: by actor where it stands, or was last.
        note: what to know before the first step.
    """

    info: Info
    path: Sequence[Node]
    at: int
    moment: Moment
    before: Moment | None
    stops: Stops
    interpreter: As
    branch: int
    branches: int
    refusals: Sequence[str]
    last: Sequence[Place | None]
    note: str = ""

    @property
    def here(self) -> Node:
        """The point looked at."""
        return self.path[self.at]

    @property
    def steps(self) -> int:
        """How many steps the branch has."""
        return len(self.path) - 1

    @property
    def verdict(self) -> Verdict | None:
        """How the run ended at the point looked at."""
        return self.moment.verdict

    @property
    def movable(self) -> list[int]:
        """The actors that can be given a step."""
        return [actor for actor, refusal in enumerate(self.refusals) if not refusal]

    def name(self, actor: int) -> str:
        """Return the name of an actor."""
        return self.moment.actors[actor].name if 0 <= actor < len(self.moment.actors) else "?"

    def names(self, actors: Sequence[int]) -> str:
        """Return names as in a sentence: ``alice, bob and eve``."""
        names = [self.name(actor) for actor in actors]
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def called(actors: Sequence[ActorView], actor: int, room: int) -> str:
    """Return the name of an actor in at most ``room`` columns, other than those of the others."""
    names = tuple(plain(view.name) for view in actors)
    return cut(among(names).short(names[actor], room), room)


class Branches:
    """Numbers the tried ways in the order in which they were begun, whatever is looked at."""

    def __init__(self) -> None:
        self._numbers: dict[Node, int] = {}
        self._next = 0

    def count(self, session: Session) -> dict[Node, int]:
        """Return the number, from 1, of each tip of a session's tree."""
        tips = session.tips()
        known = {tip: self._number(tip) for tip in tips}
        self._numbers = known
        ordered = sorted(tips, key=known.__getitem__)
        return {tip: number for number, tip in enumerate(ordered, 1)}

    def _number(self, tip: Node) -> int:
        """Return the number of a tip: that of the way it goes on, else a new one."""
        node: Node | None = tip
        while node is not None:
            if node in self._numbers:
                return self._numbers.pop(node)
            if len(node.children) > 1:
                break
            node = node.parent
        self._next += 1
        return self._next


def see(session: Session, branches: Branches) -> Seen:
    """Return what there is to show of a session now."""
    here = session.here
    tip = here.tip()
    path = [session.root, *tip.path()]
    at = here.number if here.number < len(path) and path[here.number] is here else path.index(here)
    numbers = branches.count(session)
    moment = session.moment
    return Seen(
        session.info,
        path,
        at,
        moment,
        here.parent.moment if here.parent is not None else None,
        session.stops,
        session.interpreter,
        numbers.get(tip, 1),
        len(numbers),
        tuple(session.refusal(actor) for actor in range(len(moment.actors))),
        _last_places(here, moment),
        session.note,
    )


def _last_places(here: Node, moment: Moment) -> tuple[Place | None, ...]:
    places = [view.frames[0] if view.frames else None for view in moment.actors]
    wanted = {
        actor
        for actor, view in enumerate(moment.actors)
        if places[actor] is None and (view.next is None or view.next.kind != "start")
    }
    node: Node | None = here
    for _ in range(LOOK_BACK):
        if not wanted or node is None:
            break
        if node.actor in wanted and node.operation is not None and node.operation.place is not None:
            places[node.actor] = node.operation.place
            wanted.discard(node.actor)
        node = node.parent
    return tuple(places)
