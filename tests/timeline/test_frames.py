"""Frames against brute force on random traces, however they are folded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from weft.log.reader import Definitions, Item
from weft.timeline import Builder, Snapshot, columns, index, segments, together
from weft.timeline.values import Frame

from . import workload
from .oracle import Canvas, Oracle, keys_of
from .script import folded


@pytest.fixture(params=["whole", "sealed"])
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run twice: as it is, when a small trace is one segment, and with segments and chunks of a few rows."""
    if request.param == "sealed":
        monkeypatch.setattr(index, "LATE_NS", 90)
        monkeypatch.setattr(index, "_SEAL", 12)
        monkeypatch.setattr(index, "_SLICE", 8)
        monkeypatch.setattr(index, "_GROUP", 3)
        monkeypatch.setattr(together, "_WORTH_THREADS", 2)
        monkeypatch.setattr(segments, "BLOCK", 3)
        monkeypatch.setattr(segments, "_PIECE", 2)
        monkeypatch.setattr(segments, "_GRID", 1)
        monkeypatch.setattr(columns, "CHUNK", 8)


def with_pids(parts: list[Item]) -> list[Item]:
    """Let every process say its number as its pid, so that snapshots can be told what is what."""
    numbers = dict.fromkeys(part.process for part in parts)
    told = [Definitions(number, ({"is": "process", "pid": number},)) for number in numbers]
    return [*told, *parts]


def in_chunks(parts: list[Item], rng: random.Random) -> Iterator[Snapshot]:
    """Yield a snapshot after every few items."""
    builder = Builder()
    while parts:
        size = rng.randint(1, 6)
        builder.fold(parts[:size])
        parts = parts[size:]
        yield builder.snapshot()


def same(ours: Frame, theirs: Frame) -> bool:
    names = ("edges", "spent", "first", "waits")
    return all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in names)


def windows(snapshot: Snapshot, rng: random.Random) -> Iterator[tuple[int, int, int]]:
    span = snapshot.end_ns - snapshot.start_ns
    yield snapshot.start_ns, snapshot.end_ns, 7
    yield snapshot.start_ns - 13, snapshot.end_ns + 29, 11
    for _ in range(3):
        start = snapshot.start_ns + rng.randint(-20, span)
        yield start, start + rng.randint(1, span), rng.randint(1, 40)


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("losses", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_a_frame_is_what_counting_every_nanosecond_gives(seed: int, losses: bool) -> None:
    rng = random.Random(seed)
    parts = with_pids(workload.trace(seed, losses=losses))
    oracle = Oracle().fold(parts)
    *_, snapshot = in_chunks(parts, rng)
    assert (snapshot.start_ns, snapshot.end_ns, snapshot.events) == (oracle.start, oracle.end, oracle.events)
    canvas = Canvas(oracle, snapshot, keys_of(parts))
    lanes = rng.sample(range(len(snapshot.lanes)), len(snapshot.lanes))
    for start, end, columns_ in windows(snapshot, rng):
        ours = snapshot.frame(lanes, start, end, columns_)
        assert same(ours, canvas.frame(lanes, ours.edges.tolist()))
        assert (ours.spent.sum(axis=0) == np.diff(ours.edges)).all()
        assert (ours.spent >= 0).all()
        at_edges = [snapshot.states(lanes, edge) for edge in ours.edges[:-1].tolist()]
        assert np.array_equal(np.stack(at_edges, axis=1), ours.first)


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("seed", range(320, 332))
def test_blocks_that_vanish_without_a_word_change_nothing_of_that(seed: int) -> None:
    rng = random.Random(seed)
    parts = [part for part in workload.trace(seed, losses=True) if isinstance(part, Definitions) or rng.random() < 0.8]
    at_once = folded(parts)
    *_, bit_by_bit = in_chunks(parts, rng)
    lanes = range(len(at_once.lanes))
    whole = (at_once.start_ns, at_once.end_ns, 50)
    assert same(at_once.frame(lanes, *whole), bit_by_bit.frame(lanes, *whole))
    assert at_once.lock_figures() == bit_by_bit.lock_figures()


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("losses", [False, True])
@pytest.mark.parametrize("seed", range(20, 32))
def test_folding_piece_by_piece_ends_where_folding_at_once_does(seed: int, losses: bool) -> None:
    rng = random.Random(seed)
    parts = with_pids(workload.trace(seed, losses=losses))
    at_once = folded(parts)
    *_, bit_by_bit = in_chunks(parts, rng)
    assert replace(at_once, threads=()) == replace(bit_by_bit, threads=())
    assert at_once.lock_figures() == bit_by_bit.lock_figures()
    assert at_once.requests(1000) == bit_by_bit.requests(1000)
    assert list(at_once.threads) == list(bit_by_bit.threads)
    lanes = range(len(at_once.lanes))
    for start, end, columns_ in windows(at_once, rng):
        assert same(at_once.frame(lanes, start, end, columns_), bit_by_bit.frame(lanes, start, end, columns_))
        assert at_once.labels(lanes, start, end, 5) == bit_by_bit.labels(lanes, start, end, 5)
        assert at_once.moment(lanes[-1], start) == bit_by_bit.moment(lanes[-1], start)
