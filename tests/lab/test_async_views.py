"""The lesson on async views: concurrent inside, and one thread each."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_they_wait_for_several_things_at_once_and_hold_their_thread(ran) -> None:
    pytest.importorskip("asgiref")
    verdict, evidence = ran("async-views")
    assert verdict is Verdict.CONFIRMED
    assert evidence.count("at_once") == evidence.count("threads") == 2
    assert evidence.number("sync") > 2 * evidence.number("async")


@pytest.mark.parametrize(
    ("took", "at_once", "verdict"),
    [(0.2, 2, Verdict.CONFIRMED), (0.6, 2, Verdict.DEPENDS), (0.2, 6, Verdict.DEPENDS), (0.6, 6, Verdict.REFUTED)],
)
def test_other_evidence_leads_to_another_verdict(judged, took: float, at_once: int, verdict: Verdict) -> None:
    facts = {"sync": 0.6, "async": took, "at_once": at_once}
    assert judged("async-views", **facts) is verdict
