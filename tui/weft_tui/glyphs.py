"""Every glyph that we draw with, in ASCII: for terminals and files that know no other characters. Pure."""

from __future__ import annotations

import io
import unicodedata
from typing import Final, TextIO

_OURS: Final = {
    # arrows and keys
    "←": "<", "→": ">", "↑": "^", "↓": "v", "⇧": "S", "▴": "^", "▾": "v", "▶": ">", "▸": ">", "▼": "v", "◀": "<",
    "◂": "<", "▲": "^", "›": ">", "↔": "~", "−": "-",
    # signs
    "µ": "u", "·": ".", "–": "-", "—": "-", "‖": "=", "‡": "%", "…": "~", "∥": "#", "∿": "@", "≠": "!", "■": "#",
    "◆": "^", "○": "o", "●": "*", "✓": "+", "✗": "x", "•": "*", "«": "<", "»": ">", "“": '"', "”": '"', "‘": "'",
    "’": "'", "\N{REPLACEMENT CHARACTER}": "?", "🛑": "!!", "🐢": "! ", "⚠": "?", "ℹ": "-",
    # lines
    "─": "-", "━": "-", "│": "|", "┃": "|", "┆": ":", "┇": ":", "╎": ";", "┼": "+", "╌": ".", "╭": ".", "╮": ".",
    "╯": "'", "╰": "`", "╷": "|", "▔": "-",
    # blocks: heights are digits, what is cut off at the right is a tip
    "▁": "1", "▂": "2", "▃": "3", "▄": "4", "▅": "5", "▆": "6", "▇": "7", "█": "#", "▉": ">", "▊": ">", "▋": ">",
    "▌": ">", "▍": ">", "▎": ">", "▏": "|", "▐": "]", "░": "%", "▒": "%",
}  # fmt: skip


class _Table(dict[int, str]):
    """For `str.translate`: our own glyphs, and as much of all others as can be said in as many columns."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        if point < 0x80:
            return character
        first = unicodedata.normalize("NFKD", character)[0]
        if first.isascii() and first.isprintable():
            return first * _columns(character)
        if 0x2500 <= point < 0x2580:
            return "+"
        if 0x2580 <= point < 0x25A0:
            return "#"
        return (" " if unicodedata.category(character) == "So" else "?") * _columns(character)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


_TABLE: Final = _Table({ord(glyph): text for glyph, text in _OURS.items()})


def ascii_of(text: str) -> str:
    """Return a text in ASCII that takes as many columns of a terminal."""
    return text if text.isascii() else text.translate(_TABLE)


class AsciiStream(io.TextIOWrapper):
    """A text stream over another one's bytes that writes ASCII.

    It calls itself UTF-8, because click would look for a better stream behind one that does not.
    """

    def __init__(self, stream: TextIO) -> None:
        stream.flush()
        # It would close its bytes when nobody has it any more.
        self.under = stream
        super().__init__(stream.buffer, "utf-8", line_buffering=stream.isatty(), write_through=True)

    def write(self, text: str) -> int:
        """Write a text."""
        return super().write(ascii_of(text))

    def close(self) -> None:
        """Leave the other stream open."""
        self.flush()
