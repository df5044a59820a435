"""Responses that are still being read when Flask's WSGI call returns: they end when they are closed, or dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any

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
                own: bool = getattr(close, "__self__", None) is result
                if own:
                    result.__class__ = _closing_kind(type(result))
                    result._weft_stream = self
                else:
                    self._closers = (close,)
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
            self.end()

    def __del__(self) -> None:
        self.end()

    def end(self) -> None:
        """Record the end, once."""
        put, self._put = self._put, None
        if put is not None:
            put((perf_counter_ns(), *self._words))


_closing: dict[type, type] = {}


def _closing_kind(kind: type) -> type:
    """Return a subclass whose ``close`` ends the stream too: as a method, so that whoever takes it keeps its object.

    Raises:
        TypeError: making a subclass would run code of the app's.
    """
    known = _closing.get(kind)
    if known is not None:
        return known
    if type(kind) is not type or any("__init_subclass__" in vars(base) for base in kind.__mro__[:-1]):
        raise TypeError(kind)

    def close(self: Any) -> Any:
        try:
            return kind.close(self)  # type: ignore[attr-defined]
        finally:
            self._weft_stream.end()

    names = {"close": close, "__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    made = _closing[kind] = type(kind.__name__, (kind,), names)
    return made
