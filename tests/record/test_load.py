"""Many threads at once: nothing is lost within the bound, and beyond it every lost record is counted."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import load
from weft.events import Cost, Kind, code_of
from weft.log import reader, writer
from weft.record import definitions, drain

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


def test_a_recording_in_which_nothing_happens_hardly_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four minutes by a clock of the test: signs of life come four seconds apart, costs where there are new ones."""
    path, now = tmp_path / "trace.weft", time.perf_counter_ns()
    writer.create(str(path))
    clock = [now]
    monkeypatch.setattr(drain, "perf_counter_ns", lambda: clock[0])
    definitions.pending.clear()  # of what this process has done before
    idle = drain.Drain(writer.TraceWriter(str(path), 1 << 32, now), 1000)
    for busy in (True, False, True):
        for tick in range(80 * 10):
            clock[0] += drain.TICK_NS
            if busy and tick == 0:
                idle._taken.add(1, [clock[0], clock[0] + 1, code_of(Kind.SECTION, 1)])
            idle._look()
            idle._write()
    idle.writer.close()
    blocks = [item for item in reader.read(path) if isinstance(item, reader.Events)]
    kinds = Counter(int(kind) for block in blocks for kind in block.kind)
    pulses = [int(time) for block in blocks for time in block.time[block.kind == Kind.PULSE]]
    assert max(after - before for before, after in pairwise(pulses)) <= drain.REST_NS + drain.TICK_NS
    assert kinds[Kind.PULSE] < 240 / 4 + 10
    assert kinds[Kind.COST] <= 4 * len(Cost)
    assert path.stat().st_size < 4 * 2000  # in four minutes
