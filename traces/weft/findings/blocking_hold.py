"""Locks that were held while their holder waited for something slow: the network, another program, another thread.

A trace tells what a holder did in two ways: where it was when somebody came to wait for its lock, and what it waited
for itself. ``time.sleep`` and whatever else waits in C code has no frame of its own: there only the line is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

import numpy as np

from weft.timeline.columns import I64
from weft.timeline.locking import HOLDER_AT
from weft.timeline.units import duration
from weft.timeline.values import Stack

from . import culprits
from .case import Case
from .history import joined
from .values import Finding, Severity
from .words import behind, lock_name, times, where

KIND = "blocking-hold"

_SLOW: Final = {
    "socket.py": "talks over a socket",
    "ssl.py": "talks over a socket",
    "selectors.py": "waits for I/O",
    "subprocess.py": "waits for another program",
    "http/client.py": "talks over HTTP",
    "urllib/request.py": "talks over HTTP",
    "smtplib.py": "sends mail",
    "ftplib.py": "talks over FTP",
    "imaplib.py": "talks to a mail server",
    "asyncio/base_events.py": "runs an event loop",
}
"""Files of the standard library whose frame, as one of the innermost, says what a thread waits for."""

_INNERMOST: Final = 2


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock and kind of holder, what was slow while the lock was held."""
    holds = case.contended
    why: dict[int, str] = {}
    for at, words in (*_seen_in_io(case), *_seen_waiting(case)):
        why.setdefault(at, words)
    some = np.array(sorted(why), np.int64)
    some = some[case.costs[some] >= case.options.blocking_hold_ns] if len(some) else some
    for group in culprits.grouped(case, some):
        lock, worst = int(holds.lock[group.worst]), group.worst
        place = culprits.held_at(case, worst)
        waiters = culprits.waiters(case, worst)
        text = f"{group.who} {why[worst]}"
        text += f" at {where(place)}" if place else ""
        text += f" while it holds {lock_name(case.snapshot, lock)}: {behind(len(waiters), int(case.costs[worst]))}"
        if len(group.rows) > 1:
            text += f"; seen {times(len(group.rows))}, which cost {duration(group.cost)} of waiting"
        yield culprits.finding(case, KIND, group, f"{text}.", Severity.SLOW, place)


def _seen_in_io(case: Case) -> Iterator[tuple[int, str]]:
    """Yield the contended holds in which somebody who came to wait saw the holder in I/O."""
    words = {number: told for number, stack in enumerate(case.tables.stacks) if (told := _slow(stack))}
    if not words:
        return
    notes = case.notes(HOLDER_AT)
    notes = notes[np.isin(notes["value"], np.array([*words], np.int64))]
    waits = case.lock_waits
    lock = joined(waits.thread, waits.start, waits.lock, notes["thread"], notes["start"])
    some = lock >= 0
    for place, value in zip(_hold_at(case, lock[some], notes["start"][some]), notes["value"][some], strict=True):
        if place >= 0:
            yield int(place), words[int(value)]


def _slow(stack: Stack) -> str:
    for frame in stack[:_INNERMOST]:
        path = PurePath(frame.file).as_posix()
        if "python" not in path.lower():
            continue
        for file, words in _SLOW.items():
            if path.endswith(f"/{file}"):
                return words
    return ""


def _seen_waiting(case: Case) -> Iterator[tuple[int, str]]:
    """Yield the contended holds in which the holder waited for what is no lock: an event, a queue, a thread."""
    waits = case.waits.only(~case.is_lock[case.waits.lock])
    if not len(waits):
        return
    held = case.nest.held(waits.thread, waits.start)
    for level in held:
        some = np.flatnonzero(level >= 0)
        outer = case.holds.lock[level[some]]
        for place, wait in zip(_hold_at(case, outer, waits.start[some]), some.tolist(), strict=True):
            if place >= 0:
                yield int(place), f"waits for {lock_name(case.snapshot, int(waits.lock[wait]))}"


def _hold_at(case: Case, lock: I64, time: I64) -> I64:
    """Return which contended hold of a lock was on at a moment, -1: none."""
    holds = case.contended
    at = case.acquired.before(lock, time, too=True) - 1
    safe = np.maximum(at, 0)
    if not len(holds):
        return np.full(len(lock), -1, np.int64)
    return np.where((at >= 0) & (holds.lock[safe] == lock) & (holds.end[safe] > time), safe, -1)
