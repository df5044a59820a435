"""The first row: what is shown, from when, how busy it is, and whether anything is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.reactive import reactive
from textual.strip import Strip

from weft.timeline.units import duration

from ..format import clock, count, offset
from ..messages import PanelWanted, PauseWanted
from ..spans import Ink, Line, Span, cut, width_of
from ..view import Mode, Motion
from .inked import Inked

BADGES: Final[dict[tuple[Mode, Motion], tuple[str, Ink]]] = {
    (Mode.LIVE, Motion.FOLLOW): (" ● LIVE ", Ink.BADGE_LIVE),
    (Mode.LIVE, Motion.STILL): (" ‖ LIVE, paused ", Ink.BADGE),
    (Mode.LIVE, Motion.PLAY): (" ▶ LIVE, playing ", Ink.BADGE),
    (Mode.REPLAY, Motion.FOLLOW): (" ■ REPLAY ", Ink.BADGE),
    (Mode.REPLAY, Motion.STILL): (" ■ REPLAY ", Ink.BADGE),
    (Mode.REPLAY, Motion.PLAY): (" ▶ REPLAY, playing ", Ink.BADGE_LIVE),
}
ENDED: Final = (" ■ LIVE, ended ", Ink.BADGE)
MIN_TITLE: Final = 8
FINDINGS: Final = 4
"""Number of the panel that lists findings."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the first row says."""

    mode: Mode
    motion: Motion
    title: str
    note: str = ""
    """A sentence about the app that is being recorded, shown instead of the title."""
    wall_ns: int | None = None
    """Wall clock at the cursor; None as long as the trace is empty."""
    offset_ns: int = 0
    """Time from the start of the trace to the cursor."""
    span_ns: int = 0
    rate: float = 0.0
    lost: int = 0
    gaps: int = 0
    contended: bool = False
    """Of locks only what was waited for is recorded."""
    loaded: float = 1.0
    complete: bool = False
    """Every recorded process has ended."""
    stuck: str = ""
    """Counts of what is stuck: ``1 deadlock``."""
    findings: int = 0
    """How many there are besides."""
    speed: float = 1.0
    """How fast the cursor walks."""
    selected_ns: int | None = None
    """How long a stretch of time is selected."""


def status_line(status: Status, width: int) -> Line:
    """Return the row: facts to the right, the least needed ones left out where they do not fit."""
    following = (status.mode, status.motion) == (Mode.LIVE, Motion.FOLLOW)
    badge = ENDED if following and status.complete else BADGES[status.mode, status.motion]
    if status.motion is Motion.PLAY:
        badge = (f"{badge[0]}{status.speed:g}x ", badge[1])
    loud, facts = _loud(status), _facts(status)
    title = status.note or status.title
    wanted = len(title) + 2 if status.note else min(len(title) + 2, MIN_TITLE + 12)
    return bar(badge, (title, _title_ink(status)), loud, facts, width, wanted)


def bar(badge: Span, title: Span, loud: Line, facts: list[Line], width: int, wanted: int) -> Line:
    """Return a badge and a title to the left and facts to the right.

    Args:
        loud: what is never left out.
        facts: the least needed first; those that do not fit are taken from the list.
        wanted: columns that the title should have.
    """
    room = width - len(badge[0]) - width_of(loud) - wanted
    while facts and width_of(_joined(facts)) > room:
        facts.pop(0)
    right = (*loud, *_joined(facts))
    left: Line = (badge, (" " + cut(title[0], width - len(badge[0]) - width_of(right) - 2), title[1]))
    return (*left, (" " * (width - width_of(left) - width_of(right)), Ink.PLAIN), *right)


def _title_ink(status: Status) -> Ink:
    return Ink.ALARM if status.note else Ink.STRONG


def _loud(status: Status) -> Line:
    """Return what must be seen: that the picture is not complete."""
    spans: list[Span] = []
    if status.loaded < 1:
        spans.append((f" reading {status.loaded:.0%} ", Ink.HANDOFF))
    if status.stuck:
        spans.append((f" {status.stuck} ", Ink.ALARM))
    if status.lost:
        spans.append((f" {count(status.lost)} events lost ", Ink.ALARM))
    if status.gaps:
        spans.append((f" {status.gaps} {'gap' if status.gaps == 1 else 'gaps'} in the file ", Ink.ALARM))
    if status.contended:
        spans.append((" contended locks only ", Ink.HANDOFF))
    return tuple(spans)


def _facts(status: Status) -> list[Line]:
    """Return the facts, the least needed first."""
    if status.wall_ns is None:
        return []
    step = max(status.span_ns // 1_000, 1)
    digits = 10 ** (len(str(step)) - 1)
    found = "1 finding" if status.findings == 1 else f"{status.findings} findings"
    return [
        ((f"{count(status.rate)} events/s", Ink.DIM),),
        ((clock(status.wall_ns, step), Ink.DIM),),
        (("shows ", Ink.DIM), (duration(status.span_ns), Ink.PLAIN)),
        *(
            [(("selected ", Ink.DIM), (duration(status.selected_ns), Ink.TITLE))]
            if status.selected_ns is not None
            else []
        ),
        (("at ", Ink.DIM), (offset(status.offset_ns, digits), Ink.STRONG)),
        *([((found, Ink.HOLD),)] if status.findings else []),
    ]


def _joined(facts: list[Line]) -> Line:
    return (*(span for fact in facts for span in (("  ", Ink.PLAIN), *fact)), (" ", Ink.PLAIN))


class StatusLine(Inked):
    """Draws a `Status`."""

    status: reactive[Status | None] = reactive(None)

    def on_click(self, event: events.Click) -> None:
        """Show the findings where they are counted; pause or go on where it is said what moves."""
        line = status_line(self.status, self.size.width) if self.status else ()
        column = event.x
        for index, (text, _) in enumerate(line):
            if (column := column - cell_len(text)) < 0:
                if "finding" in text or (self.status and text.strip() == self.status.stuck):
                    self.post_message(PanelWanted(FINDINGS))
                elif index == 0:
                    self.post_message(PauseWanted())
                return

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        line = status_line(self.status, self.size.width) if self.status else ()
        return self.draw(line)
