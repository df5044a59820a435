"""Fuchsia's binary trace format, which the Perfetto UI and its trace processor open.

See https://fuchsia.dev/fuchsia-src/reference/tracing/trace-format. All names stand inline and all threads as pairs of
numbers, so nothing has to be remembered.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from .stream import Flow, Name, Part, Slice

MAGIC: Final = 0x0016547846040010
_TICKS: Final = 1_000_000_000
_INITIALIZATION, _EVENT, _KERNEL_OBJECT = 1, 4, 7
_INSTANT, _COMPLETE, _FLOW_BEGIN, _FLOW_END = 0, 4, 8, 10
_PROCESS, _THREAD = 1, 2
_INT64, _STRING, _KOID = 3, 6, 8
_INLINE: Final = 0x8000
_MOST: Final = 1000
_ARGS: Final = 15


def write(parts: Iterable[Part], file: BinaryIO) -> None:
    """Write parts as records."""
    file.write(_words(MAGIC, _INITIALIZATION | 2 << 4, _TICKS))
    for part in parts:
        for record in _records(part):
            file.write(record)


def _records(part: Part) -> Iterator[bytes]:
    if isinstance(part, Name):
        yield _naming(part)
    elif isinstance(part, Flow):
        number = _words(part.number)
        yield _event(_FLOW_BEGIN, part.process, part.waiter, "lock", "released", part.began, {}, number)
        yield _event(_FLOW_END, part.process, part.releaser, "lock", "released", part.time, {}, number)
    else:
        yield _slice(part)


def _slice(part: Slice) -> bytes:
    low, high = part.shown
    args = part.args if (low, high) == (part.start, part.end) else {**part.args, "lasted_ns": part.end - part.start}
    kind, more = (_INSTANT, b"") if part.what == "instant" else (_COMPLETE, _words(high))
    return _event(kind, part.process, part.lane, part.what, part.name, low, args, more)


def _event(
    kind: int,
    process: int,
    lane: int,
    category: str,
    name: str,
    time: int,
    args: dict[str, str | int],
    more: bytes,
) -> bytes:
    category_ref, category_text = _inline(category)
    name_ref, name_text = _inline(name)
    shown = [*args.items()][:_ARGS]
    body = b"".join(
        (_words(time, process, lane), category_text, name_text, *(_argument(*pair) for pair in shown), more)
    )
    head = _EVENT | (1 + len(body) // 8) << 4 | kind << 16 | len(shown) << 20 | category_ref << 32 | name_ref << 48
    return _words(head) + body


def _argument(key: str, value: str | int) -> bytes:
    key_ref, key_text = _inline(key)
    if isinstance(value, str):
        value_ref, value_text = _inline(value)
        size = 1 + (len(key_text) + len(value_text)) // 8
        return _words(_STRING | size << 4 | key_ref << 16 | value_ref << 32) + key_text + value_text
    size = 2 + len(key_text) // 8
    return _words(_INT64 | size << 4 | key_ref << 16) + key_text + _words(value)


def _naming(part: Name) -> bytes:
    ref, text = _inline(part.name)
    if not part.lane:
        size = 2 + len(text) // 8
        return _words(_KERNEL_OBJECT | size << 4 | _PROCESS << 16 | ref << 24, part.process) + text
    key_ref, key_text = _inline("process")
    owner = _words(_KOID | (2 + len(key_text) // 8) << 4 | key_ref << 16) + key_text + _words(part.process)
    size = 2 + (len(text) + len(owner)) // 8
    return _words(_KERNEL_OBJECT | size << 4 | _THREAD << 16 | ref << 24 | 1 << 40, part.lane) + text + owner


def _inline(text: str) -> tuple[int, bytes]:
    """Return a reference to a text that stands inline, and the text, filled up to whole words."""
    data = text.encode("utf-8", "backslashreplace")[:_MOST]
    data = data.decode("utf-8", "ignore").encode()
    return (_INLINE | len(data) if data else 0), data + bytes(-len(data) % 8)


def _words(*words: int) -> bytes:
    return struct.pack(f"<{len(words)}Q", *(word & (1 << 64) - 1 for word in words))
