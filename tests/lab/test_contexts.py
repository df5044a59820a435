"""The lessons on contexts: what belongs to a request, and to which thread."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_a_global_leaks_and_the_contexts_do_not(ran) -> None:
    verdict, evidence = ran("contexts")
    assert verdict is Verdict.CONFIRMED
    assert evidence.count("asked") == 160
    assert evidence.count("leaked") > 0
    assert evidence.count("leaked_own") == 0
    assert (evidence.text("search"), evidence.text("search_own")) == ("fails", "holds")


@pytest.mark.parametrize(
    ("own", "search", "verdict"),
    [(1, "holds", Verdict.REFUTED), (0, "fails", Verdict.REFUTED), (0, "inconclusive", Verdict.DEPENDS)],
)
def test_a_leak_would_refute_it(judged, own: int, search: str, verdict: Verdict) -> None:
    assert judged("contexts", asked=160, leaked=9, leaked_own=own, search_own=search) is verdict


def test_g_goes_with_the_context_and_not_with_the_thread(ran) -> None:
    verdict, evidence = ran("thread-local-g")
    assert verdict is Verdict.REFUTED
    assert {evidence.count(fact.key) for fact in evidence} == {12}


@pytest.mark.parametrize(
    ("second", "carried", "verdict"), [(0, 0, Verdict.CONFIRMED), (4, 0, Verdict.DEPENDS), (4, 4, Verdict.REFUTED)]
)
def test_a_g_of_the_thread_would_confirm_it(judged, second: int, carried: int, verdict: Verdict) -> None:
    assert judged("thread-local-g", looks=4, own=4, second=second, carried=carried) is verdict
