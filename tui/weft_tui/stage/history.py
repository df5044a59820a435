"""The history: a row for each step, a lane for each actor, and the running thread woven between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from textual import events
from textual.reactive import reactive
from textual.strip import Strip

from weft.stage.moment import ActorView, Status
from weft.stage.session import Badge, Node

from ..spans import Ink, Line, Span, cut
from ..widgets.classes import style_of
from ..widgets.inked import Scrolled
from . import marks
from .column import KEYS
from .marks import LIVES, PREEMPTIONS
from .messages import PointPicked
from .seen import Seen, called
from .words import did

WIDE_LANE: Final = 22
"""Columns that a lane needs to carry its steps' words; with less, lanes are lines and the words stand beside them."""

NARROW_LANE: Final = 2
LINES: Final = frozenset(mark.glyph for mark in LIVES.values())
MARKS: Final = {Badge.NONE: "", **{badge: f" {mark.glyph}" for badge, mark in PREEMPTIONS.items()}}
LINKS: Final = {Badge.NONE: marks.OVER.ink, **{badge: mark.ink for badge, mark in PREEMPTIONS.items()}}
PREEMPTED: Final = {
    Badge.NONE: ("",),
    Badge.THIS: (f" preempted{MARKS[Badge.THIS]} ", f"{MARKS[Badge.THIS]} ", ""),
    Badge.FREE_THREADED: (
        f" preempted{MARKS[Badge.FREE_THREADED]} free-threaded only ",
        f" preempted{MARKS[Badge.FREE_THREADED]} ",
        f"{MARKS[Badge.FREE_THREADED]} ",
        "",
    ),
}
"""What is said about a preemption, as long as there is room for it."""


class Canvas:
    """One row that is drawn piece by piece."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.glyphs = [" "] * width
        self.inks = [Ink.DIM] * width

    def put(self, x: int, text: str, ink: Ink) -> int:
        """Write text and return where it ends."""
        for character in text:
            size = 1 if " " <= character < "\x7f" else cell_len(character)
            if x < 0 or x + size > self.width:
                break
            if not size:
                continue
            self.glyphs[x], self.inks[x] = character, ink
            if size > 1:
                self.glyphs[x + 1], self.inks[x + 1] = "", ink
            x += size
        return x

    def line(self, grey: bool) -> Line:
        """Return the row as runs of equal ink."""
        spans: list[Span] = []
        for glyph, ink in zip(self.glyphs, self.inks, strict=True):
            ink = Ink.DIM if grey else ink
            if spans and spans[-1][1] is ink:
                spans[-1] = (spans[-1][0] + glyph, ink)
            else:
                spans.append((glyph, ink))
        return tuple(spans)


class Lanes:
    """Where the lanes of a number of actors stand.

    Attributes:
        wide: they carry the words themselves.
        words: where the words begin when they do not.
    """

    def __init__(self, count: int, steps: int, width: int) -> None:
        self.count, self.width = max(count, 1), width
        self.digits = max(len(str(steps)), 2)
        self.start = self.digits + 4
        self.wide = (width - self.start) // self.count >= WIDE_LANE
        self.size = (width - self.start) // self.count if self.wide else NARROW_LANE
        self.words = self.start + self.size * self.count + 1

    def x(self, actor: int) -> int:
        """Return the column of an actor's line."""
        return self.start + self.size * actor

    def room(self, actor: int) -> int:
        """Return the columns between an actor's line and the next."""
        return (self.x(actor + 1) if actor + 1 < self.count else self.width) - self.x(actor) - 1


def heading(actors: Sequence[ActorView], lanes: Lanes) -> Line:
    """Return the row above the steps: the names of the lanes."""
    row = Canvas(lanes.width)
    if not lanes.wide:
        row.put(1, "step", Ink.DIM)
        for actor in range(len(actors)):
            row.put(lanes.x(actor), str(actor + 1) if actor < KEYS else marks.NO_DIGIT.glyph, marks.NO_DIGIT.ink)
        row.put(lanes.words, "what happened", Ink.TITLE)
        return row.line(False)
    row.put(1, "step", Ink.DIM)
    for actor in range(len(actors)):
        end = row.put(lanes.x(actor), f"{actor + 1} " if actor < KEYS else "", Ink.DIM)
        row.put(end, called(actors, actor, lanes.room(actor) - 2), Ink.TITLE)
    return row.line(False)


def step_row(path: Sequence[Node], index: int, at: int, lanes: Lanes) -> Line:
    """Return the row of a step.

    Args:
        index: of the step in ``path``, whose first node is the beginning.
        at: index of the point looked at.
    """
    node, row = path[index], Canvas(lanes.width)
    row.put(1, *(marks.HERE.span if index == at else (" ", Ink.TITLE)))
    row.put(3, f"{index:{lanes.digits}}", Ink.STRONG if index == at else Ink.DIM)
    _lives(row, node, lanes)
    if index == 0:
        row.put(lanes.x(0) + 2 if lanes.wide else lanes.words, "the beginning", Ink.DIM)
        return row.line(index > at)
    _step(row, path[index - 1], node, lanes)
    return row.line(index > at)


