"""Read a trace file: bytes to events, definitions and gaps, in file order, also while it grows."""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import WeftError
from ..events import KIND_BITS, KIND_MASK, Kind
from . import format as fmt
from .blocks import Block, Blocks
from .blocks import Gap as Gap


@dataclass(frozen=True, slots=True)
class Events:
    """The records of one block, grouped by thread, within a thread in the order of writing.

    Attributes:
        process: the writing process (a number that is unique in the trace, not its pid).
        time, value: int64 ``[n]``; see `weft.events.Kind` for what they mean.
        thread, obj: int64 ``[n]``, ids of that process.
        kind: uint8 ``[n]``.
    """

    process: int
    thread: NDArray[np.int64]
    kind: NDArray[np.uint8]
    obj: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Definitions:
    """Names for ids of one process, each before its first use; shapes are those of `weft.log.format`, and

    ``{"is": "thread", "id": 7, "name": "Thread-12 (handle)"}``, made from the records with which threads begin.
    """

    process: int
    entries: tuple[dict[str, Any], ...]


Item = Events | Definitions | Gap
Fetched = Callable[[], list[Item]]
Bytes = NDArray[np.uint8]

_AHEAD: Final = 2
"""Parts read before they are wanted."""

_AT_ONCE: Final = 64 << 20
"""Bytes unpacked by one `Tail.read`, about."""

_BRACKETS: Final = 1 << 20
"""Lists and objects in the definitions of one block: what is more is made to fill the memory."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the file header says: the wall clock (ns since the epoch) at a perf_counter moment (ns)."""

    wall_ns: int
    perf_ns: int


class Reading(Protocol):
    """What is read on and on: a `Tail`, or several of them."""

    @property
    def offset(self) -> int:
        """Up to where it has been understood, bytes."""
        raise NotImplementedError

    def size(self) -> int:
        """Return how large it is now, bytes."""
        raise NotImplementedError

    def unread(self) -> int:
        """Return how many bytes `read` has not taken yet."""
        raise NotImplementedError

    def read(self) -> list[Item]:
        """Return what is new."""
        raise NotImplementedError

    def fetch(self) -> Fetched:
        """Return what returns what is new; a part of the work that leaves other threads alone is done before."""
        raise NotImplementedError

    def finish(self) -> list[Item]:
        """Return what can be said once nothing more will come."""
        raise NotImplementedError

    def fate(self) -> str:
        """Return what has become of the file, nothing while all is well."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop reading."""
        raise NotImplementedError


class Tail:
    """A reader that remembers how far it has come: `read` returns what is new.

    Args:
        path: the trace.
        chunk: at most about so many bytes are taken by one `read`.

    Raises:
        WeftError: no such file, or it is not a trace that this version reads.
    """

    def __init__(self, path: Path, chunk: int = 1 << 20) -> None:
        self.path = path
        self.chunk = chunk
        self._file = _open(path)
        try:
            self.header = _header(path, self._file.read(fmt.FILE_HEADER_SIZE))
        except BaseException:
            self._file.close()
            raise
        self._blocks = Blocks(fmt.FILE_HEADER_SIZE)
        self._queue: Iterator[Block | Gap] = iter(())
        self._queued = False
        self._names: Names = {}

    @property
    def offset(self) -> int:
        """Up to where the file has been understood, bytes."""
        return self._blocks.offset

    def size(self) -> int:
        """Return the file's size now, in bytes."""
        return self._file.seek(0, 2)

    def unread(self) -> int:
        """Return how many bytes the file has that `read` has not taken yet."""
        return self.size() - (self._blocks.offset if self._queued else self._blocks.end)

    def read(self) -> list[Item]:
        """Return the whole blocks that have appeared since the last call, and damage between them.

        Bytes at the end that are no whole block yet stay for the next call, and so do blocks that hold much more than
        their size in the file suggests.
        """
        return self.fetch()()

    def fetch(self) -> Fetched:
        """Take the bytes of what `read` returns, check and unpack them; what is returned makes items of them.

        Call those functions in the order in which they were fetched.
        """
        if not self._queued:
            self._queue = self.parts()
        fetched: list[tuple[Block | Gap, bytes | None]] = []
        size = 0
        for part in self._queue:
            raw = None if isinstance(part, Gap) else _try_to_unpack(part)
            fetched.append((part, raw))
            size += len(raw or b"")
            if size > _AT_ONCE:
                break
        self._queued = size > _AT_ONCE
        return lambda: [item for part, raw in fetched for item in self._items(part, raw)]

    def parts(self) -> Iterator[Block | Gap]:
        """Yield what `read` returns, still packed."""
        self._file.seek(self._blocks.end)
        return self._blocks.feed(self._file.read(self.chunk))

    def fate(self) -> str:
        """Return what has become of the file at the path: ``removed``, ``replaced``, ``cut off``, or nothing."""
        ours = os.fstat(self._file.fileno())
        try:
            theirs = self.path.stat()
        except OSError:
            return "removed"
        if (ours.st_dev, ours.st_ino) != (theirs.st_dev, theirs.st_ino):
            return "replaced"
        return "cut off" if ours.st_size < self._blocks.offset else ""

    def finish(self) -> list[Item]:
        """Return a gap for the bytes behind the last whole block: call when the file will not grow any more."""
        return [*self._blocks.finish()]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _items(self, part: Block | Gap, raw: bytes | None) -> list[Item]:
        return [part] if isinstance(part, Gap) else decode(part, self._names, raw)


