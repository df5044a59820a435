"""Opening traces in a real pty of 200x50: first paint, stalls, a large table, and a block's way to the screen."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from terminal import running, weft

from support.busy import BusyServer
from support.tiled import write_tiled
from weft.log import format as fmt
from weft_tui.settings import FILE, Settings, save

EVENTS = 1_000_000
KEYS = 80
TIMES = 10
ARRIVING = 60
"""Blocks whose way to the screen is timed."""
STARTS = 7
LANES = 2_000
"""Escape sequences that only a picture with lanes has."""


def main() -> None:
    """Measure everything, or be the measured app."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", help="measure only these: opening loading table arriving")
    parser.add_argument("--app", nargs=3, metavar=("TRACE", "WHAT", "RESULT"))
    options = parser.parse_args()
    if options.app:
        play(Path(options.app[0]), options.app[1], Path(options.app[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.rows)


# the measured app


def play(trace: Path, what: str, result: Path) -> None:
    """Watch how a trace loads, or sort a table; write what that took."""
    if what == "table":
        sort(result)
    else:
        load(trace, result)


def load(trace: Path, result: Path) -> None:
    """Take the longest time, and CPU time, for which the screen answers to nothing while a trace is read."""
    from weft_tui.app import Mode, WeftApp
    from weft_tui.commands import run_app

    class Loading(WeftApp):
        CSS_PATH = WeftApp.CSS_PATH

        def on_mount(self) -> None:
            self.run_worker(self.watch())

        async def watch(self) -> None:
            stall = cpu = 0.0
            while not self.shows or self.dashboard.status.loaded < 1 or self.dashboard.snapshot is None:
                before = time.perf_counter(), time.thread_time()
                await asyncio.sleep(0.001)
                stall = max(stall, time.perf_counter() - before[0])
                cpu = max(cpu, time.thread_time() - before[1])
            result.write_text(json.dumps({"stall": 1000 * stall, "cpu": 1000 * cpu}))
            self.exit()

    run_app(Loading(trace, mode=Mode.REPLAY, title="benchmark"))


def sort(result: Path) -> None:
    """Sort and paint a table of 10,000 locks, again and again."""
    from textual.app import App, ComposeResult

    from weft.timeline import Builder
    from weft.timeline.values import Lock, LockFigures, Place
    from weft_tui.app import WeftApp
    from weft_tui.widgets.table import Sorting as Sorted
    from weft_tui.widgets.table import Table
    from weft_tui.widgets.tables import lock_columns

    class Sorting(App[None]):
        CSS_PATH = WeftApp.CSS_PATH

        def compose(self) -> ComposeResult:
            yield Table[LockFigures]((), lambda row: row.lock.id, empty="")

        def on_ready(self) -> None:
            nowhere, randomness = Place("", "", 0), random.Random(1)
            self.table = self.query_one(Table)
            self.table.columns = lock_columns(Builder().snapshot())
            figures = [randomness.choices(range(10**9), k=6) for _ in range(10_000)]
            locks = [Lock(number, 0, f"lock {number}", "Lock", nowhere) for number in range(len(figures))]
            self.table.rows = [LockFigures(lock, *row, 0, None) for lock, row in zip(locks, figures, strict=True)]
            self.took: list[float] = []
            self.call_later(self.turn)

        def turn(self) -> None:
            self.began = time.thread_time()
            self.table.sorting = Sorted(3 + len(self.took) % 4, len(self.took) % 3 > 0)

        def post_display_hook(self) -> None:
            if not hasattr(self, "began") or self.began < 0:
                return
            self.took.append(1000 * (time.thread_time() - self.began))
            self.began = -1.0
            if len(self.took) < KEYS:
                self.call_later(self.turn)
            else:
                result.write_text(json.dumps({"ms": statistics.median(self.took), "p95": sorted(self.took)[-4]}))
                self.exit()

    Sorting().run()


# the measurements


def measure(folder: Path, rows: list[str]) -> None:
    """Measure and print; of all rows only those that are named, if any are."""
    trace, large, result = folder / "busy.weft", folder / "tiled.weft", folder / "result.json"
    BusyServer().write(trace, EVENTS)
    write_tiled(large, TIMES)
    of_size = ((trace, EVENTS), (large, TIMES * EVENTS))
    for name, measured in (("opening", opening), ("loading", loading), ("table", table), ("arriving", arriving)):
        if rows and name not in rows:
            continue
        for file, events in of_size if name in ("opening", "loading") else ((trace, 0),):
            print(f"{events:,} events" if events else "")
            measured(folder / "arriving.weft" if name == "arriving" else file, result)


def row(what: str, figures: str, target: str) -> None:
    """Print a row of the table."""
    print(f"{what:<44} {figures:<46} {target}", flush=True)


def opening(trace: Path, result: Path) -> None:
    """Start the command, and take the time until pictures are there: the trace's name, lanes, the whole trace."""
    took: dict[str, list[tuple[float, float]]] = {"first paint": [], "first lanes": [], "the whole trace painted": []}
    for _ in range(1 + STARTS):
        began = time.perf_counter()
        with weft(result.parent, "replay", str(trace)) as terminal:
            terminal.read_until(lambda data: trace.name.encode() in data)
            took["first paint"].append((time.perf_counter() - began, terminal.cpu()))
            terminal.read_until(lambda data: data.count(b"\x1b") > LANES)
            took["first lanes"].append((time.perf_counter() - began, terminal.cpu()))
            _, last = terminal.read(quiet=1.0)
            took["the whole trace painted"].append(((last or time.perf_counter()) - began, terminal.cpu()))
    for what, figures in took.items():
        wall, cpu = (statistics.median(column) for column in zip(*figures[1:], strict=True))
        row(f"exec to {what}", f"median {wall:.2f} s, {cpu:.2f} s CPU", "<= 0.4 s" if what == "first paint" else "")


def loading(trace: Path, result: Path) -> None:
    """Read a trace, and take the longest time for which no key would be answered, with each kind of lanes."""
    settings = result.parent / "weft" / FILE
    for by in ("thread", "request"):
        save(settings, Settings(lanes=by))
        with running(__file__, trace, "loading", result) as terminal:
            terminal.read(quiet=30.0, limit=60.0)
        told = json.loads(result.read_text())
        what = f"longest stall while loading, lanes of {by}s"
        row(what, f"{told['stall']:.0f} ms, {told['cpu']:.0f} ms of its own CPU", "<= 50 ms")
    settings.unlink()


def table(trace: Path, result: Path) -> None:
    """Sort and paint 10,000 rows."""
    with running(__file__, trace, "table", result) as terminal:
        terminal.read(quiet=30.0, limit=60.0)
    told = json.loads(result.read_text())
    row("10,000 rows sorted and painted", f"median {told['ms']:.1f} ms, p95 {told['p95']:.1f} ms, CPU", "<= 10 ms")


def arriving(trace: Path, result: Path) -> None:
    """Append a block to a followed trace, and take the time until the screen begins to change."""
    finished = trace.with_name("finished.weft")
    BusyServer().write(finished, EVENTS)
    data = finished.read_bytes()
    ends = [*(found.start() for found in re.finditer(re.escape(fmt.BLOCK_MAGIC), data)), len(data)]
    first = ends[1]
    trace.write_bytes(data[:first])
    waits = []
    with weft(result.parent, "live", str(trace)) as terminal:
        terminal.read(quiet=1.5)
        with trace.open("ab", buffering=0) as file:
            for start, end in pairwise(ends[1 : ARRIVING + 2]):
                time.sleep(0.2)
                terminal.read(quiet=0.1)
                began = time.perf_counter()
                file.write(data[start:end])
                if terminal.read(quiet=0.0, limit=0.001, first=1.0)[0]:
                    waits.append(1000 * (time.perf_counter() - began))
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)]
    told = f"median {statistics.median(waits):.0f} ms, p99 {p99:.0f} ms of {len(waits)} blocks"
    row("block in the file to screen", told, "p99 <= 100 ms with the recorder's tick")


if __name__ == "__main__":
    main()
