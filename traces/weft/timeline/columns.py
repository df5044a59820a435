"""Append-only tables of rows with a time span, and views of them that never change.

A table keeps finished rows for good and the few unfinished ones apart. For every 4,096 finished rows it knows the
earliest start, the latest end and the longest duration (a zone map), so a question about a window of time touches
only the rows written around it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.void]
Made = TypeVar("Made")

FOREVER: Final = (1 << 63) - 1
"""``end`` of a row whose end has not been seen, ns."""

UNKNOWN: Final = -1
"""An index, status or endpoint that the trace does not tell."""

CHUNK: Final = 4096

_FEW: Final = 4
"""Chunks of which many rows may lie outside a window that touches them."""

_LARGE: Final = 1 << 16
"""Rows from which on a table grows in larger steps, …"""

_ROOM: Final = 1 << 20
"""… and has room for so many at least: memory that is not written to costs nothing, copying does."""

_COMPARED: Final = 4096
"""Late rows that are compared one by one; of more, all are taken for changed."""

_SPAN: Final = [("start", "i8"), ("end", "i8"), ("thread", "i4")]
HOLD: Final = np.dtype([*_SPAN, ("lock", "i4")])
WAIT: Final = np.dtype([*_SPAN, ("lock", "i4"), ("acquired", "i4"), ("_", "i4")])
CONTEXT: Final = np.dtype([*_SPAN, ("what", "i4"), ("request", "i8")])
REQUEST: Final = np.dtype(
    [
        *(*_SPAN, ("target", "i4"), ("number", "i8"), ("id", "i4"), ("endpoint", "i4"), ("status", "i4")),
        *(("streams", "i4"), ("queued", "i8")),
    ]
)
TASK: Final = np.dtype([*_SPAN, ("by", "i4"), ("submitted", "i8")])
SPAN: Final = np.dtype([*_SPAN, ("label", "i4"), ("key", "i8")])
MARK: Final = np.dtype([*_SPAN, ("label", "i4"), ("level", "i4"), ("_", "i4")])
NOTE: Final = np.dtype([*_SPAN, ("what", "i4"), ("value", "i4"), ("_", "i4")])


def rows_of(dtype: np.dtype[Any], size: int, **columns: Any) -> Rows:
    """Return ``size`` rows with the columns filled in; ``end`` is `FOREVER` unless given."""
    rows: Rows = np.empty(size, dtype)
    for name in dtype.names or ():
        rows[name] = columns.get(name, FOREVER if name == "end" else 0)
    return rows


def chosen(rows: Rows, which: Bools | I64) -> Rows:
    """Return the rows at some places, or where it is true, as a copy.

    Indexing does the same field by field, and takes ten to thirty times as long.
    """
    return rows.take(np.flatnonzero(which) if which.dtype == np.bool_ else which)


def joined(*parts: Rows) -> Rows:
    """Return rows one after the other; of several parts, of which one has any, that one itself."""
    some = [part for part in parts if len(part)]
    if len(some) < 2:
        return some[0] if some else parts[0]
    whole: Rows = np.concatenate([_solid(part) for part in some]).view(parts[0].dtype)
    return whole


def _solid(rows: Rows) -> Rows:
    """Return rows as bytes without fields, which numpy moves in one go."""
    return rows.view(f"V{rows.dtype.itemsize}")


def merged(run: I64, more: I64) -> I64:
    """Return a run of rows, and others in any order, as one run.

    Args:
        run, more: int64 ``[3, n]``: what they are sorted by, ids that tell where that is the same, and their places.
    """
    if not more.shape[1]:
        return run
    more = more.take(np.argsort(more[0]), axis=1)
    at = np.searchsorted(run[0], more[0])
    earlier, later = np.split(run, at[:1], axis=1)
    later = np.insert(later, at - at[0], more, axis=1) if later.shape[1] else more
    # To sort by one key is much faster than by two, and few rows are the same there.
    same = np.flatnonzero(later[0, 1:] == later[0, :-1])
    if len(same):
        same = np.union1d(same, same + 1)
        there = later[:, same]
        later[:, same] = there[:, np.lexsort((there[1], there[0]))]
    return np.concatenate((earlier, later), axis=1) if earlier.shape[1] else later


@dataclass(frozen=True, slots=True)
class View:
    """The rows of a table at one moment.

    Attributes:
        closed: finished rows, in the order in which they were learned.
        open: unfinished rows; ``end`` is `FOREVER`, or the moment from which on nothing is known.
        low, high, longest: int64 ``[chunks]``, the zone map of the full chunks of ``closed``.
        memo: what was made of rows of ``closed``, to be shared by all views of the table.
    """

    closed: Rows
    open: Rows
    low: I64
    high: I64
    longest: I64
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def all(self) -> Rows:
        """Return every row."""
        return joined(self.closed, self.open)

    def kept(self, name: str, nothing: Made, more: Callable[[Made, Rows, int], Made]) -> Made:
        """Return what is made of the finished rows, where earlier views of the table have made it of most already.

        Args:
            name: what it is called in the memo.
            nothing: what it is for no rows.
            more: adds further rows, which stand in the table from a place on; changes nothing.
        """
        known: tuple[int, Made] = self.memo.get(name, (0, nothing))
        count, made = known
        if count > len(self.closed):
            return more(nothing, self.closed, 0)
        if count < len(self.closed):
            made = more(made, self.closed[count:], count)
            self.memo[name] = len(self.closed), made
        return made

    def pick(self, places: I64) -> Rows:
        """Return the rows at some places, where the unfinished ones stand behind all others."""
        if not len(self.open):
            return self.closed.take(places)
        rows: Rows = np.empty(len(places), self.closed.dtype)
        closed = places < len(self.closed)
        rows[closed] = self.closed[places[closed]]
        rows[~closed] = self.open[places[~closed] - len(self.closed)]
        return rows

    def within(self, start_ns: int, end_ns: int, min_ns: int = 0) -> Rows:
        """Return the rows that touch a window (ns, both ends belong to it) and last at least ``min_ns``."""
        near = joined(*self.near(start_ns, end_ns, min_ns))
        fit = (near["start"] <= end_ns) & (near["end"] >= start_ns)
        if min_ns > 0:
            fit &= near["end"] - near["start"] >= min_ns
        return near if fit.all() else chosen(near, fit)

    def near(self, start_ns: int, end_ns: int, min_ns: int = 0) -> tuple[Rows, Rows, Rows]:
        """Return, in parts, what `within` returns and perhaps other rows from around there, but not many of them."""
        rest = len(self.low) * CHUNK
        fit = (self.low <= end_ns) & (self.high >= start_ns) & (self.longest >= min_ns)
        wanted = np.flatnonzero(fit)
        if len(wanted) and wanted[-1] - wanted[0] == len(wanted) - 1:
            full = self.closed[wanted[0] * CHUNK : (wanted[-1] + 1) * CHUNK]
        else:
            full = (
                _solid(self.closed[:rest]).reshape(-1, CHUNK).take(wanted, axis=0).reshape(-1).view(self.closed.dtype)
            )
        if len(full) <= _FEW * CHUNK:
            full = _touching(full, start_ns, end_ns)
        return full, _touching(self.closed[rest:], start_ns, end_ns), self.open

    def count_since(self, since_ns: int) -> int:
        """Return about how many rows end at or after a moment (ns), at most that many."""
        full = len(self.low) * CHUNK
        return int(np.count_nonzero(self.high >= since_ns)) * CHUNK + len(self.closed) - full + len(self.open)


def _touching(rows: Rows, start_ns: int, end_ns: int) -> Rows:
    """Return the rows that touch a window (ns)."""
    fit = (rows["start"] <= end_ns) & (rows["end"] >= start_ns)
    return rows if fit.all() else chosen(rows, fit)


class Table:
    """A table that grows. Rows once finished are never touched again, so views share their memory.

    Attributes:
        open: unfinished rows; replaced as a whole, never changed in place.
        settled_ns: what happened before has been drawn already; -1 for nothing.
        changed_ns: the earliest moment before ``settled_ns`` that later rows have changed, else `FOREVER`.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.open: Rows = np.zeros(0, dtype)
        self.settled_ns = -1
        self.changed_ns = FOREVER
        self._rows: Rows = np.zeros(64, dtype)
        self._size = 0
        self._zones: I64 = np.zeros((3, 0), np.int64)
        self._memo: dict[str, Any] = {}

    def update(self, finished: Rows, still_open: Rows | None = None) -> None:
        """Add finished rows, and replace the open ones if any are given."""
        still_open = self.open if still_open is None else still_open
        change = _earliest_change(self.settled_ns, self.open, still_open, finished)
        self.changed_ns = min(self.changed_ns, change)
        self.open = still_open
        self._append(finished)

    def settle(self, settled_ns: int) -> None:
        """Everything before a moment (ns) is drawn as it is now."""
        self.settled_ns, self.changed_ns = settled_ns, FOREVER

    def view(self) -> View:
        """Return the rows as they are now."""
        low, high, longest = self._zones
        return View(self._rows[: self._size], self.open, low, high, longest, self._memo)

    def _append(self, rows: Rows) -> None:
        needed = self._size + len(rows)
        if needed > len(self._rows):
            self._reserve(needed)
        _solid(self._rows)[self._size : needed] = _solid(rows)
        self._size = needed
        self._map_zones()

    def _reserve(self, needed: int) -> None:
        """Make room for so many rows."""
        room = 2 * len(self._rows) if needed < _LARGE else max(4 * len(self._rows), _ROOM)
        grown: Rows = np.empty(max(needed, room), self._rows.dtype)
        _solid(grown)[: self._size] = _solid(self._rows)[: self._size]
        self._rows = grown

    def _map_zones(self) -> None:
        known = self._zones.shape[1]
        full = self._size // CHUNK
        if full == known:
            return
        fresh = self._rows[known * CHUNK : full * CHUNK]
        start, end = (fresh[name].copy().reshape(-1, CHUNK) for name in ("start", "end"))
        zones = np.stack((start.min(axis=1), end.max(axis=1), (end - start).max(axis=1)))
        self._zones = np.concatenate((self._zones, zones), axis=1)


