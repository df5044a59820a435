"""Search, and prefer a failing order that this Python can make to one that needs a build without the GIL."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ...errors import WeftError
from ..moment import As, Stops
from ..process import AppProcess, Executions
from ..session import Badge, Session
from . import verdicts
from .continuing import lead
from .searching import Budget, Report, Search

HERE_SECONDS = 3.0
"""How long an order is looked for that this Python can make, too, when one was found that it cannot."""

Make = Callable[[Executions, Budget], Report]


def run(executions: Executions, budget: Budget) -> Report:
    """Search without telling anybody how far it is."""
    return Search(executions, budget).run()


def searched(
    process: AppProcess, stops: Stops, interpreter: As, budget: Budget, make: Make = run
) -> tuple[Report, Session]:
    """Search, and return what was found with a session at the end of the failing order.

    Where that needs a build without the GIL, some more time goes into one that fails alike and that this Python can
    make; that is returned instead, with a session that has only the switches of this Python.

    Args:
        make: makes a search.
    """
    report = make(Executions(process, stops, interpreter), budget)
    session = _at_its_end(process, stops, interpreter, report)
    if report.verdict != "fails" or budget.races or verdicts.needs(session) is not Badge.FREE_THREADED:
        return report, session
    rest = Budget(min(HERE_SECONDS, budget.seconds - report.seconds), budget.executions - report.executions)
    if rest.seconds <= 0 or rest.executions <= 0:
        return report, session
    here = make(Executions(process, stops, As.THIS), rest)
    made = report._replace(executions=report.executions + here.executions, seconds=report.seconds + here.seconds)
    if here.verdict != "fails" or here.kind != report.kind:
        return made, _at_its_end(process, stops, interpreter, report)
    made = made._replace(text=here.text, order=here.order, loop=here.loop)
    return made, _at_its_end(process, stops, As.THIS, made)


def _at_its_end(process: AppProcess, stops: Stops, interpreter: As, report: Report) -> Session:
    session = Session(process, stops=stops, interpreter=interpreter)
    with contextlib.suppress(WeftError):  # an app that is not deterministic: that is said of it
        lead(session, report)
    return session
