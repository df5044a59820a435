"""The lesson on SQLAlchemy's sessions: one for all requests goes wrong, one per request does not."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_one_session_for_all_requests_goes_wrong(ran) -> None:
    verdict, evidence = ran("scoped-session")
    assert verdict is Verdict.CONFIRMED
    assert evidence.count("asked") == 80
    assert sum(evidence.count(f"shared_{what}") for what in ("failed", "lost", "given")) > 0
    assert [evidence.count(f"scoped_{what}") for what in ("failed", "lost", "given")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("shared", "scoped", "verdict"), [(9, 0, Verdict.CONFIRMED), (0, 0, Verdict.DEPENDS), (9, 1, Verdict.REFUTED)]
)
@pytest.mark.parametrize("what", ["failed", "lost", "given"])
def test_other_evidence_leads_to_another_verdict(judged, what: str, shared: int, scoped: int, verdict: Verdict) -> None:
    facts = {f"{label}_{each}": 0 for label in ("shared", "scoped") for each in ("failed", "lost", "given")}
    assert (
        judged("scoped-session", asked=80, **{**facts, f"shared_{what}": shared, f"scoped_{what}": scoped}) is verdict
    )
