"""A frame's times in states become cells: each shows up to two states, in their true order, in eighths of a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.timeline.values import Frame, State

STATE_BITS = 3
STATE_MASK = (1 << STATE_BITS) - 1
EIGHTHS = 8


@dataclass(frozen=True, slots=True)
class Cells:
    """What to draw in each column of each lane.

    Attributes:
        left, right: uint8 ``[lanes, columns]``, a `State`; the same when one state fills the cell.
        eighths: uint8 ``[lanes, columns]``, how much of the cell ``left`` takes, 1 … 8.
        loud: uint8 ``[lanes, columns]``, the one state to show where a cell can show only one.
    """

    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    eighths: NDArray[np.uint8]
    loud: NDArray[np.uint8]


def cells(frame: Frame) -> Cells:
    """Choose two states per cell so that what matters never vanishes.

    The longest state is always shown. Next to it stands, if there is any, a wait (also one of no length), else any
    activity in a column that is mostly quiet, else the second longest. Whatever is shown gets at least an eighth.
    """
    # The state's number in the low bits turns "which is longest" into a plain maximum, which NumPy is quick at.
    keys = (frame.spent << STATE_BITS) | np.arange(len(State), dtype=np.int64)[:, None, None]
    holding = frame.spent[State.WAIT_HOLD] > frame.spent[State.WAIT]
    waits = np.where(holding, keys[State.WAIT_HOLD], keys[State.WAIT])
    waited = (waits > STATE_MASK) | (frame.waits > 0)
    longest = keys.max(axis=0)
    # Zoomed in so far that a column takes no time, it shows the state at its edge.
    longest = np.where(longest > STATE_MASK, longest, frame.first)
    main = longest & STATE_MASK
    other = _second(keys, main)
    main_waits = (main == State.WAIT) | (main == State.WAIT_HOLD)
    other = np.where(waited & ~main_waits, waits, other)
    second = other & STATE_MASK
    eighths = _eighths(longest >> STATE_BITS, other >> STATE_BITS, waited | (main <= State.IDLE))
    return _ordered(frame.first, main.astype(np.uint8), second.astype(np.uint8), eighths, waited & ~main_waits)


def _second(keys: NDArray[np.int64], main: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the key of the state to show next to ``main`` where nobody waited."""
    rest = np.where(keys & STATE_MASK == main, np.int64(-1), keys)
    quiet = rest[: State.RUN].max(axis=0)
    active = rest[State.RUN :].max(axis=0)
    rare = (main <= State.IDLE) & (active > STATE_MASK)
    chosen: NDArray[np.int64] = np.where(rare, active, np.maximum(quiet, active))
    return chosen


def _eighths(main: NDArray[np.int64], other: NDArray[np.int64], keep: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return how many eighths go to the longest state; less than all where the other one has to be kept visible."""
    both = np.maximum(main + other, 1)
    share = (EIGHTHS * main + both // 2) // both
    most = np.where((other > 0) & keep, EIGHTHS - 1, EIGHTHS)
    eighths: NDArray[np.uint8] = np.clip(share, 1, most).astype(np.uint8)
    return eighths


def _ordered(
    first: NDArray[np.uint8],
    main: NDArray[np.uint8],
    second: NDArray[np.uint8],
    eighths: NDArray[np.uint8],
    loud: NDArray[np.bool_],
) -> Cells:
    eighths = np.where(loud, np.minimum(eighths, EIGHTHS - 1), eighths)
    second = np.where(eighths == EIGHTHS, main, second)
    after = np.concatenate((first[:, 1:], main[:, -1:]), axis=1)
    swap = (first == second) | ((first != main) & (after == main) & (after != second))
    swap &= eighths < EIGHTHS
    return Cells(
        left=np.where(swap, second, main),
        right=np.where(swap, main, second),
        eighths=np.where(swap, EIGHTHS - eighths, eighths).astype(np.uint8),
        loud=np.where(loud | ((main <= State.IDLE) & (second > State.IDLE)), second, main),
    )
