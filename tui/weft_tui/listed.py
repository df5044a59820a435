"""Rows of a trace as a sequence of values, of which only those are made that somebody looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")
Rows = NDArray[np.void]
I64 = NDArray[np.int64]

BATCH: Final = 64
"""Rows that are told at once: one by one each would take nearly as long as all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Listed(Sequence[Value], Generic[Value]):
    """Rows in an order.

    Attributes:
        rows: all rows of a table of the trace.
        order: int64 ``[n]``, which of them are here, as places in ``rows``.
        tell: makes values of rows.
        names: columns that tell rows apart, also in a later state of the trace.
    """

    rows: Rows
    order: I64
    tell: Callable[[Rows], Sequence[Value]]
    names: tuple[str, ...]
    told: dict[int, Sequence[Value]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, index: int) -> Value: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Value]: ...
    def __getitem__(self, index: int | slice) -> Value | Sequence[Value]:
        if isinstance(index, slice):
            return self.tell(self.rows.take(self.order[index]))
        batch, at = divmod(range(len(self.order))[index], BATCH)
        if batch not in self.told:
            self.told[batch] = self.tell(self.rows.take(self.order[batch * BATCH : (batch + 1) * BATCH]))
        return self.told[batch][at]

    def sorted(self, ranks: Callable[[Rows], NDArray[Any]], *, falling: bool) -> Listed[Value]:
        """Return the rows by a number for each, the greatest first if it is to be ``falling``; equal ones stay."""
        by = ranks(self.rows)[self.order]
        return replace(self, order=self.order[np.argsort(-by if falling else by, kind="stable")], told={})

    def place(self, other: Listed[Value], index: int) -> int | None:
        """Return where a row of another listing of the same table stands here, None: it does not."""
        wanted = other.rows[other.order[index]]
        same = np.ones(len(self.rows), np.bool_)
        for name in self.names:
            same &= self.rows[name] == wanted[name]
        found = np.flatnonzero(same[self.order])
        return int(found[0]) if len(found) else None


def ranks_of(names: Sequence[str]) -> I64:
    """Return the place of each name among all of them in order of their letters, int64 ``[n]``; equal ones share it."""
    place = {name: at for at, name in enumerate(sorted(set(names)))}
    return np.array([place[name] for name in names], np.int64)
