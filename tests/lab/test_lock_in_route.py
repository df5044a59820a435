"""The lesson on a lock in a route: likes are lost without it, and the search proves that none is with it."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_the_lock_makes_it_safe(ran) -> None:
    verdict, evidence = ran("lock-in-route")
    assert verdict is Verdict.CONFIRMED
    assert evidence.count("sent") == 200
    assert evidence.count("lost") > 0
    assert evidence.count("lost_locked") == 0
    assert (evidence.text("search"), evidence.text("search_locked")) == ("fails", "holds")


@pytest.mark.parametrize(
    ("lost", "before", "after", "verdict"),
    [
        (3, "fails", "holds", Verdict.REFUTED),
        (0, "fails", "fails", Verdict.REFUTED),
        (0, "fails", "inconclusive", Verdict.DEPENDS),
        (0, "holds", "holds", Verdict.DEPENDS),
    ],
)
def test_other_evidence_leads_to_another_verdict(judged, lost: int, before: str, after: str, verdict: Verdict) -> None:
    facts = {"sent": 200, "lost": 9, "lost_locked": lost, "search": before, "search_locked": after, "orders_locked": 2}
    assert judged("lock-in-route", **facts) is verdict
