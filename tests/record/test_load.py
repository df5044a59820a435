"""Many threads at once: nothing is lost within the bound, and beyond it every lost record is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import load

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")


def test_nothing_is_lost_within_the_bound() -> None:
    found = load.run(2, 64, 40_000)
    assert found["passes"] > 0
    assert (found["sections"], found["lost"]) == (found["passes"], 0)


def test_beyond_the_bound_it_is_counted() -> None:
    found = load.run(2, 16, 0, bound=500)
    assert found["lost"] > 0
    # What is lost besides passes: names, beginnings and ends of threads.
    assert 0 <= found["sections"] + found["lost"] - found["passes"] <= 4 * 17
