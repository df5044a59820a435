"""The lesson on gunicorn's places: eight at the most, and not always for the first eight."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_eight_are_served_at_once_and_never_more(ran) -> None:
    verdict, evidence = ran("eight-at-once")
    assert (evidence.count("at_once"), evidence.count("threads"), evidence.count("workers")) == (8, 8, 4)
    assert evidence.count("queued") > 0
    assert evidence.count("nine_at_once") <= 8
    assert evidence.count("nine_late") >= 1
    assert evidence.count("exhausted") >= 1
    assert "All 2 threads that serve requests were taken by create_app.printer_lock" in evidence.text("sentence")
    assert verdict is (Verdict.CONFIRMED if evidence.count("nine_at_once") == 8 else Verdict.DEPENDS)


@pytest.mark.parametrize(
    ("many", "nine", "verdict"),
    [(8, 8, Verdict.CONFIRMED), (8, 5, Verdict.DEPENDS), (7, 7, Verdict.DEPENDS), (9, 8, Verdict.REFUTED)],
)
def test_other_evidence_leads_to_another_verdict(judged, many: int, nine: int, verdict: Verdict) -> None:
    assert judged("eight-at-once", at_once=many, nine_at_once=nine, workers=4, sent=24) is verdict
