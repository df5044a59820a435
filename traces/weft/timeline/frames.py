"""Frames of the timeline, and the waits that are long enough in one to be labelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .columns import I64, Bools, Rows
from .index import Picture
from .segments import Bytes, Layer
from .tables import Tables
from .values import Frame, State, WaitLabel

_STATES = {
    Layer.SERVING: State.RUN,
    Layer.HOLD: State.HOLD,
    Layer.WAIT: State.WAIT,
    Layer.WAIT_HOLD: State.WAIT_HOLD,
    Layer.HANDOFF: State.HANDOFF,
}


def edges_of(start_ns: int, end_ns: int, columns: int) -> I64:
    """Return the edges of equal columns, int64 ``[columns + 1]``, ns; widths differ by at most 1."""
    width, rest = divmod(end_ns - start_ns, columns)
    number = np.arange(columns + 1)
    return start_ns + number * width + number * rest // columns


def frame(picture: Picture, lanes: Sequence[int], serves: Bools, edges: I64) -> Frame:
    """Return what lanes did between edges.

    Args:
        picture: the index.
        lanes: ids.
        serves: bool ``[len(lanes)]``, whether the lane's process has served a request: bare threads are idle there.
        edges: int64 ``[columns + 1]``, ns.
    """
    totals = picture.totals(np.array(lanes, np.int64), edges)
    widths = np.diff(edges)
    spent = np.empty((len(State), len(lanes), len(widths)), np.int64)
    for layer, state in {**_STATES, Layer.BARE: State.IDLE}.items():
        np.subtract(totals.spent[layer, :, 1:], totals.spent[layer, :, :-1], out=spent[state])
    working = np.flatnonzero(~serves)
    spent[State.RUN, working] += spent[State.IDLE, working]
    spent[State.IDLE, working] = 0
    spent[State.OFF] = 0
    np.subtract(widths, spent.sum(axis=0), out=spent[State.OFF])
    return Frame(edges, spent, _first(totals.layer[:, :-1], serves), np.diff(totals.began))


def states(picture: Picture, lanes: Sequence[int], serves: Bools, time_ns: int) -> Bytes:
    """Return the states of lanes at an instant, uint8 ``[len(lanes)]``; for the arguments see `frame`."""
    return _first(picture.layers(np.array(lanes, np.int64), time_ns)[:, None], serves)[:, 0]


def _first(layer: NDArray[np.uint8], serves: Bools) -> NDArray[np.uint8]:
    """Return the state at each edge."""
    idle, running = (_table({**_STATES, Layer.BARE: bare}) for bare in (State.IDLE, State.RUN))
    first: NDArray[np.uint8] = np.where(serves[:, None], idle.take(layer), running.take(layer))
    return first


def _table(states: dict[Layer, State]) -> NDArray[np.uint8]:
    return np.array([states.get(layer, State.OFF) for layer in Layer], np.uint8)


def labels(tables: Tables, lanes: Sequence[int], start_ns: int, end_ns: int, min_ns: int) -> list[WaitLabel]:
    """Return the parts in a window of waits that last at least ``min_ns`` there, in order of rows and time."""
    rows = tables.outermost(tables.waits.within(start_ns, end_ns, min_ns))
    row = _row(tables, lanes, rows)
    low = np.maximum(rows["start"], start_ns)
    high = np.minimum(tables.ends(rows), end_ns)
    fit = np.flatnonzero((row >= 0) & (high - low >= max(min_ns, 1)))
    fit = fit[np.lexsort((low[fit], row[fit]))]
    columns = (row[fit], low[fit], high[fit], rows["lock"][fit])
    return [WaitLabel(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def marked(tables: Tables, lanes: Sequence[int], edges: I64) -> Bools:
    """Return in which columns the app said something, bool ``[lanes, columns]``.

    Args:
        edges: int64 ``[columns + 1]``, ns.
    """
    found = np.zeros((len(lanes), len(edges) - 1), np.bool_)
    rows = tables.marks.within(int(edges[0]), int(edges[-1]) - 1)
    if len(rows):
        row = _row(tables, lanes, rows)
        column = np.searchsorted(edges, rows["start"], side="right") - 1
        found[row[row >= 0], column[row >= 0]] = True
    return found


def _row(tables: Tables, lanes: Sequence[int], rows: Rows) -> I64:
    """Return which of the lanes each row is of, -1 for none of them."""
    row_of = np.full(max([*lanes, int(tables.roster.lane.max(initial=0))]) + 1, -1, np.int64)
    row_of[[*lanes]] = np.arange(len(lanes))
    row: I64 = row_of[tables.roster.lane[rows["thread"]]]
    return row
