"""Several traces as one: their processes side by side, each with ids of its own, and all times on one clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..events import Kind
from .blocks import Gap
from .reader import Definitions, Events, Fetched, Item, Tail

SOURCE_BITS: Final = 64
"""A process has the number that its file gives it, and above these bits the number of the file."""

_MOMENTS: Final = np.isin(
    np.arange(256),
    [
        *(Kind.SECTION, Kind.ACQUIRE, Kind.HANDOFF, Kind.GIVE_UP, Kind.HOLD, Kind.RESUME),
        *(Kind.TASK_ENTER, Kind.TASK_EXIT),
    ],
)
"""Kinds whose ``value`` is a moment, 0 for one that is not known."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One of several traces that are shown together.

    Attributes:
        path: the file.
        label: what it is called where there is little room.
        shift_ns: what its times are moved by, ns.
        clock: how well its clock fits that of the first one, as a sentence.
    """

    path: Path
    label: str
    shift_ns: int = 0
    clock: str = ""


class Several:
    """Reads traces that do not grow any more, one after the other, with the methods of a `Tail`.

    Raises:
        WeftError: one of the files is missing, or is not a trace.
    """

    def __init__(self, origins: Sequence[Origin]) -> None:
        self.origins = tuple(origins)
        self._tails: list[Tail] = []
        self._at = 0
        try:
            for origin in self.origins:
                self._tails.append(Tail(origin.path))
        except BaseException:
            self.close()
            raise

    @property
    def offset(self) -> int:
        """Up to where the files have been understood, bytes of all."""
        return sum(tail.offset for tail in self._tails)

    def size(self) -> int:
        """Return the size of all files, bytes."""
        return sum(tail.size() for tail in self._tails)

    def unread(self) -> int:
        """Return how many bytes `read` has not taken yet."""
        return sum(tail.unread() for tail in self._tails)

    def read(self) -> list[Item]:
        """Return what comes next."""
        return self.fetch()()

    def fetch(self) -> Fetched:
        """Return what returns what comes next, as `Tail.fetch`."""
        ended: list[Item] = []
        while not self._tails[self._at].unread() and self._at < len(self._tails) - 1:
            ended += self.finish()
            self._at += 1
        at, fetched = self._at, self._tails[self._at].fetch()
        return lambda: [*ended, *self._moved(at, fetched())]

    def finish(self) -> list[Item]:
        """Return a gap for the bytes behind the last whole block of the file that is being read."""
        return [*self._moved(self._at, self._tails[self._at].finish())]

    def fate(self) -> str:
        """Return what has become of one of the files, nothing while all is well."""
        return next((fate for tail in self._tails if (fate := tail.fate())), "")

    def close(self) -> None:
        """Close the files."""
        for tail in self._tails:
            tail.close()

    def _moved(self, at: int, items: Sequence[Item]) -> Iterator[Item]:
        return (moved(item, at, self.origins[at].shift_ns) for item in items)


def moved(item: Item, source: int, shift_ns: int) -> Item:
    """Return what a file says as part of several: as file number ``source``, with its times moved by ``shift_ns``."""
    if isinstance(item, Gap):
        return replace(item, source=source)
    process = source << SOURCE_BITS | item.process
    if isinstance(item, Definitions):
        return Definitions(process, tuple(_apart(entry, source) for entry in item.entries))
    value = np.where(_MOMENTS[item.kind] & (item.value > 0), item.value + shift_ns, item.value)
    return Events(process, item.thread, item.kind, item.obj, item.time + shift_ns, value)


def _apart(entry: dict[str, Any], source: int) -> dict[str, Any]:
    """Return a definition that no other file has in common: what processes share, they share within a run."""
    shared = entry.get("shared")
    return {**entry, "shared": f"{source} {shared}"} if isinstance(shared, str) and shared else entry
