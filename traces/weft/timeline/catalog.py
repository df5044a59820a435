"""What the small ids of each process stand for: names, locks, request targets, endpoints, stacks and labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from .columns import I64, UNKNOWN
from .grouping import LOCK_LIMIT
from .units import plain
from .values import RESOURCES, Lock, Place, SourceFile, Stack, Unseen

ID_LIMIT: Final = 1 << 22
"""Ids count up from 1 in each process; a larger one is damage."""

NONSENSE: Final = "that makes no sense"
TOO_MANY: Final = "beyond what a trace may define"

_DEFINED: Final = frozenset(
    {
        *("process", "name", "variable", "lock", "thread", "target", "endpoint", "notice", "stack", "file", "work"),
        *("label", "library", "unseen"),
    }
)
_COST: Final = 200
_WORD: Final = 40
_ARGUMENTS: Final = 1000
_FRAMES: Final = 64
_TEXT: Final = 1000
_NOTICES: Final = 1000

Entry = Mapping[str, Any]
Value = TypeVar("Value")


class Room:
    """What definitions may take in memory, in all: a trace is small, what it makes of itself must not be huge."""

    def __init__(self, size: int = 512 << 20) -> None:
        self._left = size

    def take(self, size: int) -> bool:
        """Return whether so many bytes were left, and take them."""
        fits = size <= self._left
        self._left -= size if fits else 0
        return fits


class Ids:
    """Ids of one namespace of one process to global indexes; 0 and what was never set are `UNKNOWN`."""

    def __init__(self, room: Room) -> None:
        # The first and the last cell are never set, so that clipped ids find UNKNOWN there.
        self._index: NDArray[np.int32] = np.full(64, UNKNOWN, np.int32)
        self._room = room

    def set(self, number: int, index: int) -> bool:
        """Let ``number`` mean ``index``; False when there is no room for it."""
        if number >= len(self._index) - 1:
            if not self._room.take(4 * 2 * (number + 1)):
                return False
            grown = np.full(2 * (number + 1), UNKNOWN, np.int32)
            grown[: len(self._index)] = self._index
            self._index = grown
        self._index[number] = index
        return True

    def get(self, number: int) -> int:
        """Return the index of one id."""
        return int(self._index[number]) if 0 < number < len(self._index) else UNKNOWN

    def find(self, numbers: I64) -> NDArray[np.int32]:
        """Return the index of every id."""
        return self._index.take(numbers, mode="clip")


class Names:
    """The namespaces of one process."""

    def __init__(self, room: Room) -> None:
        self.locks = Ids(room)
        self.targets = Ids(room)
        self.endpoints = Ids(room)
        self.stacks = Ids(room)
        self.works = Ids(room)
        self.labels = Ids(room)
        self.threads: dict[int, str] = {}
        self.libraries: dict[str, str] = {}
        self.about: Entry = {}


class Catalog:
    """Collects definitions. Its lists only grow, so that a snapshot may share them, except `locks`: copy that."""

    def __init__(self) -> None:
        self.room = Room()
        self.processes: list[Names] = []
        self.locks: list[Lock] = []
        self.targets: list[tuple[str, str]] = []
        self.endpoints: list[str] = []
        self.stacks: list[Stack] = []
        self.works: list[str] = []
        """What tasks run."""
        self.awaited: set[int] = set()
        """Those of the works for which the thread waits that hands them over."""
        self.labels: list[str] = []
        self.resources: set[int] = set()
        """Those of the locks that are no locks of Python's: see `RESOURCES`."""
        self._shared: dict[tuple[str, str], int] = {}
        """Locks that several processes have in common, by kind and what tells them apart."""
        self.files: dict[str, SourceFile] = {}
        self.notices: list[tuple[int, str]] = []
        """Process, and what its recorder says that the trace lacks."""
        self.unseen: list[Unseen] = []

    def add_process(self) -> None:
        """Make namespaces for the next process."""
        self.processes.append(Names(self.room))

    def define(self, process: int, entry: Entry) -> str:
        """Take in one definition; say what is wrong with it, nothing when it was understood."""
        what = entry.get("is")
        if not isinstance(what, str) or what not in _DEFINED:
            return f"of unknown kind {plain(what[:_WORD])!r}" if isinstance(what, str) else NONSENSE
        names = self.processes[process]
        if what == "process":
            return self._process(names, entry)
        number = whole(entry.get("id"))
        if not 0 < number < ID_LIMIT:
            return NONSENSE
        if what in ("name", "variable"):
            # Of names the reader has already made threads; variables are not shown yet.
            return ""
        if what == "lock":
            return self._lock(process, number, entry)
        if what == "notice":
            if len(self.notices) < _NOTICES:
                self.notices.append((process, text(entry.get("text"))))
            return ""
        if what == "library":
            if len(names.libraries) < _FRAMES:
                names.libraries[text(entry.get("name"))] = text(entry.get("version"))
            return ""
        if what == "unseen":
            if len(self.unseen) < _NOTICES:
                place = Place(text(entry.get("file")), "", whole(entry.get("line")))
                self.unseen.append(Unseen(process, text(entry.get("name")), place, text(entry.get("why"))))
            return ""
        return self._name(names, what, number, entry)

    def _process(self, names: Names, entry: Entry) -> str:
        argv = entry.get("argv")
        parts = [text(part) for part in argv[:_ARGUMENTS]] if isinstance(argv, list) else []
        if not self.room.take(_COST + sum(map(len, parts))):
            return TOO_MANY
        names.about = {
            **{key: entry.get(key) for key in ("pid", "gil")},
            **{key: bool(entry.get(key)) for key in ("ring", "contended")},
            "python": text(entry.get("python")),
            "argv": parts,
        }
        return ""

    def _name(self, names: Names, what: str, number: int, entry: Entry) -> str:
        if what == "stack":
            stack = _stack(entry.get("frames"))
            return self._list(
                self.stacks, names.stacks, number, stack, sum(_cost(place.file, place.function) for place in stack)
            )
        if what == "target":
            target = text(entry.get("method")), text(entry.get("path"))
            return self._list(self.targets, names.targets, number, target, _cost(*target))
        name = text(entry.get("name"))
        if what == "endpoint":
            return self._list(self.endpoints, names.endpoints, number, name, _cost(name))
        if what == "work":
            if entry.get("awaited") is True:
                self.awaited.add(len(self.works))
            return self._list(self.works, names.works, number, name, _cost(name))
        if what == "label":
            label = text(entry.get("text"))
            return self._list(self.labels, names.labels, number, label, _cost(label))
        if what == "file":
            return self._file(entry)
        if not self.room.take(_cost(name)):
            return TOO_MANY
        names.threads[number] = name or f"thread {number}"
        return ""

    def _list(self, values: list[Value], ids: Ids, number: int, value: Value, cost: int) -> str:
        if not self.room.take(cost + _COST) or not ids.set(number, len(values)):
            return TOO_MANY
        values.append(value)
        return ""

    def _file(self, entry: Entry) -> str:
        path, at, digest = (text(entry.get(key)) for key in ("path", "at", "digest"))
        if not path or not self.room.take(_cost(path, at, digest)):
            return NONSENSE if not path else TOO_MANY
        file = SourceFile(at or path, digest)
        # Places do not tell which of two files of one name they are in: neither is shown then.
        self.files[path] = file if self.files.get(path, file) == file else SourceFile(at or path, "")
        return ""

    def _lock(self, process: int, number: int, entry: Entry) -> str:
        ids = self.processes[process].locks
        index = ids.get(number)
        place = Place(text(entry.get("file")), text(entry.get("function")), whole(entry.get("line")))
        name, kind = text(entry.get("name")) or f"lock {number}", text(entry.get("kind"))
        shared = text(entry.get("shared"))
        if index == UNKNOWN and shared:
            index = self._shared.get((kind, shared), UNKNOWN)
        fresh = index == UNKNOWN
        if fresh:
            index = len(self.locks)
            if index >= LOCK_LIMIT or not self.room.take(_cost(name, kind, place.file, place.function, shared)):
                return TOO_MANY
        if not ids.set(number, index):
            return TOO_MANY
        if fresh:
            self.locks.append(Lock(index, process, name, kind, place))
            if shared:
                self._shared[kind, shared] = index
            if kind in RESOURCES:
                self.resources.add(index)
        elif not shared:
            self.locks[index] = Lock(index, process, name, kind, place)
        return ""


def _cost(*texts: str) -> int:
    """Return about how many bytes a value made of texts takes."""
    return _COST + sum(map(len, texts))


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
