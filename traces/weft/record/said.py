"""What an app says of itself: sections, marks, log records, names, and resources that only it knows of.

Nothing here raises, blocks or runs code of the app's. Texts are cut to `TEXT` characters, and while too many new ones
wait for the writer, they are not kept: the mark is there without its text.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from time import perf_counter_ns
from types import FrameType
from typing import Any

from ..events import Kind, code_of
from . import buffers, definitions, marks, names, sections, trouble, waits
from .buffers import Put, put_here
from .sections import nobody
from .traced import Site, Traced, rename
from .waits import Resource

TEXT = 200
"""Characters that are kept of a text of the app's."""

RESOURCES = 1000
"""Names of resources that are told apart; all further ones are one resource."""

OF_ONE_PLACE = 100
"""Resources made at one place that are told apart; all further ones share the last."""

MOST = 64
"""Holders of one resource that are remembered."""

End = Callable[[bool], None]
"""Ends what was begun; the argument is False when an exception ended it."""

_labels = definitions.Table("label", lambda text: (text,))
_spans = itertools.count(1).__next__
_resources: dict[tuple[str, str], Held] = {}
_of_places: dict[tuple[int, int, str], list[Held]] = {}


class Held(Resource):
    """A resource that threads wait for and hold, several at a time perhaps.

    The list of its holders is only ever appended to and removed from, each in one step; who reads it can at worst be
    told of somebody who has just let go.
    """

    __slots__ = ("holders",)

    def __init__(self, site: Site, name: str = "", shared: str = "") -> None:
        super().__init__(site, "", name, shared)
        self.holders: list[tuple[Put, int]] = []

    def oldest(self) -> Put:
        """Return the ``put`` of who has had it longest."""
        try:
            return self.holders[0][0]
        except IndexError:
            return nobody

    def wait(self, limit: float | None = None) -> End:
        """Record that this thread begins to wait for it, for ``limit`` seconds at most if it is not None."""
        put = put_here()
        began = sections.contended(put, self.oldest(), self.define(), limit)

        def end(came: bool) -> None:
            waits.over(put, began, self.number, came=came)

        return end

    def try_failed(self) -> End:
        """Record that this thread would have had to wait, and does not."""
        put, holder = put_here(), buffers.owner(self.oldest())
        thread = holder.thread if holder is not None else 0
        put((perf_counter_ns(), thread, code_of(Kind.TRY_FAILED, self.define())))
        return lambda came: None

    def hold(self, since: int = 0) -> End:
        """Record that this thread has it, since a moment (ns) or from now on."""
        put, since, number = put_here(), since or perf_counter_ns(), self.define()
        holder = put, since
        put((since, since, code_of(Kind.HOLD, number)))
        if len(self.holders) < MOST:
            self.holders.append(holder)

        def end(came: bool) -> None:
            if holder in self.holders:
                self.holders.remove(holder)
            put((since, perf_counter_ns(), code_of(Kind.SECTION, number)))

        return end


def section(text: object) -> End:
    """Record that a section of the app's begins."""
    put, number = put_here(), _spans()
    put((perf_counter_ns(), number, code_of(Kind.SPAN_ENTER, _label(text))))

    def end(came: bool) -> None:
        put((perf_counter_ns(), number, Kind.SPAN_EXIT))

    return end


def mark(text: object) -> None:
    """Record that something happened."""
    put_here()((perf_counter_ns(), 0, code_of(Kind.MARK, _label(text))))


def log(time_ns: int, level: int, text: str) -> None:
    """Record what was logged."""
    put_here()((time_ns, min(max(level, 0), 1000), code_of(Kind.LOG, _label(text))))


def waiting(text: object) -> End:
    """Record that this thread begins to wait for a resource of that name."""
    return resource(text).wait()


def holding(text: object) -> End:
    """Record that this thread has a resource of that name."""
    return resource(text).hold()


def name(thing: Any, text: object) -> None:
    """Give a lock, or what else is recorded, a name."""
    called = plain(text)
    if isinstance(thing, Traced):
        rename(thing, called)
        return
    for kind in type(thing).__mro__:
        if kind in marks.conditions_of:
            for condition, _ in marks.conditions_of[kind]:
                waits.rename(condition(thing), called)
            break
    lock = getattr(thing, "_lock", None)
    if isinstance(lock, Traced) and hasattr(thing, "notify_all"):
        rename(lock, called)


def resource(text: object, kind: str = "Resource", *, shared: str = "") -> Held:
    """Return the resource of that name and kind.

    Args:
        shared: what tells it from others of its kind, in all processes; else its name does, in this one.
    """
    called = plain(text)
    key = shared or called, kind
    found = _resources.get(key)
    if found is None:
        if len(_resources) >= RESOURCES:
            called, kind, shared = "other resources", "Resource", ""
            key = "", kind
        frame = names.waiter(sys._getframe(1))
        # Of two threads that make it at once one wins.
        made = Held(_site(frame, kind), called, shared)
        found = _resources.setdefault(key, made)
    return found


def resource_of(frame: FrameType, kind: str) -> Held:
    """Return a new resource that is named after what a frame assigns it to."""
    place = id(frame.f_code), frame.f_lasti, kind
    made = _of_places.setdefault(place, [])
    if len(made) < OF_ONE_PLACE:
        made.append(Held(_site(frame, kind, len(made) + 1)))
    return made[-1]


def after_fork() -> None:
    """In a forked child: define all texts anew, and forget holders that do not live here."""
    _labels.forget()
    for each in (*_resources.values(), *(held for family in _of_places.values() for held in family)):
        each.holders.clear()


def plain(text: object) -> str:
    """Return a text of the app's as it is kept: cut, and without running code of the app's for a string."""
    if not isinstance(text, str):
        try:
            text = str(text)
        except Exception:
            text = type(text).__name__
    if str.__len__(text) > TEXT:
        return str.__getitem__(text, slice(TEXT - 1)) + "…"
    return text if type(text) is str else str.__str__(text)


def _label(text: object) -> int:
    try:
        called = plain(text)
        known = _labels.get(called)
        if known is None:
            known = 0 if definitions.many() else _labels.add(called)
        return known
    except Exception as error:
        trouble.note(error)
        return 0


def _site(frame: FrameType | None, kind: str, ordinal: int = 1) -> Site:
    if frame is None:
        return plain.__code__, 0, 0, "?", ordinal, kind
    module = str(frame.f_globals.get("__name__", "?"))
    return frame.f_code, frame.f_lasti, frame.f_lineno, module, ordinal, kind
