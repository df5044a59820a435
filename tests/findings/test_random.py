"""Random programs: deadlocks against a plain search, and shares of blame that add up to the wait."""

from __future__ import annotations

import random

import pytest

from timeline.script import Scribe, folded
from timeline.workload import TICK, App, trace
from weft.events import Kind
from weft.findings import Options, find
from weft.findings.blame import shared_out
from weft.findings.case import Case
from weft.timeline import moments

UNTIL = 1500
OLD = 3 * TICK
EVERYTHING = Options(deadlock_ns=OLD, signal_ns=OLD, blame_ns=1, brief_ns=1, most=10_000)


def rings(seed: int, age: int = 0) -> set[frozenset[str]]:
    """Return the threads of each ring of waits in the first process, as the program itself knows them at its end.

    Of the other processes nothing is known here: the random numbers of the trace go another way after the first.
    """
    rng = random.Random(seed)
    app, *_ = [App(rng, process, UNTIL) for process in range(1, rng.randint(1, 3) + 1)]
    app.run()
    waits = {thread.name: thread.waiting for queue in app._queue.values() for thread in queue if thread.waiting}
    found = set()
    for name in waits:
        path = [name]
        while path[-1] in waits and (owner := app._owner.get(waits[path[-1]][0])) is not None:
            if owner.name in path:
                ring = path[path.index(owner.name) :]
                if max(waits[each][1] for each in ring) <= UNTIL - age:
                    found.add(frozenset(ring))
                break
            path.append(owner.name)
    return found


@pytest.mark.parametrize("seed", range(120))
def test_rings_are_found_and_nothing_else(seed: int) -> None:
    # The recorder of a process in which nothing happens any more says that it is alive.
    items = [*trace(seed), *Scribe().block([(1, "*", UNTIL, Kind.PULSE, 0, "")])]
    snapshot = folded(items)
    first = [*dict.fromkeys(item.process for item in items)].index(1)
    found = {
        frozenset(snapshot.threads[thread].name.replace(" ", "_") for thread in finding.subject)
        for finding in find(snapshot, EVERYTHING)
        if finding.kind == "deadlock" and snapshot.threads[finding.subject[0]].process == first
    }
    assert rings(seed, age=OLD) <= found <= rings(seed)


def test_some_random_programs_do_deadlock() -> None:
    assert sum(bool(rings(seed, age=OLD)) for seed in range(120)) > 5


@pytest.mark.parametrize("seed", range(30))
def test_shares_add_up(seed: int) -> None:
    snapshot = folded(trace(seed))
    case = Case(snapshot, EVERYTHING)
    tables = snapshot.tables
    for request in snapshot.requests(100):
        end = snapshot.end_ns if request.end_ns is None else request.end_ns
        rows = tables.waits.within(request.start_ns, end)
        rows = rows[(rows["thread"] == request.thread) & (rows["start"] >= request.start_ns)]
        for lock in {*rows["lock"].tolist()}:
            shares, _ = shared_out(case, request, lock)
            waited = free = 0
            for row in moments.waits(tables, rows[rows["lock"] == lock]):
                until = min(end, row.end_ns if row.end_ns is not None else end)
                waited += until - row.start_ns
                held = {
                    time
                    for hold in tables.holds.all()
                    if hold["lock"] == lock and hold["thread"] != request.thread
                    for time in range(max(hold["start"], row.start_ns), min(hold["end"], until))
                }
                free += until - row.start_ns - len(held)
            assert sum(share.ns for share in shares) + free == waited
