"""Bytes of a growing file to sound blocks and the damage between them; nothing is unpacked here."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from . import format as fmt

MAX_BLOCK: Final = 96 << 20
"""A header that claims more bytes than the largest block has is damage."""

_PATIENCE: Final = 1 << 30
"""Bytes checked behind false beginnings of blocks, besides `_PATIENCE_RATE` times the size of the file."""

_PATIENCE_RATE: Final = 4


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that could not be read; ``mended`` when a repair has left them out, with their place before it.

    ``source`` is the number of the file, where there are several.
    """

    offset: int
    size: int
    reason: str
    mended: bool = False
    source: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A block whose checksum fits; see docs/format.md.

    Attributes:
        offset: where it begins in the file, bytes.
        data: the whole block, header included.
    """

    offset: int
    data: memoryview
    kind: int
    codec: int
    flags: int
    raw_size: int
    stored_size: int
    defined: int
    runs: int
    records: int
    process: int
    since_ns: int
    until_ns: int

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return len(self.data)

    @property
    def stored(self) -> memoryview:
        """The compressed part."""
        return self.data[fmt.BLOCK_HEADER_SIZE :][: self.stored_size]

    @property
    def noise(self) -> memoryview:
        """What is not compressed."""
        return self.data[fmt.BLOCK_HEADER_SIZE + self.stored_size :]


class Blocks:
    """Finds blocks in bytes that come piece by piece.

    Work and memory stay in proportion to the file, whatever it holds: a place is looked at once, and what cannot be
    the beginning of a block any more is forgotten.

    Attributes:
        offset: up to where the file has been understood, bytes.
        end: up to where bytes were fed, bytes.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.end = offset
        self._data = b""
        self._start = offset
        """Where ``_data`` begins; damage before it is known but not told."""
        self._searched = offset
        """Up to where beginnings of blocks have been looked for."""
        self._begun: list[tuple[int, int]] = []
        """End and begin of what may be blocks that are not whole yet."""
        self._wasted = 0

    def feed(self, fresh: bytes) -> Iterator[Block | Gap]:
        """Yield the sound blocks that are whole now and the damage between them."""
        if not fresh:
            return
        self._data = self._data + fresh if self._data else fresh
        self.end += len(fresh)
        while (block := self._next()) is not None:
            if block.offset > self.offset:
                yield Gap(self.offset, block.offset - self.offset, "damaged")
            self.offset = self._searched = block.offset + block.size
            yield block
        self._forget()

    def finish(self) -> Iterator[Gap]:
        """Yield a gap for what is left: the file does not grow any more."""
        if self.offset < self.end:
            torn = self._begun or self.end - self._start < fmt.BLOCK_HEADER_SIZE
            reason = "the file ends in the middle of a block" if torn and not self._tired() else "damaged"
            yield Gap(self.offset, self.end - self.offset, reason)
            self.offset = self._start = self._searched = self.end
            self._data = b""

    def _next(self) -> Block | None:
        """Return the next sound block that is whole."""
        while self._begun and self._begun[0][0] <= self.end:
            _, start = heapq.heappop(self._begun)
            if start >= self.offset and (block := self._sound(start)) is not None:
                return block
        data = self._data
        while not self._tired():
            at = data.find(fmt.BLOCK_MAGIC, self._searched - self._start)
            if at < 0 or len(data) - at < fmt.BLOCK_HEADER_SIZE:
                self._searched = self._start + (at if at >= 0 else max(len(data) - 3, self._searched - self._start))
                return None
            start = self._start + at
            self._searched = start + 1
            size = _size(data, at)
            if size > MAX_BLOCK:
                continue
            if start + size > self.end:
                heapq.heappush(self._begun, (start + size, start))
            elif (block := self._sound(start)) is not None:
                return block
        return None

    def _tired(self) -> bool:
        return self._wasted > _PATIENCE + _PATIENCE_RATE * self.end

    def _sound(self, start: int) -> Block | None:
        """Return the block that begins there, if its checksum fits."""
        at = start - self._start
        size = _size(self._data, at)
        view = memoryview(self._data)[at : at + size]
        head = fmt.BLOCK_HEADER_SIZE - fmt.CRC.size
        crc = zlib.crc32(view[fmt.BLOCK_HEADER_SIZE :], zlib.crc32(view[:head]))
        if crc != fmt.CRC.unpack_from(view, head)[0]:
            self._wasted += size
            return None
        return Block(start, view, *fmt.BLOCK_HEADER.unpack_from(view)[1:])

    def _forget(self) -> None:
        """Drop bytes in which no block can begin any more."""
        self._begun = [begun for begun in self._begun if begun[1] >= self.offset and not self._tired()]
        heapq.heapify(self._begun)
        searched = self.end if self._tired() else max(self._searched, self.offset)
        keep = min((start for _, start in self._begun), default=searched)
        if keep > self._start:
            self._data = self._data[keep - self._start :]
            self._start = keep
        self._searched = max(self._searched, self._start)


def _size(data: bytes, at: int) -> int:
    """Return how long a block says that it is, bytes."""
    fields = fmt.BLOCK_HEADER.unpack_from(data, at)
    stored, runs, records = int(fields[5]), int(fields[7]), int(fields[8])
    return fmt.BLOCK_HEADER_SIZE + stored + len(fmt.RUN_NOISE) * runs + len(fmt.NOISE) * records
