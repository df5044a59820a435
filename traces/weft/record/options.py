"""How to record: one table of options, and their way through the environment of a program that knows nothing of weft.

An option is a field of `Options`; its name, type and default are all that there is to say about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

DEFAULT_BOUND = 1_000_000
"""Records that may wait for the disk, 24 bytes each."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to record.

    Attributes:
        trace: path of an existing trace (see `weft.log.writer.create`).
        all_locks: record the locks of the standard library and of frameworks too.
        bound: records that may wait for the disk; beyond it they are dropped and counted.
        log: record what is logged at this level and above; None: nothing of it.
        ring: seconds that are kept in memory until there is cause to write them (see `ring`); 0: everything is written.
        slower_than: a request that lasts longer (ms) is cause; 0: none is.
        contended: record of locks only what somebody waits for.
    """

    trace: str
    all_locks: bool = False
    bound: int = DEFAULT_BOUND
    log: int | None = None
    ring: float = 0.0
    slower_than: float = 0.0
    contended: bool = False


def variable(name: str) -> str:
    """Return the environment variable of an option."""
    return f"WEFT_{name.upper()}"


def to_environment(options: Options) -> dict[str, str | None]:
    """Return what to set, by variable; None: that variable is not to be there."""
    values = [(field.name, field.default, getattr(options, field.name)) for field in fields(options)]
    return {
        variable(name): None if value == default else str(int(value) if isinstance(value, bool) else value)
        for name, default, value in values
    }


def from_environment(environment: Mapping[str, str]) -> Options:
    """Return the options that `to_environment` has set. What cannot be read counts as not given.

    Raises:
        TypeError: there is no trace to record to.
    """
    given: dict[str, Any] = {}
    for field in fields(Options):
        text = environment.get(variable(field.name), "")
        try:
            given |= {field.name: _READ[str(field.type)](text)} if text else {}
        except ValueError:
            continue
    return Options(**given)


def _count(text: str) -> int:
    if not text.isdigit():
        raise ValueError(text)
    return int(text)


def _time(text: str) -> float:
    value = float(text)
    if not isfinite(value) or value < 0:
        raise ValueError(text)
    return value


_READ: dict[str, Callable[[str], object]] = {
    "str": str,
    "bool": "1".__eq__,
    "int": _count,
    "int | None": _count,
    "float": _time,
}
"""How the text of a variable is read, by the type of its field."""
