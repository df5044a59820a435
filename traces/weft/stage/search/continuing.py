"""Search from where a person stands in a scenario: what the search finds becomes a branch of the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...counted import many
from ...errors import WeftError
from ..moment import As
from ..process import Executions
from ..session import Badge, Session
from . import verdicts
from .execution import Execution, Plan
from .searching import Budget, Done, Report, Search


def search(session: Session, budget: Budget, progress: Callable[[Report], None], *, keep: bool) -> Report:
    """Search with the session's app, stops and switches, and look at the failing order if there is one.

    The search ends early when the session is `stopped`. Where it learns of stops that were not known, the way to the
    point looked at is made again with them, as a new tree.

    Args:
        keep: the steps that were made so far come first in every order that is tried.

    Raises:
        WeftError: the search knows no such steps; or the app's process ended.
    """
    if keep and session.interpreter is As.THIS and any(
        node.badge is Badge.FREE_THREADED for node in session.here.path()
    ):  # fmt: skip
        raise WeftError("a switch on the way here is none that this interpreter makes: i allows it")
    stopped, prefix = session.stopped, session.order if keep else tuple
    report = Search(_Lent(session), budget, stopped, progress, prefix).run()
    if report.verdict == "fails":
        here = session.here
        session.restart()
        try:
            lead(session, report)
        except WeftError:
            session.go(here)
            raise
    return report


def lead(session: Session, report: Report) -> None:
    """Make the steps of the order that a search has found, from the point looked at.

    Raises:
        WeftError: an actor cannot move.
    """
    session.take(report.order)
    if report.loop:
        session.close_round()


def sentence(session: Session, report: Report, kept: int) -> str:
    """Return what such a search has found.

    Args:
        kept: how many steps came first in every order.
    """
    made = f"{many(report.orders, 'order')} in {many(report.executions, 'execution')}"
    if report.verdict == "fails":
        return f"found after {made}, made as simple as could be: U goes to before its last preemption"
    behind = f", behind the {kept} steps that were made" if kept else ""
    return f"{verdicts.verdict(session, report)}{behind}; {made}"


class _Lent:
    """Makes executions with the session's runner."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._executions = Executions(session.lend(), session.stops, session.interpreter)

    def execute(self, plan: Plan) -> Execution:
        self._session.lend()
        return self._executions.execute(plan)

    def search(
        self, budget: Budget, stopped: Callable[[], bool], progress: Callable[[Report], None], prefix: Sequence[int]
    ) -> Done:
        self._session.lend()
        return self._executions.search(budget, stopped, progress, prefix)

    def learn(self, sites: Sequence[Any]) -> None:
        self._executions.learn(sites)
        self._session.set_stops(self._session.stops)
