"""The processes that wrote to a trace: what they said of themselves, and when each was last heard of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..counted import many
from ..events import Cost
from ..log.several import SOURCE_BITS
from .catalog import Names, text, whole
from .columns import FOREVER, I64, Bools
from .values import Costs, Process

SILENCE_NS: Final = 8_000_000_000
"""A live recorder writes a pulse every four seconds at least. Who is silent for so long was killed, or stands still."""

LIMIT: Final = 1 << 12
"""Processes; a trace with more is damaged."""

_WALL_LIMIT: Final = 1 << 62
_COSTS: Final = frozenset(map(int, Cost))


@dataclass(slots=True)
class _Known:
    number: int
    started: int | None = None
    first: int = FOREVER
    last: int = -1
    ended: int | None = None
    lost: int = 0
    serves: bool = False
    costs: dict[int, int] = field(default_factory=dict)
    charged: int = 0
    first_costs: dict[int, tuple[int, int]] = field(default_factory=dict)
    """When each was told first, and how much it was then."""

    @property
    def source(self) -> int:
        """Number of its trace, where there are several."""
        return self.number >> SOURCE_BITS


class Processes:
    """Numbers of processes to indexes, and what their own records say."""

    def __init__(self) -> None:
        self._index: dict[int, int] = {}
        self._known: list[_Known] = []
        self._clock: tuple[int, int] | None = None

    def index(self, number: int) -> tuple[int, bool]:
        """Return the index of a process (-1 when there are too many) and whether it is new."""
        fresh = number not in self._index
        if fresh and len(self._known) >= LIMIT:
            return -1, False
        if fresh:
            self._index[number] = len(self._known)
            self._known.append(_Known(number))
        return self._index[number], fresh

    def __len__(self) -> int:
        return len(self._known)

    def enter(self, process: int, time: int, wall: int) -> None:
        """A process began to record at ``time``, when the wall clock showed ``wall`` (ns)."""
        if self._known[process].started is None:
            self._known[process].started = time
        if self._clock is None and 0 < wall < _WALL_LIMIT:
            self._clock = time, wall

    def exit(self, process: int, time: int) -> None:
        """A process ended in good order."""
        self._known[process].ended = time

    def lose(self, process: int, records: int) -> None:
        """A process dropped records."""
        self._known[process].lost += records

    def charge(self, process: int, time: int, what: int, amount: int) -> None:
        """A process tells at ``time`` (ns) what recording has cost it, as in `weft.events.Cost`."""
        if what in _COSTS:
            self._known[process].costs[what] = amount
            self._known[process].charged = time
            self._known[process].first_costs.setdefault(what, (time, amount))

    def serve(self, process: int) -> None:
        """A process serves requests."""
        self._known[process].serves = True

    def serves(self, names: Sequence[Names]) -> Bools:
        """Return which processes belong to a server, bool ``[processes]``.

        They serve requests, or were started by the command of one that does, as the master of a pre-forking server.
        """
        argv = [_argv(each) for each in names]
        commands = {line for line, known in zip(argv, self._known, strict=True) if known.serves and line}
        return np.array(
            [known.serves or line in commands for line, known in zip(argv, self._known, strict=True)], np.bool_
        )

    def heard(self, process: int, first: int, last: int) -> None:
        """A process wrote about the time from ``first`` to ``last`` (ns)."""
        known = self._known[process]
        known.first, known.last = min(known.first, first), max(known.last, last)

    def last(self, process: int) -> int:
        """Return the last moment that a process has written about, ns, -1 for none."""
        return self._known[process].last

    def of(self, source: int) -> list[int]:
        """Return the processes of one of several traces."""
        return [index for index, known in enumerate(self._known) if known.source == source]

    def span(self) -> tuple[int, int]:
        """Return the first and last moment of the trace, ns."""
        heard = [known for known in self._known if known.last >= 0]
        if not heard:
            return 0, 0
        return min(known.first for known in heard), max(known.last for known in heard)

    def wall(self, time: int) -> int:
        """Return the wall clock (ns since the epoch) at a moment, 0 when no process told."""
        return self._clock[1] - self._clock[0] + time if self._clock else 0

    def over(self) -> I64:
        """Return when each process ended or fell silent without a farewell, ns ``[processes]``, else `FOREVER`."""
        _, last = self.span()
        ends: dict[int, int] = {}
        for known in self._known:
            ends[known.source] = max(ends.get(known.source, -1), known.last)
        return np.array([_over(known, ends[known.source], last) for known in self._known], np.int64)

    @property
    def lost(self) -> int:
        """Records dropped by all."""
        return sum(known.lost for known in self._known)

    def losses(self) -> list[str]:
        """Say which processes dropped how many records."""
        return [
            f"process {index + 1} of {len(self._known)} dropped {many(known.lost, 'record')}: "
            "it wrote faster than the disk"
            for index, known in enumerate(self._known)
            if known.lost
        ]

    @property
    def complete(self) -> bool:
        """Whether all have ended in good order."""
        return bool(self._known) and all(known.ended is not None for known in self._known)

    def values(self, names: Sequence[Names]) -> tuple[Process, ...]:
        """Return the processes as they are now."""
        return tuple(_value(index, known, names[index]) for index, known in enumerate(self._known))


def _over(known: _Known, end: int, last: int) -> int:
    """Return when a process ended or fell silent, given the last moment of its own trace and that of all."""
    if known.ended is not None:
        return known.ended
    if 0 <= known.last < end - SILENCE_NS:
        return known.last
    return end if 0 <= end < last else FOREVER


def _argv(names: Names) -> tuple[str, ...]:
    argv = names.about.get("argv")
    return tuple(text(part) for part in argv) if isinstance(argv, list) else ()


def _value(index: int, known: _Known, names: Names) -> Process:
    started = known.started if known.started is not None else min(known.first, max(known.last, 0))
    return Process(
        id=index,
        pid=whole(names.about.get("pid")),
        argv=_argv(names),
        python=text(names.about.get("python")),
        gil=names.about.get("gil") is not False,
        started_ns=started,
        ended_ns=known.ended,
        lost=known.lost,
        last_ns=max(known.last, 0),
        libraries=tuple(sorted(names.libraries.items())),
        costs=_costs(known, started, ring=bool(names.about.get("ring"))),
        contended_only=names.about.get("contended") is True,
        source=known.source,
    )


def _costs(known: _Known, started: int, *, ring: bool) -> Costs:
    """Return what is known of the costs; those of a flight recorder before its first kept record do not count."""
    since, spent = known.first_costs.get(Cost.DRAIN_CPU, (0, 0)) if ring else (started, 0)
    _, records = known.first_costs.get(Cost.RECORDS, (0, 0)) if ring else (0, 0)
    return Costs(
        bare_ps=known.costs.get(Cost.BARE_PASS, 0),
        recorded_ps=known.costs.get(Cost.RECORDED_PASS, 0),
        drain_ns=known.costs.get(Cost.DRAIN_CPU, 0) - spent,
        records=known.costs.get(Cost.RECORDS, 0) - records,
        over_ns=max(known.charged - since, 0),
    )
