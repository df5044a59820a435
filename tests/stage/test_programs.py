"""The verdict of the search on small programs of the kind that people write, of which it is known what is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from stage.programs_truth import PROGRAMS
from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search import verdicts
from weft.stage.search.searching import Budget, Search
from weft.stage.session import Session

FAST = {
    *("generator next shared", "lru_cache calls twice", "closure nonlocal", "dataclass", "weakref dict", "chainmap"),
    *(
        "method alias",
        "getattr/setattr",
        "simplenamespace",
        "array",
        "star list",
        "dict star merge",
        "file append read",
    ),
    *("shared generator for", "join of list", "double-checked locking", "per-key locks setdefault"),
}


def _said(folder: Path, source: str) -> tuple[str, list[str]]:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    process = AppProcess(str(file))
    try:
        report = Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60)).run()
        return report.verdict, verdicts.relative(Session(process), report)
    finally:
        process.close()


@pytest.mark.parametrize(
    ("verdict", "source"),
    [
        pytest.param(verdict, source, id=title, marks=() if title in FAST else pytest.mark.slow)
        for title, verdict, source in PROGRAMS
    ],
)
def test_what_is_true_of_a_program_is_found(tmp_path: Path, verdict: str, source: str) -> None:
    found, relative = _said(tmp_path, source)
    assert found == ("fails" if verdict == "fails" else "holds")
    assert verdict != "said" or relative


def test_the_fast_ones_are_there() -> None:
    assert {title for title, _, _ in PROGRAMS} > FAST
