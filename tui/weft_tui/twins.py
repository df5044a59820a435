"""Which rows of two runs belong together: lanes, locks and requests that play the same part in both. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.timeline.families import family_name
from weft.timeline.snapshot import Snapshot

I64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Twins:
    """Numbers that rows of two runs share where they belong together.

    Attributes:
        lanes, locks, requests: int64, indexed by the ids of each.
        source: int64 ``[processes]``, the run of each process.
    """

    lanes: I64
    locks: I64
    requests: I64
    source: I64


def twins_of(snapshot: Snapshot) -> Twins:
    """Match what two or more runs have in common.

    Lanes go by process, name and number, then by the kind of their name and what they served most; locks by process,
    name and kind, then by name; the third GET /cart of one run belongs to the third of the other.
    """
    source = np.array([process.source for process in snapshot.processes], np.int64)
    place = [int(np.count_nonzero(source[:each] == source[each])) for each in range(len(source))]
    served = _served(snapshot)
    lanes, locks = snapshot.lanes, snapshot.locks
    return Twins(
        _matched(
            source[[lane.process for lane in lanes]],
            lambda at: (place[lanes[at].process], lanes[at].name),
            lambda at: (place[lanes[at].process], family_name(lanes[at].name), served.get(at)),
            lambda at: (place[lanes[at].process], family_name(lanes[at].name)),
        ),
        _matched(
            source[[lock.process for lock in locks]],
            lambda at: (place[locks[at].process], locks[at].name, locks[at].kind),
            lambda at: locks[at].name,
        ),
        _requests(snapshot, source),
        source,
    )


def _matched(source: I64, *alike: Callable[[int], Hashable]) -> I64:
    """Return a number for each row, the same for those of different runs that are alike; strictest likeness first."""
    number = np.full(len(source), -1, np.int64)
    fresh = 0
    for key in alike:
        groups: defaultdict[Hashable, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row in np.flatnonzero(number < 0).tolist():
            groups[key(row)][int(source[row])].append(row)
        for runs in groups.values():
            for together in zip(*runs.values(), strict=False) if len(runs) > 1 else ():
                number[[*together]] = fresh
                fresh += 1
    alone = number < 0
    number[alone] = np.arange(fresh, fresh + int(alone.sum()))
    return number


def _served(snapshot: Snapshot) -> dict[int, str]:
    """Return the endpoint that each lane served most."""
    tables = snapshot.tables
    rows = tables.requests.all()
    rows = rows[rows["endpoint"] >= 0]
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    pairs = np.stack((tables.roster.lane[rows["thread"]], rows["endpoint"]), axis=1)
    for (lane, endpoint), count in zip(*_unique(pairs), strict=True):
        counts[lane][tables.endpoints[endpoint]] += count
    return {lane: min(each, key=lambda name: (-each[name], name)) for lane, each in counts.items()}


def _unique(pairs: NDArray[np.integer]) -> tuple[list[list[int]], list[int]]:
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    return found.tolist(), counts.tolist()


def _requests(snapshot: Snapshot, source: I64) -> I64:
    tables = snapshot.tables
    rows = tables.requests.all()
    if not len(rows):
        return np.zeros(0, np.int64)
    names: dict[Sequence[str], int] = {}
    known, which = np.unique(rows["target"], return_inverse=True)
    called = [tables.targets[at] if at >= 0 else ("", "") for at in known.tolist()]
    group = np.array([names.setdefault(name, len(names)) for name in called], np.int64)[which.reshape(-1)]
    run = source[tables.roster.process[rows["thread"]]]
    order = np.lexsort((rows["id"], rows["start"], run, group))
    heads = np.append(True, (np.diff(group[order]) != 0) | (np.diff(run[order]) != 0))
    first = np.flatnonzero(heads)
    turn = np.arange(len(rows)) - first[np.cumsum(heads) - 1]
    _, number = np.unique(np.stack((group[order], turn), axis=1), axis=0, return_inverse=True)
    by_id = np.zeros(int(rows["id"].max()) + 1, np.int64)
    by_id[rows["id"][order]] = number.reshape(-1)
    return by_id