def read(path: Path) -> Iterator[Item]:
    """Yield everything in a trace that does not grow any more.

    Raises:
        WeftError: as `Tail`.
    """
    tail = Tail(path)
    try:
        while tail.unread() > 0:
            yield from tail.read()
        yield from tail.finish()
    finally:
        tail.close()


def ahead(tail: Reading) -> Generator[list[Item], None, None]:
    """Yield what `Tail.read` returns until nothing is left; the next part is fetched while the last is worked on.

    All that holds the GIL is left to the thread that asks: two threads that want it in turn are slower than one.
    """
    parts: SimpleQueue[Fetched | BaseException | None] = SimpleQueue()
    room = threading.Semaphore(_AHEAD)
    stopped = threading.Event()

    def read_on() -> None:
        try:
            while tail.unread() > 0 and not stopped.is_set():
                parts.put(tail.fetch())
                room.acquire()
            parts.put(None)
        except BaseException as error:
            parts.put(error)

    thread = threading.Thread(target=read_on, name="weft-reader", daemon=True)
    thread.start()
    try:
        while (part := parts.get()) is not None:
            if isinstance(part, BaseException):
                raise part
            room.release()
            yield part()
    finally:
        stopped.set()
        room.release()
        thread.join()


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise WeftError(f"{path}: no such file; `weft record -- CMD` makes a trace") from None
    except IsADirectoryError:
        raise WeftError(f"{path} is a folder; name the trace file in it") from None
    except OSError as error:
        raise WeftError(f"{path} cannot be read: {error.strerror}") from None


def _header(path: Path, data: bytes) -> Header:
    if not data:
        raise WeftError(f"{path} is empty; record again with `weft record -- CMD`")
    if not fmt.FILE_MAGIC.startswith(data[: len(fmt.FILE_MAGIC)]):
        raise WeftError(f"{path} is not a weft trace; `weft record -- CMD` makes one")
    if len(data) < fmt.FILE_HEADER_SIZE:
        raise WeftError(f"{path} is cut off in its first {len(data)} bytes; nothing can be read from it")
    _, version, _, _, wall_ns, perf_ns = fmt.FILE_HEADER.unpack_from(data)
    (crc,) = fmt.CRC.unpack_from(data, fmt.FILE_HEADER.size)
    if version > fmt.VERSION:
        raise WeftError(f"{path} has format {version}, this weft reads up to {fmt.VERSION}; update weft")
    if crc != zlib.crc32(data[: fmt.FILE_HEADER.size]):
        raise WeftError(f"{path} has a damaged header; nothing in it can be trusted")
    return Header(wall_ns, perf_ns)


Names = dict[tuple[int, int], tuple[str, ...]]
"""Names of threads by process and id: the whole name, or what stands before and behind the thread's number."""


def decode(block: Block, names: Names, raw: bytes | None = None) -> list[Item]:
    """Return what a block holds: definitions, then records; a gap where it cannot be understood.

    Args:
        names: what is known so far of the names of threads; grows.
        raw: its compressed part, if it has been unpacked already.
    """
    try:
        if block.kind == fmt.SCAR:
            return _scars(block)
        entries, events = _unpacked(block, unpacked(block) if raw is None else raw)
    except (ValueError, zlib.error, RecursionError, OverflowError) as error:
        return [Gap(block.offset, block.size, str(error))]
    names.update({(block.process, entry["id"]): tuple(entry["parts"]) for entry in entries if _is_name(entry)})
    events, threads = _threads(events, names)
    items: list[Item] = [Definitions(block.process, (*entries, *threads))] if entries or threads else []
    return [*items, events] if len(events.time) else items


def _try_to_unpack(block: Block) -> bytes | None:
    try:
        return unpacked(block)
    except (ValueError, zlib.error):
        return None


def _unpacked(block: Block, raw: bytes) -> tuple[tuple[dict[str, Any], ...], Events]:
    planes = np.frombuffer(raw, np.uint8, len(raw) - block.defined, block.defined), np.frombuffer(block.noise, np.uint8)
    return _entries(raw[: block.defined]), _events(block.process, *planes, block.runs, block.records)


