"""A server of any kind that runs under the guard: up when this says so, and gone when the ``with`` block is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from weft.errors import WeftError
from weft_demos.child import Child
from weft_demos.lifeline import LISTENING

START_SECONDS = 25.0


@contextmanager
def guarded(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    """Run a server until the ``with`` block is left, and say where it listens, as ``host:port``.

    Args:
        name: as it is told.
        arguments: of `weft_demos.lab.guard`.
        environment: all of the server's environment.

    Raises:
        WeftError: it does not come up; with its last words.
    """
    with Child(["weft_demos.lab.guard", *arguments], environment, LISTENING) as child:
        try:
            address = child.said(START_SECONDS)
        except TimeoutError:
            address = None
        if address is None:
            child.__exit__()
            raise WeftError(f"{name} did not come up, it {child.fate()}")
        yield address
