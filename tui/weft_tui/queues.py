"""How deep the queues of locks were over a whole trace. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from weft.timeline.snapshot import Snapshot

COLUMNS: Final = 12
MOST: Final = 200
"""Locks whose queues are looked at, those that were waited for the longest."""

Queues = Mapping[int, Sequence[int]]
"""Time (ns) that threads waited for locks (ids) in `COLUMNS` equal parts of a trace."""


def queues(snapshot: Snapshot) -> Queues:
    """Return how long was waited for each lock when; in a large trace this takes a while."""
    if snapshot.end_ns <= snapshot.start_ns:
        return {}
    waited = [row.lock.id for row in snapshot.lock_figures() if row.wait_ns][:MOST]
    frame = snapshot.lock_frame(waited, snapshot.start_ns, snapshot.end_ns, COLUMNS)
    return dict(zip(waited, frame.waited.tolist(), strict=True))
