"""The lesson on row locks: PostgreSQL locks the row, SQLite the whole database; neither loses what was locked."""

from __future__ import annotations

import pytest

from weft_demos.lab import Verdict, measuring, services


@pytest.mark.usefixtures("postgresql")
def test_those_who_want_the_row_wait_and_on_sqlite_all_others_too(ran) -> None:
    verdict, evidence = ran("row-locks")
    assert verdict is Verdict.DEPENDS
    for name in ("PostgreSQL", "SQLite"):
        assert evidence.count(f"{name}_bare") > 0
        assert evidence.count(f"{name}_lost") == 0
    assert evidence.number("PostgreSQL_apart") < evidence.number("PostgreSQL_same") / 4
    assert evidence.number("SQLite_apart") > evidence.number("SQLite_same") / 4
    assert "row 1 of stock" in evidence.text("PostgreSQL_sentence")


def test_without_postgresql_it_is_measured_on_sqlite_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.Service, "found", lambda self: None)
    measured = measuring.measure("row-locks")
    assert measured.judgement.verdict is Verdict.REFUTED
    assert measured.shows == "SQLite"
    assert [*measured.servers] == ["SQLite"]
    (note,) = measured.notes
    assert "apt-get install postgresql" in note


BY_ROW, WHOLE = (3.0, 0.1), (3.0, 2.9)


@pytest.mark.parametrize(
    ("lost", "waits", "verdict"),
    [
        (0, {"PostgreSQL": BY_ROW, "SQLite": WHOLE}, Verdict.DEPENDS),
        (0, {"PostgreSQL": BY_ROW, "SQLite": BY_ROW}, Verdict.CONFIRMED),
        (0, {"PostgreSQL": WHOLE, "SQLite": WHOLE}, Verdict.REFUTED),
        (0, {"SQLite": WHOLE}, Verdict.REFUTED),
        (1, {"PostgreSQL": BY_ROW, "SQLite": WHOLE}, Verdict.REFUTED),
    ],
)
def test_other_evidence_leads_to_another_verdict(judged, lost: int, waits, verdict: Verdict) -> None:
    facts: dict[str, float] = {"asked": 30}
    for name, (same, apart) in waits.items():
        facts |= {f"{name}_bare": 20, f"{name}_lost": lost, f"{name}_same": same, f"{name}_apart": apart}
    assert judged("row-locks", **facts) is verdict
