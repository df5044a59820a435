"""The lesson on the memory of processes: a counter in a variable differs per worker, one in a store does not."""

from __future__ import annotations

import pytest

from weft_demos.lab import Evidence, Verdict


def check_variable(evidence: Evidence) -> None:
    assert (evidence.count("sent"), evidence.count("sum"), evidence.count("sqlite")) == (80, 80, 80)
    assert evidence.count("workers") > 1
    assert evidence.count("variable") < 80


@pytest.mark.usefixtures("redis")
def test_every_worker_has_a_variable_of_its_own_and_redis_is_one_for_all(ran) -> None:
    verdict, evidence = ran("shared-memory")
    assert verdict is Verdict.CONFIRMED
    check_variable(evidence)
    assert (evidence.count("incr"), evidence.count("locked")) == (80, 80)
    assert evidence.count("get_set") < 80
    assert evidence.count("waits") >= evidence.count("across") > 0


def test_without_redis_it_is_measured_with_sqlite(ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    verdict, evidence = ran("shared-memory")
    assert verdict is Verdict.CONFIRMED
    check_variable(evidence)
    assert "incr" not in evidence


@pytest.mark.parametrize(
    ("most", "workers", "verdict"), [(80, 4, Verdict.REFUTED), (80, 1, Verdict.DEPENDS), (30, 4, Verdict.CONFIRMED)]
)
def test_other_evidence_leads_to_another_verdict(judged, most: int, workers: int, verdict: Verdict) -> None:
    assert judged("shared-memory", sent=80, variable=most, workers=workers) is verdict
