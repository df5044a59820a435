"""Two branches side by side: what they have in common is folded, where they part is marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import ClassVar, Final, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.strip import Strip

from weft.stage.moment import Shown
from weft.stage.session import Node
from weft.timeline.units import plain

from ..spans import Ink, Line, Span, fit, width_of, wrap
from ..widgets.inked import Scrolled
from .history import LINKS, MARKS
from .marks import DIFFERS, NOT_THERE
from .seen import called
from .words import did, ended

IN_COMMON: Final = 2
"""Steps before the fork that are shown."""


class Branch(NamedTuple):
    """One way that was tried.

    Attributes:
        number: as the first row of the screen counts them.
        fork: how many steps it has in common with the branch that is looked at.
        first: its first step after that, in words.
    """

    number: int
    tip: Node
    fork: int
    first: str
    current: bool = False


def branches(tips: dict[Node, int], here: Node) -> list[Branch]:
    """Return all branches in the order in which they were begun."""
    mine = here.tip()
    path = [*mine.path()]
    found = []
    for tip, number in sorted(tips.items(), key=lambda item: item[1]):
        theirs = tip.path()
        fork = common(path, theirs)
        other = theirs[fork] if fork < len(theirs) else None
        first = f"{other.moment.actors[other.actor].name}: {did(other)}" if other is not None else ""
        found.append(Branch(number, tip, fork, first, tip is mine))
    return found


def common(one: Sequence[Node], other: Sequence[Node]) -> int:
    """Return how many steps two paths have in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a is not b), min(len(one), len(other)))


Pair = tuple[Line, Line, Line]
"""What stands between two lines, and these: (left, middle, right)."""


def comparison(left: Branch, right: Branch) -> list[Pair]:
    """Return the rows of the comparison of two branches."""
    one, other = left.tip.path(), right.tip.path()
    fork = common(one, other)
    rows = [*_folded(fork)]
    for node in one[max(fork - IN_COMMON, 0) : fork]:
        rows.append((_told(node, Ink.DIM), (("  ", Ink.DIM),), _told(node, Ink.DIM)))
    for index, (a, b) in enumerate(zip_longest(one[fork:], other[fork:])):
        mark: Line = ((f" {DIFFERS.glyph}", Ink.WAIT),) if not index else (("  ", Ink.DIM),)
        rows.append((_told(a), mark, _told(b)))
    rows.append(((), (), ()))
    rows += _ends(left.tip, right.tip)
    rows += _values(left.tip.moment.shared, right.tip.moment.shared)
    return rows


def _folded(fork: int) -> Iterator[Pair]:
    hidden = max(fork - IN_COMMON, 0)
    if hidden:
        words = "1 step in common" if hidden == 1 else f"{hidden} steps in common"
        yield (((f"   … {words}", Ink.DIM),), (("  ", Ink.DIM),), (("   …", Ink.DIM),))


def _told(node: Node | None, ink: Ink = Ink.PLAIN) -> Line:
    if node is None:
        return ()
    name = called(node.moment.actors, node.actor, 12)
    strong = Ink.STRONG if ink is Ink.PLAIN else ink
    badge: Span = (MARKS[node.badge], LINKS[node.badge])
    return ((f"{node.number:5} ", Ink.DIM), (f"{name} ", strong), (did(node), ink), badge)


def _ends(left: Node, right: Node) -> Iterator[Pair]:
    one, other = ended(left), ended(right)
    yield ((" ends ", Ink.TITLE), one), _differ(one != other), (("      ", Ink.DIM), other)
    sentences = [node.moment.verdict.text if node.moment.verdict is not None else "" for node in (left, right)]
    if any(sentences):
        told = [((f"      {plain(sentence)}", Ink.DIM),) for sentence in sentences]
        yield told[0], (("  ", Ink.DIM),), told[1]


def _values(left: Sequence[Shown], right: Sequence[Shown]) -> Iterator[Pair]:
    one, other = ({value.name: value.text for value in values} for values in (left, right))
    for name in dict.fromkeys([*one, *other]):
        a, b = one.get(name, NOT_THERE.glyph), other.get(name, NOT_THERE.glyph)
        ink = Ink.HOLD if a != b else Ink.PLAIN
        yield _value(name, a, ink), _differ(a != b), _value(name, b, ink)


def _value(name: str, text: str, ink: Ink) -> Line:
    return ((f"      {plain(name)} = ", Ink.DIM), (plain(text), ink))


def _differ(different: bool) -> Line:
    return ((f" {DIFFERS.glyph}" if different else "  ", Ink.WAIT),)


def row(pair: Pair, width: int) -> list[Line]:
    """Return a pair as lines that are as wide as the screen: sentences are wrapped on their side."""
    left, middle, right = pair
    half = max((width - 3) // 2, 8)
    lefts, rights = (wrap(side, half) if width_of(side) > half else [side] for side in (left, right))
    lines: list[Line] = []
    for index, (a, b) in enumerate(zip_longest(lefts, rights, fillvalue=())):
        a = fit(a, half)
        gap: Line = ((" " * (half - width_of(a)), Ink.PLAIN),)
        lines.append((*a, *gap, *(middle if not index else (("  ", Ink.DIM),)), (" ", Ink.DIM), *fit(b, half)))
    return lines


class Comparison(Scrolled, can_focus=True):
    """Draws two branches; the visible rows only, apart from those that need more than one line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", show=False),
        Binding("down,j", "scroll_lines(1)", show=False),
        Binding("pageup", "scroll_pages(-1)", show=False),
        Binding("pagedown", "scroll_pages(1)", show=False),
    ]
    fixed = 1

    pairs: reactive[Sequence[Pair]] = reactive(())

    def __init__(self, title: Pair) -> None:
        super().__init__(id="comparison")
        self.heading = title
        self._lines: list[Line] = []

    def total(self) -> int:
        """Return how many lines there are."""
        return len(self._lines)

    def watch_pairs(self) -> None:
        """Lay the lines out anew."""
        self._lay_out()

    def on_resize(self, event: events.Resize) -> None:
        """Lay the lines out anew."""
        self._lay_out()

    def _lay_out(self) -> None:
        self._lines = [line for pair in self.pairs for line in row(pair, self.size.width - 1)]
        self.top = self.top
        self.refresh()

    def action_scroll_lines(self, count: int) -> None:
        """Scroll."""
        self.top += count

    def action_scroll_pages(self, count: int) -> None:
        """Scroll by a page."""
        self.top += count * max(self.page - 1, 1)

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a line."""
        if y == 0:
            return self.draw(row(self.heading, self.size.width - 1)[0])
        at = self.top + y - self.fixed
        return self.with_thumb(self.draw(self._lines[at] if at < len(self._lines) else ()), y)


class CompareScreen(ModalScreen[None]):
    """Shows two branches side by side."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,c,enter,space", "close", "Close", key_display="esc"),
    ]

    def __init__(self, left: Branch, right: Branch) -> None:
        super().__init__()
        self.left, self.right = left, right

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Vertical(id="compare-box") as box:
            box.border_title = "two branches"
            box.border_subtitle = "esc closes this"
            titles = [
                ((f"      branch {branch.number}{', looked at' if branch.current else ''}", Ink.TITLE),)
                for branch in (self.left, self.right)
            ]
            yield Comparison((titles[0], (("  ", Ink.DIM),), titles[1]))

    def on_mount(self) -> None:
        """Fill the box."""
        self.query_one(Comparison).pairs = comparison(self.left, self.right)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
