"""The lesson on forks: a lock of the app's own hangs the worker, a logging handler does not."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_a_lock_hangs_the_worker_and_a_logging_handler_does_not(ran) -> None:
    verdict, evidence = ran("fork")
    assert verdict is Verdict.DEPENDS
    assert (evidence.count("logged"), evidence.count("read"), evidence.count("stuck")) == (1, 0, 1)
    assert "refresh held create_app.cache_lock while process" in evidence.text("sentence")


@pytest.mark.parametrize(
    ("logged", "read", "stuck", "verdict"),
    [(False, False, 1, Verdict.CONFIRMED), (True, True, 0, Verdict.REFUTED), (True, False, 1, Verdict.DEPENDS)],
)
def test_other_evidence_leads_to_another_verdict(judged, logged, read, stuck, verdict: Verdict) -> None:
    assert judged("fork", logged=logged, read=read, stuck=stuck) is verdict
