"""Another tool in the app's process that keeps the stage from seeing accesses: then nothing is proven."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.searching import Budget, Report, Search

SOURCE = """
import sys
class Page: likes = 0
page = Page()
def traces(frame, event, argument):
    frame.f_trace_opcodes = {opcodes}
    return traces
def begin():
    {begin}
def watches(only):
    tool = sys.monitoring
    if tool.get_tool(1) is None:
        tool.use_tool_id(1, "spy")
        tool.register_callback(1, tool.events.INSTRUCTION, lambda code, offset: tool.DISABLE)
        if only:
            tool.set_local_events(1, count.__code__, tool.events.INSTRUCTION)
        else:
            tool.set_events(1, tool.events.INSTRUCTION)
def count():
    page.likes += 1
def like():
    begin()
    count()
SCENARIO = Scenario("x", None, {{"alice": like, "bob": like}}, check=lambda outcome: {check})
"""
NEW = pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")


def _search(folder: Path, **parts: object) -> Report:
    file = folder / "program.py"
    file.write_text(HEAD + SOURCE.format(**{"opcodes": False, "check": "True", **parts}), encoding="utf-8")
    process = AppProcess(str(file))
    try:
        return Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60, 10)).run()
    finally:
        process.close()


@pytest.mark.parametrize(
    ("begin", "opcodes", "who"),
    [
        pytest.param("watches(False)", False, "spy", marks=NEW),
        pytest.param("watches(True)", False, "spy", marks=NEW),
        ("sys.settrace(traces)", True, "program" if sys.version_info < (3, 12) else "sys.settrace"),
    ],
)
def test_a_tool_that_takes_the_stage_s_place_leaves_it_inconclusive(
    tmp_path: Path, begin: str, opcodes: bool, who: str
) -> None:
    report = _search(tmp_path, begin=begin, opcodes=opcodes)
    assert (report.verdict, report.kind) == ("inconclusive", "")
    assert report.text == (
        f"accesses are not seen since another tool watches the app's instructions ({who}); run it without that tool"
    )


def test_what_fails_although_little_is_seen_fails(tmp_path: Path) -> None:
    report = _search(tmp_path, begin="sys.settrace(traces)", opcodes=True, check="page.likes == 3")
    assert (report.verdict, report.kind) == ("fails", "invariant")


@pytest.mark.parametrize("begin", ["pass", pytest.param("sys.settrace(traces)", marks=NEW)])
def test_a_tool_that_takes_nothing_away_is_none_of_the_verdict(tmp_path: Path, begin: str) -> None:
    assert _search(tmp_path, begin=begin, check="page.likes > 0").verdict == "holds"
    assert _search(tmp_path, begin=begin, check="page.likes == 2").kind == "invariant"
