"""Which rows the lanes have, and in which order: threads, locks or requests, grouped by process. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from weft.timeline import awaited
from weft.timeline.snapshot import Snapshot
from weft.timeline.values import State

from .matching import Matches
from .picks import NONE, By, Picks
from .query import EVERYTHING, Query
from .twins import Twins
from .view import View

I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.void]


class Order(Enum):
    """What rows are sorted by, within a process; the value says it."""

    START = "by start"
    WAITING = "by waiting"
    NAME = "by name"


@dataclass(frozen=True, slots=True)
class Wish:
    """How the lanes are wanted.

    Attributes:
        idle: show rows, too, in which nothing happens in the window.
        query: what rows have to fit.
        pins: rows that come first, and are never hidden.
        twins: what belongs together in two runs, to stand together; None: rows of a process do.
    """

    by: By = By.THREAD
    order: Order = Order.START
    idle: bool = True
    query: Query = EVERYTHING
    pins: Picks = NONE
    twins: Twins | None = None

    @property
    def moves(self) -> bool:
        """Whether another window may have other rows."""
        return self.by is By.REQUEST or not self.idle

    def told(self) -> str:
        """Return what is not as it is at first, in words."""
        words = [self.order.value] if self.order is not Order.START else []
        if not self.idle:
            words.append("idle hidden" if self.by is not By.REQUEST else "only those that waited")
        if pins := len(self.pins.of(self.by)):
            words.append(f"{pins} pinned")
        if self.query:
            words.append(f"/{self.query.text}")
        return ", ".join(words)


@dataclass(frozen=True, slots=True, eq=False)
class PickedRows:
    """Some rows of a table, of which only those are copied that are asked for.

    Attributes:
        pick: returns the rows of the table at some places, int64 ``[n]``.
        order: int64 ``[n]``, which of them, in which order.
    """

    pick: Callable[[I64], Rows]
    order: I64

    def __getitem__(self, places: I64 | slice | list[int]) -> Rows:
        return self.pick(self.order[places])


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """The rows of the lanes from top to bottom.

    Attributes:
        by: what they stand for.
        ids: int64 ``[rows]``, ids of lanes, locks or requests.
        process: int64 ``[rows]``.
        total: how many there would be if none was hidden.
        longest: characters of the longest name.
        requests: the rows of the trace's table, where requests are shown.
        pinned: how many of the first rows are pinned.
    """

    by: By
    ids: I64
    process: I64
    total: int
    longest: int
    requests: PickedRows | None = None
    pinned: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def heading(self) -> str:
        """Return how many there are: ``12 lanes``, ``3 of 12 lanes``, ``1 lock``."""
        shown = f"{len(self):,}" if len(self) == self.total else f"{len(self):,} of {self.total:,}"
        words = self.by.value if self.total != 1 else self.by.value.removesuffix("s")
        return f"{shown} {words}"

    def place(self, number: int) -> int:
        """Return the row of an id, -1 when it has none."""
        found = np.flatnonzero(self.ids == number)
        return int(found[0]) if len(found) else -1


_DIGITS: Final = re.compile(r"(\d+)")


def line_up(snapshot: Snapshot, wish: Wish, view: View, always: int = -1, matches: Matches | None = None) -> Lineup:
    """Return the rows.

    Args:
        always: id of a row that is not hidden for being idle.
        matches: what fits the query, where there is one.
    """
    if wish.by is By.LOCK:
        return _locks(snapshot, wish, view, always, matches)
    if wish.by is By.REQUEST:
        return _requests(snapshot, wish, view, always, matches)
    return _threads(snapshot, wish, view, always, matches)


def _threads(snapshot: Snapshot, wish: Wish, view: View, always: int, matches: Matches | None) -> Lineup:
    lanes = snapshot.lanes
    ids = np.arange(len(lanes))
    process = np.array([lane.process for lane in lanes], np.int64)
    names = [lane.name for lane in lanes]
    key = ids
    if wish.order is Order.WAITING:
        key = -_waited(snapshot.frame(range(len(lanes)), snapshot.start_ns, snapshot.end_ns, 1).spent)
    elif wish.order is Order.NAME:
        key = _ranks(names)
    pins = _among(ids, wish)
    order = _ordered(key, process, pins, wish.twins, wish.twins.lanes if wish.twins else None)
    if matches:
        order = order[matches.lanes[order] | pins[order]]
    if not wish.idle and len(lanes):
        spent = snapshot.frame(range(len(lanes)), view.start_ns, view.end_ns, 1).spent
        busy = spent[State.RUN :].sum(axis=(0, 2)) > 0
        order = order[busy[order] | (order == always) | pins[order]]
    return Lineup(wish.by, order, process[order], len(lanes), _longest(names), pinned=int(pins.sum()))


def _locks(snapshot: Snapshot, wish: Wish, view: View, always: int, matches: Matches | None) -> Lineup:
    locks = snapshot.locks
    ids = np.arange(len(locks))
    process = np.array([lock.process for lock in locks], np.int64)
    names = [lock.name for lock in locks]
    key = ids
    if wish.order is Order.WAITING:
        key = np.empty(len(locks), np.int64)
        key[[figures.lock.id for figures in snapshot.lock_figures()]] = ids
    elif wish.order is Order.NAME:
        key = _ranks(names)
    pins = _among(ids, wish)
    order = _ordered(key, process, pins, wish.twins, wish.twins.locks if wish.twins else None)
    if matches:
        order = order[matches.locks[order] | pins[order]]
    if not wish.idle:
        frame = snapshot.lock_frame(range(len(locks)), view.start_ns, view.end_ns, 1)
        used = (frame.held + frame.waited + frame.waits)[:, 0] > 0
        order = order[used[order] | (order == always) | pins[order]]
    return Lineup(wish.by, order, process[order], len(locks), _longest(names), pinned=int(pins.sum()))


def _requests(snapshot: Snapshot, wish: Wish, view: View, always: int, matches: Matches | None) -> Lineup:
    as_they_came = wish.idle and wish.order is Order.START and not wish.pins.requests and wish.twins is None
    if matches is None and as_they_came:
        every = snapshot.requests_in_order
        order, ids, process = every.touching(snapshot.tables, view.start_ns, view.end_ns)
        return Lineup(wish.by, ids, process, len(ids), every.longest, PickedRows(every.rows.pick, order))
    tables = snapshot.tables
    rows = snapshot.requests_touching(view.start_ns, view.end_ns)
    targets = tables.targets
    process = tables.roster.process[rows["thread"]]
    key = np.arange(len(rows))
    waited = np.zeros(0, np.int64)
    if wish.order is Order.WAITING or not wish.idle:
        waited = awaited.waited(tables, rows)
    if wish.order is Order.WAITING:
        key = -waited
    elif wish.order is Order.NAME:
        known, which = np.unique(rows["target"], return_inverse=True)
        key = _ranks([targets[target][1] if target >= 0 else "" for target in known.tolist()])[which]
    pins = _among(rows["id"].astype(np.int64), wish)
    order = _ordered(key, process, pins, wish.twins, wish.twins.requests[rows["id"]] if wish.twins else None)
    if matches:
        order = order[(matches.requests(rows) | pins)[order]]
    if not wish.idle:
        order = order[(waited[order] > 0) | (rows["id"][order] == always) | pins[order]]
    longest = _longest([" ".join(targets[at]) for at in np.unique(rows["target"]).tolist() if at >= 0])
    ids = rows["id"][order].astype(np.int64)
    picked = PickedRows(rows.take, order)
    return Lineup(wish.by, ids, process[order], len(rows), longest, picked, int(pins.sum()))


def _ordered(key: I64, process: I64, pins: Bools, twins: Twins | None, number: I64 | None) -> I64:
    """Return the rows in order: pinned ones first, those of a process together, or else those that are twins.

    Args:
        key: int64 ``[rows]``, what they are sorted by.
        number: int64 ``[rows]``, the same for twins.
    """
    if twins is None or number is None or not len(number):
        return np.lexsort((key, process, ~pins))
    # The better place of two counts for both.
    best = np.full(int(number.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(best, number, key)
    return np.lexsort((key, twins.source[process], number, best[number], ~pins))


def _among(ids: I64, wish: Wish) -> Bools:
    """Return which ids are pinned."""
    pinned: Bools = np.isin(ids, [*wish.pins.of(wish.by)])
    return pinned


def _waited(spent: I64) -> I64:
    """Return how long rows waited, given their time in each state, ns."""
    waited: I64 = spent[State.WAIT].sum(axis=1) + spent[State.WAIT_HOLD].sum(axis=1)
    return waited


def _ranks(names: Sequence[str]) -> I64:
    """Return the place of each name among all, numbers in them by their size."""

    def parts(index: int) -> list[Any]:
        return [int(part) if part.isascii() and part.isdigit() else part for part in _DIGITS.split(names[index])]

    ranks = np.empty(len(names), np.int64)
    ranks[sorted(range(len(names)), key=parts)] = np.arange(len(names))
    return ranks


def _longest(names: Sequence[str]) -> int:
    return max(map(len, names), default=0)
