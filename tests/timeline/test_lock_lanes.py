"""Locks as lanes, queues, and steps from event to event, against brute force on random traces."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from weft.timeline import Snapshot, columns, lockindex
from weft.timeline.values import LockFrame

from . import workload
from .oracle import Canvas, Interval, Key, Oracle, keys_of
from .script import folded, play
from .test_frames import in_chunks, windows, with_pids


@pytest.fixture(params=[4096, 8])
def _sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK", request.param)
    monkeypatch.setattr(lockindex, "CHUNK", request.param)
    if request.param == 8:
        monkeypatch.setattr(lockindex, "_LARGEST", 64)


class Told:
    """What the oracle knows, by the ids of a snapshot."""

    def __init__(self, seed: int, losses: bool) -> None:
        self.rng = random.Random(seed)
        parts = with_pids(workload.trace(seed, losses=losses))
        self.oracle = Oracle().fold(parts)
        *_, self.snapshot = in_chunks(parts, self.rng)
        assert list(self.snapshot.lanes) == list(folded(parts).lanes)
        self.names = {
            (part.process, entry["id"]): (part.process, entry["name"])
            for part in parts
            if hasattr(part, "entries")
            for entry in part.entries
            if entry["is"] == "lock"
        }
        self.canvas = Canvas(self.oracle, self.snapshot, keys_of(parts))
        self.parts = parts

    def end(self, interval: Interval, *, life: bool) -> int:
        """Return when an interval ends: a wait at the latest with its thread, a hold with its process."""
        end = self.snapshot.end_ns
        if interval.end is None and life:
            end = min(end, self.oracle.life(interval.thread)[1])
        if interval.end is None and not life:
            end = min(end, self.process_end(interval.thread[0]))
        return max(interval.until(end), interval.start)

    def process_end(self, process: int) -> int:
        told = next(each for each in self.snapshot.processes if each.pid == process)
        return self.snapshot.end_ns if told.ended_ns is None else told.ended_ns

    def of_lock(self, intervals: list[Interval], lock: int) -> Iterator[Interval]:
        row = self.snapshot.locks[lock]
        process = self.snapshot.processes[row.process].pid
        return (each for each in intervals if self.names[each.thread[0], each.what] == (process, row.name))


def naive(told: Told, locks: list[int], frame: LockFrame) -> list[list[tuple[int, int, int, int]]]:
    rows = []
    for lock in locks:
        holds = [(each.start, told.end(each, life=False)) for each in told.of_lock(told.oracle.holds, lock)]
        waits = [(each.start, told.end(each, life=True)) for each in told.of_lock(told.oracle.waits, lock)]
        cells = []
        for left, right in zip(frame.edges.tolist()[:-1], frame.edges.tolist()[1:], strict=True):
            held, waited = (
                sum(max(min(end, right) - max(start, left), 0) for start, end in some) for some in (holds, waits)
            )
            queue = sum(start <= left < end for start, end in waits)
            cells.append((held, waited, queue, sum(left <= start < right for start, _ in waits)))
        rows.append(cells)
    return rows


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("losses", [False, True])
@pytest.mark.parametrize("seed", range(40, 44))
def test_lock_lanes_are_what_counting_gives(seed: int, losses: bool) -> None:
    told = Told(seed, losses)
    locks = [*range(len(told.snapshot.locks))]
    told.rng.shuffle(locks)
    for start, end, columns_ in windows(told.snapshot, told.rng):
        frame = told.snapshot.lock_frame(locks, start, end, columns_)
        stacked = zip(*(part.tolist() for part in (frame.held, frame.waited, frame.queue, frame.waits)), strict=True)
        assert [[*zip(*row, strict=True)] for row in stacked] == naive(told, locks, frame)


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("losses", [False, True])
@pytest.mark.parametrize("seed", range(50, 54))
def test_holders_and_queues_at_any_instant(seed: int, losses: bool) -> None:
    told = Told(seed, losses)
    for lock in range(len(told.snapshot.locks)):
        for _ in range(30):
            time = told.snapshot.start_ns + told.rng.randint(0, told.snapshot.end_ns - told.snapshot.start_ns)
            holding = [
                (told.canvas.lane_of[each.thread], each.start)
                for each in told.of_lock(told.oracle.holds, lock)
                if each.start <= time < told.end(each, life=False)
            ]
            hold = told.snapshot.holder(lock, time)
            if hold is None:
                assert holding == []
            else:
                assert (hold.lane, hold.start_ns) in holding
                assert hold.start_ns == max(start for _, start in holding)
            waiting = [
                (each.start, told.canvas.lane_of[each.thread])
                for each in told.of_lock(told.oracle.waits, lock)
                if each.start <= time < told.end(each, life=True)
            ]
            queue = told.snapshot.queue(lock, time)
            assert sorted((wait.start_ns, wait.lane) for wait in queue) == sorted(waiting)
            assert [wait.start_ns for wait in queue] == sorted(start for start, _ in waiting)


def changes(told: Told, lane: int) -> set[int]:
    oracle = told.oracle
    keys: set[Key] = {key for key, row in told.canvas.lane_of.items() if row == lane}
    times = {
        time
        for intervals in (oracle.holds, oracle.waits, oracle.handoffs, oracle.requests)
        for each in intervals
        if each.thread in keys
        for time in (each.start, each.cut if each.end is None else each.end)
        if time is not None
    }
    threads = [thread for thread in told.snapshot.threads if thread.lane == lane]
    lives = {thread.started_ns for thread in threads} | {oracle.ended[key] for key in keys if key in oracle.ended}
    return times | lives


@pytest.mark.usefixtures("_sizes")
@pytest.mark.parametrize("losses", [False, True])
@pytest.mark.parametrize("seed", range(60, 64))
def test_steps_from_event_to_event_leave_none_out(seed: int, losses: bool) -> None:
    told = Told(seed, losses)
    for lane in range(len(told.snapshot.lanes)):
        expected = sorted(changes(told, lane))
        assert walked(told.snapshot, lane, told.snapshot.start_ns - 1, 1) == expected
        assert walked(told.snapshot, lane, told.snapshot.end_ns + 1, -1) == expected[::-1]


def walked(snapshot: Snapshot, lane: int, time: int, step: int) -> list[int]:
    found = []
    while (after := snapshot.next_event(lane, time, step)) is not None:
        found.append(after)
        time = after
    return found


def test_many_processes_have_one_clock() -> None:
    snapshot = play(
        """
        1:a 100 section db 200
        2:a 150 section db 250
        2:b 160 wait db a
        ---
        2:b 250 acquire db 160
        2:b 250 section db 300
        """
    )
    assert [lock.process for lock in snapshot.locks] == [0, 1]
    frame = snapshot.lock_frame([0, 1], 100, 300, 4)
    assert frame.held.tolist() == [[50, 50, 0, 0], [0, 50, 50, 50]]
    assert frame.waited.tolist() == [[0, 0, 0, 0], [0, 40, 50, 0]]
    assert frame.queue.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0]]
    holder = snapshot.holder(1, 170)
    assert holder is not None
    assert (snapshot.threads[holder.thread].name, snapshot.threads[holder.thread].process) == ("a", 1)
    assert len(snapshot.queue(1, 170)) == 1
    assert snapshot.holder(0, 200) is None


def test_blocks_are_kept_for_later_views_and_never_change_what_earlier_ones_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(columns, "CHUNK", 8)
    monkeypatch.setattr(lockindex, "CHUNK", 8)
    table = columns.Table(columns.HOLD)

    def add(first: int, last: int) -> columns.View:
        starts = np.arange(first, last) * 10
        table.update(columns.rows_of(columns.HOLD, len(starts), start=starts, end=starts + 4, lock=starts // 10 % 3))
        return table.view()

    edges = np.arange(0, 10_000, 1_000)
    early = add(0, 100)
    assert len(lockindex.measure(early, [0, 1, 2], edges)[1]) < 16
    late = add(100, 900)
    (_, _, began), rest = lockindex.measure(late, [0, 1, 2], edges)
    assert len(rest) < 16
    assert int((began[:, -1] - began[:, 0]).sum()) == 900 - len(rest)
    assert len({block.first for block in late.memo["by lock"]}) <= 8
    (_, _, began), rest = lockindex.measure(early, [0, 1, 2], edges)
    assert int((began[:, -1] - began[:, 0]).sum()) + len(rest) == 100


def test_keys_that_were_too_wide_are_counted_without_an_index() -> None:
    text = "a 0 enter\n" + "".join(f"a {n} section l{n % 3} {n + 1}\n" for n in range(9_000))
    snapshot = play(text + f"a {1 << 61} section l0 {(1 << 61) + 5}\n* {(1 << 61) + 9} pulse")
    assert snapshot.lock_frame([0, 1, 2], 0, 9_000, 1).held.tolist() == [[3000], [3000], [3000]]
