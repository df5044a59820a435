"""Traces that no recorder wrote: nothing crashes, nothing waits for ever, and the reader is told."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from weft.events import KIND_BITS, Kind
from weft.log.reader import Definitions, Events, Gap, Item
from weft.timeline import Builder, Snapshot
from weft.timeline.report import report
from weft.timeline.text import draw
from weft.timeline.values import State

from .script import Scribe, events, folded, items, lane, play

WORDS = (
    0,
    1,
    2,
    3,
    5,
    90,
    100,
    1000,
    10**12,
    1 << 46,
    1 << 52,
    (1 << 62) - 1,
    1 << 62,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
IDS = (0, 1, 2, 3, 4, 99, 1 << 20, (1 << 22) - 1, 1 << 22, (1 << 32) - 1, (1 << 58) - 1)


def ask_everything(snapshot: Snapshot, rng: random.Random) -> None:
    """Use every answer that a snapshot gives, and check what must hold of any trace."""
    lanes = range(min(len(snapshot.lanes), 20))
    span = snapshot.end_ns - snapshot.start_ns
    for start, end in (
        (snapshot.start_ns, snapshot.end_ns),
        (0, 1),
        (snapshot.start_ns, snapshot.start_ns + span // 3),
    ):
        frame = snapshot.frame(lanes, start, max(start, end), 9)
        assert (frame.spent.sum(axis=0) == np.diff(frame.edges)).all()
        snapshot.labels(lanes, start, end, 1)
        snapshot.requests_within(lanes, start, end, 1)
    for row in lanes:
        snapshot.moment(row, snapshot.start_ns + rng.randint(0, span))
        snapshot.next_wait(row, snapshot.start_ns + rng.randint(0, span), rng.choice([1, -1]))
    json.dumps([report(snapshot), [str(thread) for thread in snapshot.threads], snapshot.gaps])
    assert draw(snapshot).isascii()
    snapshot.requests(50)


def noise(rng: random.Random) -> Events:
    rows = []
    for _ in range(rng.randint(1, 60)):
        kind = rng.choice([*Kind, *range(64)]) if rng.random() < 0.9 else rng.randint(0, 63)
        time = rng.choice(WORDS) if rng.random() < 0.2 else rng.randint(0, 2000)
        value = rng.choice(WORDS) if rng.random() < 0.4 else rng.randint(0, 2000)
        thread = rng.choice(IDS) if rng.random() < 0.2 else rng.randint(1, 4)
        rows.append((thread, time, value, rng.choice(IDS) << KIND_BITS | kind))
    return events(rng.choice([1, 2, 0, (1 << 32) - 1]), rows)


def odd(rng: random.Random) -> Any:
    return rng.choice(
        [None, True, -1, 0, 1, 2, 3, 1 << 70, 1.5, "x", "\x1b[31mred\n", "\ud800", "", [], {}, [["f"]], [["a", "b", 3]]]
    )


def nonsense(rng: random.Random) -> Definitions:
    kinds = ("process", "thread", "lock", "target", "endpoint", "stack", "ghost", None, [])
    keys = (
        "id",
        "name",
        "kind",
        "file",
        "function",
        "line",
        "method",
        "path",
        "frames",
        "pid",
        "argv",
        "python",
        "gil",
    )
    entries = [{"is": rng.choice(kinds), **{key: odd(rng) for key in keys}} for _ in range(rng.randint(1, 8))]
    for entry in entries:
        if rng.random() < 0.7:
            entry["id"] = rng.randint(1, 4)
    return Definitions(rng.choice([1, 2, 0]), tuple(entries))


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_survived(seed: int) -> None:
    rng = random.Random(seed)
    builder = Builder()
    for _ in range(6):
        parts: list[Item] = [rng.choice([noise, noise, nonsense])(rng) for _ in range(rng.randint(1, 5))]
        if rng.random() < 0.3:
            parts.append(Gap(rng.choice(WORDS), 3, "damaged"))
        builder.fold(parts)
        ask_everything(builder.snapshot(), rng)


def test_an_empty_trace_is_a_snapshot() -> None:
    for snapshot in (Builder().snapshot(), folded([])):
        assert (snapshot.start_ns, snapshot.end_ns, snapshot.complete, snapshot.gaps) == (0, 0, False, ())
        assert draw(snapshot) == "nothing was recorded\n"
        assert report(snapshot)["locks"] == []
        assert snapshot.next_wait(None, 0, 1) is None


def test_what_is_skipped_is_counted() -> None:
    good = items("a 100 section db 200")
    bad = events(1, [
        (1, 150, 0, 63),
        (1, (1 << 64) - 1, 0, Kind.THREAD_EXIT),
        (1, 150, 140, 1 << KIND_BITS | Kind.SECTION),
        (1, 150, 160, 1 << KIND_BITS | Kind.ACQUIRE),
        (1, 150, 160, 77 << KIND_BITS | Kind.SECTION),
        (0, 150, 0, Kind.THREAD_ENTER),
    ])  # fmt: skip
    snapshot = folded([*good, bad])
    assert sorted(snapshot.gaps) == [
        "1 record of a lock that was never defined: skipped",
        "1 record of no thread: skipped",
        "1 record of unknown kind 63: skipped",
        "3 records with an impossible time: skipped",
    ]
    assert (snapshot.start_ns, snapshot.end_ns) == (100, 200)
    (figures,) = snapshot.lock_figures()
    assert figures.acquisitions == 1


def test_a_gap_is_told_and_ends_what_was_open() -> None:
    scribe = Scribe()
    before = items("a 5 request 1 / \n a 10 wait db -\n b 40 try db -", scribe)
    after = items("c 50 enter \n * 90 pulse", scribe)
    snapshot = folded([*before, Gap(1234, 56, "damaged"), *after])
    assert snapshot.gaps == ("56 bytes at offset 1234 could not be read: damaged",)
    row = lane(snapshot, "a")
    assert [snapshot.moment(row, time).state for time in (30, 45)] == [State.WAIT, State.IDLE]
    # At the end of the file nothing shows that the wait went on differently.
    torn = folded([*before, Gap(1234, 56, "the file ends in the middle of a block")])
    assert torn.lock_figures()[0].waiting_now == 1


def test_a_gap_ends_things_once() -> None:
    scribe = Scribe()
    blocks = ["a 5 enter", "a 50 wait db -", "b 60 enter", "* 90 pulse"]
    first, *rest = (items(block, scribe) for block in blocks)
    snapshot = folded([*first, Gap(1, 2, "damaged"), *(item for block in rest for item in block)])
    assert snapshot.lock_figures()[0].waiting_now == 1


def test_endless_bracket_errors_do_not_mix_up_threads() -> None:
    snapshot = play(
        "a 10 done 200 \n a 11 done 200 \n a 12 request 5 / \n a 20 done 201 \n b 15 done 1 \n b 30 request 6 /"
    )
    assert [(request.number, request.status) for request in snapshot.requests(9)] == [(6, None), (5, 201)]


def test_traces_of_weeks_are_exact() -> None:
    day = 86_400 * 10**9
    snapshot = play(
        f"""
        a 0 enter
        a {day} section db {9 * day}
        b {2 * day} wait db a
        b {9 * day} acquire db {2 * day}
        b {9 * day} section db {10 * day}
        a {20 * day} exit
        """
    )
    frame = snapshot.frame([0, 1], 0, 20 * day, 20)
    assert snapshot.gaps == ()
    assert frame.spent[State.HOLD, 0].tolist() == [0] + [day] * 8 + [0] * 11
    row = lane(snapshot, "b")
    assert frame.spent[State.WAIT, row].tolist() == [0, 0] + [day] * 7 + [0] * 11
    assert frame.spent[State.HOLD, row].tolist() == [0] * 9 + [day] + [0] * 10
    assert frame.waits[row].tolist() == [0, 0, 1] + [0] * 17


def test_a_time_far_away_is_refused_not_drawn() -> None:
    snapshot = folded([*items("a 1000 section db 2000"), events(1, [(1, 1 << 60, (1 << 60) + 5, 1 << KIND_BITS | 1)])])
    assert snapshot.end_ns == 2000
    assert snapshot.gaps == ("1 record with an impossible time: skipped",)


def test_what_is_unknown_is_named() -> None:
    later = Definitions(1, ({"is": "comet", "id": 1}, {"is": "comet", "id": 2}, {"is": "\x1b[31m", "id": 1}))
    unknown = events(1, [(1, 150, 0, 45), (1, 151, 0, 45), (1, 152, 0, 46)])
    snapshot = folded([*items("a 100 section db 200"), later, unknown])
    assert sorted(snapshot.gaps) == [
        "1 definition of unknown kind '\N{REPLACEMENT CHARACTER}[31m': skipped",
        "1 record of unknown kind 46: skipped",
        "2 definitions of unknown kind 'comet': skipped",
        "2 records of unknown kind 45: skipped",
    ]


def test_ids_and_names_cannot_fill_the_memory() -> None:
    builder = Builder()
    for process in range(200):
        huge = {"is": "lock", "id": (1 << 22) - 1, "name": "x"}
        builder.fold([Definitions(process, (huge, {"is": "lock", "id": 1, "name": "y"}))])
    snapshot = builder.snapshot()
    assert any("beyond what a trace may define" in gap for gap in snapshot.gaps)
    assert 10 < len(snapshot.locks) < 250
