"""The columns of the actors, side by side."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Final

from rich.style import Style
from textual import events
from textual.reactive import reactive
from textual.strip import Strip

from ..messages import RoomChanged
from ..spans import Ink, Line
from ..widgets.classes import style_of
from ..widgets.inked import Inked
from ..widgets.memo import Memo
from .code import Listings
from .column import columns
from .marks import EDGE, EDGE_PICKED
from .messages import ActorPicked
from .roster import roster, roster_at, visible
from .rows import Ground, Row
from .seen import Seen

LEAST: Final = 24
"""Columns of the terminal that an actor needs."""


class Columns(Inked):
    """Draws what each actor does now.

    Attributes:
        seen: None as long as the app is being started.
        picked: the selected actor.
    """

    seen: reactive[Seen | None] = reactive(None)
    picked: reactive[int] = reactive(0)

    def __init__(self, listings: Listings, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listings = listings
        self.memo: Memo[list[list[Row]]] = Memo()
        self.notice = ""
        self._styles: dict[Ground, Style] | None = None

    def notify_style_update(self) -> None:
        """Look the grounds up again when the theme changes."""
        super().notify_style_update()
        self._styles = None

    def shown(self) -> list[int]:
        """Return the actors that have a column."""
        return visible(self.seen, self.picked, max(self.size.width // LEAST, 1)) if self.seen else []

    def edges(self, count: int) -> list[int]:
        """Return where ``count`` columns begin, and where the last one ends."""
        return [self.size.width * column // count for column in range(count + 1)] if count else [0]

    def on_resize(self) -> None:
        """Say how many columns there are, for the rows above."""
        self.post_message(RoomChanged(self.size.width))

    def on_click(self, event: events.Click) -> None:
        """Select the actor whose column was clicked."""
        shown = self.shown()
        if self.seen is None:
            return
        if event.y == 0 and self._rostered:
            actor = roster_at(self._roster(self.seen), event.x - 1)
        else:
            actor = next((a for a, end in zip(shown, self.edges(len(shown))[1:], strict=True) if event.x < end), -1)
        if actor >= 0:
            self.post_message(ActorPicked(actor))

    def render_line(self, y: int) -> Strip:
        """Return one row through all columns."""
        if self.seen is None:
            return self.draw(((f"  {self.notice}", Ink.DIM),) if y == 1 else ())
        if self._rostered and y == 0:
            return self.draw(((" ", Ink.DIM), *self._roster(self.seen)))
        shown = self.shown()
        edges = self.edges(len(shown))
        key = (id(self.seen), self.picked, self.size)
        rows = self.memo.get(key, partial(self._picture, self.seen, shown, edges))
        y -= self._rostered
        strips: list[Strip] = []
        for index, actor in enumerate(shown):
            line, ground = rows[index][y] if y < len(rows[index]) else Row()
            style = self._ground_styles()[ground] if ground is not Ground.PLAIN else None
            edge = EDGE_PICKED.span if actor == self.picked else EDGE.span if index else (" ", Ink.DIM)
            strips.append(self.draw((edge, *line), style, edges[index + 1] - edges[index]))
        return Strip.join(strips)

    @property
    def _rostered(self) -> int:
        """Rows of the roster: one where not each actor has a column."""
        return int(self.seen is not None and len(self.shown()) < len(self.seen.moment.actors))

    def _roster(self, seen: Seen) -> Line:
        return roster(seen, self.picked, self.size.width - 1)

    def _picture(self, seen: Seen, shown: list[int], edges: list[int]) -> list[list[Row]]:
        widths = [end - start - 2 for start, end in pairwise(edges)]
        height = self.size.height - self._rostered
        return columns(seen, shown, self.picked, widths, height, self.listings.get)

    def _ground_styles(self) -> dict[Ground, Style]:
        if self._styles is None:
            self._styles = {
                ground: Style(bgcolor=style_of(self, ground.value).bgcolor) for ground in Ground if ground.value
            }
        return self._styles
