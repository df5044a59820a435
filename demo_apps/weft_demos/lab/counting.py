"""Counts and times out of a trace: what lessons ask of the runs that they have recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .clients import Answer

if TYPE_CHECKING:
    from weft.timeline.snapshot import Snapshot
    from weft.timeline.values import Request, Wait

ALL = 1 << 30


def requests(snapshot: Snapshot, path: str = "") -> list[Request]:
    """Return the requests in the order in which they began, those of one path or all."""
    found = [one for one in snapshot.requests(ALL) if path in ("", one.path)]
    return sorted(found, key=lambda one: one.start_ns)


def most_at_once(served: Iterable[Request]) -> int:
    """Return how many of the requests were in progress at the busiest moment."""
    return _most_at_once((one.start_ns, one.end_ns or ALL << 40) for one in served)


def most_held(snapshot: Snapshot, kind: str) -> int:
    """Return how many threads had something of a kind (``Pool``, ``Database``, …) at the busiest moment."""
    wanted = _of_kind(snapshot, kind)
    rows = snapshot.tables.holds.all()
    return _most_at_once((int(row["start"]), int(row["end"])) for row in rows if row["lock"] in wanted)


def waited(snapshot: Snapshot, served: Iterable[Request], kind: str) -> list[float]:
    """Return how long each of the requests waited for something of a kind (``Pool``, ``Database``, …), s."""
    wanted = _of_kind(snapshot, kind)
    return [sum(ns for lock, ns in snapshot.waits_in(one) if lock in wanted) / 1e9 for one in served]


def threads_of(served: Iterable[Request]) -> int:
    """Return how many different threads served the requests, in all processes."""
    return len({(one.process, one.thread) for one in served})


def processes_of(served: Iterable[Request]) -> int:
    """Return how many different processes served the requests."""
    return len({one.process for one in served})


def waits_for(snapshot: Snapshot, kind: str) -> list[Wait]:
    """Return the waits for all locks of a kind: ``Lock``, ``Redis lock`` …, in all processes."""
    import numpy as np

    from weft.timeline import moments

    rows = snapshot.tables.waits.all()
    return moments.waits(snapshot.tables, rows[np.isin(rows["lock"], [*_of_kind(snapshot, kind)])])


def across(snapshot: Snapshot, waits: Iterable[Wait]) -> int:
    """Return how many of the waits were for a lock that a thread of another process had."""
    process = [thread.process for thread in snapshot.threads]
    return sum(one.holder is not None and process[one.thread] != process[one.holder] for one in waits)


def percentile(values: Iterable[float], share: int) -> float:
    """Return a percentile by nearest rank: a value that occurred."""
    ordered = sorted(values)
    return ordered[max((len(ordered) * share + 99) // 100 - 1, 0)] if ordered else 0.0


def seconds(answers: Iterable[Answer], share: int) -> float:
    """Return a percentile of how long answers took."""
    return percentile([answer.seconds for answer in answers], share)


def per_second(answers: Iterable[Answer]) -> float:
    """Return how many answers came per second, from the first question to the last answer."""
    known = [*answers]
    took = max(one.ended_ns for one in known) - min(one.began_ns for one in known)
    return len(known) / (took / 1e9)


def _of_kind(snapshot: Snapshot, kind: str) -> set[int]:
    return {lock.id for lock in snapshot.locks if lock.kind == kind}


def _most_at_once(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many spans there are at the busiest moment; where one ends as another begins, that is one."""
    now = most = 0
    for _, step in sorted(step for start, end in spans for step in ((start, 1), (end, -1))):
        now += step
        most = max(most, now)
    return most
