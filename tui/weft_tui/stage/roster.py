"""Which actors have a column, and all of them in one row where not each has one. Pure."""

from __future__ import annotations

from rich.cells import cell_len

from weft.stage.moment import Status

from ..spans import Ink, Line, Span, fit
from .column import key_badge, status_word
from .seen import Seen, called


def visible(seen: Seen, picked: int, room: int) -> list[int]:
    """Return the actors that get a column: the selected one, those it concerns, then the others in their order."""
    actors = seen.moment.actors
    if len(actors) <= room:
        return list(range(len(actors)))
    verdict = seen.verdict
    wanted = [picked, *(verdict.actors if verdict else ()), *seen.moment.stuck, *actors[picked].waits_for]
    wanted += [seen.here.actor, seen.here.preempted]
    wanted += [index for index, view in enumerate(actors) if view.status is not Status.DONE and view.own]
    wanted += range(len(actors))
    return sorted(list(dict.fromkeys(index for index in wanted if 0 <= index < len(actors)))[:room])


def roster(seen: Seen, picked: int, width: int) -> Line:
    """Return all actors in one row, for when not each has a column."""
    spans: list[Span] = []
    share = width // max(len(seen.moment.actors), 1)
    gap = " " if share > 9 else ""
    room = max(share - 4 - len(gap), 2)
    actors = seen.moment.actors
    for index in range(len(actors)):
        _, ink = status_word(seen, index)
        text = called(actors, index, min(room, 14))
        spans += [key_badge(seen, index), (f" {text}{gap}", Ink.STRONG if index == picked else ink)]
    return fit(tuple(spans), width)


def roster_at(line: Line, x: int) -> int:
    """Return the actor at a column of the roster, -1 for none."""
    for index in range(0, len(line) - 1, 2):
        x -= cell_len(line[index][0]) + cell_len(line[index + 1][0])
        if x < 0:
            return index // 2
    return -1
