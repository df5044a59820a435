"""A search behind the steps of a session, and the order that leads to where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import play, staged
from weft.stage.moment import As, Stops
from weft.stage.process import Executions
from weft.stage.search import continuing
from weft.stage.search.execution import Execution, Plan
from weft.stage.search.searching import Budget, Done, Report
from weft.stage.session import Session

LIKES = """
class Page: likes, seen = 0, 0
page = Page()
def like():
    page.likes += 1
    str.upper("a")
    page.seen = page.likes
SCENARIO = Scenario("x", None, {"alice": like, "bob": like}, check=lambda outcome: page.likes == page.seen == 2)
"""


def _search(session: Session, *, keep: bool) -> Report:
    return continuing.search(session, Budget(60), lambda report: None, keep=keep)


@pytest.mark.parametrize("interpreter", list(As))
def test_the_order_of_a_way_leads_along_it_again(tmp_path: Path, interpreter: As) -> None:
    with staged(tmp_path, LIKES, interpreter=interpreter) as session:
        while session.moment.verdict is None:
            session.step(session.movable()[-1])
        way, order = [node.choice() for node in session.here.path()], session.order()
        assert (len(order) < len(way)) == (interpreter is As.THIS)
        session.restart()
        session.root.children.clear()
        session.take(order)
        assert [node.choice() for node in session.here.path()] == way


def test_what_holds_here_may_fail_behind_other_steps(tmp_path: Path) -> None:
    with staged(tmp_path, LIKES) as session:
        play(session, 0, 0, 0, 0, 0)
        here = session.here
        report = _search(session, keep=True)
        assert report.verdict == "holds"
        assert session.here is here
        assert "behind the 5 steps that were made; " in continuing.sentence(session, report, 5)
        report = _search(session, keep=False)
        assert (report.verdict, session.moment.verdict.kind) == ("fails", "invariant")
        assert session.order() == list(report.order)
        assert len(session.tips()) == 2


def test_what_fails_behind_steps_begins_with_them(tmp_path: Path) -> None:
    with staged(tmp_path, LIKES) as session:
        play(session, 0, 1, 0, 1)
        here = session.here
        assert _search(session, keep=True).verdict == "fails"
        assert here in session.here.path()


@pytest.mark.parametrize("stops", [Stops.LINE, Stops.OPCODE])
def test_lines_and_bytecodes_are_more_stops_in_the_same_orders(tmp_path: Path, stops: Stops) -> None:
    with staged(tmp_path, LIKES) as session:
        less = _search(session, keep=False)
    with staged(tmp_path, LIKES, stops=stops) as session:
        play(session, 0, 1)
        report = _search(session, keep=False)
        assert (report.verdict, report.kind, report.orders) == ("fails", "invariant", less.orders)
        assert report.switches == less.switches
        assert len(report.order) > len(less.order)
        assert session.moment.verdict.kind == "invariant"
    source = LIKES.replace("    page.likes += 1", "    with lock:\n        page.likes += 1").replace(
        "page.seen ==", "page.likes =="
    )
    source = source.replace("page = Page()", "page, lock = Page(), threading.Lock()").replace(" == 2", ">= 0")
    found = []
    for each in (Stops.ACCESS, stops):
        with staged(tmp_path, source, stops=each) as session:
            report = _search(session, keep=False)
            found.append((report.verdict, report.orders))
    assert found[0] == found[1]
    assert found[0][0] == "holds"


class Learning(Executions):
    """Learns of one more stop from its first execution."""

    def execute(self, plan: Plan) -> Execution:
        made = super().execute(plan)
        learned, LEARNED[:] = LEARNED[:], []
        return made._replace(learned=learned)

    def search(self, *wanted: object) -> Done:
        return Done(Report(), whole=False)


LEARNED: list[object] = []


def test_when_stops_are_learned_the_way_here_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuing, "Executions", Learning)
    with staged(tmp_path, LIKES) as session:
        play(session, 0, 1, 0)
        root, way = session.root, [node.choice() for node in session.here.path()]
        LEARNED.append((str(tmp_path / "program.py"), 8, 0, "page.likes"))
        report = _search(session, keep=True)
        assert report.verdict == "fails"
        assert session.root is not root
        assert [node.choice() for node in session.here.path()[:3]] == way
