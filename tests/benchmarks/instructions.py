"""Instructions per Flask request, recorded against bare, counted by valgrind: the same on a busy machine.

A child process serves few and many requests through the app's WSGI call; the difference is the price of the others.
When the drain's threads get their turns under valgrind is not the same in every run: the middle one of three counts.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FEW, MANY = 300, 1500
VIEWS = {
    "/none": "a view without a lock",
    "/one": "a view that takes a lock",
    "/ten": "a view that takes a lock ten times",
    "/": "the demo shop's catalogue (one lock)",
}
APP = """
import sys, threading
from flask import Flask
app = Flask("app")
lock = threading.Lock()

@app.get("/none")
def none():
    return "x"

@app.get("/one")
def one():
    with lock:
        return "x"

@app.get("/ten")
def ten():
    for _ in range(10):
        with lock:
            pass
    return "x"

if sys.argv[1] == "/":
    from weft_demos.shop import create_app
    app = create_app()

from werkzeug.test import EnvironBuilder
start = lambda status, headers, exc_info=None: None
path, count = sys.argv[1], int(sys.argv[2])
environ = EnvironBuilder(path=path).get_environ()
for _ in range(count):
    b"".join(app(dict(environ), start))
"""


def _instructions(folder: Path, path: str, count: int, recorded: bool) -> int:
    from weft.log import writer
    from weft.record.launch import environment

    env = {**os.environ, "PYTHONHASHSEED": "0"}
    if recorded:
        trace = str(folder / f"{path[1:]}{count}.weft")
        writer.create(trace, force=True)
        env = environment(env, trace)
    counts = folder / "counts"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}"]
    done = subprocess.run(
        [*command, sys.executable, "-c", APP, path, str(count)], env=env, capture_output=True, text=True, check=True
    )
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))  # type: ignore[union-attr]


def _per_request(folder: Path, path: str, recorded: bool) -> float:
    few, many = (_instructions(folder, path, count, recorded) for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def main() -> None:
    if shutil.which("valgrind") is None:
        print("\ninstructions per request: valgrind is not installed, left out")
        return
    print(f"\ninstructions per Flask request (valgrind), Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, what in VIEWS.items():
            bare, ours = (
                statistics.median(_per_request(folder, path, recorded) for _ in range(runs))
                for recorded, runs in ((False, 1), (True, 3))
            )
            print(f"  {what:34} bare {bare:9,.0f}  recorded {ours:9,.0f}  x{ours / bare:.3f}")


if __name__ == "__main__":
    main()