def unpacked(block: Block) -> bytes:
    """Return the compressed part of a block, unpacked: never more bytes than its header says.

    Raises:
        ValueError, zlib.error: this version does not know the block, or the header is wrong.
    """
    if block.kind not in (fmt.TICK, fmt.SCAR) or block.codec != fmt.DEFLATE:
        raise ValueError(f"a block of kind {block.kind} and codec {block.codec} is not known here")
    tidy = block.runs * fmt.RUN_SIZE + block.records * fmt.RECORD_SIZE - len(block.noise)
    if block.raw_size > fmt.MAX_RAW or block.defined > fmt.MAX_DEFINED or block.raw_size != block.defined + tidy:
        raise ValueError("a block is not as long as its header says")
    raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(block.stored, block.raw_size + 1)
    if len(raw) != block.raw_size:
        raise ValueError("a block is not as long as its header says")
    return raw


def _scars(block: Block) -> list[Item]:
    """Return the gaps that a repair has left out."""
    scars = [entry for entry in _entries(unpacked(block)) if entry.get("is") == "gap"]
    return [Gap(_size(scar, "offset"), _size(scar, "size"), f"{scar.get('reason')}", mended=True) for scar in scars]


def _size(entry: dict[str, Any], key: str) -> int:
    value = entry.get(key)
    return value if isinstance(value, int) and 0 <= value < 1 << 63 else 0


def _entries(raw: bytes) -> tuple[dict[str, Any], ...]:
    if raw.count(b"[") + raw.count(b"{") > _BRACKETS:
        raise ValueError("definitions are too many for one block")
    entries = json.loads(raw) if raw else []
    if not isinstance(entries, list):
        raise ValueError("definitions are not a list")
    return tuple(entry for entry in entries if isinstance(entry, dict))


def _is_name(entry: dict[str, Any]) -> bool:
    parts = entry.get("parts")
    return (
        entry.get("is") == "name"
        and isinstance(entry.get("id"), int)
        and isinstance(parts, list)
        and 1 <= len(parts) <= 2
        and all(isinstance(part, str) for part in parts)
    )


def _threads(events: Events, names: Names) -> tuple[Events, list[dict[str, Any]]]:
    """Return the events without those that only name a thread, and a definition of every thread that is named."""
    naming = events.kind == Kind.THREAD_NAME
    begin = np.flatnonzero((events.kind == Kind.THREAD_ENTER) | naming)
    if not len(begin):
        return events, []
    rows = zip(events.thread[begin].tolist(), events.obj[begin].tolist(), events.value[begin].tolist(), strict=True)
    unknown = ("thread ", "")
    threads = [
        {"is": "thread", "id": thread, "name": str(number).join(names.get((events.process, name), unknown))}
        for thread, name, number in rows
    ]
    if naming.any():
        columns = ("thread", "kind", "obj", "time", "value")
        events = Events(events.process, **{name: getattr(events, name)[~naming] for name in columns})
    return events, threads


def _events(process: int, tidy: Bytes, noise: Bytes, runs: int, records: int) -> Events:
    cuts = len(fmt.RUN_TIDY) * runs, len(fmt.RUN_NOISE) * runs
    table = _planes(runs, {fmt.RUN_TIDY: tidy[: cuts[0]], fmt.RUN_NOISE: noise[: cuts[1]]})
    words = _planes(records, {fmt.TIDY: tidy[cuts[0] :], fmt.NOISE: noise[cuts[1] :]})
    counts = _words(table, range(4, 8), runs)
    if int(counts.sum()) != records:
        raise ValueError("a block's run table does not fit its header")
    obj = _words(words, range(16, 24), records)
    obj >>= KIND_BITS
    obj &= (1 << (64 - KIND_BITS)) - 1
    return Events(
        process=process,
        thread=np.repeat(_words(table, range(4), runs), counts),
        kind=words.get(16, np.zeros(records, np.uint8)) & np.uint8(KIND_MASK),
        obj=obj,
        time=_words(words, range(8), records),
        value=_words(words, range(8, 16), records),
    )


def _planes(count: int, groups: dict[tuple[int, ...], Bytes]) -> dict[int, Bytes]:
    """Return byte planes by number, uint8 ``[count]`` each, but for those that are 0; a group's follow one another."""
    placed: dict[int, Bytes] = {}
    for numbers, group in groups.items():
        planes = group.reshape(len(numbers), count)
        # Of the upper bytes most are 0, and it is much faster to look than to write them.
        some = planes.max(axis=1, initial=0).tolist()
        placed.update((number, plane) for number, plane, most in zip(numbers, planes, some, strict=True) if most)
    return placed


def _words(planes: dict[int, Bytes], numbers: range, count: int) -> NDArray[np.int64]:
    """Return the numbers, int64 ``[count]``, of which planes hold the bytes, the lowest first."""
    words = np.zeros((count, 8), np.uint8)
    for place, number in enumerate(numbers):
        if number in planes:
            words[:, place] = planes[number]
    return words.view("<i8").reshape(-1).astype(np.int64, copy=False)
