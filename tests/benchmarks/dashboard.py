"""The dashboard's speed in a real pty of 200x50: full pans, keys, idling and following. Prints a table.

Headless runs never write escape sequences, so every figure here is taken behind a pty whose other end is read.
Figures are those of this machine, now; a busy machine makes them worse.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from terminal import COLUMNS, ROWS, running, weft

from support.busy import TICK_NS, BusyServer
from support.tiled import write_tiled
from weft.log import format as fmt

EVENTS = 1_000_000
SECONDS = 4.0
KEYS = 80
ZOOMS = ((1, "whole trace"), (0.1, "1/10"), (0.01, "1/100"), (0.001, "1/1000"))
KINDS = (("THREAD", "lanes"), ("LOCK", "locks"), ("REQUEST", "requests"))
HOME = b"\x1b[H"
LIVE_RATES = (10_000, 100_000)
FOLLOWED = 6


def main() -> None:
    """Measure everything, or be the measured app."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--app", nargs=3, metavar=("TRACE", "WHAT", "RESULT"))
    options = parser.parse_args()
    if options.app:
        play(Path(options.app[0]), options.app[1], Path(options.app[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))


# the measured app


def play(trace: Path, what: str, result: Path) -> None:
    """Move, as in ``pan:0.1:LOCK`` or ``scroll:1:THREAD``, for `SECONDS`, and write how fast that went.

    The number is the part of the trace that is visible, the word behind it what the lanes are of.
    """
    from weft_tui.app import Mode, WeftApp
    from weft_tui.commands import run_app

    manner, _, rest = what.partition(":")
    zoom, _, kind_of_lanes = rest.partition(":")

    class Moving(WeftApp):
        """Pans, or selects the next lane, after every frame, as fast as frames are painted."""

        CSS_PATH = WeftApp.CSS_PATH
        frames, cpu, began = 0, 0.0, 0.0

        def post_display_hook(self) -> None:
            view = self.dashboard.view if self.shows else None
            if view is None or self.dashboard.status.loaded < 1 or not self.is_running:
                return
            now = time.perf_counter()
            if not self.began:
                self.began, self.cpu, self.span = now, time.process_time(), view.span_ns
                self.dashboard.action_zoom(float(zoom))
                self.dashboard.action_first()
                if kind_of_lanes:
                    self.dashboard.action_show_by(kind_of_lanes)
                self.step = 0.07 if manner == "pan" else 1
            elif now - self.began > SECONDS:
                self.report(now)
                return
            self.frames += 1
            self.call_later(self.pan if manner == "pan" else self.scroll)

        def scroll(self) -> None:
            row = self.dashboard.row
            self.dashboard.action_lane(int(self.step))
            if self.dashboard.row == row:
                self.step = -self.step
                self.dashboard.action_lane(int(self.step))

        def pan(self) -> None:
            before = self.dashboard.view
            self.dashboard.action_pan(self.step)
            if self.dashboard.view == before:
                self.step = -self.step
                self.dashboard.action_pan(self.step)

        def report(self, now: float) -> None:
            cpu = time.process_time() - self.cpu
            seconds = now - self.began
            result.write_text(json.dumps({"fps": self.frames / seconds, "ms": 1000 * cpu / self.frames}))
            self.exit()

    run_app(Moving(trace, mode=Mode.REPLAY, title="benchmark"))


# the measurements


def measure(folder: Path) -> None:
    """Measure and print."""
    trace, result = folder / "busy.weft", folder / "result.json"
    BusyServer().write(trace, EVENTS)
    print(f"{EVENTS:,} events, 64 threads, {COLUMNS}x{ROWS}, Python {sys.version.split()[0]}\n")
    for zoom, words in ZOOMS:
        pans(trace, result, zoom, f"full pans, {words}")
    lanes_of(trace, result, "10^6")
    large = folder / "large.weft"
    write_tiled(large, 10)
    for zoom, words in ZOOMS:
        pans(large, result, zoom, f"full pans of 10^7 events, {words}")
    lanes_of(large, result, "10^7")
    crowd = folder / "crowd.weft"
    BusyServer(threads=1000, locks=1000).write(crowd, EVENTS)
    for by, words in KINDS:
        pans(crowd, result, 1, f"scrolling through 1,000 {words}", by, "scroll")
    for zoom in (b"", b"+++", b"+++++++"):
        latency(trace, result, zoom)
    idle(trace, result)
    for rate in LIVE_RATES:
        following(folder / "live.weft", result, rate)


def lanes_of(trace: Path, result: Path, size: str) -> None:
    """Pan over lanes of locks and of requests."""
    for by, words in KINDS[1:]:
        for zoom, part in ZOOMS[:3]:
            pans(trace, result, zoom, f"full pans, {words} of {size} events, {part}", by)


def row(what: str, figures: str, target: str) -> None:
    """Print a row of the table."""
    print(f"{what:<52} {figures:<46} {target}", flush=True)


def pans(trace: Path, result: Path, zoom: float, words: str, by: str = "THREAD", manner: str = "pan") -> None:
    """Pan by 7 % per frame, or go from lane to lane, without a cap on the frames."""
    # A pan of the whole trace cannot move: look at nine tenths of it.
    with running(__file__, trace, f"{manner}:{min(zoom, 0.9)}:{by}", result, TEXTUAL_FPS="1000") as terminal:
        size, _ = terminal.read(quiet=8.0, limit=SECONDS + 60)
    told = json.loads(result.read_text())
    kilobytes = size / 1000 / (told["fps"] * SECONDS)
    row(
        words,
        f"{told['fps']:.0f} frames/s, {told['ms']:.1f} ms CPU, {kilobytes:.0f} kB each",
        ">= 100 frames/s" if manner == "pan" else ">= 60 frames/s",
    )


def latency(trace: Path, result: Path, zoom: bytes) -> None:
    """Press a key that pans, and take the time until the last byte of the new picture is there."""
    waits = []
    randomness = random.Random(1)
    with weft(result.parent, "replay", str(trace)) as terminal:
        terminal.read(quiet=1.5)
        for key in (HOME, *(bytes([key]) for key in zoom)):
            terminal.press(key)
            terminal.read(quiet=0.2)
        for number in range(KEYS):
            time.sleep(randomness.uniform(0.03, 0.12))
            began = time.perf_counter()
            terminal.press(b"LH"[number // 10 % 2 :][:1] if zoom else b"lh"[number % 2 :][:1])
            _, last = terminal.read(quiet=0.06, first=1.0)
            if last is not None:
                waits.append((last - began) * 1000)
    if len(waits) < KEYS:
        raise RuntimeError(f"{KEYS - len(waits)} keys were not answered: {terminal.text()}")
    waits.sort()
    what = f"key to painted, {'whole trace, cursor' if not zoom else f'zoomed {len(zoom)} times, pan'}"
    p95 = waits[int(len(waits) * 0.95)]
    row(what, f"median {statistics.median(waits):.1f} ms, p95 {p95:.1f} ms, max {waits[-1]:.1f} ms", "p95 <= 10 ms")


def idle(trace: Path, result: Path) -> None:
    """Follow a trace that does not grow."""
    with weft(result.parent, "live", str(trace)) as terminal:
        terminal.read(quiet=4.0, limit=20.0)
        before = terminal.cpu()
        size, _ = terminal.read(quiet=6.0)
        used = terminal.cpu() - before
    row("idle, live", f"{used / 6:.1%} CPU, {size} bytes written", "<= 1 %")


def following(trace: Path, result: Path, rate: int) -> None:
    """Follow a trace that grows by ``rate`` events per second."""
    finished = trace.with_name("finished.weft")
    server = BusyServer()
    server.write(finished, rate * FOLLOWED * 2)
    data = finished.read_bytes()
    # The simulated server is busier than wanted: its file is written more slowly than it says.
    duration = server.events / rate
    position = fmt.FILE_HEADER_SIZE
    trace.write_bytes(data[:position])
    with weft(result.parent, "live", str(trace)) as terminal:
        terminal.read(quiet=1.0, limit=2)
        began, before = time.perf_counter(), terminal.cpu()
        with trace.open("ab", buffering=0) as file:
            while (now := time.perf_counter() - began) < FOLLOWED:
                upto = int(len(data) * now / duration)
                file.write(data[position:upto])
                position = max(upto, position)
                terminal.read(quiet=TICK_NS / 1e9, limit=TICK_NS / 1e9)
        used = (terminal.cpu() - before) / FOLLOWED
    row(f"following {rate:,} events/s", f"{used:.1%} CPU", "")


if __name__ == "__main__":
    main()
