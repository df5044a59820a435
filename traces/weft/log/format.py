"""The layout of a trace file. Standard library only, shared by writer and reader; docs/format.md explains it.

A file is one file header and any number of blocks, each written with one append. All numbers are little-endian.

A block is what a process recorded in a tick: definitions as a JSON array; a run table (``thread`` u32, ``count`` u32
per run); the records of all runs (a record is three u64 words, see `weft.events`). Table and records stand there as
byte planes: byte 0 of every record, byte 1 of every record and so on. Planes compress half again as well as rows and
cost less than encoding differences. The planes of low bytes are noise that compression shrinks little or not at all,
and that it would spend most of its time on: they stand as they are behind the compressed rest.

Definitions name things before records use their ids, which are per process:

    {"is": "process", "pid": 4711, "argv": ["…"], "python": "3.12.1", "gil": true}
    {"is": "notice", "id": 1, "text": "gevent replaces threads by greenlets, …"}    why something is missing
    {"is": "name", "id": 1, "parts": ["Thread-", " (handle)"]}         a thread's number stands between two parts
    {"is": "lock", "id": 1, "name": "shop.stock_lock", "kind": "Lock", "file": "…", "function": "<module>", "line": 12}
    {"is": "target", "id": 1, "method": "GET", "path": "/report"}
    {"is": "endpoint", "id": 1, "name": "report"}
    {"is": "label", "id": 1, "text": "cache miss"}
    {"is": "file", "id": 1, "path": "shop.py", "at": "/srv/shop.py", "digest": "sha256:…"}     of locks and stacks
    {"is": "stack", "id": 1, "frames": [["file", "function", 88], …]}        innermost first
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

FILE_MAGIC: Final = b"\x89WEFT\r\n\x1a"
VERSION: Final = 1
FILE_HEADER: Final = struct.Struct("<8sHHIQQ")
"""Magic, version, size of the whole header in bytes, flags (0), wall clock ns, perf_counter ns; a CRC-32 follows."""

BLOCK_MAGIC: Final = b"WBLK"
BLOCK_HEADER: Final = struct.Struct("<4sBBHIIIIIQQQ")
"""Magic, kind (`TICK`, `SCAR`), codec (1: raw deflate), flags (0), bytes to compress, bytes compressed, bytes of
definitions, runs, records, process, since ns, until ns: the block holds what its process recorded between these moments
(a section's acquire may be earlier). A CRC-32 over the header and all that is stored follows, then the compressed
bytes, then the planes in `RUN_NOISE` of the run table and those in `NOISE` of the records."""

CRC: Final = struct.Struct("<I")
FILE_HEADER_SIZE: Final = FILE_HEADER.size + CRC.size
BLOCK_HEADER_SIZE: Final = BLOCK_HEADER.size + CRC.size

TICK: Final = 1
SCAR: Final = 2
"""In place of what a repair left out; only a definition, ``{"is": "gap", "offset": 9, "size": 56, "reason": "…"}``."""
DEFLATE: Final = 1

RECORD_SIZE: Final = 24
NOISE: Final = (0, 1, 2, 8, 9, 10)
"""Planes that are not compressed: the three low bytes of the time and of the value."""
TIDY: Final = tuple(plane for plane in range(RECORD_SIZE) if plane not in NOISE)
"""Planes that are."""
RUN_SIZE: Final = 8
RUN_NOISE: Final = (0, 4)
"""Planes of the run table that are not compressed: the low bytes of thread and count."""
RUN_TIDY: Final = tuple(plane for plane in range(RUN_SIZE) if plane not in RUN_NOISE)
"""Planes that are."""
MAX_RAW: Final = 64 << 20
"""No writer makes a block whose raw size is larger (bytes), and no reader unpacks one."""
MAX_DEFINED: Final = 16 << 20
"""The same of its definitions."""


def file_header(wall_ns: int, perf_ns: int) -> bytes:
    """Return the bytes that open a file; the two clocks were read at the same moment."""
    head = FILE_HEADER.pack(FILE_MAGIC, VERSION, FILE_HEADER_SIZE, 0, wall_ns, perf_ns)
    return head + CRC.pack(zlib.crc32(head))


def block(
    raw: bytes,
    noise: bytes,
    process: int,
    *,
    defined: int,
    runs: int,
    records: int,
    since_ns: int,
    until_ns: int,
    kind: int = TICK,
) -> bytes:
    """Return one whole block: header, CRC, the compressed ``raw`` (``defined`` bytes of it definitions), ``noise``."""
    # The smallest window that a tick fills: zlib's default one costs more to set up than a small tick to compress.
    # Raw, without zlib's own checksum: the block has one.
    small = zlib.compressobj(1, zlib.DEFLATED, -12, 5)
    stored = b"".join((small.compress(raw), small.flush(), noise))
    sizes = (len(raw), len(stored) - len(noise), defined, runs, records)
    head = BLOCK_HEADER.pack(BLOCK_MAGIC, kind, DEFLATE, 0, *sizes, process, since_ns, until_ns)
    return b"".join((head, CRC.pack(zlib.crc32(stored, zlib.crc32(head))), stored))
