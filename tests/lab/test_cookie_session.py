"""The lesson on the cookie session: a browser loses what it sends at once, and a lock on the server does not help."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict


def test_it_depends_on_the_browser_and_not_on_a_lock(ran) -> None:
    verdict, evidence = ran("cookie-session")
    assert verdict is Verdict.DEPENDS
    assert [evidence.count(f"{label}_put") for label in ("many", "tabs", "locked")] == [80, 40, 40]
    assert evidence.count("many_lost") == 0
    assert 0 < evidence.count("tabs_lost") < 40
    assert 0 < evidence.count("locked_lost") < 40
    assert (evidence.count("tabs_at_once") > 1, evidence.count("locked_at_once")) == (True, 1)
    said = [evidence.text(key) for key in ("search", "search_locked", "search_turns")]
    assert said == ["fails", "fails", "holds"]


@pytest.mark.parametrize(
    ("many", "tabs", "locked", "search", "search_locked", "verdict"),
    [
        (1, 9, 9, "fails", "fails", Verdict.REFUTED),
        (0, 9, 0, "fails", "holds", Verdict.REFUTED),
        (0, 0, 0, "holds", "holds", Verdict.CONFIRMED),
        (0, 0, 0, "inconclusive", "inconclusive", Verdict.DEPENDS),
    ],
)
def test_other_evidence_leads_to_another_verdict(judged, many, tabs, locked, search, search_locked, verdict) -> None:
    lost = {"many_lost": many, "tabs_lost": tabs, "locked_lost": locked}
    assert judged("cookie-session", **lost, search=search, search_locked=search_locked) is verdict
