"""Instructions per Flask request, recorded against bare, counted by valgrind: the same on a busy machine.

A child process serves few and many requests through the app's WSGI call; the difference is the price of the others.
Valgrind slows the requests and not the clock, so the recorder's threads would look far too often. They are stopped,
and another thread does their work when it would be due at 1,000 requests a second: a look at the buffers every 20
requests, a block every 100. Told is what the serving thread takes, and what both take.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FEW, MANY = 200, 1000
VIEWS = {
    "/none": "a view without a lock",
    "/one": "a view that takes a lock",
    "/ten": "a view that takes a lock ten times",
    "/": "the demo shop's catalogue (one lock)",
}
APP = """
import sys, threading

recorder = sys.modules.get("_weft.record.recorder")
if recorder is not None:
    drain, blocks = recorder.active._drain, []
    drain.pause()
    sys.modules["_weft.record.drain"].COST_NS = 1 << 62

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

def work():
    while go.acquire():
        if blocks.pop():
            drain.write_now()
        else:
            with drain._taking:
                drain._empty_buffers()
        done.release()

if recorder is not None:
    import _thread
    go, done = _thread.allocate_lock(), _thread.allocate_lock()
    go.acquire(), done.acquire()
    _thread.start_new_thread(work, ())
for number in range(1, count + 1):
    b"".join(app(dict(environ), start))
    if recorder is not None and number % 20 == 0:
        blocks.append(number % 100 == 0)
        go.release()
        done.acquire()
"""


def _instructions(folder: Path, path: str, count: int, recorded: bool) -> tuple[int, int]:
    """Return how many the serving thread took, and all others, which are the recorder's."""
    from weft.log import writer
    from weft.record.launch import environment

    env = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    if recorded:
        trace = str(folder / f"{path[1:]}{count}.weft")
        writer.create(trace, force=True)
        env = environment(env, trace)
    for old in folder.glob("counts*"):
        old.unlink()
    command = ["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder / 'counts'}"]
    subprocess.run([*command, sys.executable, "-c", APP, path, str(count)], env=env, capture_output=True, check=True)
    serving, *others = (_total(each) for each in sorted(folder.glob("counts-*")))
    return serving, sum(others)


def _total(counts: Path) -> int:
    return int(re.findall(r"^(?:summary|totals): (\d+)", counts.read_text(), re.MULTILINE)[-1])


def _per_request(folder: Path, path: str, recorded: bool) -> tuple[float, float]:
    few, many = (_instructions(folder, path, count, recorded) for count in (FEW, MANY))
    return (many[0] - few[0]) / (MANY - FEW), (many[1] - few[1]) / (MANY - FEW)


def main() -> None:
    if shutil.which("valgrind") is None:
        print("\ninstructions per request: valgrind is not installed, left out")
        return
    print(f"\ninstructions per Flask request (valgrind), Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        for path, what in VIEWS.items():
            (bare, _), (ours, drain) = (_per_request(Path(name), path, recorded) for recorded in (False, True))
            print(
                f"  {what:34} bare {bare:9,.0f}  recorded {ours:9,.0f}  x{ours / bare:.3f}"
                f"  with the recorder's threads {ours + drain:9,.0f}  x{(ours + drain) / bare:.3f}"
            )


if __name__ == "__main__":
    main()
