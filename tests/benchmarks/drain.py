"""The drain's price on the demo's own stream: record the shop, then take, encode and write its blocks again, timed.

Measured per event and per record: thread CPU time of what the two drain threads do (empty the buffers, encode,
compress, write), and bytes of the file, definitions included.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import thread_time_ns

import numpy as np

from weft.events import Kind, events_in
from weft.log import reader, writer
from weft.record.buffers import Buffer

SECONDS, REPEATS = 6, 15
Tick = tuple[list[dict[str, object]], list[tuple[int, list[int]]]]


def _ticks(path: Path) -> Iterator[Tick]:
    """Yield what each tick of the recording took: definitions, and flat records by thread."""
    entries: list[dict[str, object]] = []
    for item in reader.read(path):
        if isinstance(item, reader.Definitions):
            entries.extend(entry for entry in item.entries if entry["is"] != "thread")
        elif isinstance(item, reader.Events):
            code = item.obj << 6 | item.kind
            words = np.stack([item.time, item.value, code], axis=1)
            cuts = np.flatnonzero(np.diff(item.thread)) + 1
            runs = [
                (int(threads[0]), part.ravel().tolist())
                for threads, part in zip(np.split(item.thread, cuts), np.split(words, cuts), strict=True)
            ]
            yield entries, runs
            entries = []


def _cost(ticks: list[Tick], path: str) -> int:
    writer.create(path, force=True)
    target = writer.TraceWriter(path, 1)
    spent = 0
    for entries, runs in ticks:
        buffers = [(thread, Buffer(words)) for thread, words in runs]
        start = thread_time_ns()
        records = writer.Records()
        records.empty(buffers)
        records.pack()
        target.write(entries, records, start)
        spent += thread_time_ns() - start
    target.close()
    return spent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "demo.weft"
        command = [sys.executable, "-m", "weft_tui", "demo", "--headless", "--seconds", str(SECONDS), "-o", str(trace)]
        subprocess.run(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        ticks = list(_ticks(trace))
        kinds = np.concatenate([item.kind for item in reader.read(trace) if isinstance(item, reader.Events)])
        records, events = len(kinds), sum(events_in(Kind(kind)) for kind in kinds.tolist())
        size = trace.stat().st_size
        ns = statistics.median(_cost(ticks, str(Path(folder) / "again.weft")) for _ in range(REPEATS))
    print(f"\ndrain, on {SECONDS} s of the demo: {events:,} events in {records:,} records, {len(ticks)} ticks")
    print(f"  bytes  {size / events:6.2f} per event  {size / records:6.2f} per record")
    print(f"  ns CPU {ns / events:6.0f} per event  {ns / records:6.0f} per record")


if __name__ == "__main__":
    main()
