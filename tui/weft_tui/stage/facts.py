"""The facts: what the actors share, who holds which lock, what was printed, what the last step was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.strip import Strip

from weft.stage.moment import LockView, Shown
from weft.timeline.shortening import among
from weft.timeline.units import plain

from ..spans import Ink, Line, cut, width_of
from ..widgets.classes import style_of
from ..widgets.inspector import Inspector
from .excerpt import where
from .marks import CHANGED
from .seen import Seen
from .words import did, preemption

TITLE: Final = " shared"
ENTER: Final = "tab scrolls"
LEAVE: Final = "↑ ↓ scroll, tab leaves"
NOTHING: Final = "no value was about to be touched yet"
FEW: Final = 4
"""Characters that two long values have in common and that are shown before the first that differs."""

MOST_PRINTED: Final = 6
"""Lines of output that are shown, the last ones."""


def facts(seen: Seen, width: int) -> Iterator[Line]:
    """Yield what is known apart from the actors themselves, beginning with what they share."""
    moment = seen.moment
    old = seen.before
    if not moment.shared:
        yield ((f"  {NOTHING}", Ink.DIM),)
    yield from _values("", moment.shared, old.shared if old else (), width)
    yield from _values("watched", moment.watched, old.watched if old else (), width)
    yield from _locks(seen, width)
    yield from _step(seen)
    yield from _printed(moment.output)


def _values(title: str, values: Sequence[Shown], before: Sequence[Shown], width: int) -> Iterator[Line]:
    if not values:
        return
    if title:
        yield ((title, Ink.TITLE),)
    old = {one.name: one.text for one in before}
    names = _short([one.name for one in values], max(width // 2, 8))
    widest = max(cell_len(name) for name in names)
    for name, one in zip(names, values, strict=True):
        padded = f"  {name}{' ' * (widest - cell_len(name))}  "
        yield _value(padded, plain(one.text), plain(old.get(one.name, one.text)), width)


def _value(name: str, text: str, before: str, width: int) -> Line:
    room = max(width - cell_len(name), 6)
    if text == before:
        return ((name, Ink.PLAIN), (cut(text, room), Ink.PLAIN))
    half = max((room - 3) // 2, 2)
    if max(cell_len(before), cell_len(text)) > half:
        before, text = _apart(before, text)
    arrow = (f" {CHANGED.glyph} ", CHANGED.ink)
    return ((name, Ink.PLAIN), (cut(before, half), Ink.DIM), arrow, (cut(text, half), Ink.HOLD))


def _apart(one: str, other: str) -> tuple[str, str]:
    """Return two long values from where they differ."""
    common = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = common - FEW
    return (f"…{one[start:]}", f"…{other[start:]}") if start > 1 else (one, other)


def _locks(seen: Seen, width: int) -> Iterator[Line]:
    locks = seen.moment.locks
    if not locks:
        return
    yield (("locks", Ink.TITLE),)
    names = _short([lock.name for lock in locks], max(width - 2, 8))
    widest = max(cell_len(name) for name in names)
    held = [_held(seen, lock) for lock in locks]
    beside = widest + 4 + max(width_of(line) for line in held) <= width
    for name, state, lock in zip(names, held, locks, strict=True):
        waiters = _waiters(seen, lock)
        if beside:
            line: Line = ((f"  {name}{' ' * (widest - cell_len(name))}  ", Ink.PLAIN), *state)
        else:
            yield ((f"  {name}", Ink.PLAIN),)
            line = (("    ", Ink.PLAIN), *state)
        if width_of(line) + width_of(waiters) + 2 <= width:
            yield (*line, ("  " if waiters else "", Ink.PLAIN), *waiters)
        else:
            yield line
            yield ((" " * (widest + 4 if beside else 4), Ink.PLAIN), *waiters)


def _short(names: Sequence[str], room: int) -> list[str]:
    printable = tuple(plain(name) for name in names)
    return [cut(among(printable).short(name, room), room) for name in printable]


def _held(seen: Seen, lock: LockView) -> Line:
    if lock.owner == -1:
        return ((plain(lock.state), Ink.DIM),)
    return (("held by ", Ink.DIM), (plain(seen.name(lock.owner)), Ink.HOLD))


def _waiters(seen: Seen, lock: LockView) -> Line:
    if not lock.waiters:
        return ()
    verb = "waits" if len(lock.waiters) == 1 else "wait"
    return ((f"{plain(seen.names(lock.waiters))} {verb}", Ink.WAIT),)


def _step(seen: Seen) -> Iterator[Line]:
    node = seen.here
    if node.operation is None:
        return
    yield ((f"step {seen.at}", Ink.TITLE),)
    yield ((f"  {plain(seen.name(node.actor))} ", Ink.STRONG), (did(node), Ink.PLAIN))
    if node.operation.place is not None:
        yield ((f"  at {where(node.operation.place)}", Ink.DIM),)
    switched = preemption(seen, node)
    if switched:
        yield (("  ", Ink.PLAIN), *switched)


def _printed(output: str) -> Iterator[Line]:
    lines = [line for line in output.splitlines() if line.strip()]
    if not lines:
        return
    yield (("printed", Ink.TITLE),)
    for line in lines[-MOST_PRINTED:]:
        yield ((f"  {plain(line.expandtabs(4))}", Ink.DIM),)


class Facts(Inspector, can_focus=True):
    """Shows the facts below a heading of its own, which says how to see the rest of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "scroll_pages(-1)", show=False),
        Binding("pagedown", "scroll_pages(1)", show=False),
        Binding("home", "scroll_all(-1)", show=False),
        Binding("end", "scroll_all(1)", show=False),
    ]
    fixed = 1

    seen: reactive[Seen | None] = reactive(None)

    def watch_seen(self) -> None:
        """Tell them anew."""
        self._tell()

    def on_resize(self) -> None:
        """Align them anew."""
        self._tell()

    def on_focus(self) -> None:
        """Show that the arrow keys are for this panel."""
        self.refresh()

    def on_blur(self) -> None:
        """Show that they are not."""
        self.refresh()

    def action_scroll_pages(self, count: int) -> None:
        """Scroll by a page."""
        self.top += count * max(self.page - 1, 1)

    def action_scroll_all(self, count: int) -> None:
        """Scroll to the first line, or the last."""
        self.top += count * self.total()

    def _tell(self) -> None:
        if self.seen is not None:
            self.lines = tuple(facts(self.seen, self.size.width - 2))

    def render_line(self, y: int) -> Strip:
        """Return the heading, or a line."""
        if y == 0:
            name = "stage--picked" if self.has_focus else "stage--head"
            return self.draw(self._heading(), Style(bgcolor=style_of(self, name).bgcolor))
        return super().render_line(y)

    def _heading(self) -> Line:
        keys = LEAVE if self.has_focus else ENTER if self.total() > self.page else ""
        gap = " " * max(self.size.width - len(TITLE) - len(keys) - 1, 1)
        return ((TITLE, Ink.TITLE), (f"{gap}{keys}", Ink.DIM))
