"""Source files as lines of inked text: read once, coloured modestly, never trusted."""

from __future__ import annotations

import io
import keyword
import stat
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from weft.timeline.units import plain

from ..spans import Ink, Line, Span

MOST_BYTES: Final = 2_000_000
MOST_COLUMNS: Final = 400
"""What is longer is no line that a person has written."""

_STRINGS: Final = {tokenize.STRING, *(getattr(tokenize, f"FSTRING_{part}", -1) for part in ("START", "MIDDLE", "END"))}
_WORDS: Final = frozenset(keyword.kwlist)


@dataclass(frozen=True, slots=True)
class Listing:
    """A source file.

    Attributes:
        lines: without control characters, tabs and line ends.
        inks: by line the (start, end, ink) of what is coloured.
        note: why there is nothing to see.
    """

    lines: Sequence[str]
    inks: Sequence[Sequence[tuple[int, int, Ink]]]
    note: str = ""

    def line(self, number: int, indent: int = 0, *, grey: bool = False) -> Line:
        """Return a line, counted from 1, without its first ``indent`` columns."""
        if not 1 <= number <= len(self.lines):
            return ()
        text = self.lines[number - 1]
        if grey:
            return ((text[indent:], Ink.DIM),)
        spans: list[Span] = []
        at = indent
        for start, end, ink in self.inks[number - 1]:
            if end > at:
                spans += [(text[at : max(start, at)], Ink.PLAIN), (text[max(start, at) : end], ink)]
                at = end
        return (*(span for span in spans if span[0]), (text[at:], Ink.PLAIN))

    def indent(self, number: int) -> int:
        """Return by how many columns a line is indented."""
        text = self.lines[number - 1] if 1 <= number <= len(self.lines) else ""
        return len(text) - len(text.lstrip(" "))

    def head(self, number: int) -> int:
        """Return the line of the function or class that a line belongs to, or the line itself."""
        depth = self.indent(number)
        if self.lines[number - 1 : number] and _opens(self.lines[number - 1]):
            return number
        for above in range(min(number - 1, len(self.lines)), 0, -1):
            if self.lines[above - 1].strip() and self.indent(above) < depth:
                if _opens(self.lines[above - 1]):
                    return above
                depth = self.indent(above)
        return number


def _opens(line: str) -> bool:
    return line.lstrip().startswith(("def ", "async def ", "class "))


def window(listing: Listing, number: int, rows: int) -> range:
    """Return the lines to show around a line: from its function's head when that fits, so that little moves."""
    head = listing.head(number)
    if number - head >= rows - 2:
        head = number - (rows - 1) // 2
    first = max(min(head, len(listing.lines) - rows + 1), 1)
    return range(first, first + rows)


def common_indent(listing: Listing, lines: Iterable[int]) -> int:
    """Return the columns that all of some lines are indented by."""
    return min((listing.indent(line) for line in lines if listing.lines[line - 1 : line] not in ([], [""])), default=0)


class Listings:
    """Reads files, each once."""

    def __init__(self) -> None:
        self._known: dict[str, Listing] = {}

    def get(self, file: str) -> Listing:
        """Return a file's listing; a note where it cannot be read."""
        found = self._known.get(file)
        if found is None:
            found = self._known[file] = read(file)
        return found


def read(file: str) -> Listing:
    """Read a file."""
    path = Path(file)
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MOST_BYTES:
            return Listing((), (), "no source file")
        with tokenize.open(path) as opened:
            text = opened.read()
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError):
        return Listing((), (), "its source cannot be read")
    return listing(text)


def listing(text: str) -> Listing:
    """Return the text of a file as a listing."""
    lines = [plain(line.expandtabs(8))[:MOST_COLUMNS] for line in text.split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    inks = _inks("\n".join(lines) + "\n")
    return Listing(lines, [inks.get(number, []) for number in range(1, len(lines) + 1)])


def _inks(text: str) -> dict[int, list[tuple[int, int, Ink]]]:
    """Return by line what is coloured; nothing of a text that is not Python."""
    found: dict[int, list[tuple[int, int, Ink]]] = defaultdict(list)
    before = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.ERRORTOKEN:
                return {}
            ink = _ink(token, before)
            before = token.string
            if ink is not None:
                (first, start), (last, end) = token.start, token.end
                for line in range(first, last + 1):
                    found[line].append((start if line == first else 0, end if line == last else MOST_COLUMNS, ink))
    except (tokenize.TokenError, SyntaxError):
        return {}
    return found


def _ink(token: tokenize.TokenInfo, before: str) -> Ink | None:
    if token.type in _STRINGS:
        return Ink.STRING
    if token.type == tokenize.COMMENT:
        return Ink.DIM
    if token.type == tokenize.NUMBER:
        return Ink.NUMBER
    if token.type == tokenize.NAME and token.string in _WORDS:
        return Ink.KEYWORD
    if token.type == tokenize.NAME and before in ("def", "class"):
        return Ink.STRONG
    return None
