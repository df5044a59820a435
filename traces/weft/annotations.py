"""What an app says of itself in its trace: sections, marks, names, and resources that only it knows of.

All of it may stay in the code for good: where nothing is recorded, it does nothing. It works with ``weft run`` too,
whose recorder is loaded under a name of its own.
"""

from __future__ import annotations

import functools
import sys
from _thread import get_ident
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Thing = TypeVar("_Thing")

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = 0x80, 0x20, 0x200
"""Flags of code."""


def section(name: str) -> Stretch:
    """Show what runs in a ``with`` block, or in a function that is decorated with it, under a name.

    ``with weft.section("price the cart"): …``. Sections may lie inside one another. In async code one goes on while its
    task waits and the thread runs others.

    Args:
        name: what to call it; cut to 200 characters. Better a few names that come often than many.
    """
    return Stretch("section", name)


def mark(text: str) -> None:
    """Note in the trace that something happened here and now: ``weft.mark("cache miss")``.

    Args:
        text: what happened; cut to 200 characters.
    """
    said = _said()
    if said is not None:
        try:
            said.mark(text)
        except Exception as error:
            _note(said, error)


def waiting(resource: str) -> Stretch:
    """Show that the thread waits for a resource of the app's own: put it around what blocks, and nothing else.

    Args:
        resource: its name. Of one name there is one resource in a process; up to 1,000 are told apart.
    """
    return Stretch("waiting", resource)


def holding(resource: str) -> Stretch:
    """Show that the thread has a resource, so that those who wait for it meanwhile wait for this thread.

    Several may hold one at a time. A hold need not end on the thread that it began on; it is shown on that one.

    Args:
        resource: its name, as with `waiting`.
    """
    return Stretch("holding", resource)


def name(thing: _Thing, text: str) -> _Thing:
    """Name a lock, a condition, an event, a semaphore, a queue and so on, and return it.

    ``stock = weft.name(threading.Lock(), "shop.stock")``. A lock goes by it from its first record on, anything
    else from now on. What is not recorded is just returned.

    Args:
        thing: what to name.
        text: its name; cut to 200 characters.
    """
    said = _said()
    if said is not None:
        try:
            said.name(thing, text)
        except Exception as error:
            _note(said, error)
    return thing


class Stretch:
    """Something that begins and ends: a context manager and a decorator, for any number of threads at once."""

    __slots__ = ("_begin", "_name", "_open")

    def __init__(self, begin: str, name: str) -> None:
        self._begin = begin
        self._name = name
        self._open: list[tuple[int, Callable[[bool], None]]] = []

    def __enter__(self) -> Stretch:
        said = _said()
        if said is not None:
            try:
                self._open.append((get_ident(), getattr(said, self._begin)(self._name)))
            except Exception as error:
                _note(said, error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._open:
            try:
                self._take()(kind is None)
            except Exception as error:
                _note(_said(), error)

    def _take(self) -> Callable[[bool], None]:
        """Return the end of what began last, on this thread if anything did."""
        begun = self._open[:]
        mine = get_ident()
        last = next((each for each in reversed(begun) if each[0] == mine), begun[-1])
        self._open.remove(last)
        return last[1]

    def __call__(self, function: _Function) -> _Function:
        """Decorate a function, a generator or a coroutine function: all of its run is the stretch.

        Raises:
            TypeError: it is an asynchronous generator; use ``with`` inside.
        """
        code = getattr(function, "__code__", None)
        flags = code.co_flags if code is not None else 0
        begin, name = self._begin, self._name
        if flags & _ASYNC_GENERATOR:
            raise TypeError(f"an asynchronous generator cannot be decorated: use `with weft.{begin}(…):` inside it")
        if flags & _COROUTINE:

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with Stretch(begin, name):
                    return await function(*args, **kwargs)

            return cast(_Function, coroutine)
        if flags & _GENERATOR:

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                with Stretch(begin, name):
                    return (yield from function(*args, **kwargs))

            return cast(_Function, generator)

        @functools.wraps(function)
        def plain(*args: Any, **kwargs: Any) -> Any:
            with Stretch(begin, name):
                return function(*args, **kwargs)

        return cast(_Function, plain)


_found: Any = None


def _said() -> Any:
    """Return the part of the running recorder that takes down what the app says, None where nothing is recorded."""
    global _found
    if _found is None:
        for package in ("_weft", __package__):
            recorder: Any = sys.modules.get(f"{package}.record.recorder")
            if recorder is not None and recorder.active is not None:
                _found = recorder.said
    return _found


def _note(said: Any, error: Exception) -> None:
    if said is not None:
        said.trouble.note(error)
