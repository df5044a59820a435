"""All checks, in the order in which their findings are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from weft.timeline.snapshot import Snapshot

from . import (
    blame,
    blocking_hold,
    convoy,
    deadlock,
    exhausted,
    fork,
    inversion,
    long_hold,
    lost,
    lost_wakeup,
    request_end,
    starvation,
    thread_end,
)
from .case import Case
from .options import Options
from .values import Finding, Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding.

    Attributes:
        name: as in `Finding.kind`.
        one, several: what one is called, and several.
        check: finds them.
    """

    name: str
    one: str
    several: str
    check: Callable[[Case], Iterator[Finding]]


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(deadlock.KIND, "deadlock", "deadlocks", deadlock.check),
        Kind(thread_end.KIND, "lock never released", "locks never released", thread_end.check),
        Kind(fork.KIND, "lock held across a fork", "locks held across a fork", fork.check),
        Kind(exhausted.KIND, "exhausted pool", "exhausted pools", exhausted.check),
        Kind(blame.KIND, "slow endpoint", "slow endpoints", blame.check),
        Kind(convoy.KIND, "convoy", "convoys", convoy.check),
        Kind(starvation.KIND, "starved thread", "starved threads", starvation.check),
        Kind(long_hold.KIND, "long hold", "long holds", long_hold.check),
        Kind(blocking_hold.KIND, "lock held while waiting", "locks held while waiting", blocking_hold.check),
        Kind(request_end.KIND, "lock held past its request", "locks held past their request", request_end.check),
        Kind(lost_wakeup.KIND, "suspected lost wake-up", "suspected lost wake-ups", lost_wakeup.check),
        Kind(inversion.KIND, "lock-order inversion", "lock-order inversions", inversion.check),
        Kind(lost.KIND, "incomplete trace", "incomplete traces", lost.check),
    )
}


def find(snapshot: Snapshot, options: Options | None = None) -> tuple[Finding, ...]:
    """Return what is wrong in a trace, or in each of several that are shown together, the worst first."""
    options = options or Options()
    cases = [Case(part, options) for part in snapshot.parts()]
    return arranged([finding for case in cases for kind in wanted(options) for finding in kind.check(case)], options)


def wanted(options: Options) -> list[Kind]:
    """Return the kinds that are not switched off."""
    return [kind for kind in KINDS.values() if kind.name not in options.off]


def arranged(found: Iterable[Finding], options: Options) -> tuple[Finding, ...]:
    """Return findings in order: what is stuck, what costs most; without what a graver one says already."""
    found = list(found)
    dead = [frozenset(each.locks) for each in found if each.kind == deadlock.KIND]
    stuck = {lock for each in found if each.severity is Severity.STUCK for lock in each.locks}
    kept = [each for each in found if not _told_already(each, dead, stuck)]
    order = list(KINDS)
    kept.sort(key=lambda each: (-each.severity, -each.cost_ns, order.index(each.kind), each.began_ns, each.subject))
    told: Counter[str] = Counter()
    fitting: list[Finding] = []
    for each in kept:
        told[each.kind] += 1
        if told[each.kind] <= options.most:
            fitting.append(each)
    return tuple(fitting)


def _told_already(finding: Finding, dead: Sequence[frozenset[int]], stuck: set[int]) -> bool:
    """Return whether a deadlock of the same locks has been found: that its locks are held for long is no news."""
    if finding.kind == inversion.KIND:
        return any({*finding.locks} <= locks for locks in dead)
    if finding.severity is Severity.STUCK or finding.kind == lost_wakeup.KIND:
        return False
    return finding.ended_ns is None and bool(stuck & {*finding.locks})


def fragment(kind: str, count: int) -> str:
    """Return a count of findings: ``2 deadlocks``."""
    return f"{count} {KINDS[kind].one if count == 1 else KINDS[kind].several}"


def fragments(found: Iterable[Finding]) -> list[str]:
    """Return the counts of findings by kind, ``["1 deadlock", "2 convoys"]``, in order."""
    counts = dict.fromkeys(KINDS, 0)
    for each in found:
        counts[each.kind] += 1
    return [fragment(kind, count) for kind, count in counts.items() if count]
