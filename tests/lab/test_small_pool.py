"""The lesson on connection pools: a small one makes requests wait that keep their connection."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_requests_wait_for_a_connection_that_others_keep(ran) -> None:
    verdict, evidence = ran("small-pool")
    assert verdict is Verdict.DEPENDS
    assert (evidence.count("small_held"), evidence.count("large_waited")) == (2, 0)
    assert evidence.count("brief_held") <= 2
    assert evidence.count("small_waited") > 0
    assert "for create_app.engine" in evidence.text("small_sentence")


@pytest.mark.parametrize(
    ("large", "brief", "verdict"),
    [(0.0, 0.1, Verdict.DEPENDS), (0.0, 3.0, Verdict.CONFIRMED), (2.5, 0.1, Verdict.REFUTED)],
)
def test_other_evidence_leads_to_another_verdict(judged, large: float, brief: float, verdict: Verdict) -> None:
    facts = {"requests": 64, "small_waited": 60, "small_seconds": 4.0}
    assert judged("small-pool", **facts, large_seconds=large, brief_seconds=brief) is verdict
