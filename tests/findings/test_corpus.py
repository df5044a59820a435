"""Programs with known truth, run by the real recorder: what is planted is found, live and after the fact; no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from .judging import Verdict, judge, judge_all
from .programs import Program, corpus

PROGRAMS = corpus()


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    found: list[Verdict] = judge_all(PROGRAMS, tmp_path_factory.mktemp("programs"), at_once=6)
    return {verdict.program.name: verdict for verdict in found}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_what_is_planted_is_found_and_nothing_else(
    program: Program, verdicts: dict[str, Verdict], tmp_path: Path
) -> None:
    verdict = verdicts[program.name]
    if verdict.false:  # a machine that is busy with the others makes a long hold of a short one: once more, alone
        verdict = judge(program, tmp_path / "alone")
    assert "never" not in verdict.said
    assert "Error" not in verdict.said
    assert (verdict.missed, verdict.false) == ((), ()), [finding.sentence for finding in verdict.found]
    if program.hangs:
        assert verdict.unannounced == (), "found after the fact only"
        assert verdict.in_time, "announced later than a second after it began"
