"""The lesson on the development server: threads by default, and none when they are switched off."""

from __future__ import annotations

from weft_demos.lab import Verdict


def test_it_serves_requests_at_once_by_default(ran) -> None:
    verdict, evidence = ran("dev-server")
    assert verdict is Verdict.REFUTED
    assert evidence.count("at_once") == evidence.count("threads") == 4
    assert evidence.count("single_at_once") == evidence.count("single_threads") == 1
    assert evidence.number("single_last") > evidence.number("last")


def test_a_server_without_threads_would_confirm_the_claim(judged) -> None:
    assert judged("dev-server", at_once=1, single_at_once=1) is Verdict.CONFIRMED
