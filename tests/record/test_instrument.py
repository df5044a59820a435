"""Recording from inside an app's own code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import recorded
from weft.events import Kind

CODE = """
import sys, weft
path = weft.instrument(path=sys.argv[1] if len(sys.argv) > 1 else None)
import threading
from flask import Flask
app = Flask(__name__)
lock = threading.Lock()
weft.init_app(app)
assert app.extensions["weft"]["trace"] == path
@app.get("/")
def index():
    with lock:
        return "x"
app.test_client().get("/")
print(path)
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_new_private_trace_is_made_and_said(tmp_path: Path) -> None:
    done = _run()
    assert done.returncode == 0, done.stderr
    trace = Path(done.stdout.strip())
    assert trace.parent == tmp_path / "weft-home"
    assert done.stderr == f"weft: recording to {trace}; watch it with `weft live {trace}`\n"
    assert trace.stat().st_mode & 0o777 == 0o600
    found = recorded.load(trace)
    assert len(found.of(Kind.SECTION)) == len(found.of(Kind.POP_AND_EXIT)) == 1


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("precious")
    done = _run(str(mine))
    assert done.returncode == 1
    assert "exists" in done.stderr
    assert mine.read_text() == "precious"


def test_under_weft_record_the_one_recorder_goes_on(tmp_path: Path) -> None:
    trace = tmp_path / "trace.weft"
    done = recorded.run(trace, CODE)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{trace}\n", "")
    assert len(recorded.load(trace).of(Kind.POP_AND_EXIT)) == 1


def test_a_lock_that_is_held_meanwhile_is_named(tmp_path: Path) -> None:
    early = "import threading; lock = threading.Lock(); held = threading.Lock(); held.acquire()\n"
    done = subprocess.run(
        [sys.executable, "-c", early + CODE.replace("lock = threading.Lock()\n", "")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "not recorded: __main__.held (made before the recording, and held when it began); call" in done.stderr
    assert [row.what for row in recorded.load(Path(done.stdout.strip())).of(Kind.SECTION)] == ["__main__.lock"]
