"""What is shown of the source around the line that an actor stands in. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from weft.stage.moment import Place, Status
from weft.timeline.units import plain

from .. import stacks
from ..spans import Ink, Span, clip
from .code import Listing, common_indent, window
from .marks import CURRENT, WRONG
from .rows import Actor, Ground, Row
from .seen import Seen

Listed = Callable[[str], Listing]


def where(place: Place) -> str:
    """Return a place in words: ``shop.py:12 in buy``."""
    return plain("".join(text for text, _ in stacks.place(place)))


def shown_place(seen: Seen, actor: Actor) -> Place | None:
    """Return the place whose source is shown: where an actor stands, or what its end is about."""
    verdict = seen.verdict
    done = actor.view.status in (Status.DONE, Status.FAILED)
    if done and verdict is not None and verdict.place is not None and actor.number in verdict.actors:
        return verdict.place
    return seen.last[actor.number]


class Excerpt(NamedTuple):
    """What is shown of a file.

    Attributes:
        lines: from where to where.
        current: the line that is about to run, 0 for none.
        wrong: the line that the verdict is about, 0 for none.
        lively: its actor can go on.
    """

    listing: Listing
    lines: range
    current: int
    wrong: int
    lively: bool


def source(seen: Seen, actor: Actor, width: int, rows: int, listed: Listed) -> list[Row]:
    """Return the source around the line that an actor stands in."""
    place = shown_place(seen, actor)
    listing = listed(place.file if place is not None else seen.info.file)
    if listing.note:
        return [Row(((f"  {listing.note}", Ink.DIM),))] if rows else []
    inside = bool(actor.view.frames)
    lively = actor.view.status in (Status.READY, Status.OUTSIDE) and inside
    lines = window(listing, place.line if place is not None else 1, rows)
    lines = lines[: max(len(listing.lines) - lines.start + 1, 0)]
    current = place.line if place is not None and inside else 0
    wrong = current if never_goes_on(seen, actor) else _wrong_line(seen, place)
    excerpt = Excerpt(listing, lines, current, wrong, lively)
    indent = common_indent(listing, lines)
    return [_source_row(excerpt, line, indent, width) for line in lines]


def never_goes_on(seen: Seen, actor: Actor) -> bool:
    """Say whether an actor is one of those that wait for each other."""
    verdict = seen.verdict
    over = verdict is not None and verdict.kind == "deadlock" and actor.number in verdict.actors
    return actor.view.status is Status.BLOCKED and (over or actor.number in seen.moment.stuck)


def _source_row(excerpt: Excerpt, line: int, indent: int, width: int) -> Row:
    lively, current, wrong = excerpt.lively, line == excerpt.current, line == excerpt.wrong
    digits = len(str(excerpt.lines.stop))
    mark: Span = (CURRENT.glyph if current else " ", CURRENT.ink if lively else Ink.DIM)
    mark = WRONG.span if wrong else mark
    number = (f"{line:{digits + 1}} ", Ink.PLAIN if current and lively else Ink.DIM)
    code = clip(excerpt.listing.line(line, indent, grey=not (lively or current or wrong)), width - digits - 3)
    return Row((mark, number, *code), Ground.HERE if wrong or current else Ground.PLAIN)


def _wrong_line(seen: Seen, place: Place | None) -> int:
    """Return the line that the verdict is about, if it is in the file that is shown."""
    verdict = seen.verdict
    if verdict is None or not verdict.failed or verdict.place is None or place is None:
        return 0
    return verdict.place.line if verdict.place.file == place.file else 0
