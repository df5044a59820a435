"""What the small ids of each process stand for: names, locks, request targets, endpoints, stacks and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .columns import I64, UNKNOWN
from .grouping import LOCK_LIMIT
from .values import RESOURCES, Lock, Place, Stack, Unseen

ID_LIMIT: Final = 1 << 22
"""Ids count up from 1 in each process; a larger one is damage."""

_FRAMES: Final = 64
_TEXT: Final = 1000
_NOTICES: Final = 1000

Entry = Mapping[str, Any]


class Ids:
    """Ids of one namespace of one process to global indexes; 0 and what was never set are `UNKNOWN`."""

    def __init__(self) -> None:
        # The first and the last cell are never set, so that clipped ids find UNKNOWN there.
        self._index: NDArray[np.int32] = np.full(64, UNKNOWN, np.int32)

    def set(self, number: int, index: int) -> None:
        """Let ``number`` mean ``index``."""
        if number >= len(self._index) - 1:
            grown = np.full(2 * (number + 1), UNKNOWN, np.int32)
            grown[: len(self._index)] = self._index
            self._index = grown
        self._index[number] = index

    def get(self, number: int) -> int:
        """Return the index of one id."""
        return int(self._index[number]) if 0 < number < len(self._index) else UNKNOWN

    def find(self, numbers: I64) -> NDArray[np.int32]:
        """Return the index of every id."""
        return self._index.take(numbers, mode="clip")


@dataclass(slots=True)
class Names:
    """The namespaces of one process."""

    locks: Ids = field(default_factory=Ids)
    targets: Ids = field(default_factory=Ids)
    endpoints: Ids = field(default_factory=Ids)
    stacks: Ids = field(default_factory=Ids)
    works: Ids = field(default_factory=Ids)
    labels: Ids = field(default_factory=Ids)
    threads: dict[int, str] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    about: Entry = field(default_factory=dict)


class Catalog:
    """Collects definitions. Its lists only grow, so that a snapshot may share them, except `locks`: copy that."""

    def __init__(self) -> None:
        self.processes: list[Names] = []
        self.locks: list[Lock] = []
        self.targets: list[tuple[str, str]] = []
        self.endpoints: list[str] = []
        self.stacks: list[Stack] = []
        self.works: list[str] = []
        """What tasks run."""
        self.labels: list[str] = []
        self.resources: set[int] = set()
        """Those of the locks that are no locks of Python's: see `RESOURCES`."""
        self._shared: dict[tuple[str, str], int] = {}
        """Locks that several processes have in common, by kind and what tells them apart."""
        self.notices: list[tuple[int, str]] = []
        """Process, and what its recorder says that the trace lacks."""
        self.unseen: list[Unseen] = []

    def define(self, process: int, entry: Entry) -> bool:
        """Take in one definition; return False when it makes no sense."""
        names = self.processes[process]
        what = entry.get("is")
        if what == "process":
            names.about = entry
            return True
        number = whole(entry.get("id"))
        if not 0 < number < ID_LIMIT:
            return False
        if what in ("name", "variable"):
            # Of names the reader has already made threads; variables are not shown yet.
            return True
        if what == "lock":
            return self._lock(process, number, entry)
        if what == "thread":
            names.threads[number] = text(entry.get("name")) or f"thread {number}"
        elif what == "target":
            names.targets.set(number, len(self.targets))
            self.targets.append((text(entry.get("method")), text(entry.get("path"))))
        elif what == "endpoint":
            names.endpoints.set(number, len(self.endpoints))
            self.endpoints.append(text(entry.get("name")))
        elif what == "work":
            names.works.set(number, len(self.works))
            self.works.append(text(entry.get("name")))
        elif what == "label":
            names.labels.set(number, len(self.labels))
            self.labels.append(text(entry.get("text")))
        elif what == "notice":
            if len(self.notices) < _NOTICES:
                self.notices.append((process, text(entry.get("text"))))
        elif what == "library":
            if len(names.libraries) < _FRAMES:
                names.libraries[text(entry.get("name"))] = text(entry.get("version"))
        elif what == "unseen":
            if len(self.unseen) < _NOTICES:
                place = Place(text(entry.get("file")), "", whole(entry.get("line")))
                self.unseen.append(Unseen(process, text(entry.get("name")), place, text(entry.get("why"))))
        elif what == "stack":
            names.stacks.set(number, len(self.stacks))
            self.stacks.append(_stack(entry.get("frames")))
        else:
            return False
        return True

    def _lock(self, process: int, number: int, entry: Entry) -> bool:
        ids = self.processes[process].locks
        index = ids.get(number)
        place = Place(text(entry.get("file")), text(entry.get("function")), whole(entry.get("line")))
        name, kind = text(entry.get("name")) or f"lock {number}", text(entry.get("kind"))
        shared = text(entry.get("shared"))
        if index == UNKNOWN and shared:
            index = self._shared.get((kind, shared), UNKNOWN)
        if index == UNKNOWN:
            if len(self.locks) >= LOCK_LIMIT:
                return False
            index = len(self.locks)
            self.locks.append(Lock(index, process, name, kind, place))
            if shared:
                self._shared[kind, shared] = index
            if kind in RESOURCES:
                self.resources.add(index)
        elif not shared:
            self.locks[index] = Lock(index, process, name, kind, place)
        ids.set(number, index)
        return True


def text(value: object) -> str:
    """Return the value when it is a text, cut to a sane length, otherwise nothing."""
    return value[:_TEXT] if isinstance(value, str) else ""


def whole(value: object) -> int:
    """Return the value when it is a whole number, otherwise 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _stack(frames: object) -> Stack:
    if not isinstance(frames, list):
        return ()
    return tuple(
        Place(text(frame[0]), text(frame[1]), whole(frame[2]))
        for frame in frames[:_FRAMES]
        if isinstance(frame, list) and len(frame) >= 3
    )
