"""Text in several inks: lines of (text, ink) pairs, fitted, wrapped and turned into strips. No markup anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from weft.timeline.units import plain


class Ink(Enum):
    """What a piece of text means; the value is the component class that gives it its colour."""

    PLAIN = "ink--plain"
    DIM = "ink--dim"
    STRONG = "ink--strong"
    TITLE = "ink--title"
    RUN = "ink--run"
    HOLD = "ink--hold"
    WAIT = "ink--wait"
    WAIT_HOLD = "ink--wait-hold"
    HANDOFF = "ink--handoff"
    BLOCK_RUN = "block--run"
    BLOCK_HOLD = "block--hold"
    BLOCK_WAIT = "block--wait"
    BLOCK_WAIT_HOLD = "block--wait-hold"
    BLOCK_HANDOFF = "block--handoff"
    ALARM = "ink--alarm"
    BADGE = "ink--badge"
    BADGE_LIVE = "ink--badge-live"
    GOOD = "ink--good"
    KEYWORD = "ink--keyword"
    STRING = "ink--string"
    NUMBER = "ink--number"


LABEL = 11
"""Columns of what a line is about, at its beginning; where it is continued they stay free."""

TOGETHER = 24
"""Columns up to which a strong piece is not broken."""

LEAST_PIECE = 8
"""Columns into which a word that is too long is cut, not broken."""

Span = tuple[str, Ink]
Line = tuple[Span, ...]


def runs(cells: Sequence[str], inks: Sequence[Ink]) -> Line:
    """Return characters of one column each as a line, those of one ink together."""
    starts = [0, *(index for index in range(1, len(inks)) if inks[index] is not inks[index - 1])] if inks else []
    return tuple(
        ("".join(cells[start:end]), inks[start]) for start, end in zip(starts, [*starts[1:], len(inks)], strict=True)
    )


def width_of(line: Line) -> int:
    """Return how many columns a line takes."""
    return sum(cell_len(text) for text, _ in line)


def cut(text: str, width: int) -> str:
    """Shorten a text to ``width`` columns, with an ellipsis where it was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 1 else "…"[:width]


def cut_middle(text: str, width: int) -> str:
    """Shorten a name in its middle, because names of threads differ at the end."""
    if cell_len(text) <= width or width < 8 or cell_len(text) != len(text):
        return cut(text, width)
    tail = min(width // 2, 10)
    return f"{text[: width - tail - 1]}…{text[-tail:]}"


def fit(line: Line, width: int, short: Callable[[str, int], str] = cut) -> Line:
    """Cut a line to at most ``width`` columns.

    Args:
        short: shortens a piece to so many columns.
    """
    out: list[Span] = []
    for text, ink in line:
        if width <= 0:
            break
        piece = text if cell_len(text) <= width else cut(short(text, width), width)
        out.append((piece, ink))
        width -= cell_len(piece)
    return tuple(out)


def clip(line: Line, width: int) -> Line:
    """Cut a line as `fit` does, and say so even where it is cut between two pieces."""
    shown = fit(line, width)
    if width_of(shown) < width or width_of(line) <= width or shown[-1][0].endswith("…"):
        return shown
    return (*shown[:-1], (cut(shown[-1][0] + "  ", cell_len(shown[-1][0])), shown[-1][1]))


def wrap(line: Line, width: int, pieces: int = 1) -> list[Line]:
    """Break a line between words; continued lines are indented a bit more than the first, or stand behind its label.

    Args:
        pieces: into how many a word may be broken that is too long for a line, before it is cut.
    """
    start = line[0][0] if line else ""
    labelled = len(start) == LABEL and line[0][1] is Ink.TITLE
    indent = LABEL + 2 if labelled else len(start) - len(start.lstrip(" ")) + 2
    lines: list[list[Span]] = [[]]
    used = 0
    for word, ink in _words(line):
        size = cell_len(word.rstrip())
        if used and used + size > width:
            lines.append([(" " * indent, ink)])
            used = indent
        room = max(width - used, 1)
        for _ in range(pieces - 1):
            if cell_len(word.rstrip()) <= room or room <= LEAST_PIECE:
                break
            piece = _begin(word, room)
            lines[-1].append((piece, ink))
            lines.append([(" " * indent, ink)])
            word, used, room = word[len(piece) :], indent, max(width - indent, 1)
        piece = word if cell_len(word) <= room else cut(word.rstrip(), room)
        lines[-1].append((piece, ink))
        used += cell_len(piece)
    return [tuple(spans) for spans in lines]


def _begin(word: str, room: int) -> str:
    """Return as much of a long word as fits, up to the end of one of its parts if there is one not far away."""
    piece = set_cell_size(word, room).rstrip(" ")
    end = max(piece.rfind(sign) for sign in "._/-") + 1
    return piece[:end] if end > len(piece) // 2 else piece


def _words(line: Line) -> list[Span]:
    """Return the words with the blanks behind them; what is strong and short, as a duration, stays together."""
    words: list[Span] = []
    for text, ink in line:
        parts = [(text, False)] if ink is Ink.STRONG and len(text) <= TOGETHER else _split(text)
        words += [(word + " " * more, ink) for word, more in parts if word or more]
    return words


def _split(text: str) -> list[tuple[str, bool]]:
    words = text.split(" ")
    return [(word, index < len(words) - 1) for index, word in enumerate(words)]


def strip(line: Line, styles: Mapping[Ink, Style], width: int, base: Style) -> Strip:
    """Return a line as a strip of exactly ``width`` columns."""
    segments = [Segment(plain(text), styles[ink]) for text, ink in fit(line, width)]
    return Strip(segments).adjust_cell_length(width, base)


def plain_text(lines: Sequence[Line]) -> str:
    """Return lines without their inks."""
    return "\n".join("".join(text for text, _ in line) for line in lines)
