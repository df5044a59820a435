"""`weft record` runs a command in its own place: its status, its signals, its streams."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RECORD = [sys.executable, "-m", "weft_tui", "record"]


def _record(trace: Path, *command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RECORD, "-o", str(trace), "--", *command], capture_output=True, text=True, timeout=60, check=False, **options
    )  # type: ignore[call-overload]


def test_the_commands_status_is_ours(tmp_path: Path) -> None:
    code = "import sys, threading; threading.Thread(target=print, args=['hi']).start(); sys.exit(7)"
    done = _record(tmp_path / "t", sys.executable, "-c", code)
    assert (done.returncode, done.stdout) == (7, "hi\n")
    assert "weft replay" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_a_signal_that_ends_the_command_ends_us(tmp_path: Path) -> None:
    done = _record(tmp_path / "t", sys.executable, "-c", "import os; os.kill(os.getpid(), 15)")
    assert done.returncode == -signal.SIGTERM


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1"])
def test_signals_are_handed_on(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(42))\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(0.01)"  # a signal before `pause` would not end it
    )
    command = [*RECORD, "-o", str(tmp_path / "t"), "--", sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        child.communicate(timeout=30)
    assert child.returncode == 42


def test_standard_input_reaches_the_command(tmp_path: Path) -> None:
    done = _record(tmp_path / "t", sys.executable, "-c", "print(input()[::-1])", input="abc\n")
    assert done.stdout == "cba\n"


def test_a_command_in_which_nothing_happened_is_told_so(tmp_path: Path) -> None:
    quiet = _record(tmp_path / "a", sys.executable, "-c", "pass")
    assert quiet.returncode == 0
    assert "no lock, no request, no second thread" in quiet.stderr
    foreign = _record(tmp_path / "b", "true")
    assert foreign.returncode == 0
    assert "nothing was recorded" in foreign.stderr
    assert not (tmp_path / "b").exists()


def test_the_commands_options_are_its_own_also_without_dashes(tmp_path: Path) -> None:
    code = "import sys; print(sys.argv[1:])"
    done = subprocess.run(
        [*RECORD, "-o", str(tmp_path / "t"), sys.executable, "-c", code, "--force", "-o", "x"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "['--force', '-o', 'x']\n"


def test_an_event_means_the_same_wherever_events_are_counted(tmp_path: Path) -> None:
    code = "import threading\nt = threading.Thread(target=print); t.start(); t.join()\nwith threading.Lock(): pass"
    recorded = _record(tmp_path / "t", sys.executable, "-c", code).stderr
    counts = {int(found[1]) for found in re.finditer(r"(\d+) events recorded", recorded)}
    for command in (("info", "--format", "json"), ("report", "--format", "json")):
        done = subprocess.run(
            [sys.executable, "-m", "weft_tui", command[0], str(tmp_path / "t"), *command[1:]],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        told = json.loads(done.stdout)
        counts.add(told.get("trace", told)["events"])
    assert len(counts) == 1, counts
