"""Sealing, merging and re-opening segments, and snapshots that do not change."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import numpy as np
import pytest

from weft.log.reader import Item
from weft.timeline import Builder, Snapshot, columns, fold, index
from weft.timeline.building import Span, Spans, build
from weft.timeline.columns import FOREVER, HOLD, Table, rows_of
from weft.timeline.index import Picture
from weft.timeline.segments import Changes, Layer, Segment, mergeable
from weft.timeline.values import State

from . import workload
from .script import Scribe, folded, items

LINES = [f"a {time} section db {time + 6}" for time in range(0, 2000, 10)]


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LATE_NS", 50)
    monkeypatch.setattr(index, "_SEAL", 8)


def test_segments_are_sealed_merged_and_stay_few(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    builder, scribe = Builder(), Scribe()
    counts = []
    for line in LINES:
        builder.fold(items(line, scribe))
        counts.append(len(builder.snapshot().picture.segments))
    segments = builder.snapshot().picture.segments
    assert max(counts) <= 9
    assert len(segments) > 1
    assert [segment.end for segment in segments[:-1]] == [segment.start for segment in segments[1:]]
    sizes = [len(segment) for segment in segments[:-1]]
    assert all(first >= 2 * second for first, second in pairwise(sizes))


def test_only_what_a_late_record_touches_is_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    builder, scribe = Builder(), Scribe()
    for line in LINES:
        builder.fold(items(line, scribe))
    before = builder.snapshot().picture.segments
    builder.fold(items(f"b {before[1].start + 1} section log {before[1].start + 3}", scribe))
    after = builder.snapshot()
    assert after.picture.segments[0] is before[0]
    assert after.picture.segments[1] is not before[1]
    assert after.frame([1], before[1].start, before[1].start + 4, 4).spent[3].tolist() == [[0, 1, 1, 0]]


@pytest.mark.parametrize(
    ("early", "late", "state"),
    [
        ("b 1500 try log -", "b 300 try log -", State.RUN),
        ("b 300 enter", "b 400 exit", State.RUN),
        ("b 300 wait log -", "b 400 giveup log 300", State.WAIT),
        ("b 300 wait log -", "b 1600 wait log -", State.RUN),
        ("2:b 300 enter", "2:* 400 end", State.RUN),
    ],
)
def test_whatever_comes_late_is_as_if_it_had_come_in_time(
    early: str, late: str, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    builder, scribe, parts = Builder(), Scribe(), []
    for line in (early, *LINES, late):
        parts.extend(items(line, scribe))
    for part in parts:
        builder.fold([part])
    ours, theirs = (each.frame([0, 1], 0, 2000, 100) for each in (builder.snapshot(), folded(parts)))
    assert ours.spent.tolist() == theirs.spent.tolist()
    assert ours.spent[state, 0, 17] == 20


def test_a_long_hold_that_ends_opens_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    builder, scribe = Builder(), Scribe()
    builder.fold(items("b 3 hold log 20", scribe))
    for line in LINES:
        builder.fold(items(line, scribe))
    before = builder.snapshot().picture.segments
    builder.fold(items("b 3 section log 2003", scribe))
    after = builder.snapshot()
    assert after.picture.segments[0] is before[0]
    assert after.frame([0], 0, 2006, 1).spent[3].tolist() == [[2000]]


def everything(snapshot: Snapshot) -> object:
    lanes = range(len(snapshot.lanes))
    frame = snapshot.frame(lanes, snapshot.start_ns, snapshot.end_ns + 9, 31)
    times = range(snapshot.start_ns, snapshot.end_ns, 101)
    return (
        frame.spent.tolist(),
        frame.first.tolist(),
        frame.waits.tolist(),
        snapshot.lock_figures(),
        snapshot.requests(99),
        list(snapshot.threads),
        [snapshot.moment(lane, time) for lane in lanes for time in times],
        snapshot.next_wait(None, snapshot.start_ns, 1),
    )


@pytest.mark.parametrize("seed", range(200, 204))
def test_a_snapshot_never_changes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    monkeypatch.setattr(columns, "CHUNK", 8)
    rng = random.Random(seed)
    parts = workload.trace(seed, losses=True, until=600)
    builder, kept = Builder(), []
    while parts:
        size = rng.randint(1, 4)
        builder.fold(parts[:size])
        parts = parts[size:]
        snapshot = builder.snapshot()
        kept.append((snapshot, everything(snapshot)))
    assert all(everything(snapshot) == answers for snapshot, answers in kept)


def fold_one_by_one(parts: list[Item]) -> Snapshot:
    builder = Builder()
    for part in parts:
        builder.fold([part])
    return builder.snapshot()


@pytest.mark.parametrize(("seed", "worth"), [*product(range(300, 306), (1, 60)), (306, 1 << 20)])
def test_what_is_drawn_while_more_is_folded_is_the_same(seed: int, worth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    monkeypatch.setattr(index, "_WORTH", worth)
    parts = workload.trace(seed, losses=True, until=600)
    expected = everything(folded(parts))
    monkeypatch.setattr(fold, "AHEAD", 9)
    snapshot = fold_one_by_one(parts)
    assert len(snapshot.picture.segments) > 1
    assert everything(snapshot) == expected


def test_what_goes_wrong_while_more_is_folded_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    monkeypatch.setattr(fold, "AHEAD", 9)

    def broken(spans: Sequence[Spans], start: int, end: int, lanes: int) -> Iterator[Changes]:
        if threading.current_thread() is not threading.main_thread():
            raise MemoryError
        return build(spans, start, end, lanes)

    monkeypatch.setattr(index, "build", broken)
    with pytest.raises(MemoryError):
        fold_one_by_one([part for line in LINES for part in items(line, Scribe())])


def test_a_stretch_too_long_for_the_keys_becomes_several_segments() -> None:
    lanes, end = 1 << 16, 1 << 45
    at = np.array([0, 5, lanes - 1])
    begins, ends = np.array([7, 1 << 40, 0]), np.array([1 << 44, end, end])
    spans = [Spans(what, at, begins, ends, begins) for what in (Span.WAIT, Span.ALIVE)]
    picture = Picture(tuple(Segment.of([part]) for part in build(spans, 0, end, lanes)))
    assert len(picture.segments) > 4
    edges = np.array([0, 7, 1 << 40, 1 << 44, end])
    totals = picture.totals(at, edges)
    waited = np.diff(totals.spent[Layer.WAIT], axis=1).tolist()
    assert waited == [
        [0, (1 << 40) - 7, (1 << 44) - (1 << 40), 0],
        [0, 0, (1 << 44) - (1 << 40), end - (1 << 44)],
        [7, (1 << 40) - 7, (1 << 44) - (1 << 40), end - (1 << 44)],
    ]
    assert np.diff(totals.began, axis=1).tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0]]


def test_what_lasts_for_months_is_exact_to_the_nanosecond() -> None:
    end = (1 << 53) + 5
    begins, ends = np.array([1, 3]), np.array([(1 << 53) + 2, 1 << 52])
    lanes = np.array([0, 1])
    spans = [
        Spans(Span.WAIT, lanes[:1], begins[:1], ends[:1], begins[:1]),
        Spans(Span.HOLD, lanes[1:], begins[1:], ends[1:], begins[1:]),
        Spans(Span.ALIVE, lanes, np.zeros(2, np.int64), np.array([end, end]), begins),
    ]
    parts = [*build(spans, 0, end, 2)]
    assert not mergeable(parts)
    picture = Picture(tuple(Segment.of([part]) for part in parts))
    totals = picture.totals(np.array([0, 1]), np.array([0, 2, (1 << 53) + 1, end]))
    spent = np.diff(totals.spent, axis=2).tolist()
    assert spent[Layer.WAIT] == [[1, (1 << 53) - 1, 1], [0, 0, 0]]
    assert spent[Layer.HOLD] == [[0, 0, 0], [0, (1 << 52) - 3, 0]]


@pytest.mark.parametrize("chunk", [4, 4096])
def test_a_window_finds_the_rows_that_a_full_search_finds(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK", chunk)
    rng = np.random.default_rng(3)
    table = Table(HOLD)
    for _ in range(40):
        start = rng.integers(0, 1000, rng.integers(0, 9))
        table.update(rows_of(HOLD, len(start), start=start, end=start + rng.integers(0, 60, len(start))))
    table.update(rows_of(HOLD, 0), rows_of(HOLD, 2, start=np.array([100, 900])))
    view = table.view()
    rows = view.all()
    assert len(rows) > 100
    assert (rows["end"] == FOREVER).sum() == 2
    for low, high, least in ((0, 2000, 0), (500, 500, 0), (300, 400, 20), (990, 2000, 0), (2000, 3000, 0)):
        fit = (rows["start"] <= high) & (rows["end"] >= low) & (rows["end"] - rows["start"] >= least)
        assert sorted(view.within(low, high, least).tolist()) == sorted(rows[fit].tolist())
