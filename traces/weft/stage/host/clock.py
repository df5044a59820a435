"""Time and chance as the players see them: the same in every run.

The virtual clock begins at a fixed moment, moves a microsecond with every look at it and jumps when a player sleeps.
So do a scenario's setup and check see it; other threads that are no players see the real time.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import queue
import random
import threading
import time
from _thread import get_ident
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ...record.patches import Patches
from .baton import Stage

EPOCH_NS = 1_767_225_600_000_000_000
"""What the virtual clock shows first: 2026-01-01 00:00 UTC."""
LOOK_NS = 1_000


_system = random.Random(0)  # noqa: S311 - to be repeatable is the point
"""Stands for what comes from the system."""


_own: Any = getattr(random, "_inst", None)
"""The generator behind `random.random` and the like."""


class _Begun:
    """Whether any random number was drawn since the generators began: to begin anew takes 20 us.

    A generator in C keeps how far it has come, and then the numbers that it is at, right behind its header.
    """

    def __init__(self) -> None:
        self._behind: Callable[[], tuple[bytes, bytes]] | None = None
        self._seen: tuple[int, bytes, bytes] | None = None
        with contextlib.suppress(ImportError):  # it is optional when Python is built
            import ctypes

            kind: Any = ctypes.c_char * 16
            own, system = (kind.from_address(id(one) + object.__basicsize__) for one in (_own, _system))
            self._behind = lambda: (own.raw, system.raw)
            if not self._works():
                self._behind = None

    def is_now(self, seed: int) -> bool:
        """Return whether they began with this seed, and were not used since; False when it cannot be told."""
        return self._seen is not None and self._seen == self._look(seed)

    def note(self, seed: int) -> None:
        """Remember how they begin."""
        self._seen = self._look(seed)

    def _look(self, seed: int) -> tuple[int, bytes, bytes] | None:
        if self._behind is None or type(_own) is not random.Random or getattr(_own, "gauss_next", 0) is not None:
            return None
        return seed, *self._behind()

    def _works(self) -> bool:
        seen = []
        for seed in (1, 2):
            random.Random.seed(_system, seed)
            for _ in range(2):
                seen.append(self._look(0))
                _system.random()
        random.Random.seed(_system, 1)
        return len(set(seen)) == 4 and self._look(0) == seen[0] and seen[0] is not None


class _Shown:
    """While this lasts, a thread sees the clock."""

    __slots__ = ("_clock",)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        self._clock.guest = get_ident()

    def __exit__(self, *exc: object) -> None:
        self._clock.guest = 0


class Clock:
    """The virtual clock, in ns since its start."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.looks = 0
        """How often the app has looked at it."""
        self.guest = 0
        """The thread that sees it although it is no player's."""

    def is_seen(self, stage: Stage) -> bool:
        """Return whether this thread sees it."""
        return stage.me() is not None or self.guest == get_ident()

    def shown(self) -> AbstractContextManager[None]:
        """Let this thread see it, which is no player's."""
        return _Shown(self)

    def look(self) -> int:
        """Return the time, which is later at every look."""
        self.now_ns += LOOK_NS
        self.looks += 1
        return self.now_ns

    def pass_until(self, moment_ns: int) -> None:
        """Let the time pass up to a moment, if it is not over."""
        self.now_ns = max(self.now_ns, moment_ns)


def install(patches: Patches, stage: Stage, clock: Clock, seed: int) -> None:
    """Let players see the virtual clock and seeded random numbers.

    `random`'s own generator is seeded for each run, generators without a seed get one in order, and what comes from
    the system (`os.urandom`, and with it `uuid.uuid4` and `secrets`) comes from another seeded one.
    """
    for name, base, unit in (
        ("time", EPOCH_NS, 1e-9),
        ("time_ns", EPOCH_NS, None),
        ("monotonic", 0, 1e-9),
        ("monotonic_ns", 0, None),
        ("perf_counter", 0, 1e-9),
        ("perf_counter_ns", 0, None),
    ):
        patches.set(time, name, _reader(stage, clock, getattr(time, name), base, unit))
    patches.set(threading, "_time", _unnoticed(clock, time.monotonic))
    patches.set(queue, "time", threading._time)  # type: ignore[attr-defined]
    _install_datetime(patches, stage, clock)
    _install_random(patches, stage, clock, seed)


def begin_with(seed: int) -> None:
    """Begin all random numbers anew."""
    if not _begun.is_now(seed):
        random.seed(seed)
        _system.seed(f"weft {seed}")
        _begun.note(seed)


_begun = _Begun()


def _reader(
    stage: Stage, clock: Clock, real: Callable[[], Any], base: int, unit: float | None
) -> Callable[[], float | int]:
    def read() -> Any:
        if not clock.is_seen(stage):
            return real()
        now = base + clock.look()
        return now if unit is None else now * unit

    return read


def _unnoticed(clock: Clock, look: Callable[[], float | int]) -> Callable[[], float | int]:
    """Return what looks at the clock in a library, which the app does not learn of."""

    def looks() -> float | int:
        before = clock.looks
        try:
            return look()
        finally:
            clock.looks = before

    return looks


def _install_datetime(patches: Patches, stage: Stage, clock: Clock) -> None:
    real: Any = datetime.datetime

    class Likeness(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

    class DateTime(real, metaclass=Likeness):  # type: ignore[misc]
        """`datetime.datetime` with the virtual clock; its values are plain datetimes."""

        def __new__(cls, *args: Any, **options: Any) -> Any:
            return real.__new__(real if cls is DateTime else cls, *args, **options)

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            if not clock.is_seen(stage):
                return real.now(tz)
            return real.fromtimestamp((EPOCH_NS + clock.look()) / 1e9, tz)

        @classmethod
        def utcnow(cls) -> Any:
            return cls.now(datetime.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    DateTime.__name__ = DateTime.__qualname__ = "datetime"
    DateTime.__module__ = "datetime"
    patches.set(datetime, "datetime", DateTime)


def _install_random(patches: Patches, stage: Stage, clock: Clock, seed: int) -> None:
    begin_with(seed)
    urandom, seed_it = os.urandom, random.Random.seed

    def seeded(it: Any, a: Any = None, version: int = 2) -> None:
        seed_it(it, _system.getrandbits(64) if a is None else a, version)

    def from_seed(size: int, /) -> bytes:
        return _system.randbytes(size) if clock.is_seen(stage) else urandom(size)

    patches.set(random.Random, "seed", seeded)
    patches.set(os, "urandom", from_seed)
    patches.set(random, "_urandom", from_seed)
