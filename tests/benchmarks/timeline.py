"""The timeline's speed on large traces: loading, memory, frames, and live ingest. Prints a table.

Each figure is taken in a process of its own that begins with the imports; of three processes that load the quickest
counts, as the first has to compile modules and may find that the machine has to look for memory. The traces are a
simulated server's, written by the real writer with the recorder's tick, one stretch of a million events after the
other. Argument: how many millions of events at most (10; 100 takes minutes and gigabytes).

Ten million events in CPU time on one thread, without the imports (0.2 s), on a busy machine: 0.24 s to read and
unpack, 0.60 s to fold, 0.50 s to draw. How long loading takes (the median and the least of five rounds beside each
other): 2.1 and 1.7 s in one thread, 1.7 and 1.55 s if another one reads ahead or if one draws what is folded, 1.55 and
1.45 s with both, for 0.4 s more CPU time. 0.48 GB, of which 0.2 GB are tables and 0.12 GB segments. A frame of all
takes 1.9 ms, of a tenth 1.6 ms, of a hundred million events 3.6 ms.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.tiled import write_tiled

LANES, COLUMNS, RUNS = 40, 200, 15
PARTS = (1, 10, 1000)


def main() -> None:
    """Measure in a process for each figure, or be that process."""
    if len(sys.argv) == 3:
        {"load": _load, "first": _first, "ingest": _ingest}[sys.argv[1]](Path(sys.argv[2]))
        return
    most = int(sys.argv[1]) if len(sys.argv) == 2 else 10
    print(f"timeline, 64 threads, {LANES} lanes x {COLUMNS} columns, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as folder:
        for millions in (1, 10, 100):
            if millions > most:
                break
            path = Path(folder) / "trace.weft"
            events = write_tiled(path, millions)
            print(f"\n{events:,} events, {path.stat().st_size:,} bytes")
            for what in ("first", "load", "ingest") if millions == 10 else ("first", "load"):
                several = 3 if millions <= 10 and what != "ingest" else 1
                print(min((_measured(what, path) for _ in range(several)), key=_seconds), end="", flush=True)


def _measured(what: str, path: Path) -> str:
    """Return the rows that a process of its own prints; it finds modules compiled, as where weft is installed."""
    compiled = {"PYTHONPYCACHEPREFIX": str(path.parent / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
    began = {"WEFT_BENCH_BEGAN": str(time.perf_counter())}
    return subprocess.run(
        [sys.executable, __file__, what, str(path)], stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, **compiled, **began, "OPENBLAS_NUM_THREADS": "1"},  # as the command
    ).stdout  # fmt: skip


def _seconds(rows: str) -> float:
    """Return the first time in seconds that stands in rows, if any."""
    found = re.search(r"([0-9.]+) s\b", rows)
    return float(found[1]) if found else 0.0


def _since_exec() -> float:
    return time.perf_counter() - float(os.environ["WEFT_BENCH_BEGAN"])


def _row(what: str, figure: str, target: str = "") -> None:
    print(f"  {what:<44} {figure:<26} {target}")


def _spent() -> str:
    """Return the CPU time since exec, which other programs on the machine disturb less, and the most memory."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    return f"{used.ru_utime + used.ru_stime:.2f} s CPU, {used.ru_maxrss / 1024:.0f} MB"


def _load(path: Path) -> None:
    """Load the whole trace and ask for frames."""
    from weft.timeline import load

    snapshot = load(path)
    lanes = range(min(LANES, len(snapshot.lanes)))
    snapshot.frame(lanes, snapshot.start_ns, snapshot.end_ns, COLUMNS)
    _row(
        "exec to exact frame of the whole trace", f"{_since_exec():.2f} s, {_spent()}", "1e6: 0.6 s; 1e7: 1.5 s, 0.5 GB"
    )
    span = snapshot.end_ns - snapshot.start_ns
    for part in PARTS:
        times = []
        for start in np.linspace(snapshot.start_ns, snapshot.end_ns - span // part, RUNS).astype(int).tolist():
            began = time.perf_counter()
            snapshot.frame(lanes, start, start + span // part, COLUMNS)
            times.append((time.perf_counter() - began) * 1000)
        what = f"frame of 1/{part}" if part > 1 else "frame of the whole trace"
        _row(what, f"median {statistics.median(times):.2f} ms", "1e7: 2 ms; 1e8: 5 ms")


def _first(path: Path) -> None:
    """Take the time to a first frame of what has been read so far, as the dashboard draws it."""
    from weft.log.reader import Tail
    from weft.timeline import Builder

    tail, builder = Tail(path), Builder()
    builder.fold(tail.read())
    snapshot = builder.snapshot()
    snapshot.frame(range(min(LANES, len(snapshot.lanes))), snapshot.start_ns, snapshot.end_ns, COLUMNS)
    _row("exec to first frame, of what is read by then", f"{_since_exec():.2f} s", "1e8: 5 s")


def _ingest(path: Path) -> None:
    """Fold a live trace tick by tick, with a snapshot for each."""
    from weft.log.reader import Tail
    from weft.timeline import Builder

    tail, builder = Tail(path, 1 << 16), Builder()
    snapshot = builder.snapshot()
    began = time.perf_counter()
    while tail.unread() > 0:
        builder.fold(tail.read())
        snapshot = builder.snapshot()
    rate = snapshot.events / (time.perf_counter() - began)
    _row("live ingest, a snapshot for every 64 kB", f"{rate / 1e6:.1f} M events/s", ">= 1 M events/s")


if __name__ == "__main__":
    main()
