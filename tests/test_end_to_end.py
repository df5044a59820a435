"""The whole way: a real server under real HTTP load, recorded, read back, and held against what the customers did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from weft import places
from weft.record.launch import environment
from weft.timeline import load
from weft.timeline.report import report
from weft.timeline.snapshot import Snapshot
from weft_demos.session import DemoSession

SECONDS = 3.0


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, dict[str, Any]]:
    """A recording of the shop, and the customers' own tally."""
    trace = places.create(tmp_path_factory.mktemp("shop") / "shop.weft")
    with DemoSession("shop", environment=environment(os.environ, str(trace)), seconds=SECONDS) as session:
        tally = session.wait_load()
    return load(trace), tally


def test_every_request_of_every_customer_is_there_once(recorded: tuple[Snapshot, dict[str, Any]]) -> None:
    snapshot, tally = recorded
    requests = snapshot.requests(1_000_000)
    assert Counter(f"{request.method} {request.endpoint}" for request in requests) == tally["requests"]
    assert Counter(str(request.status) for request in requests) == tally["statuses"]
    assert all(request.end_ns is not None for request in requests)
    assert len({request.number for request in requests}) == len(requests)
    assert {f"{row['method']} {row['endpoint']}": row["count"] for row in report(snapshot)["requests"]} == tally[
        "requests"
    ]


def test_every_wait_has_a_holder_and_both_places(recorded: tuple[Snapshot, dict[str, Any]]) -> None:
    snapshot, _ = recorded
    waits = []
    wait = snapshot.next_wait(None, snapshot.start_ns - 1, 1)
    while wait is not None:
        waits.append(wait)
        wait = snapshot.next_wait(None, wait.start_ns, 1)
    assert len(waits) > 10
    for wait in waits:
        assert wait.holder is not None
        assert wait.acquired
        assert wait.end_ns is not None
        moment = snapshot.moment(wait.lane, (wait.start_ns + wait.end_ns) // 2)
        assert moment.wait == wait
        assert moment.request is not None
        assert moment.blames
        assert all(blame.hold.thread != wait.thread for blame in moment.blames)
        assert any(place.file.endswith("shop.py") for place in wait.waiter_at)
    assert any(any(place.file.endswith("shop.py") for place in wait.holder_at) for wait in waits)


def test_the_report_names_the_culprit(recorded: tuple[Snapshot, dict[str, Any]]) -> None:
    snapshot, tally = recorded
    figures = report(snapshot)
    trace = figures["trace"]
    assert trace["lost"] == 0
    assert snapshot.gaps == ()
    assert trace["processes"] == 1
    assert trace["threads"] > sum(tally["requests"].values())
    assert SECONDS * 1e9 <= trace["duration_ns"] < (SECONDS + 10) * 1e9
    worst = figures["locks"][0]
    assert worst["name"] == "Shop.stock_lock"
    assert worst["created_at"].rpartition(":")[0].endswith("shop.py")
    assert worst["contended"] > 10
    slow = max(figures["requests"], key=lambda row: row["duration_ns"]["p50"])
    assert slow["endpoint"] == "report"
    # what nobody but the report does: it is never behind itself alone, all others wait for it
    assert worst["hold_ns"]["max"] >= slow["duration_ns"]["p50"] * 0.5


def test_no_wait_is_longer_than_its_request(recorded: tuple[Snapshot, dict[str, Any]]) -> None:
    snapshot, _ = recorded
    for request in snapshot.requests(1_000_000):
        assert request.end_ns is not None
        assert 0 <= request.wait_ns <= request.end_ns - request.start_ns


def test_the_headless_demo_ends_with_a_timeline_and_the_report(tmp_path: Path) -> None:
    trace = tmp_path / "shop.weft"
    done = subprocess.run(
        [sys.executable, "-m", "weft_tui", "demo", "--seconds", "1", "-o", str(trace)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.isascii()
    assert "Shop.stock_lock" in done.stdout
    assert "waits for a lock" in done.stdout
    shown = subprocess.run(
        [sys.executable, "-m", "weft_tui", "report", str(trace), "--format", "json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    parts = ["trace", "findings", "locks", "requests", "tasks", "sections", "marks", "recording"]
    assert list(json.loads(shown.stdout)) == parts
