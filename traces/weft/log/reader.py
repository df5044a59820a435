"""Read a trace file: bytes to events, definitions and gaps, in file order, also while it grows."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import WeftError
from ..events import KIND_BITS, KIND_MASK, Kind
from . import format as fmt


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


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that could not be read."""

    offset: int
    size: int
    reason: str


Item = Events | Definitions | Gap
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Header:
    """What the file header says: the wall clock (ns since the epoch) at a perf_counter moment (ns)."""

    wall_ns: int
    perf_ns: int


class Tail:
    """A reader that remembers how far it has come: `read` returns what is new.

    Args:
        path: the trace.
        chunk: at most about so many bytes are taken by one `read`.

    Raises:
        WeftError: no such file, or it is not a trace that this version reads.
    """

    def __init__(self, path: Path, chunk: int = 4 << 20) -> None:
        self.path = path
        self.chunk = chunk
        self._file = _open(path)
        try:
            self.header = _header(path, self._file.read(fmt.FILE_HEADER_SIZE))
        except BaseException:
            self._file.close()
            raise
        self.offset = fmt.FILE_HEADER_SIZE
        self._pending = b""
        self._names: Names = {}

    def size(self) -> int:
        """Return the file's size now, in bytes."""
        return self._file.seek(0, 2)

    def unread(self) -> int:
        """Return how many bytes the file has that `read` has not taken yet."""
        return self.size() - self.offset - len(self._pending)

    def read(self) -> list[Item]:
        """Return the whole blocks that have appeared since the last call, and damage between them.

        Bytes at the end that are no whole block yet stay for the next call.
        """
        self._file.seek(self.offset + len(self._pending))
        fresh = self._file.read(self.chunk)
        if not fresh:
            return []
        data = self._pending + fresh
        items, used = _scan(data, self.offset, self._names)
        self.offset += used
        self._pending = data[used:]
        return items

    def finish(self) -> list[Item]:
        """Return a gap for the bytes behind the last whole block: call when the file will not grow any more."""
        if not self._pending:
            return []
        gap = Gap(self.offset, len(self._pending), "the file ends in the middle of a block")
        self.offset += len(self._pending)
        self._pending = b""
        return [gap]

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(path: Path) -> Iterator[Item]:
    """Yield everything in a trace that does not grow any more.

    Raises:
        WeftError: as `Tail`.
    """
    tail = Tail(path)
    try:
        while tail.offset + len(tail._pending) < tail.size():
            yield from tail.read()
        yield from tail.finish()
    finally:
        tail.close()


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


def _scan(data: bytes, base: int, names: Names) -> tuple[list[Item], int]:
    """Return the items of the whole blocks in ``data`` and how many bytes they (and damage before them) take."""
    items: list[Item] = []
    position = 0
    while True:
        size = _whole(data, position)
        if size:
            items.extend(_decode(data, position, base, names))
            position += size
            continue
        found = _resync(data, position)
        if found < 0:
            return items, position
        items.append(Gap(base + position, found - position, "damaged"))
        position = found


def _whole(data: bytes, position: int) -> int:
    """Return the size of the sound block at ``position``, 0 when there is none."""
    if data[position : position + 4] != fmt.BLOCK_MAGIC or len(data) - position < fmt.BLOCK_HEADER_SIZE:
        return 0
    fields = fmt.BLOCK_HEADER.unpack_from(data, position)
    size = fmt.BLOCK_HEADER_SIZE + int(fields[5]) + _noisy(fields[7], fields[8])
    if position + size > len(data):
        return 0
    view = memoryview(data)
    body = position + fmt.BLOCK_HEADER_SIZE
    crc = zlib.crc32(view[body : position + size], zlib.crc32(view[position : body - fmt.CRC.size]))
    return size if crc == fmt.CRC.unpack_from(data, body - fmt.CRC.size)[0] else 0


def _noisy(runs: int, records: int) -> int:
    """Return how many bytes of a block are not compressed."""
    return len(fmt.RUN_NOISE) * runs + len(fmt.NOISE) * records


def _resync(data: bytes, position: int) -> int:
    """Return where the next sound block begins, -1 when there is none yet."""
    while (position := data.find(fmt.BLOCK_MAGIC, position + 1)) >= 0:
        if _whole(data, position):
            return position
    return -1


def _decode(data: bytes, position: int, base: int, names: Names) -> list[Item]:
    _, kind, codec, _, raw_size, stored, defined, runs, records, process, _, _ = fmt.BLOCK_HEADER.unpack_from(
        data, position
    )
    start = position + fmt.BLOCK_HEADER_SIZE
    noisy = _noisy(runs, records)
    try:
        if kind != fmt.TICK or codec != fmt.DEFLATE or raw_size > fmt.MAX_RAW:
            raise ValueError(f"a block of kind {kind} and codec {codec}, {raw_size} bytes, is not known here")
        raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(memoryview(data)[start : start + stored], raw_size + 1)
        tidy = runs * fmt.RUN_SIZE + records * fmt.RECORD_SIZE - noisy
        if len(raw) != raw_size or raw_size != defined + tidy:
            raise ValueError("a block is not as long as its header says")
        entries = _entries(raw[:defined])
        planes = np.frombuffer(raw, np.uint8, tidy, defined), np.frombuffer(data, np.uint8, noisy, start + stored)
        events = _events(process, *planes, runs, records)
    except (ValueError, zlib.error, RecursionError) as error:
        return [Gap(base + position, fmt.BLOCK_HEADER_SIZE + stored + noisy, str(error))]
    names.update({(process, entry["id"]): tuple(entry["parts"]) for entry in entries if _is_name(entry)})
    events, threads = _threads(events, names)
    items: list[Item] = [Definitions(process, (*entries, *threads))] if entries or threads else []
    return [*items, events] if len(events.time) else items


def _entries(raw: bytes) -> tuple[dict[str, Any], ...]:
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
    table = _rows(runs, {fmt.RUN_TIDY: tidy[: cuts[0]], fmt.RUN_NOISE: noise[: cuts[1]]}).view("<u4")
    words = _rows(records, {fmt.TIDY: tidy[cuts[0] :], fmt.NOISE: noise[cuts[1] :]}).view("<i8")
    counts = table[:, 1].astype(np.int64)
    if int(counts.sum()) != records:
        raise ValueError("a block's run table does not fit its header")
    code = words[:, 2]
    return Events(
        process=process,
        thread=np.repeat(table[:, 0].astype(np.int64), counts),
        kind=(code & KIND_MASK).astype(np.uint8),
        obj=(code >> KIND_BITS) & ((1 << (64 - KIND_BITS)) - 1),
        time=np.ascontiguousarray(words[:, 0]),
        value=np.ascontiguousarray(words[:, 1]),
    )


def _rows(count: int, planes: dict[tuple[int, ...], Bytes]) -> Bytes:
    """Return byte planes as rows, uint8 ``[count, bytes of a row]``; the planes of each group follow one another."""
    rows = np.empty((count, sum(map(len, planes))), np.uint8)
    for numbers, group in planes.items():
        rows[:, numbers] = group.reshape(len(numbers), count).T
    return rows
