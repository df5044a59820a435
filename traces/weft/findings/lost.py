"""What the trace itself lacks, so that nobody takes its figures for the whole truth."""

from __future__ import annotations

from collections.abc import Iterator

from weft.counted import many

from .case import Case
from .values import Finding, Severity

KIND = "lost"


def check(case: Case) -> Iterator[Finding]:
    """Yield one finding when records or parts of the file are missing."""
    snapshot = case.snapshot
    parts = [f"{many(snapshot.lost, 'record was', 'records were')} dropped"] if snapshot.lost else []
    damaged = [gap for gap in snapshot.gaps if "could not be read" in gap]
    parts += [f"{many(len(damaged), 'part')} of the file could not be read"] if damaged else []
    if not parts:
        return
    yield Finding(
        kind=KIND,
        sentence=f"The trace is not complete: {' and '.join(parts)}; counts and times are at least what they say.",
        severity=Severity.NOTE,
        key=(),
        subject=(),
        began_ns=snapshot.start_ns,
        ended_ns=snapshot.end_ns,
        cost_ns=0,
        evidence=(),
        count=max(snapshot.lost, len(damaged)),
    )
