"""What recording has cost counts from where the trace begins to tell of it."""

from __future__ import annotations

import pytest

from weft.events import Cost
from weft.timeline.catalog import Names, Room
from weft.timeline.processes import Processes


@pytest.mark.parametrize(("ring", "drain", "records", "over"), [(False, 900, 70, 4000), (True, 200, 20, 1000)])
def test_a_flight_recorders_costs_are_those_of_the_kept_time(ring: bool, drain: int, records: int, over: int) -> None:
    processes = Processes()
    process, _ = processes.index(1)
    processes.enter(process, 1000, 1)
    for time, spent, written in ((4000, 700, 50), (5000, 900, 70)):
        processes.charge(process, time, Cost.DRAIN_CPU, spent)
        processes.charge(process, time, Cost.RECORDS, written)
    names = Names(Room())
    names.about = {"ring": ring}
    (value,) = processes.values([names])
    assert (value.costs.drain_ns, value.costs.records, value.costs.over_ns) == (drain, records, over)
