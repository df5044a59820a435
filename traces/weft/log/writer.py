"""Write a trace file from inside the watched app: standard library only, append only, one write per tick."""

from __future__ import annotations

import errno
import json
import os
import struct
import sys
import time
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from . import format as fmt

MAX_RECORDS = 2_000_000
"""More than so many records do not go into one block, see `weft.log.format.MAX_RAW`."""

MAX_DEFINITIONS = 2000
"""More than so many do not go into one block, see `weft.log.format.MAX_DEFINED`."""

_PART = 3 * 2048
"""Words turned into bytes with the GIL held in one go, about 0.1 ms."""

_WORD = "L" if array("L").itemsize == 8 else "Q"
"""64 bits; Python is quicker with a C ``long``, where that is as long."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Records:
    """What a tick took from the threads.

    Attributes:
        table: thread and count of each run, flat.
        count: records in all.
    """

    def __init__(self) -> None:
        self.table: list[int] = []
        self.count = 0
        self._words: list[int] = []
        self._packed = array(_WORD)

    def add(self, thread: int, words: list[int]) -> None:
        """Append a run of flat records."""
        if words:
            self.table += (thread, len(words) // 3)
            self.count += len(words) // 3
            self._words += words

    def empty(self, buffers: Iterable[tuple[int, list[int]]]) -> None:
        """Move everything out of threads' buffers, while the threads may go on appending to them."""
        table, taken = self.table, self._words
        before = len(taken)
        for thread, buffer in buffers:
            if buffer:
                words = buffer[:]
                size = len(words)
                del buffer[:size]
                taken += words
                table += (thread, size // 3)
        self.count += (len(taken) - before) // 3

    def pack(self) -> None:
        """Turn the words added since the last call into bytes, a fifth of their size in memory."""
        words, self._words = self._words, []
        for start in range(0, len(words), _PART):
            self._packed.fromlist(words[start : start + _PART])

    @property
    def rows(self) -> bytes:
        """What was packed, as little-endian u64 words: time, value, code, time, value, code, …"""
        packed = self._packed
        if sys.byteorder == "big":
            packed = packed[:]
            packed.byteswap()
        return packed.tobytes()


def discard(buffers: Iterable[tuple[int, list[int]]]) -> int:
    """Empty threads' buffers as `Records.empty` does, and return how many records were in them."""
    count = 0
    for _, buffer in buffers:
        size = len(buffer) // 3 * 3
        del buffer[:size]
        count += size // 3
    return count


def create(path: str, *, force: bool = False) -> None:
    """Create an empty trace that only its owner can read.

    Args:
        path: where; its folder must exist.
        force: replace a file that is there.

    Raises:
        FileExistsError: a file is there and ``force`` is not set.
        OSError: the place cannot be written.
    """
    if force:
        _remove(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        os.write(fd, fmt.file_header(time.time_ns(), time.perf_counter_ns()))
    finally:
        os.close(fd)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def tick_block(
    process: int, definitions: Sequence[dict[str, Any]], records: Records, since_ns: int, until_ns: int
) -> bytes:
    """Encode what a tick took; see `weft.log.format`. Text that is no valid Unicode is escaped, never an error."""
    named = _encode(definitions).encode("ascii") if definitions else b""
    rows, table = records.rows, struct.pack(f"<{len(records.table)}I", *records.table)
    planes = [rows[k :: fmt.RECORD_SIZE] for k in range(fmt.RECORD_SIZE)]
    runs = [table[k :: fmt.RUN_SIZE] for k in range(fmt.RUN_SIZE)]
    return fmt.block(
        b"".join((named, *[runs[k] for k in fmt.RUN_TIDY], *[planes[k] for k in fmt.TIDY])),
        b"".join((*[runs[k] for k in fmt.RUN_NOISE], *[planes[k] for k in fmt.NOISE])),
        process,
        defined=len(named),
        runs=len(runs[0]),
        records=records.count,
        since_ns=since_ns,
        until_ns=until_ns,
    )


class TraceWriter:
    """Appends blocks to an existing trace; several processes may have one on the same file.

    ``since_ns`` is when the first block begins, now if it is not given.

    A descriptor that the app closed or reused under us is noticed before each write and opened again. So that the app's
    next file does not get the same number between the look and the write, ours is a high one.

    Args:
        path: the trace.
        process: number of the writing process.
        since_ns: when the first block begins.
        parent: the writer of the process that this one was forked from; its descriptor is used where the file may not
            be opened any more, as by a server's workers that have given up their rights.

    Raises:
        OSError: from the constructor and `write`, when the file cannot be opened or written, or is not what it was.
    """

    def __init__(self, path: str, process: int, since_ns: int | None = None, parent: TraceWriter | None = None) -> None:
        self.path = os.path.abspath(path)
        self.process = process
        self.bytes_written = 0
        self._written_until = time.perf_counter_ns() if since_ns is None else since_ns
        try:
            self._fd = self._open()
        except PermissionError:
            if parent is None:
                raise
            self._fd = _high(os.dup(parent._fd))
        self._identity = _identity(self._fd)
        if parent is not None and parent._identity != self._identity:
            os.close(self._fd)
            raise OSError(f"{self.path} was replaced while it was written")
        self._end = 0

    def write(self, definitions: Sequence[dict[str, Any]], records: Records, until_ns: int) -> None:
        """Append the definitions and the records that may use them, taken at ``until_ns``.

        That is one write, unless definitions are very many.
        """
        since, self._written_until = min(self._written_until, until_ns), until_ns
        self.write_block(definitions, records, since, until_ns)

    def write_block(
        self, definitions: Sequence[dict[str, Any]], records: Records, since_ns: int, until_ns: int
    ) -> None:
        """Append definitions and records that tell of the time from ``since_ns`` to ``until_ns``, likewise."""
        while len(definitions) > MAX_DEFINITIONS:
            self.append(tick_block(self.process, definitions[:MAX_DEFINITIONS], Records(), since_ns, since_ns))
            definitions = definitions[MAX_DEFINITIONS:]
        self.append(tick_block(self.process, definitions, records, since_ns, until_ns))

    def append(self, data: bytes) -> None:
        """Append a block with one write."""
        view = memoryview(data)
        while view:
            try:
                self._check_descriptor()
                view = view[os.write(self._fd, view) :]
                self._end = os.lseek(self._fd, 0, os.SEEK_CUR)
            except OSError as error:
                if error.errno != errno.EBADF:  # else the app has closed it since the check, which opens it again
                    raise
        self.bytes_written += len(data)

    def close(self) -> None:
        """Close the file, unless the descriptor is no longer ours."""
        if _identity(self._fd) == self._identity:
            os.close(self._fd)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        return _high(os.open(self.path, flags))

    def _check_descriptor(self) -> None:
        if _identity(self._fd) != self._identity:
            fd = self._open()
            if _identity(fd) != self._identity:
                os.close(fd)
                raise OSError(f"{self.path} was replaced while it was written")
            self._fd = fd
        status = os.fstat(self._fd)
        if not status.st_nlink:
            raise OSError(f"{self.path} was deleted while it was written")
        if status.st_size < max(self._end, fmt.FILE_HEADER_SIZE):
            raise OSError(f"{self.path} was cut off while it was written")


def _high(fd: int) -> int:
    """Move a descriptor to a number that the app's next files do not get; return it as it is where that fails."""
    try:
        from fcntl import F_DUPFD_CLOEXEC, fcntl

        high: int = fcntl(fd, F_DUPFD_CLOEXEC, _HIGH)
    except (ImportError, OSError):
        return fd
    os.close(fd)
    return high


_HIGH = 200
"""Descriptors are numbered from 0, and 256 is the smallest usual limit."""


def _identity(fd: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino
