"""Data races in words and as JSON: both places, who stands there with which locks, and the steps that lead there."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .. import schedule
from ..moment import Place
from ..session import Badge, Session
from . import explaining
from .execution import Access
from .searching import Report
from .shortening import switches


class Side(NamedTuple):
    """One of the two accesses; ``holds`` names the locks that the actor has then."""

    access: Access
    actor: str
    does: str
    holds: tuple[str, ...]

    @property
    def source(self) -> str:
        """The line of the app's code."""
        return linecache.getline(self.access.file, self.access.line).strip()


class Pair(NamedTuple):
    """A data race as it is told.

    Attributes:
        name: of what both touch.
        steps: a sentence for each stretch of the way to where both can be next.
        entries: the same way as steps of a schedule.
        possible: what the switches on it need, see `weft.stage.session.Badge`.
    """

    name: str
    sides: tuple[Side, Side]
    steps: list[str]
    entries: list[list[str]]
    switches: int
    possible: Badge


def of(session: Session, report: Report, wanted: Mapping[str, Any]) -> list[Pair]:
    """Return the races of a report, each reached by the session once more; it looks where it looked before."""
    here = session.here
    pairs = []
    for one in report.races:
        session.restart()
        session.take(one.order)
        path, race = session.here.path(), one.race
        if race is not None:
            badges = {node.badge for node in path}
            pairs.append(
                Pair(
                    race.name,
                    (_side(session, race.first), _side(session, race.second)),
                    explaining.sentences(path),
                    [list(step) for step in schedule.of(session, wanted).steps],
                    switches(one.order),
                    Badge.FREE_THREADED if Badge.FREE_THREADED in badges else Badge.THIS,
                )
            )
    session.go(here)
    return pairs


def _side(session: Session, access: Access) -> Side:
    moment = session.moment
    view = moment.actors[access.actor]
    held = tuple(lock.name for lock in moment.locks if lock.owner == access.actor)
    return Side(access, view.name, view.does, held)


def lines(pairs: list[Pair]) -> Iterator[str]:
    """Yield what there is to read about them."""
    for pair in pairs:
        yield f"race on {pair.name}: nothing orders"
        yield from (f"  {_told(side)}" for side in pair.sides)
        yield from (f"  {number}. {line}" for number, line in enumerate(pair.steps, 1))
        last = "then either can be next"
        needs = "; one of these switches needs a build without the GIL" if pair.possible == Badge.FREE_THREADED else ""
        yield f"  {len(pair.steps) + 1}. {last}{needs}"


def _told(side: Side) -> str:
    access = side.access
    verb = "reads" if access.kind == "read" else "writes"
    place = Place(access.file, access.line, access.function).short
    holds = f"holds {' and '.join(side.holds)}" if side.holds else "holds no lock"
    return f"{side.actor} ({side.does}), which {verb} {access.text} at {place}: {side.source} ({holds})"


def as_json(pairs: list[Pair]) -> list[dict[str, Any]]:
    """Return the same for programs; docs/stage.md explains the keys."""
    return [
        {
            "name": pair.name,
            "accesses": [
                {
                    "actor": side.actor,
                    "does": side.does,
                    "kind": side.access.kind,
                    "text": side.access.text,
                    "file": side.access.file,
                    "line": side.access.line,
                    "function": side.access.function,
                    "source": side.source,
                    "holds": list(side.holds),
                }
                for side in pair.sides
            ],
            "steps": pair.steps,
            "schedule": pair.entries,
            "switches": pair.switches,
            "possible": pair.possible.value,
        }
        for pair in pairs
    ]
