"""What is kept of a window is what it would be if it was drawn anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from support.busy import BusyServer
from weft.log.reader import Tail, ahead
from weft.timeline import Builder, index
from weft.timeline.snapshot import Snapshot
from weft_tui import view as views
from weft_tui.view import Extent, Motion, View
from weft_tui.widgets import sheet as sheets
from weft_tui.widgets.cells import Cells, cells
from weft_tui.widgets.sheet import Sheet, sheet

COLUMNS = 60


def growing(trace: Path) -> Iterator[Snapshot]:
    """Yield a trace as it grows."""
    finished = trace.with_name("finished.weft")
    BusyServer(threads=7, locks=3).write(finished, 30_000)
    data = finished.read_bytes()
    builder, parts, size = Builder(), 40, len(data)
    trace.write_bytes(data[: size // parts])
    with closing(Tail(trace)) as tail:
        for part in range(1, parts):
            for items in ahead(tail):
                builder.fold(items)
            yield builder.snapshot()
            with trace.open("ab") as file:
                file.write(data[size * part // parts : size * (part + 1) // parts])


def same(one: Cells, other: Cells) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("left", "right", "eighths", "loud")
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many columns were asked for, question by question."""
    counts: list[int] = []
    frame = Snapshot.frame

    def count(self: Snapshot, lanes: list[int], start_ns: int, end_ns: int, columns: int):
        counts.append(columns)
        return frame(self, lanes, start_ns, end_ns, columns)

    monkeypatch.setattr(Snapshot, "frame", count)
    return counts


@pytest.mark.parametrize("seal", [64, 512, 8192])
def test_a_window_that_follows_is_what_it_would_be_if_drawn_anew(
    seal: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[int]
) -> None:
    monkeypatch.setattr(index, "_SEAL", seal)
    monkeypatch.setattr(index, "LATE_NS", 30_000_000)
    before: Sheet | None = None
    kept = 0
    for snapshot in growing(tmp_path / "live.weft"):
        extent, lanes = Extent(snapshot.start_ns, snapshot.end_ns), range(len(snapshot.lanes))
        now = views.on_grid(views.follow(View(0, 400_000_000, 0), extent), COLUMNS)
        asked.clear()
        before = sheet(snapshot, lanes, now, COLUMNS, before)
        kept += max(asked) < COLUMNS
        assert same(before.cells, cells(snapshot.frame(lanes, now.start_ns, now.end_ns, COLUMNS)))
    assert kept > 5 or seal == 8192


@pytest.mark.parametrize("seed", range(4))
def test_a_window_that_is_moved_is_what_it_would_be_if_drawn_anew(seed: int, tmp_path: Path, asked: list[int]) -> None:
    *_, snapshot = growing(tmp_path / "live.weft")
    randomness = random.Random(seed)
    extent, lanes = Extent(snapshot.start_ns, snapshot.end_ns), range(len(snapshot.lanes))
    now, before, kept = views.whole(extent), None, 0
    for _ in range(60):
        if randomness.random() < 0.2:
            now = views.zoom(now, extent, randomness.choice((0.5, 0.3, 2)))
        now = views.pan(now, extent, randomness.choice((-0.25, 0.25, 0.1, -0.5)), COLUMNS)
        asked.clear()
        before = sheet(snapshot, lanes, now, COLUMNS, before)
        kept += sum(asked) < COLUMNS
        assert same(before.cells, cells(snapshot.frame(lanes, now.start_ns, now.end_ns, COLUMNS)))
    assert kept > 10


def test_other_lanes_columns_or_widths_are_drawn_anew(tmp_path: Path, asked: list[int]) -> None:
    *_, snapshot = growing(tmp_path / "live.weft")
    start = snapshot.start_ns
    now = View(start, 60_000_000, start)
    before = sheet(snapshot, [0, 1, 2], now, COLUMNS)
    for lanes, view, columns, anew in (
        ([0, 1, 2], now, COLUMNS, False),
        ([0, 2, 1], now, COLUMNS, True),
        ([0, 1, 2], now, 30, True),
        ([0, 1, 2], View(start, 120_000_000, start), COLUMNS, True),
        ([0, 1, 2], View(start + 1, 60_000_000, start), COLUMNS, True),
        ([0, 1, 2], View(start + 1_000_000, 60_000_000, start), COLUMNS, False),
        ([0, 1, 2], View(start + 50_000_000, 60_000_000, start), COLUMNS, True),
    ):
        asked.clear()
        sheet(snapshot, lanes, view, columns, before)
        assert (asked == [columns]) is anew, (lanes, view, columns)


def test_a_window_follows_by_whole_columns() -> None:
    for end_ns in range(10_000_000_000, 10_300_000_000, 7_777_777):
        followed = views.follow(View(0, 6_000_000_123, 0), Extent(0, end_ns))
        drawn = views.on_grid(followed, COLUMNS)
        assert drawn.start_ns % 100_000_002 == 0
        assert drawn.span_ns == 100_000_002 * COLUMNS
        assert drawn.column(end_ns, COLUMNS) == COLUMNS - 1
        assert drawn.cursor_ns == end_ns
    still = View(5, 6_000_000_123, 7)
    assert views.on_grid(still, COLUMNS) == still
    close = View(5, 6_000, 7, Motion.FOLLOW)
    assert views.on_grid(close, COLUMNS) == close


def test_the_same_picture_is_sound_for_ever(tmp_path: Path) -> None:
    snapshots = growing(tmp_path / "live.weft")
    first, second = next(snapshots), next(snapshots)
    assert sheets._sound_ns(first.picture, first.picture) > first.end_ns
    assert sheets._sound_ns(first.picture, second.picture) < first.end_ns
