"""What stands in an actor's column, section by section. Pure: what was seen goes in, rows of inked text come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from weft.stage.moment import Status
from weft.timeline.units import plain

from ..spans import Ink, Line, Span, cut, fit, width_of, wrap
from . import marks
from .excerpt import Listed, shown_place, source, where
from .marks import CAN_STEP, CANNOT_STEP, DEADLOCK, HELD_BY_GIL, STATES, TIMES_OUT, Mark
from .rows import Actor, Ground, Row
from .seen import Seen, called
from .values import before, flask, pairs, stack


class Section(Enum):
    """The parts of a column, from top to bottom; only the source grows."""

    HEAD = "head"
    NEXT = "next"
    PLACE = "place"
    SOURCE = "source"
    LOCALS = "locals"
    FLASK = "flask"
    STACK = "stack"


KEYS: Final = 9
"""Actors that have a key of their own."""

MIN_SOURCE: Final = 5


def columns(
    seen: Seen, actors: Sequence[int], picked: int, widths: Sequence[int], height: int, listed: Listed
) -> list[list[Row]]:
    """Return the rows of each column; sections that are the same stand side by side.

    Args:
        actors: indices of those that are shown.
        listed: returns the listing of a file.
    """
    shown = [Actor(index, seen.moment.actors[index], index == picked) for index in actors]
    parts = [_sections(seen, actor, width, height) for actor, width in zip(shown, widths, strict=True)]
    sizes = _sizes(parts, height)
    return [
        _stacked(part, sizes, source(seen, actor, width, sizes[Section.SOURCE], listed), width)
        for part, actor, width in zip(parts, shown, widths, strict=True)
    ]


Sections = dict[Section, list[Row]]


def _sections(seen: Seen, actor: Actor, width: int, height: int) -> Sections:
    earlier = before(seen, actor.number)
    grey = actor.view.status is Status.BLOCKED
    return {
        Section.HEAD: [_head(seen, actor, width)],
        Section.NEXT: [Row(line) for line in _next(seen, actor, width)],
        Section.PLACE: [Row(_place(seen, actor, width))],
        Section.LOCALS: _rows(pairs("locals", actor.view.variables, earlier, width), grey),
        Section.FLASK: _rows(flask(actor.view, width), grey),
        Section.STACK: _rows(stack(actor.view, width), grey=True),
    }


def _sizes(parts: Sequence[Sections], height: int) -> dict[Section, int]:
    """Share the rows: the source keeps at least some, and gets all that nobody needs."""
    sizes = {section: max(len(part.get(section, ())) for part in parts) for section in Section}
    rest = height - 3
    most = {
        Section.HEAD: 1,
        Section.NEXT: 1 if height < 8 else 2 if height < 22 else 3,
        Section.PLACE: 1,
        Section.LOCALS: max(rest // 4, 1),
        Section.FLASK: 1 if height < 22 else 2,
        Section.STACK: 0 if height < 18 else 3,
    }
    sizes = {section: min(sizes[section], most.get(section, 0)) for section in Section}
    for section in (Section.STACK, Section.FLASK, Section.LOCALS):
        while sizes[section] and height - sum(sizes.values()) < MIN_SOURCE:
            sizes[section] -= 1
    sizes[Section.SOURCE] = max(height - sum(sizes.values()), 0)
    return sizes


def _stacked(part: Sections, sizes: dict[Section, int], source: list[Row], width: int) -> list[Row]:
    rows: list[Row] = []
    for section, size in sizes.items():
        mine = source if section is Section.SOURCE else part[section]
        rows += [*mine[:size], *[Row()] * (size - len(mine))]
        if section is Section.NEXT and 0 < size < len(mine):
            rows[-1] = Row(broken_off(rows[-1].line, width, " …"))
    return rows


def broken_off(line: Line, width: int, end: str) -> Line:
    """Return a line that says at its end that there is more of it."""
    *begun, (last, ink) = fit(line, width - len(end)) or (("", Ink.DIM),)
    return (*begun, (last.rstrip(" …"), ink), (end, Ink.DIM))


def _rows(lines: Iterable[Line], grey: bool) -> list[Row]:
    return [Row(tuple((text, Ink.DIM) for text, _ in line) if grey else line) for line in lines]


# the head


def _head(seen: Seen, actor: Actor, width: int) -> Row:
    view = actor.view
    word, ink = status_word(seen, actor.number)
    badge: Span = key_badge(seen, actor.number)
    name = called(seen.moment.actors, actor.number, max(width - len(badge[0]) - len(word) - 3, 3))
    left: Line = (badge, (" " + name, Ink.STRONG))
    room = width - width_of(left) - len(word) - 3
    does = cut(plain(view.does), room) if room > 3 else ""
    left = (*left, (f"  {does}" if does else "", Ink.DIM))
    gap = " " * max(width - width_of(left) - len(word) - 1, 1)
    return Row((*left, (gap, Ink.PLAIN), (word, ink)), Ground.PICKED if actor.picked else Ground.HEAD)


def key_badge(seen: Seen, actor: int) -> Span:
    """Return the key that moves an actor; loud where it can be pressed now."""
    if actor >= KEYS:
        return (f" {marks.NO_DIGIT.glyph} ", (CANNOT_STEP if seen.refusals[actor] else marks.NO_DIGIT).ink)
    return (f" {actor + 1} ", (CANNOT_STEP if seen.refusals[actor] else CAN_STEP).ink)


def status_word(seen: Seen, actor: int) -> Span:
    """Return what an actor can do next, in a word."""
    view = seen.moment.actors[actor]
    if actor in seen.moment.stuck:
        return DEADLOCK.span
    if view.status is Status.READY and seen.refusals[actor] and seen.verdict is None:
        return HELD_BY_GIL.span
    if view.status is Status.BLOCKED and not seen.refusals[actor]:
        return TIMES_OUT.span
    return STATES[view.status].span


# what comes next


def _next(seen: Seen, actor: Actor, width: int) -> list[Line]:
    view = actor.view
    text = plain(view.why) or STATES[view.status].glyph
    if view.status is Status.DONE:
        failed = text[:1] in ("4", "5")
        return wrap((_lead(marks.WRONG if failed else marks.ANSWERED), (text, Ink.PLAIN)), width)
    if view.status is Status.FAILED:
        return wrap((_lead(marks.WRONG), (text, Ink.WAIT)), width)
    if view.status is Status.BLOCKED:
        return wrap((_lead(marks.BLOCKED), (text, Ink.WAIT)), width)
    if view.status is Status.OUTSIDE:
        return wrap((_lead(marks.OUTSIDE), (text, Ink.HANDOFF)), width)
    operation = plain(view.next.text) if view.next is not None else "goes on"
    ink = Ink.STRONG if not seen.refusals[actor.number] else Ink.DIM
    return [fit((_lead(marks.NEXT), (operation, ink)), width)]


def _lead(mark: Mark) -> Span:
    return f"{mark.glyph} ", mark.ink


def _place(seen: Seen, actor: Actor, width: int) -> Line:
    place = shown_place(seen, actor)
    if place is None:
        following = actor.view.next
        what = "  not begun" if following is not None and following.kind == "start" else "  in no file of the app"
        return ((what if actor.view.status is Status.READY else "", Ink.DIM),)
    left = actor.view.status is Status.READY and not actor.view.frames
    return fit(((f"  {'back from ' if left else ''}{where(place)}", Ink.DIM),), width)
