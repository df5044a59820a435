"""Sums per lock and per request against brute force, and the report's percentiles."""

from __future__ import annotations

import json

import numpy as np
import pytest

from weft.timeline.figures import spreads
from weft.timeline.report import report

from . import workload
from .oracle import Oracle
from .script import folded, play


def oracle_sums(oracle: Oracle, end: int) -> list[tuple[int, ...]]:
    """Return acquisitions, contended, wait total and longest, hold total and longest of every lock that was used."""
    rows = []
    for lock in {interval.what for interval in [*oracle.waits, *oracle.holds]} | set(oracle.tries):
        waits = [wait for wait in oracle.waits if wait.what == lock]
        holds = [hold for hold in oracle.holds if hold.what == lock]
        waited = [max(min(wait.until(end), oracle.life(wait.thread)[1]) - wait.start, 0) for wait in waits]
        held = [hold.until(end) - hold.start for hold in holds]
        tries = oracle.tries.count(lock)
        rows.append((len(holds), len(waits) + tries, sum(waited), max([0, *waited]), sum(held), max([0, *held])))
    return sorted(rows)


@pytest.mark.parametrize("losses", [False, True])
@pytest.mark.parametrize("seed", range(60, 72))
def test_sums_per_lock_are_those_of_all_rows(seed: int, losses: bool) -> None:
    parts = [part for part in workload.trace(seed, losses=losses) if part.process == 1]
    snapshot, oracle = folded(parts), Oracle().fold(parts)
    ours = sorted(
        (row.acquisitions, row.contended, row.wait_ns, row.wait_max_ns, row.hold_ns, row.hold_max_ns)
        for row in snapshot.lock_figures()
    )
    assert ours == oracle_sums(oracle, snapshot.end_ns)
    totals = [row.wait_ns for row in snapshot.lock_figures()]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("seed", range(80, 92))
def test_a_request_waited_as_long_as_its_thread_did_meanwhile(seed: int) -> None:
    parts = [part for part in workload.trace(seed, losses=True) if part.process == 1]
    snapshot, oracle = folded(parts), Oracle().fold(parts)
    expected = {}
    for request in oracle.requests:
        last = min(snapshot.end_ns, oracle.life(request.thread)[1])
        end = last if request.end is None else request.end
        expected[request.what] = sum(
            max(min(end, min(wait.until(snapshot.end_ns), last)) - max(wait.start, request.start), 0)
            for wait in oracle.waits
            if wait.thread == request.thread
        )
    ours = snapshot.requests(10_000)
    assert {request.number: request.wait_ns for request in ours} == expected
    assert [request.end_ns is None for request in ours] == sorted((each.end_ns is None for each in ours), reverse=True)
    ends = [request.end_ns for request in ours if request.end_ns is not None]
    assert ends == sorted(ends, reverse=True)
    assert ours[:3] == snapshot.requests(3)


def test_percentiles_are_values_that_occurred() -> None:
    group = np.array([1] * 100 + [5] * 3)
    lasted = np.array([*range(100, 0, -1), 7, 9, 8])
    found = spreads(group, lasted)
    assert (found[1].count, found[1].total, found[1].p50, found[1].p99, found[1].max) == (100, 5050, 50, 99, 100)
    assert (found[5].p50, found[5].p99, found[5].max) == (8, 9, 9)


def test_the_report_is_plain_data() -> None:
    snapshot = play(
        """
        main 0 enter
        main 10 request 1 /a
        main 12 push shop
        main 20 wait db other
        main 50 acquire db 20
        main 50 section db 60
        main 70 done 200
        main 80 request 2 /b
        main 82 push shop
        main 90 done 200
        main 91 request 3 /nowhere
        main 92 push
        main 93 done 404
        other 15 section db 49
        """
    )
    told = json.loads(json.dumps(report(snapshot)))
    recording = told.pop("recording")
    assert (recording["requests"], recording["lost"], recording["hold_p50_ns"]) == (3, 0, 10)
    assert (recording["probe_share"], recording["unseen"], recording["notes"]) == (None, [], [])
    assert told == {
        "trace": {"duration_ns": 93, "events": 16, "lost": 0, "processes": 1, "threads": 2, "contended_only": False},
        "locks": [
            {
                "name": "db",
                "kind": "Lock",
                "created_at": "shop.py:7",
                "acquisitions": 2,
                "contended": 1,
                "wait_ns": {"total": 30, "p50": 30, "p99": 30, "max": 30},
                "hold_ns": {"total": 44, "p50": 10, "p99": 34, "max": 34},
            }
        ],
        "requests": [
            {
                "method": "GET",
                "endpoint": "shop",
                "count": 2,
                "duration_ns": {"total": 70, "p50": 10, "p99": 60, "max": 60},
                "wait_ns": {"total": 30, "p50": 0, "p99": 30, "max": 30},
                "queued_ns": {"total": 0, "p50": 0, "p99": 0, "max": 0},
            },
            {
                "method": "GET",
                "endpoint": None,
                "count": 1,
                "duration_ns": {"total": 2, "p50": 2, "p99": 2, "max": 2},
                "wait_ns": {"total": 0, "p50": 0, "p99": 0, "max": 0},
                "queued_ns": {"total": 0, "p50": 0, "p99": 0, "max": 0},
            },
        ],
        "tasks": [],
        "sections": [],
        "marks": [],
    }


def test_tasks_are_told_with_how_long_they_were_queued_ran_and_waited() -> None:
    snapshot = play(
        """
        main  0 enter
        pool  0 enter
        main 10 submit render
        main 12 submit mail
        main 14 submit render
        2:main 5 submit render
        2:main 6 task 5 main
        2:main 9 task_done 6
        ---
        pool 20 task 10 main
        pool 22 wait db -
        pool 27 giveup db 22
        pool 50 task_done 20
        pool 50 task 12 main
        pool 51 task_done 50
        pool 54 task 14 main
        * 64 pulse
        """
    )
    render, mail = report(snapshot)["tasks"]
    assert (render["work"], render["count"], mail["work"], mail["count"]) == ("render", 3, "mail", 1)
    assert render["queued_ns"] == {"total": 10 + 40 + 1, "p50": 10, "p99": 40, "max": 40}
    assert render["duration_ns"] == {"total": 30 + 10 + 3, "p50": 10, "p99": 30, "max": 30}
    assert render["wait_ns"]["total"] == 5
    assert mail["queued_ns"]["total"] == 38


def test_an_async_view_waits_for_its_request_and_a_task_that_nobody_awaits_does_not() -> None:
    snapshot = play("""
        server 0 enter
        pool 0 enter
        server 10 request 1 /async
        server 11 submit async_view
        server 12 submit mail
        pool 20 task 11 server
        pool 30 wait stock -
        pool 50 acquire stock 30
        pool 55 section stock 50 60
        pool 60 task_done 20
        server 70 done 200
        server 71 request 2 /other
        pool 72 task 12 server
        pool 73 wait stock -
        pool 79 acquire stock 73
        server 80 done 200
        pool 90 task_done 72
        """)
    assert [(row["endpoint"], row["wait_ns"]["total"]) for row in report(snapshot)["requests"]] == [(None, 20)]
    assert [(request.path, request.wait_ns) for request in snapshot.requests(9)] == [("/other", 0), ("/async", 20)]
    assert [snapshot.waits_in(request) for request in snapshot.requests(9)] == [[], [(0, 20)]]
