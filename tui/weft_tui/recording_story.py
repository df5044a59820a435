"""What to say about the recording itself: what it cost, and what it could not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from weft.timeline.snapshot import Snapshot
from weft.timeline.values import Process, Unseen

from .checkup import LEFT_OUT
from .format import count
from .fronts import label_of
from .spans import Ink, Line
from .stacks import short

MOST: Final = 12
"""Things of a kind that are told one by one."""


def recording_story(snapshot: Snapshot, rate: float) -> list[Line]:
    """Return what a reader should know of the recording; ``rate`` is that of the last moments, events per second."""
    return [
        *_complete(snapshot),
        ((f"{count(snapshot.events)} events, {count(rate)} a second lately", Ink.PLAIN),),
        *_origins(snapshot),
        *(line for process in snapshot.processes[:MOST] for line in _process(snapshot, process)),
        *_more(len(snapshot.processes), "processes"),
        *_unseen(tuple(dict.fromkeys(snapshot.unseen))),
    ]


def _complete(snapshot: Snapshot) -> Iterator[Line]:
    if not snapshot.lost and not snapshot.gaps:
        yield (("● Nothing was lost.", Ink.GOOD),)
    if snapshot.lost:
        yield ((f"● {snapshot.lost:,} records were lost: ", Ink.WAIT), ("the recorder could not keep up.", Ink.PLAIN))
    for gap in snapshot.gaps[:MOST]:
        yield (("● ", Ink.WAIT), (gap, Ink.PLAIN))
    yield from _more(len(snapshot.gaps), "gaps")


def _origins(snapshot: Snapshot) -> Iterator[Line]:
    for origin in snapshot.origins:
        yield ((origin.label, Ink.TITLE), (f" {origin.path.name}: ", Ink.PLAIN), (origin.clock, Ink.DIM))


def _process(snapshot: Snapshot, process: Process) -> Iterator[Line]:
    costs = process.costs
    name = f"pid {process.pid}, Python {process.python}" if process.python else f"pid {process.pid}"
    front = label_of(snapshot, process.id)
    yield (
        (f"{front} " if front else "", Ink.TITLE),
        (name, Ink.STRONG),
        ("" if process.gil else ", without the GIL", Ink.PLAIN),
    )
    if costs.bare_ps and costs.recorded_ps:
        more = max(costs.recorded_ps - costs.bare_ps, 0) // 1000
        told = f", {costs.bare_ps // 1000} ns bare and {costs.recorded_ps // 1000} ns recorded"
        yield (("  a record costs ", Ink.PLAIN), (f"{more} ns", Ink.STRONG), (f": with lock{told}", Ink.DIM))
    if costs.over_ns and costs.drain_ns:
        share = f"{costs.drain_ns / costs.over_ns:.1%}"
        yield (("  the recorder's own threads take ", Ink.PLAIN), (share, Ink.STRONG), (" of a core", Ink.PLAIN))
    if costs.records and costs.over_ns:
        yield ((f"  {count(costs.records * 1e9 / costs.over_ns)} records a second on average", Ink.PLAIN),)
    if not costs.recorded_ps and not costs.drain_ns:
        yield (("  it has not told yet what recording costs", Ink.DIM),)
    if process.lost:
        yield ((f"  {process.lost:,} of its records were lost", Ink.WAIT),)


def _unseen(unseen: tuple[Unseen, ...]) -> Iterator[Line]:
    if not unseen:
        yield ((f"Everything that weft records was seen. {LEFT_OUT}", Ink.DIM),)
        return
    yield (("Not recorded:", Ink.STRONG),)
    for each in unseen[:MOST]:
        place = f" ({short(each.made_at.file)}:{each.made_at.line})" if each.made_at.file else ""
        yield (("  ", Ink.PLAIN), (each.name, Ink.HOLD), (f"{place}: {each.why}", Ink.PLAIN))
    yield from _more(len(unseen), "of them")
    yield ((LEFT_OUT, Ink.DIM),)


def _more(total: int, words: str) -> Iterator[Line]:
    if total > MOST:
        yield ((f"  and {total - MOST:,} more {words}", Ink.DIM),)
