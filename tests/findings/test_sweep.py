"""Sweeps against plain loops, on random intervals."""

from __future__ import annotations

import random

import numpy as np
import pytest

from weft.findings.history import joined
from weft.findings.sweep import Crowd, Moments, Nest, crowded

FAR = 1 << 50


def intervals(seed: int, spread: int) -> list[tuple[int, int, int]]:
    rng = random.Random(seed)
    found = []
    for _ in range(rng.randint(0, 40)):
        start = rng.randint(0, 60) * spread
        found.append((rng.randint(0, 4), start, start + rng.randint(0, 20) * spread))
    return found


def columns(rows):
    return (np.array([row[at] for row in rows], np.int64) for at in range(3))


@pytest.mark.parametrize("spread", [1, FAR])
@pytest.mark.parametrize("seed", range(20))
def test_time_spent_and_depth(seed: int, spread: int) -> None:
    rows = intervals(seed, spread)
    crowd = Crowd.of(*columns(rows))
    for group in range(5):
        for time in range(0, 90 * spread, 7 * spread):
            one = (np.array([group]), np.array([time]))
            there = [row for row in rows if row[0] == group]
            assert crowd.depth(*one)[0] == sum(start <= time < end for _, start, end in there)
            window = (np.array([group]), np.array([time]), np.array([time + 10 * spread]))
            spent = sum(max(min(end, time + 10 * spread) - max(start, time), 0) for _, start, end in there)
            assert crowd.spent(*window)[0] == spent


@pytest.mark.parametrize("seed", range(20))
def test_moments_before(seed: int) -> None:
    rows = intervals(seed, 1)
    group, time, _ = columns(rows)
    moments = Moments.of(group, time)
    asked = np.repeat(np.arange(5), 70), np.tile(np.arange(70), 5)
    for too in (False, True):
        slow = [
            sum(g < a or (g == a and (t <= b if too else t < b)) for g, t, _ in rows)
            for a, b in zip(*(each.tolist() for each in asked), strict=True)
        ]
        assert moments.before(*asked, too=too).tolist() == slow


@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize("seed", range(20))
def test_crowded_stretches(seed: int, gap: int) -> None:
    rows = intervals(seed, 1)
    found = set()
    for group in range(5):
        on = [sum(g == group and start <= time < end for g, start, end in rows) >= 2 for time in range(100)]
        begin = None
        last = -99
        for time, deep in enumerate(on):
            if deep and begin is None:
                begin = time
            elif deep and time - last > gap + 1:
                found.add((group, begin, last + 1))
                begin = time
            last = time if deep else last
        if begin is not None:
            found.add((group, begin, last + 1))
    runs = crowded(*columns(rows), 2, gap)
    assert {*zip(runs.group.tolist(), runs.start.tolist(), runs.end.tolist(), strict=True)} == found


@pytest.mark.parametrize("seed", range(30))
def test_what_a_thread_holds(seed: int) -> None:
    rng = random.Random(seed)
    rows, held = [], []
    for thread in range(3):
        time, held = 0, []
        for _ in range(30):
            time += rng.randint(1, 3)
            if rng.random() < 0.5 and len(held) < 5:
                held.append(time)
            elif held:
                rows.append((thread, held.pop(), time))
        rows += [(thread, start, 1000) for start in held]
    nest = Nest.of(*columns(rows))
    for thread in range(3):
        for time in range(100):
            found = nest.held(np.array([thread]), np.array([time])).ravel()
            slow = {at for at, (owner, start, end) in enumerate(rows) if owner == thread and start < time < end}
            assert {*found.tolist()} - {-1} == slow


def test_rows_are_found_by_thread_and_start() -> None:
    rng = random.Random(1)
    keys = [*{(rng.randint(0, 5), rng.randint(0, 99)) for _ in range(60)}]
    thread, start = (np.array(column, np.int64) for column in zip(*keys, strict=True))
    wanted = [(t, s) for t in range(6) for s in range(100)]
    of_thread, at = (np.array(column, np.int64) for column in zip(*wanted, strict=True))
    found = joined(thread, start, np.arange(len(keys)), of_thread, at).tolist()
    assert found == [keys.index(key) if key in keys else -1 for key in wanted]
