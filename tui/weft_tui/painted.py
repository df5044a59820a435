"""What the terminal shows by now, so that only what is new of a frame has to be sent to it.

Textual sends all rows of whatever has changed. Most cells of them are there already: a key that moves the cursor
changes two columns of the lanes. This is the one place that reaches into what Textual sends.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, cast

from rich.console import Console, RenderableType
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

Known = dict[Hashable, Any]
"""What has been worked out for other rows of the same update."""


class Knowing(Strip):
    """A strip that knows what turns others into it."""

    __slots__ = ()

    def since(self, before: Knowing, known: Known, *, as_wide: bool) -> str | None:
        """Return what to send where another strip is shown; None: the whole of this one.

        Args:
            as_wide: it is as wide as the terminal.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a row as it was sent: columns ``start`` … ``end`` - 1."""

    start: int
    end: int
    strip: Strip


class Painted:
    """Knows what was sent to a terminal, row by row."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Piece]] = {}
        self._width = 0

    def forget(self) -> None:
        """Take nothing for granted: somebody else may have drawn on the terminal."""
        self._rows.clear()

    def only_new(self, update: RenderableType | None) -> RenderableType | None:
        """Return what sends of an update what the terminal does not show."""
        if not isinstance(update, CompositorUpdate):
            return update
        # Textual asks an update for its escape sequences only, and declares it as something that Rich can print.
        return cast("RenderableType", Difference(self, update))

    def send(self, update: CompositorUpdate, console: Console) -> str:
        """Return what to send, as if it was sent at once."""
        if isinstance(update, ChopsUpdate):
            return self._send_part(update, console)
        self.forget()
        if isinstance(update, LayoutUpdate):
            self._width = update.region.width
            for y, strips in enumerate(update.strips, update.region.y):
                self._rows[y] = _side_by_side(list(strips), update.region.x)
        return update.render_segments(console)

    def _send_part(self, update: ChopsUpdate, console: Console) -> str:
        sent: list[str] = []
        known: Known = {}
        for y, first, last in update.spans:
            for end, (start, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is None or start >= last or end <= first:
                    continue
                piece = Piece(start, min(end, last), strip if end <= last else strip.crop(0, last - start))
                text = self._new(y, piece, console, known)
                if text:
                    sent.append(f"\x1b[{y + 1};{start + 1}H{text}")
        return "".join(sent)

    def _new(self, y: int, piece: Piece, console: Console, known: Known) -> str:
        """Return what to send of a piece, and take it as sent."""
        row = self._rows.setdefault(y, [])
        before = next((other for other in row if (other.start, other.end) == (piece.start, piece.end)), None)
        self._rows[y] = [other for other in row if other.end <= piece.start or piece.end <= other.start]
        self._rows[y].append(piece)
        if before is None:
            return piece.strip.render(console)
        if before.strip is piece.strip:
            return ""
        old, new = before.strip, piece.strip
        if isinstance(old, Knowing) and isinstance(new, Knowing):
            text = new.since(old, known, as_wide=(piece.start, piece.end) == (0, self._width))
            if text is not None:
                return text
        whole = new.render(console)
        return "" if whole == old.render(console) else whole


class Difference(CompositorUpdate):
    """An update of which only what is new is sent."""

    def __init__(self, painted: Painted, update: CompositorUpdate) -> None:
        self.painted = painted
        self.update = update

    def render_segments(self, console: Console) -> str:
        """Return what to send: Textual asks for it when it does send it, and only then."""
        return self.painted.send(self.update, console)


def _side_by_side(strips: list[Strip], start: int) -> list[Piece]:
    pieces = []
    for strip in strips:
        pieces.append(Piece(start, start + strip.cell_length, strip))
        start += strip.cell_length
    return pieces
