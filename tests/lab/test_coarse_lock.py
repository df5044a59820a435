"""The lesson on overused locks: one coarse lock makes a convoy, finer ones do not."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_one_lock_for_everything_makes_a_queue(ran) -> None:
    verdict, evidence = ran("coarse-lock")
    assert verdict is Verdict.CONFIRMED
    assert "convoy at create_coarse_app.shop_lock" in evidence.text("coarse_sentence")


@pytest.mark.parametrize(
    ("rate", "convoys", "verdict"),
    [(40, 1, Verdict.CONFIRMED), (40, 0, Verdict.DEPENDS), (90, 1, Verdict.DEPENDS), (100, 0, Verdict.REFUTED)],
)
def test_other_evidence_leads_to_another_verdict(judged, rate: int, convoys: int, verdict: Verdict) -> None:
    facts = {"coarse_rate": rate, "per-item_rate": 100, "outside_rate": 108}
    counts = {"coarse_convoy": convoys, "per-item_convoy": 0, "outside_convoy": 0}
    assert judged("coarse-lock", **facts, **counts) is verdict
