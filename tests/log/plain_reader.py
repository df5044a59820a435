"""A second reader of traces, written from docs/format.md alone: standard library only, nothing shared with weft."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any, NamedTuple

MAGIC = b"\x89WEFT\r\n\x1a"
TIDY_RUNS, NOISY_RUNS = (1, 2, 3, 5, 6, 7), (0, 4)
NOISY = (0, 1, 2, 8, 9, 10)
TIDY = tuple(plane for plane in range(24) if plane not in NOISY)


class Record(NamedTuple):
    process: int
    thread: int
    kind: int
    obj: int
    time: int
    value: int


class Trace(NamedTuple):
    wall: int
    at: int
    records: list[Record]
    definitions: list[tuple[int, dict[str, Any]]]
    gaps: list[tuple[int, int]]
    """Offset and size."""


def read(data: bytes) -> Trace:
    """Read a whole file that does not grow any more."""
    magic, version, size, _, wall, at, crc = struct.unpack_from("<8sHHIQQI", data)
    if magic != MAGIC or version > 1 or crc != zlib.crc32(data[: size - 4]):
        raise ValueError("not a trace that this reader reads")
    trace = Trace(wall, at, [], [], [])
    position = damaged_from = size
    while position < len(data):
        end = sound(data, position)
        if not end:
            position = data.find(b"WBLK", position + 1)
            position = len(data) if position < 0 else position
            continue
        if position > damaged_from:
            trace.gaps.append((damaged_from, position - damaged_from))
        if not take(data[position:end], trace):
            trace.gaps.append((position, end - position))
        position = damaged_from = end
    if position > damaged_from:
        trace.gaps.append((damaged_from, position - damaged_from))
    return trace


def sound(data: bytes, position: int) -> int:
    """Return where the block at a position ends, 0 when there is no sound one."""
    if data[position : position + 4] != b"WBLK" or position + 56 > len(data):
        return 0
    stored, runs, records = (struct.unpack_from("<I", data, position + at)[0] for at in (12, 20, 24))
    end = position + 56 + stored + 2 * runs + 6 * records
    if end > len(data):
        return 0
    crc = zlib.crc32(data[position + 56 : end], zlib.crc32(data[position : position + 52]))
    return end if crc == struct.unpack_from("<I", data, position + 52)[0] else 0


def take(block: bytes, trace: Trace) -> bool:
    """Add what a block holds; False when it cannot be understood."""
    kind, codec, _, raw, stored, defined, runs, records, process = struct.unpack_from("<BBHIIIIIQ", block, 4)
    if kind not in (1, 2) or codec != 1 or raw > 64 << 20 or defined > 16 << 20:
        return False
    try:
        plain = zlib.decompressobj(-15).decompress(block[56 : 56 + stored], raw + 1)
        if len(plain) != raw or raw != defined + 6 * runs + 18 * records:
            return False
        entries = json.loads(plain[:defined]) if defined else []
    except (zlib.error, ValueError, RecursionError):
        return False
    if kind == 2:
        trace.gaps.extend((entry["offset"], entry["size"]) for entry in entries)
        return True
    noise = block[56 + stored :]
    table = rows(runs, 8, {TIDY_RUNS: plain[defined:], NOISY_RUNS: noise})
    words = rows(records, 24, {TIDY: plain[defined + 6 * runs :], NOISY: noise[2 * runs :]})
    threads = [thread for thread, count in struct.iter_unpack("<II", table) for _ in range(count)]
    if len(threads) != records:
        return False
    trace.definitions.extend((process, entry) for entry in entries)
    for thread, (time, value, code) in zip(threads, struct.iter_unpack("<QQQ", words), strict=True):
        trace.records.append(Record(process, thread, code & 63, code >> 6, time, value))
    return True


def rows(count: int, width: int, groups: dict[tuple[int, ...], bytes]) -> bytes:
    """Return byte planes as rows."""
    out = bytearray(count * width)
    for planes, data in groups.items():
        for index, plane in enumerate(planes):
            out[plane::width] = data[index * count : (index + 1) * count]
    return bytes(out)
