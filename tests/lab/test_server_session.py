"""The lesson on sessions on the server: they lose updates, in files as in Redis, and a lock per session helps."""

from __future__ import annotations

import pytest

from weft_demos.lab import Evidence, Verdict


def check(evidence: Evidence, *stores: str) -> None:
    for store in stores:
        assert (evidence.count(f"{store}_put"), evidence.count(f"{store}-locked_put")) == (41, 41)
        assert (evidence.count(f"{store}_lost") > 0, evidence.count(f"{store}-locked_lost")) == (True, 0)
        assert evidence.count(f"{store}-locked_waits") > 0
    assert (evidence.text("search"), evidence.text("search_locked")) == ("fails", "holds")


@pytest.mark.usefixtures("redis")
def test_sessions_in_files_and_in_redis_lose_updates(ran) -> None:
    verdict, evidence = ran("server-session")
    assert verdict is Verdict.CONFIRMED
    check(evidence, "files", "redis")


def test_without_redis_it_is_measured_with_files(ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    verdict, evidence = ran("server-session")
    assert verdict is Verdict.CONFIRMED
    check(evidence, "files")
    assert "redis_put" not in evidence


@pytest.mark.parametrize(
    ("lost", "search", "verdict"),
    [
        (0, "holds", Verdict.REFUTED),
        (0, "inconclusive", Verdict.DEPENDS),
        (0, "fails", Verdict.CONFIRMED),
        (9, "inconclusive", Verdict.CONFIRMED),
    ],
)
def test_other_evidence_leads_to_another_verdict(judged, lost: int, search: str, verdict: Verdict) -> None:
    facts = {"files_put": 41, "files_lost": lost, "files-locked_lost": 0, "search": search, "search_locked": "holds"}
    assert judged("server-session", **facts) is verdict
