"""`weft doctor` says what can be seen of an app, what cannot, and what recording costs it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

APP = """
import threading, weft
held = threading.Lock()
held.acquire()
from concurrent.futures import ThreadPoolExecutor
from flask import Flask
app, lock = Flask("app"), threading.Lock()

@app.get("/")
def index():
    with lock:
        return "x"

client = app.test_client()
for _ in range(COUNT):
    client.get("/")
"""


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "weft_tui", "doctor", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def app(tmp_path: Path) -> Path:
    path = tmp_path / "app.py"
    path.write_text(APP.replace("COUNT", "2000"))
    return path


def test_an_app_that_is_seen(tmp_path: Path, app: Path) -> None:
    trace = tmp_path / "t.weft"
    done = doctor("-o", str(trace), "--format", "json", "--", sys.executable, str(app))
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["advice"], figures["requests"], figures["lost"]) == ("", 2000, 0)
    (process,) = figures["processes"]
    assert {"flask", "werkzeug"} <= process["libraries"].keys()
    assert process["libraries"]["flask"].count(".") == 2
    assert 0 < process["pass_ns"]["bare"] < process["pass_ns"]["recorded"]
    assert abs(process["record_ns"] - process["pass_ns"]["recorded"] + process["pass_ns"]["bare"]) <= 1
    assert process["records"] > 1000
    assert 0 < process["drain_share"] < 1
    assert figures["probe_share"] > 0
    assert "idle threads of a ThreadPoolExecutor" in {each["name"] for each in figures["unseen"]}

    again = doctor(str(trace))
    assert again.returncode == 0
    assert "Seen: 2,000 requests." in again.stdout
    assert "of a core" in again.stdout
    report = subprocess.run(
        [sys.executable, "-m", "weft_tui", "report", str(trace)], capture_output=True, text=True, timeout=60, check=True
    )
    assert again.stdout.partition("\n\n")[2].strip() in report.stdout


def test_locks_that_were_bound_early_are_named_with_their_place(tmp_path: Path, app: Path) -> None:
    text = app.read_text().replace("from flask", f"weft.instrument(path={str(tmp_path / 't.weft')!r})\nfrom flask")
    app.write_text(text)
    subprocess.run([sys.executable, str(app)], capture_output=True, timeout=60, check=True)
    done = doctor(str(tmp_path / "t.weft"))
    assert done.returncode == 0, done.stderr
    assert f"app.held at {app}:3: made before the recording, and held when it began" in done.stdout


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ([sys.executable, "-c", "pass"], "Flask was never imported"),
        ([sys.executable, "-c", "import flask"], "Flask is there, but no request came"),
        ([sys.executable, "-I", "-c", "pass"], "No Python that can be recorded was started"),
    ],
)
def test_an_app_that_is_not_seen(tmp_path: Path, command: list[str], advice: str) -> None:
    done = doctor("-o", str(tmp_path / "t.weft"), "--", *command)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(advice)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit(3)", "failed: it ended with status 3.\n"),
        ("import os; os.abort()", "failed: it ended by SIGABRT.\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", ""),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_command_that_failed_is_told(tmp_path: Path, code: str, said: str) -> None:
    done = doctor("-o", str(tmp_path / "t.weft"), "--", sys.executable, "-c", code)
    assert done.returncode == 1
    assert said in done.stdout
    assert ("failed" in done.stdout) == bool(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.weft"], "nowhere.weft: no such file"),
        (["app.py"], "is not a weft trace"),
        (["--", "no-such-program"], "no such program"),
        ([], "Missing argument"),
    ],
)
def test_bad_input(tmp_path: Path, app: Path, arguments: list[str], said: str) -> None:
    done = doctor(*[str(app) if each == "app.py" else each for each in arguments])
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_a_hostile_trace_says_is_neutralised(tmp_path: Path) -> None:
    code = """
        import _weft.record.definitions as definitions
        definitions.pending.append(("unseen", 9, ("\\x1b[31mred", "f\\x1b", 1, "w\\ny")))
        """
    done = doctor("-o", str(tmp_path / "t.weft"), "--", sys.executable, "-c", textwrap.dedent(code))
    assert "red" in done.stdout
    assert "\x1b" not in done.stdout
