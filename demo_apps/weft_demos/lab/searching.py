"""The search of the stage as a lesson asks for it: is there an order that breaks a scenario?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to, see docs/stage.md.

    Attributes:
        verdict: ``fails``, ``holds`` or ``inconclusive``.
        text: one sentence: what is wrong, or why nothing is proven.
        orders, executions, switches: how many.
        steps: the failing order in sentences.
        because: whose two accesses another one's write came between, empty for none.
        schedule: the failing order as a schedule file, empty for none.
        possible: ``this``: this interpreter makes the order's switches; ``free-threaded``: only one without the GIL.
    """

    verdict: str
    text: str
    orders: int
    executions: int
    switches: int
    steps: tuple[str, ...]
    because: str
    schedule: str
    possible: str


def searched(
    target: str, *, fixed: bool = False, seconds: float = 20.0, stops: str = "access", interpreter: str = "this",
    **wanted: Any,
) -> Found:  # fmt: skip
    """Try the orders of a scenario, by default those that this interpreter can make."""
    from weft.stage import schedule
    from weft.stage.moment import As, Stops
    from weft.stage.process import AppProcess
    from weft.stage.search import preferring, verdicts
    from weft.stage.search.searching import Budget

    named: dict[str, Any] = {"target": target, "requests": [], "check": "", "seed": None, "fixed": fixed}
    words = {**named, "root": "", "paths": [], **wanted}
    where, played = Stops(stops), As(interpreter)
    process = AppProcess(**words)
    try:
        report, session = preferring.searched(process, where, played, Budget(seconds))
        told = verdicts.as_json(session, report, words)
        fails = report.verdict == "fails"
        return Found(
            verdict=report.verdict,
            text=report.text,
            orders=report.orders,
            executions=report.executions,
            switches=report.switches,
            steps=tuple(told["explanation"]["steps"]),
            because=told["explanation"]["because"] or "",
            schedule=schedule.dump(schedule.of(session, words)) if fails else "",
            possible=told["possible"] or "",
        )
    finally:
        process.close()
