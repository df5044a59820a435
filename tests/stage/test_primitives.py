"""For threads that are not on the stage what stands in for locks is a lock: CPython's own suite says so."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("kind", ["Lock", "RLock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier"])
def test_cpythons_own_suite_passes(kind: str) -> None:
    pytest.importorskip("test.lock_tests")
    code = f"""
import threading, unittest
from weft.record.patches import Patches
from weft.stage.host import clock
from weft.stage.host.baton import Stage
from weft.stage.host.blocking import Blocking
from weft.stage.host.primitives import Maker
stage, time = Stage(), clock.Clock()
Blocking(Maker(stage, time, lambda file: True)).install(Patches())
clock.install(Patches(), stage, time, 0)
from test import lock_tests

class Suite(lock_tests.{kind}Tests):
    locktype = condtype = eventtype = semtype = barriertype = staticmethod(threading.{kind})

unittest.main(argv=["suite"], verbosity=0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
