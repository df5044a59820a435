"""Slices as rows: CSV, and Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import Any, BinaryIO, Final

from .. import extras
from ..errors import WeftError
from .stream import LOCK_LANES, Name, Part, Slice

COLUMNS: Final = (
    "what", "pid", "thread", "name", "start_ns", "end_ns", "lock", "request", "method", "path", "endpoint", "status",
    "outcome", "held_by",
)  # fmt: skip
_WHOLE: Final = frozenset({"pid", "start_ns", "end_ns", "request", "status"})
_BATCH: Final = 20_000


def write_csv(parts: Iterable[Part], file: BinaryIO) -> None:
    """Write a row per slice, in UTF-8; what a slice does not have is empty."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        out = csv.writer(text)
        out.writerow(COLUMNS)
        out.writerows(rows(parts))
    finally:
        # The file is the caller's to close.
        text.detach()


def write_parquet(parts: Iterable[Part], file: BinaryIO) -> None:
    """Write the same rows in groups of 20,000.

    Raises:
        WeftError: pyarrow is not installed.
    """
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise WeftError(f"Parquet needs pyarrow: {extras.install('parquet')}, or export to csv") from None
    schema = arrow.schema([(name, arrow.int64() if name in _WHOLE else arrow.string()) for name in COLUMNS])
    with parquet.ParquetWriter(file, schema) as writer:
        source = rows(parts)
        while batch := [*islice(source, _BATCH)]:
            columns = zip(*batch, strict=True)
            arrays = [arrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))


def rows(parts: Iterable[Part]) -> Iterator[tuple[Any, ...]]:
    """Yield a row per slice on a thread's lane; lock lanes would only say it again."""
    threads: dict[tuple[int, int], str] = {}
    for part in parts:
        if isinstance(part, Name):
            threads[part.process, part.lane] = part.name
        elif isinstance(part, Slice) and part.lane < LOCK_LANES and part.what != "release":
            args = part.args
            thread = threads.get((part.process, part.lane), f"thread {part.lane}")
            more = (args.get(key) for key in ("lock", "request", "method", "path", "endpoint", "status", "outcome"))
            yield (part.what, part.process, thread, part.name, part.start, part.end, *more, args.get("held by"))
