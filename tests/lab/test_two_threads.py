"""The lesson on two threads that print: in turn only where the program says so."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_they_print_in_turn_when_they_are_told_to(ran) -> None:
    verdict, evidence = ran("two-threads")
    assert verdict is Verdict.DEPENDS
    assert evidence.count("with_turns_neat") == 20
    assert evidence.number("with_turns") == 9
    assert evidence.count("with_turns_torn") == 0
    assert evidence.text("search").startswith("printed ")


@pytest.mark.parametrize(
    ("bare", "turns", "verdict"), [(20, 20, Verdict.CONFIRMED), (3, 20, Verdict.DEPENDS), (3, 19, Verdict.REFUTED)]
)
def test_other_evidence_leads_to_another_verdict(judged, bare: int, turns: int, verdict: Verdict) -> None:
    facts = {"as_it_stands_neat": bare, "with_a_sleep_neat": 5, "with_turns_neat": turns}
    assert judged("two-threads", **facts) is verdict
