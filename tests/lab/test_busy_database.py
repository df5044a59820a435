"""The lesson on SQLite: who holds the database for long makes others fail, who writes and goes does not."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_the_database_is_locked_for_as_long_as_a_transaction_lasts(ran) -> None:
    verdict, evidence = ran("busy-database")
    assert verdict is Verdict.DEPENDS
    assert evidence.count("long_failed") > 0
    assert evidence.text("long_error") == "database is locked"
    assert "for shop.db" in evidence.text("long_sentence")
    assert evidence.count("long_waited") > evidence.count("asked") / 2
    assert evidence.number("long_seconds") > evidence.number("brief_seconds")


@pytest.mark.parametrize(
    ("long", "brief", "verdict"),
    [(8, 0, Verdict.DEPENDS), (8, 2, Verdict.DEPENDS), (8, 5, Verdict.CONFIRMED), (0, 0, Verdict.REFUTED)],
)
def test_other_evidence_leads_to_another_verdict(judged, long: int, brief: int, verdict: Verdict) -> None:
    facts = {"asked": 16, "long_seconds": 9.0, "brief_seconds": 0.1}
    assert judged("busy-database", **facts, long_failed=long, brief_failed=brief) is verdict
