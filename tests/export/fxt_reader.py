"""A decoder of Fuchsia traces, written from the published format alone: inline strings and threads only."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fxt:
    ticks: int = 0
    processes: dict[int, str] = field(default_factory=dict)
    threads: dict[tuple[int, int], str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)


def bits(word: int, low: int, high: int) -> int:
    return word >> low & (1 << (high - low + 1)) - 1


class Words:
    def __init__(self, data: bytes) -> None:
        self.words = [word for (word,) in struct.iter_unpack("<Q", data)]
        self.at = 0

    def take(self) -> int:
        self.at += 1
        return self.words[self.at - 1]

    def text(self, ref: int) -> str:
        if ref == 0:
            return ""
        assert ref & 0x8000, "not inline"
        size = ref & 0x7FFF
        data = b"".join(struct.pack("<Q", self.take()) for _ in range(-(-size // 8)))
        assert not data[size:].strip(b"\0")
        return data[:size].decode()

    def argument(self) -> tuple[str, Any]:
        start, head = self.at, self.take()
        kind, size = bits(head, 0, 3), bits(head, 4, 15)
        name = self.text(bits(head, 16, 31))
        if kind == 6:
            value: Any = self.text(bits(head, 32, 47))
        elif kind == 3:
            value = struct.unpack("<q", struct.pack("<Q", self.take()))[0]
        else:
            assert kind == 8, kind
            value = self.take()
        assert self.at == start + size
        return name, value


def read(data: bytes) -> Fxt:
    found, words = Fxt(), Words(data)
    assert words.take() == 0x0016547846040010
    while words.at < len(words.words):
        start, head = words.at, words.take()
        kind, size = bits(head, 0, 3), bits(head, 4, 15)
        assert size >= 1
        if kind == 1:
            found.ticks = words.take()
        elif kind == 4:
            found.events.append(event(words, head))
        elif kind == 7:
            koid, name = words.take(), words.text(bits(head, 24, 39))
            args = dict(words.argument() for _ in range(bits(head, 40, 43)))
            if bits(head, 16, 23) == 1:
                found.processes[koid] = name
            else:
                assert bits(head, 16, 23) == 2
                found.threads[args["process"], koid] = name
        else:
            raise AssertionError(f"a record of type {kind}")
        assert words.at == start + size
    return found


def event(words: Words, head: int) -> dict[str, Any]:
    kind, time = bits(head, 16, 19), words.take()
    assert bits(head, 24, 31) == 0, "the thread is not inline"
    lane = words.take(), words.take()
    told = {"kind": kind, "start": time, "lane": lane}
    told["category"], told["name"] = words.text(bits(head, 32, 47)), words.text(bits(head, 48, 63))
    told["args"] = dict(words.argument() for _ in range(bits(head, 20, 23)))
    if kind == 4:
        told["end"] = words.take()
    elif kind in (8, 10):
        told["flow"] = words.take()
    return told
