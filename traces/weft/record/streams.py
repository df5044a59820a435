"""Responses that are still being read when Flask's WSGI call returns: they end when they are closed, or dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any
from weakref import WeakMethod

from .buffers import Put


def is_read_later(result: Any) -> bool:
    """Return whether the app has a part in what is left of a response: for a list of bytes it has none."""
    try:
        # Werkzeug's ClosingIterator, and the `close` of the response that it was made for.
        response = result._callbacks[-1].__self__
        return response.response.__class__ is not list or bool(response._on_close)
    except (AttributeError, IndexError, TypeError):
        return hasattr(result, "close")


class Stream:
    """Stands where the response's ``close`` stood: calls it, then records the request's end.

    It hangs on the response alone and does not hold it, so it also ends the request when nobody closes the response.

    Args:
        words: the record's value and code.
    """

    __slots__ = ("_closers", "_put", "_words")

    def __init__(self, put: Put, words: tuple[int, int]) -> None:
        self._closers: Sequence[Callable[[], object]] = ()
        self._put: Put | None = put
        self._words = words

    def follow(self, result: Any) -> bool:
        """Take the place of the response's ``close``; return False when it does not let us."""
        callbacks = getattr(result, "_callbacks", None)
        try:
            if isinstance(callbacks, list):
                self._closers = callbacks
                result._callbacks = [self]
            else:
                close = result.close
                # Its own method must not keep it alive.
                own = getattr(close, "__self__", None) is result
                self._closers = (_Weak(close) if own else close,)
                result.close = self
        except (AttributeError, TypeError):
            self._put = None
            return False
        return True

    def __call__(self) -> None:
        """Close the response, and end the request."""
        try:
            for close in self._closers:
                close()
        finally:
            self._end()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        put, self._put = self._put, None
        if put is not None:
            put((perf_counter_ns(), *self._words))


class _Weak:
    """Calls a method while its object is there."""

    __slots__ = ("_method",)

    def __init__(self, method: Any) -> None:
        self._method = WeakMethod(method)

    def __call__(self) -> None:
        method = self._method()
        if method is not None:
            method()