def _lives(row: Canvas, node: Node, lanes: Lanes) -> None:
    for actor, view in enumerate(node.moment.actors[: lanes.count]):
        if view.status in LIVES:
            row.put(lanes.x(actor), *LIVES[view.status].span)


def _step(row: Canvas, before: Node, node: Node, lanes: Lanes) -> None:
    actor = node.actor
    view = node.moment.actors[actor]
    x, text = lanes.x(actor), did(node)
    source = before.actor if before.actor not in (-1, actor) else -1
    mark = marks.LAST_STEP if view.status is Status.DONE else marks.STEP
    mark = marks.FAILED_STEP if view.status is Status.FAILED else mark
    if lanes.wide:
        # Words may run over the lanes to the right, up to where the thread comes from.
        room = (lanes.x(source) - x - 4) if source > actor else lanes.width - x - 2
        end = x + 2 + min(cell_len(text), room)
        if source != -1:
            _link(row, lanes.x(source), x - 1 if source < actor else end + 1, node.badge, lanes.room(source))
        end = row.put(x + 2, cut(text, room), _ink(node))
        if end < row.width and source <= actor:
            row.put(end, " ", Ink.DIM)
    else:
        if source != -1:
            _link(row, lanes.x(source), x + (1 if source > actor else -1), node.badge, 0)
        _beside(row, node, lanes)
    row.put(x, *mark.span)


def _ink(node: Node) -> Ink:
    """Return the ink of what a step did: what changes something is stronger."""
    changed = bool(node.moment.changed)
    return Ink.STRONG if changed else Ink.PLAIN


def _link(row: Canvas, start: int, end: int, badge: Badge, room: int) -> None:
    """Draw the running thread from the lane that it leaves at ``start`` to the point ``end`` beside its next step."""
    ink = LINKS[badge]
    words = next(words for words in PREEMPTED[badge] if len(words) <= room - 4 or not words)
    if start < end:
        corner, line, tip = tuple(marks.OVER.glyph)
        _cross(row, start + 1, end, line, ink)
        row.put(start, corner, ink)
        row.put(end, tip, ink)
        row.put(start + 2, words, ink)
    else:
        tip, line, corner = tuple(marks.BACK.glyph)
        _cross(row, end + 1, start, line, ink)
        row.put(end, tip, ink)
        row.put(start, corner, ink)
        row.put(start + 1, words, ink)


def _cross(row: Canvas, first: int, end: int, line: str, ink: Ink) -> None:
    for x in range(first, end):
        row.put(x, marks.CROSSED.glyph if row.glyphs[x] in LINES else line, ink)


def _beside(row: Canvas, node: Node, lanes: Lanes) -> None:
    """Write what happened beside the lanes."""
    name = called(node.moment.actors, node.actor, 14)
    x = row.put(lanes.words, f"{name} ", Ink.DIM)
    x = row.put(x, cut(did(node), max(lanes.width - x - 2 * (node.badge is not Badge.NONE), 1)), _ink(node))
    if node.badge is not Badge.NONE:
        whom = f" preempts {called(node.moment.actors, node.preempted, 14)}"
        mark = MARKS[node.badge]
        only = f"{mark} free-threaded only" if node.badge is Badge.FREE_THREADED else mark
        words = next(
            words for words in (whom + only, whom + mark, mark, "") if len(words) < lanes.width - x or not words
        )
        row.put(x, words, LINKS[node.badge])


class History(Scrolled):
    """Draws the steps of a branch; the visible ones only."""

    fixed = 1

    seen: reactive[Seen | None] = reactive(None)

    def total(self) -> int:
        """Return how many points the branch has, the beginning included."""
        return len(self.seen.path) if self.seen is not None else 0

    def watch_seen(self, seen: Seen | None) -> None:
        """Scroll so that the point looked at is visible, with a row around it where there is one."""
        self._follow()

    def on_resize(self) -> None:
        """Keep the point looked at visible."""
        self._follow()

    def _follow(self) -> None:
        if self.seen is not None:
            margin = min(2, max(self.page - 1, 0) // 2)
            at, last = self.seen.at, self.total() - 1
            lower = min(at + margin, last)
            self.top = min(max(self.top, lower - self.page + 1), max(at - margin, 0))

    def on_click(self, event: events.Click) -> None:
        """Look at the step that was clicked."""
        at = self.top + event.y - self.fixed
        if event.y >= self.fixed and at < self.total():
            self.post_message(PointPicked(at))

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a step."""
        seen = self.seen
        if seen is None:
            return self.draw((), self._style("stage--head") if y == 0 else None)
        actors = seen.path[-1].moment.actors
        lanes = Lanes(len(actors), seen.steps, self.size.width - 1)
        if y == 0:
            return self.draw(heading(actors, lanes), self._style("stage--head"))
        index = self.top + y - self.fixed
        if index >= self.total():
            return self.draw(())
        ground = self._style("stage--here") if index == seen.at else None
        return self.with_thumb(self.draw(step_row(seen.path, index, seen.at, lanes), ground), y)

    def _style(self, name: str) -> Style:
        return Style(bgcolor=style_of(self, name).bgcolor)
