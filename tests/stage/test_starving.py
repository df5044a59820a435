"""Who gets no processor is not taken for somebody who waits where the stage does not see it."""

from __future__ import annotations

import os
import sys
import threading
from _thread import allocate_lock, get_native_id
from collections.abc import Iterator

import pytest

from weft.stage.host import baton
from weft.stage.host.baton import Player, Stage, held_lock
from weft.stage.host.scheduled import Scheduled, scheduled


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stage, Player, object]]:
    """Yield a player that waits outside of the stage, in its first step, until a lock is released."""
    monkeypatch.setattr(baton, "PATIENCE", 0.01)
    stage, elsewhere, parked = Stage(), held_lock(), held_lock()
    player = stage.enter("alice")
    thread = threading.Thread(target=stage.play, args=(player, elsewhere.acquire, parked.release))
    thread.start()
    parked.acquire()
    yield stage, player, elsewhere
    if elsewhere.locked():
        elsewhere.release()
    thread.join()


def test_who_has_not_had_a_processor_is_waited_for(player, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, alice, elsewhere = player
    looks = []

    def starved(native_id: int) -> Scheduled:
        looks.append(native_id)
        if len(looks) == 5:
            elsewhere.release()
        return Scheduled(True, len(looks) * 1_000_000)

    monkeypatch.setattr(baton, "scheduled", starved)
    assert stage.give(alice)
    assert len(looks) >= 5
    assert set(looks) == {alice.native_id}


@pytest.mark.parametrize("seen", [Scheduled(False, 0), None])
def test_who_waits_is_outside_at_once(player, monkeypatch: pytest.MonkeyPatch, seen: Scheduled | None) -> None:
    stage, alice, _ = player
    looks = []
    monkeypatch.setattr(baton, "scheduled", lambda native_id: looks.append(native_id) or seen)
    assert not stage.give(alice)
    assert len(looks) == 1
    assert alice.outside


def test_who_waits_for_a_thread_to_begin_is_waited_for(player, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, alice, elsewhere = player
    looks = []

    def waiting(native_id: int) -> Scheduled:
        looks.append(native_id)
        if len(looks) == 3:
            elsewhere.release()
        return Scheduled(False, 0)

    alice.starts = True
    monkeypatch.setattr(baton, "scheduled", waiting)
    assert stage.give(alice)


def test_who_computes_for_long_is_outside(player, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, alice, _ = player
    looks = []
    monkeypatch.setattr(
        baton, "scheduled", lambda native_id: looks.append(0) or Scheduled(True, len(looks) * 6_000_000)
    )
    assert not stage.give(alice)
    assert len(looks) == 3


def test_nobody_is_waited_for_without_end(player, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, alice, _ = player
    monkeypatch.setattr(baton, "MOST_PATIENCE", 0.05)
    monkeypatch.setattr(baton, "scheduled", lambda native_id: Scheduled(True, 0))
    assert not stage.give(alice)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="Linux tells of threads")
def test_the_operating_system_tells_who_runs_and_who_waits() -> None:
    here = scheduled(get_native_id())
    assert here is not None
    assert here.runnable
    assert here.worked > 0
    lock = allocate_lock()
    lock.acquire()
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    while (seen := scheduled(thread.native_id or 0)) is not None and seen.runnable:
        sys.getswitchinterval()
    assert seen is not None
    lock.release()
    thread.join()
    assert scheduled(thread.native_id or 0) is None
