"""What is open at a moment, learned from blocks of records as they go by: requests, waits, and threads' names.

A look at a block costs about a microsecond for each of its runs, whatever its length: the kinds of its records are one
plane of bytes, in which the last beginning and the last end of something are found by searching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..events import KIND_BITS, KIND_MASK, PROCESS_THREAD, Kind
from ..log.writer import Records

_LETTERS: dict[int, bytes] = {
    **dict.fromkeys((Kind.THREAD_ENTER, Kind.THREAD_NAME), b"n"),
    Kind.REQUEST_ENTER: b"e",
    **dict.fromkeys((Kind.REQUEST_PUSH, Kind.PUSH_BOTH), b"p"),
    **dict.fromkeys((Kind.REQUEST_EXIT, Kind.POP_AND_EXIT, Kind.REQUEST_STREAM), b"x"),
    Kind.WAIT: b"w",
    Kind.TIMED: b"t",
    **dict.fromkeys((Kind.ACQUIRE, Kind.GIVE_UP, Kind.RESUME), b"d"),
}
_CLASSES = bytes(_LETTERS.get(byte & KIND_MASK, b".")[0] for byte in range(256))
"""A letter for the lowest byte of a record's code."""

_NAMING: dict[int, str] = {
    **dict.fromkeys((Kind.THREAD_ENTER, Kind.THREAD_NAME), "name"),
    Kind.REQUEST_ENTER: "target",
    **dict.fromkeys((Kind.REQUEST_PUSH, Kind.PUSH_BOTH), "endpoint"),
}
"""What a record's object is defined as."""

_WAITING = 3
"""Records that tell of a wait's beginning: `Kind.WAIT`, and two stacks; a `Kind.TIMED` may follow."""

Words = tuple[int, ...]
"""Flat records."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a run changes about its thread; None: nothing.

    Attributes:
        name: the record of the thread's name.
        request: the records that began the request that is open at the end, none when none is.
        push: the push of a request's context, whose request began in an earlier run.
        wait: likewise of the wait that is open at the end.
        lasted: how long the requests that ended here lasted; the beginning of the first may be in an earlier run:
            then its end, negative (ns).
    """

    thread: int
    name: Words | None
    request: Words | None
    push: Words | None
    wait: Words | None
    lasted: tuple[int, ...]


def changes(records: Records) -> list[Change]:
    """Return what each run of packed records changes."""
    rows = records.rows
    classes = rows[16::24].translate(_CLASSES)

    def at(index: int, count: int = 1) -> Words:
        part = rows[24 * index : 24 * (index + count)]
        return tuple(int.from_bytes(part[k : k + 8], "little") for k in range(0, len(part), 8))

    found, start = [], 0
    for thread, count in zip(records.table[::2], records.table[1::2], strict=True):
        end = start + count
        if thread != PROCESS_THREAD:
            name = classes.find(b"n", start, start + 1)
            ended, begun = classes.rfind(b"x", start, end), classes.rfind(b"e", start, end)
            request = push = None
            if begun > ended:
                pushed = classes.find(b"p", begun, end)
                request = at(begun) + (at(pushed) if pushed >= 0 else ())
            elif ended >= 0:
                request = ()
            elif (pushed := classes.find(b"p", start, end)) >= 0:
                push = at(pushed)
            waits, done = classes.rfind(b"w", start, end), classes.rfind(b"d", start, end)
            size = _WAITING + (classes[waits + _WAITING : waits + _WAITING + 1] == b"t")
            wait = at(waits, min(size, end - waits)) if waits > done else () if done >= 0 else None
            lasted = tuple(_lasted(classes, at, start, end)) if ended >= 0 else ()
            found.append(Change(thread, at(name) if name >= 0 else None, request, push, wait, lasted))
        start = end
    return found


def _lasted(classes: bytes, at: Callable[[int], Words], start: int, end: int) -> Iterator[int]:
    while (exit := classes.find(b"x", start, end)) >= 0:
        enter = classes.rfind(b"e", start, exit)
        yield at(exit)[0] - at(enter)[0] if enter >= 0 else -at(exit)[0]
        start = exit + 1


@dataclass(slots=True)
class Open:
    """What is open in each thread."""

    names: dict[int, Words] = field(default_factory=dict)
    requests: dict[int, Words] = field(default_factory=dict)
    waits: dict[int, Words] = field(default_factory=dict)

    def take(self, change: Change, *, requests: bool = True) -> None:
        """Go on by one run; ``requests``: also learn of requests that begin."""
        thread = change.thread
        if change.name is not None:
            self.names[thread] = change.name
        if change.wait:
            self.waits[thread] = change.wait
        elif change.wait is not None:
            self.waits.pop(thread, None)
        if change.request and requests:
            self.requests[thread] = change.request
        elif change.request is not None:
            self.requests.pop(thread, None)
        elif change.push and len(self.requests.get(thread, ())) == 3:
            self.requests[thread] += change.push

    def needs(self) -> Iterator[tuple[str, int]]:
        """Yield the definitions that these records need, but for those of locks: what it is, and its id."""
        for known in (self.names, self.requests, self.waits):
            for words in known.values():
                for value, code in zip(words[1::3], words[2::3], strict=True):
                    kind = code & KIND_MASK
                    if kind in _NAMING:
                        yield _NAMING[kind], code >> KIND_BITS
                    elif kind in (Kind.WAITER_AT, Kind.HOLDER_AT):
                        yield "stack", value

    def keep(self, threads: set[int]) -> None:
        """Forget all other threads."""
        for known in (self.names, self.requests, self.waits):
            for thread in {*known} - threads:
                del known[thread]