def keys(rows: Rows) -> list[tuple[int, int, int]]:
    """Return what tells the rows of one table apart: thread, lock (or what the table has instead), start."""
    columns = ("thread", tell_apart(rows), "start")
    return list(zip(*(rows[name].tolist() for name in columns), strict=True))


def tell_apart(rows: Rows) -> str:
    """Return the column that tells rows of one thread and start apart: the one behind these."""
    names = rows.dtype.names or ()
    return "id" if "id" in names else list(names)[3]


def _earliest_change(settled: int, before: Rows, after: Rows, finished: Rows) -> int:
    """Return where the earliest difference (ns) before ``settled`` is: a start or an end that was not there."""
    if settled < 0:
        return FOREVER
    late = [chosen(rows, rows["start"] < settled) for rows in (before, after, finished)]
    if sum(map(len, late)) > _COMPARED:
        return min(int(rows["start"].min(initial=FOREVER)) for rows in late)
    old = dict(zip(keys(late[0]), late[0]["end"].tolist(), strict=True))
    change = FOREVER
    for rows in late[1:]:
        for key, end in zip(keys(rows), rows["end"].tolist(), strict=True):
            ended = old.pop(key, None)
            if ended is None:
                change = min(change, key[2])
            elif ended != end:
                change = min(change, ended, end)
    return min((change, *(start for _, _, start in old)))
