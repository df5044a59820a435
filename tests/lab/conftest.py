"""Run a lesson, and see what became of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from weft_demos.lab import Evidence, Fact, Verdict, catalog, measuring, services
from weft_demos.lab.values import Value
from weft_tui.lab.showing import schedule_of

Ran = tuple[Verdict, Evidence]


@pytest.fixture
def ran() -> Callable[[str], Ran]:
    """Runs a lesson by its name and returns verdict and evidence."""

    def run(name: str) -> Ran:
        measured = measuring.measure(name)
        if measured.schedule:
            assert schedule_of(measured).outcome[0] == "invariant"
        return measured.judgement.verdict, Evidence(measured.facts)

    return run


@pytest.fixture
def redis() -> None:
    """Needs a real Redis, which CI has."""
    if services.redis().found() is None:
        pytest.skip(f"needs a real Redis: {services.redis().install}")


@pytest.fixture
def postgresql() -> None:
    """Needs a real PostgreSQL, which CI has."""
    if services.postgresql().found() is None:
        pytest.skip(f"needs a real PostgreSQL: {services.postgresql().install}")


def evidence(**facts: Value) -> Evidence:
    """Return evidence as if it had been measured."""
    return Evidence(tuple(Fact(key, value, "") for key, value in facts.items()))


@pytest.fixture
def judged() -> Callable[..., Verdict]:
    """Judges facts by a lesson's name."""

    def judge(name: str, **facts: Value) -> Verdict:
        return catalog.load(name).judge(evidence(**facts)).verdict

    return judge
