"""Findings while a trace grows: each is announced once, and stays until it is certain that it is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from weft.timeline.columns import FOREVER
from weft.timeline.snapshot import Snapshot

from . import deadlock, inversion
from .case import Case
from .checks import arranged, wanted
from .history import History
from .inversion import Orders
from .options import Options
from .values import Finding, Severity

SETTLED_NS: Final = 500_000_000
"""What began so long ago is known completely: of a hold that lasts, the recorder tells after a tenth of a second."""

ALIVE_NS: Final = 6_000_000_000
"""A recorder that is alive writes every four seconds at least."""

UNTOLD_NS: Final = 200_000_000
"""What happened in the last so many ns may not have been written yet."""

YOUNG_NS: Final = 1_000_000_000
"""What goes on is told when it has lasted so long; deadlocks have thresholds of their own."""

ROWS: Final = 200_000
"""Rows of a table up to which the whole trace is looked at each time; of more, the last stretch."""

STRETCH_NS: Final = 10_000_000_000

REST: Final = 19
"""After a look at everything it rests for so many times the CPU time that it took."""

_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class News:
    """What a look has brought.

    Attributes:
        findings: all so far, in order.
        fresh: those that were not there at the look before.
    """

    findings: tuple[Finding, ...]
    fresh: tuple[Finding, ...]


class Watch:
    """Looks at one snapshot after the other of a trace that grows. One thread looks; what it returns may go anywhere.

    Args:
        options: thresholds.
        clock: CPU time of the thread, seconds; what the rests are measured with.
        wall: monotonic seconds.
    """

    def __init__(
        self,
        options: Options | None = None,
        clock: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options or Options()
        self._clock, self._wall = clock, wall
        self._history = History()
        self._orders = Orders()
        self._ordered_ns = 0
        self._known: dict[tuple[str, tuple[int, ...]], Finding] = {}
        self._rested = 0.0
        # What the last look at everything was at, and up to when that was known: there is nothing more to find in it.
        self._seen: tuple[Snapshot, int, tuple[Finding, ...]] | None = None

    def look(self, snapshot: Snapshot, now_ns: int | None = None, *, thorough: bool = False) -> News:
        """Return what is wrong by now: deadlocks at every look, all else unless that was looked for a moment ago.

        Args:
            snapshot: the trace, never an older one than before.
            now_ns: the time of a machine that is still recording (perf_counter ns): a process in which nothing happens
                writes nothing for some seconds.
            thorough: look for everything.
        """
        known_ns = _known(snapshot, now_ns)
        if self._seen is not None and self._seen[0] is snapshot and self._seen[1] == known_ns:
            return News(self._seen[2], ())
        began, now = self._clock(), self._wall()
        kinds = {kind.name: kind for kind in wanted(self.options)}
        case = Case(snapshot, self.options, self._since(snapshot), self._history, known_ns)
        found = [*deadlock.check(case)] if kinds.pop(deadlock.KIND, None) else []
        everything = thorough or now >= self._rested
        if everything:
            if kinds.pop(inversion.KIND, None):
                found += self._inversions(case)
            found += [finding for kind in kinds.values() for finding in kind.check(case)]
            self._rested = now + REST * (self._clock() - began)
        news = self._take(case, found)
        self._seen = (snapshot, known_ns, news.findings) if everything else None
        return news

    def _since(self, snapshot: Snapshot) -> int | None:
        tables = snapshot.tables
        views = [view for view in (tables.holds, tables.waits, tables.requests) if len(view.closed) > ROWS]
        if not views:
            return None
        # Rows stand about in the order of time.
        return max(snapshot.end_ns - STRETCH_NS, *(int(view.closed["start"][-ROWS]) for view in views))

    def _inversions(self, case: Case) -> list[Finding]:
        end = case.snapshot.end_ns + 1 if case.snapshot.complete else case.snapshot.end_ns - SETTLED_NS
        if end > self._ordered_ns:
            since = None if case.since_ns is None else min(case.since_ns, self._ordered_ns)
            behind = Case(case.snapshot, self.options, since, self._history)
            self._orders.add(inversion.orders_in(behind, self._ordered_ns, end))
            self._ordered_ns = end
        return [*inversion.inversions(case, self._orders)]

    def _take(self, case: Case, found: list[Finding]) -> News:
        snapshot = case.snapshot
        before = {*self._known}
        for finding in found:
            if _too_young(case, finding):
                continue
            known = self._known.get(finding.identity)
            if known is not None and known.ended_ns is not None and known.cost_ns > finding.cost_ns:
                continue
            if known is not None:
                finding = replace(finding, began_ns=min(known.began_ns, finding.began_ns))
            if known is not None or len(self._known) < _KEPT:
                self._known[finding.identity] = finding
        for identity, finding in self._known.items():
            if finding.kind == deadlock.KIND and finding.ended_ns is None and (end := _over(snapshot, finding)):
                self._known[identity] = replace(finding, ended_ns=end)
        findings = arranged(self._known.values(), self.options)
        return News(findings, tuple(each for each in findings if each.identity not in before))


def _too_young(case: Case, finding: Finding) -> bool:
    """Return whether something goes on for so short a time that it may turn out to be another thing."""
    young = case.known_ns - finding.began_ns < YOUNG_NS and not case.snapshot.complete
    return finding.severity is not Severity.STUCK and finding.ended_ns is None and young


def _known(snapshot: Snapshot, now_ns: int | None) -> int:
    """Return up to when everything has been told, by a recorder that is alive."""
    if now_ns is None or snapshot.complete or not 0 <= now_ns - snapshot.end_ns <= ALIVE_NS:
        return snapshot.end_ns
    return max(snapshot.end_ns, now_ns - UNTOLD_NS)


def _over(snapshot: Snapshot, finding: Finding) -> int | None:
    """Return when a thread of a ring went on, None while all of its waits last."""
    waits = snapshot.tables.waits
    for line in finding.evidence:
        if line.end_ns is not None or line.lock is None:
            continue
        rows = waits.within(line.start_ns, line.start_ns)
        rows = rows[(rows["start"] == line.start_ns) & (rows["lock"] == line.lock) & (rows["end"] != FOREVER)]
        rows = rows[np.isin(rows["thread"], finding.subject)]
        if len(rows):
            return int(rows["end"].min())
    return None
