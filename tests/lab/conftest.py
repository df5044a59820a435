"""Run a lesson, and see what became of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from weft_demos.lab import Evidence, Verdict, measuring

Ran = tuple[Verdict, Evidence]


@pytest.fixture
def ran() -> Callable[[str], Ran]:
    """Runs a lesson by its name and returns verdict and evidence."""

    def run(name: str) -> Ran:
        measured = measuring.measure(name)
        return measured.judgement.verdict, Evidence(measured.facts)

    return run
