"""NumPy is imported without threads, and nobody else is told so."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import os, threading
from weft_tui import numbers
before = dict(os.environ)
numbers.load()
assert dict(os.environ) == before
import numpy
print(len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1)
"""


def tasks(**environment: str) -> int:
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**env, **environment}, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_numpy_starts_no_threads_and_the_environment_is_as_it_was() -> None:
    assert tasks() == 1


def test_what_somebody_has_asked_for_stays() -> None:
    assert tasks(OPENBLAS_NUM_THREADS="2") >= 1


def test_the_first_screen_does_not_wait_for_numpy() -> None:
    script = "import sys, weft_tui.app, weft_tui.screens.opening; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
