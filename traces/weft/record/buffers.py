"""One buffer of flat integers per thread.

A record is appended by ``list.extend`` with a tuple of three integers, one C call that is atomic with the GIL and, on
free-threaded builds, under the list's own lock. Integers are not tracked by the garbage collector, so recording causes
no collections. Only its own thread appends to a buffer (and whoever releases a lock for it), only the drain thread
removes from it, so nothing here takes a lock.
"""

from __future__ import annotations

import itertools
import re
import sys
import threading
import weakref
from _thread import get_ident
from collections.abc import Callable, Iterable
from time import perf_counter_ns
from typing import Any

from ..events import Kind, code_of
from .definitions import Table

Put = Callable[[Iterable[int]], None]
"""Appends the words of one or more records."""


class _Sign:
    """Lives as long as its thread."""

    __slots__ = ("__weakref__",)


class Buffer(list[int]):
    """The records of one thread that have not been taken yet."""

    __slots__ = ("ident", "left", "outer", "popped", "sign", "thread")

    thread: int
    """Number of the thread, never used again, unlike ``ident``."""
    ident: int
    sign: weakref.ref[_Sign]
    left: bool
    """The thread's end has been recorded."""
    outer: Any
    """The app context of the request that the thread serves, `BEGUN` until it is pushed, None when it is popped."""
    popped: int
    """When that was popped (ns), 0: it was not, or it has been recorded."""


BEGUN = object()
"""Stands in for the app context of a request that has not pushed it yet."""

here = threading.local()
"""``here.put`` appends to this thread's buffer; AttributeError on a thread that has not `join`ed."""

living: dict[int, Buffer] = {}
"""Buffers by thread number. A dict, not a list: two empty buffers are equal, and must not be taken for each other."""

idents: dict[int, Put] = {}
"""The ``put`` of the last thread that has joined under an ident (`_thread.get_ident`), which may have ended."""

succeeding: list[Callable[[int, Put | None], None]] = []
"""Called when a thread joins under the ident of one that is gone: the ident, and the other's ``put``; None where what
is known of the ident may be the new thread's, which has run for a while."""

_numbers = itertools.count(1)


def join(name: str | None = None, kind: Kind = Kind.THREAD_NAME) -> Put:
    """Give the running thread a buffer, with a record of its name in it, and return its ``put``."""
    if isinstance(here, _Nowhere):
        return here.put
    buffer = Buffer()
    buffer.thread = next(_numbers)
    buffer.ident = get_ident()
    buffer.left = False
    buffer.outer = None
    buffer.popped = 0
    here.sign = sign = _Sign()
    buffer.sign = weakref.ref(sign)
    here.put = put = buffer.extend
    put(_named(name or _name(buffer.ident), kind))
    before = idents.get(buffer.ident)
    if before is not None:
        for each in succeeding:
            each(buffer.ident, before if kind is Kind.THREAD_ENTER else None)
    idents[buffer.ident] = put
    living[buffer.thread] = buffer
    return put


def _named(name: str, kind: Kind) -> tuple[int, int, int]:
    """Return the record of a thread's name: threads called alike but for a number share a definition."""
    key = family(name)
    known = names.get(key) or names.add(key)
    number = name[len(key[0]) : len(name) - len(key[1])] if len(key) > 1 else "0"
    return perf_counter_ns(), int(number), code_of(kind, known)


def family(name: str) -> tuple[str, ...]:
    """Return what stands before and behind the last number in a name, or all of it."""
    number = _LAST_NUMBER.search(name)
    return (name,) if number is None else (name[: number.start()], name[number.end() :])


# At most 18 digits fit a word, and a leading zero would be lost.
_LAST_NUMBER = re.compile(r"(?<!\d)(?:0|[1-9]\d{0,17})(?=\D*$)", re.ASCII)
names = Table("name", lambda key: key)
"""Names of threads: what stands before and behind their last number."""


def put_here() -> Put:
    """Return this thread's ``put``."""
    try:
        return here.put  # type: ignore[no-any-return]
    except AttributeError:
        return join()


def owner(put: Put) -> Buffer | None:
    """Return the buffer behind a ``put``, None for one that discards."""
    buffer = getattr(put, "__self__", None)
    return buffer if isinstance(buffer, Buffer) else None


def put_of(ident: int) -> Put | None:
    """Return the ``put`` of the last thread with an ident, None where it has not recorded anything."""
    return put_here() if ident == get_ident() else idents.get(ident)


def enter(name: str) -> Put:
    """Record that the running thread begins."""
    return join(name, Kind.THREAD_ENTER)


def leave() -> None:
    """Record that the running thread ends."""
    put = put_here()
    put((perf_counter_ns(), 0, Kind.THREAD_EXIT))
    buffer = owner(put)
    if buffer is not None:
        buffer.left = True


class _Nowhere:
    """A buffer that keeps nothing, for every thread."""

    outer = property(lambda self: None, lambda self, context: None)
    popped = property(lambda self: 0, lambda self, when: None)

    def extend(self, words: Iterable[int]) -> None:
        """Discard records."""

    @property
    def put(self) -> Put:
        return self.extend


def silence() -> list[Buffer]:
    """Let nothing be recorded any more; return what is left to be written.

    Threads may go on with the buffers that they have at hand, for the record that they are about to write.
    """
    _speak_through(_Nowhere())
    left = list(living.values())
    living.clear()
    idents.clear()
    return left


def begin_anew() -> None:
    """Record again, to buffers that are new for every thread."""
    names.forget()
    living.clear()
    idents.clear()
    _speak_through(threading.local())


def _speak_through(place: Any) -> None:
    """Put something else in the place of `here`, in every module that has it by name."""
    for module in [module for name, module in sys.modules.copy().items() if name.startswith(f"{__package__}.")]:
        if "here" in vars(module) and type(vars(module)["here"]) in (threading.local, _Nowhere):
            vars(module)["here"] = place


def keep_only_this() -> None:
    """In a forked child: no other thread lives here, and what was not taken yet is the parent's to write."""
    names.forget()
    put = put_here()
    mine = owner(put)
    living.clear()
    idents.clear()
    if mine is not None:
        living[mine.thread] = mine
        mine.clear()
        mine.ident = get_ident()
        idents[mine.ident] = put
        mine.extend(_named(_name(mine.ident), Kind.THREAD_NAME))


def _name(ident: int) -> str:
    # threading.current_thread() would register a dummy thread in the app.
    thread = threading._active.get(ident)  # type: ignore[attr-defined]
    return thread.name if thread is not None else f"thread {ident}"
