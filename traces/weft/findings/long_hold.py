"""Locks that were held for long while others waited for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from weft.timeline.units import duration

from . import culprits
from .case import Case
from .values import Finding, Severity
from .words import behind, lock_name, times, where

KIND = "long-hold"


def check(case: Case) -> Iterator[Finding]:
    """Yield, per lock and kind of holder, the hold that cost most, if one was long or all together cost much."""
    holds, costs = case.contended, case.costs
    options = case.options
    lasted = holds.end - holds.start
    long = (lasted >= min(options.brief_ns, options.long_hold_ns)) & (costs > 0)
    for group in culprits.grouped(case, np.flatnonzero(long)):
        if lasted[group.rows].max() < options.long_hold_ns and group.cost < options.total_ns:
            continue
        worst, lock = group.worst, int(holds.lock[group.rows[0]])
        name, goes_on = lock_name(case.snapshot, lock), bool(holds.lasting[worst])
        place = culprits.held_at(case, worst)
        text = f"{group.who} {'has held' if goes_on else 'held'} {name} for {duration(int(lasted[worst]))}"
        text += f" at {where(place)}" if place else ""
        waiters = culprits.waiters(case, worst)
        text += f" while {behind(len(waiters), int(costs[worst]))}"
        if len(group.rows) > 1:
            all_of_them = f"{'requests of the endpoint ' if group.request is not None else ''}{group.family}"
            text += f"; {all_of_them} held it so {times(len(group.rows))}"
            text += f", which cost {duration(group.cost)} of waiting"
        yield culprits.finding(case, KIND, group, f"{text}.", Severity.SLOW, place)
