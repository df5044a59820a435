"""The lesson on the GIL: threads that wait add up, threads that compute do where there is none."""

from __future__ import annotations

import pytest

from support.interpreter import GIL
from weft_demos.lab import Verdict


def test_threads_that_wait_add_up_and_threads_that_compute_share_a_core(ran) -> None:
    verdict, evidence = ran("gil")
    assert evidence.number("wait_threads") > 1.5
    if GIL:
        assert verdict is Verdict.DEPENDS
        assert evidence.number("cores_threads") <= 1.1
    assert evidence.number("cores") <= 1.1


@pytest.mark.parametrize(
    ("cores", "gained", "verdict"),
    [
        (0.9, 3.0, Verdict.DEPENDS),
        (1.8, 3.0, Verdict.REFUTED),
        (1.8, 1.0, Verdict.DEPENDS),
        (0.9, 1.0, Verdict.CONFIRMED),
    ],
)
def test_other_evidence_leads_to_another_verdict(judged, cores: float, gained: float, verdict: Verdict) -> None:
    assert judged("gil", cores_threads=cores, wait_threads=gained) is verdict
