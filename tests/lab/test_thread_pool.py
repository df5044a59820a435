"""The lesson on thread pools: whose threads serve requests."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict

SERVERS = ("development", "gunicorn", "waitress")


def test_some_servers_have_a_pool(ran) -> None:
    verdict, evidence = ran("thread-pool")
    assert verdict is Verdict.DEPENDS
    assert [evidence.count(f"{name}_requests") for name in SERVERS] == [32] * 3
    assert [evidence.count(f"{name}_threads") for name in SERVERS] == [32, 4, 4]
    assert evidence.count("development_again") == 1
    assert min(evidence.count(f"{name}_again") for name in SERVERS[1:]) > 1


@pytest.mark.parametrize(("threads", "verdict"), [(4, Verdict.CONFIRMED), (32, Verdict.REFUTED)])
def test_other_evidence_leads_to_another_verdict(judged, threads: int, verdict: Verdict) -> None:
    facts = {f"{name}_{what}": n for name in SERVERS for what, n in (("threads", threads), ("requests", 32))}
    assert judged("thread-pool", **facts) is verdict
