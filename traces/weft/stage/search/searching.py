"""Search for an order that breaks a scenario: all of them, as far as the budget goes, then samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from time import monotonic
from typing import Any, NamedTuple, Protocol, cast

from .dpor import Reduction
from .execution import Execution, Executor, Plan
from .racing import Races
from .shortening import Failing, ending, failing_from_json, shortened, switches

SHARE = 0.5
"""Of the budget, what goes into trying all orders one after another before samples are taken."""
SAMPLERS = ("pos", "pct", "pos", "walk")
"""Policies of samples, in turn. POS finds most with least, PCT and a random walk find some that it does not."""

MOST_TRIED = 1_000
"""Orders that a report tells."""


TOLD = 0.05
"""Seconds between two times that progress is told."""
MOST_ENDS = 10
"""Endings that are remembered."""


class Budget(NamedTuple):
    """How long to search, and for what.

    Attributes:
        races: also for data races; then it goes on when something else fails.
    """

    seconds: float = 30.0
    executions: int = 100_000
    races: bool = False


class Report(NamedTuple):
    """What a search has found.

    Attributes:
        verdict: fails, holds or inconclusive.
        kind: of a failure: race, invariant, exception, status, deadlock, livelock.
        text: one sentence: what is wrong, or why nothing is proven.
        order: who moves, step by step, for it to fail.
        executions: how many were made.
        orders: how many different orders they were.
        left: how many more are known that were not tried.
        sampled: how many of the executions were samples.
        seconds: what it took.
        unseen: what was touched in a way that cannot be followed, so that nothing is said about it.
        assumed: what was taken for granted, as sentences.
        ends: how orders that held have ended, as sentences, the first `MOST_ENDS` different ones: a request that went
            nowhere is no proof.
        races: the data races, when they were looked for: each as an order that ends where both can be next.
        loop: of a livelock: how many of the order's last steps lead back to where they begin.
        tried: the orders, the first `MOST_TRIED` of those since it was last learned where to stop.
    """

    verdict: str = "inconclusive"
    kind: str = ""
    text: str = ""
    order: Sequence[int] = ()
    executions: int = 0
    orders: int = 0
    left: int = 0
    sampled: int = 0
    seconds: float = 0.0
    unseen: Sequence[Any] = ()
    ends: Sequence[str] = ()
    tried: Sequence[Sequence[int]] = ()
    loop: int = 0
    races: Sequence[Failing] = ()
    assumed: Sequence[str] = ()

    @classmethod
    def from_json(cls, data: Any) -> Report:
        """Return a report that crossed the pipe."""
        report = cls(*map(_tuples, data))
        return report._replace(races=tuple(map(failing_from_json, report.races)))

    @property
    def switches(self) -> int:
        """How often the order goes from one actor to another."""
        return switches(self.order)


class Done(NamedTuple):
    """A search that was made elsewhere.

    Attributes:
        report: what it has found.
        whole: that is all. Otherwise each execution needs a process of its own, which only `Executor.execute` can give.
        learned: sites at which it has learned to stop.
    """

    report: Report
    whole: bool = True
    learned: Sequence[Any] = ()


class Home(Executor, Protocol):
    """Can make a whole search where its executions are made, which is faster."""

    def search(
        self, budget: Budget, stopped: Callable[[], bool], progress: Callable[[Report], None], prefix: Sequence[int]
    ) -> Done:
        """Search there."""
        ...


class Search:
    """A search, and what it knows so far.

    Args:
        executor: makes its executions.
        budget: after which it ends.
        stopped: asked between executions: whether to end now, with what is known.
        progress: told after an execution what is known, unless it was `TOLD` seconds ago.
        prefix: returns whose steps come first in every order; asked again when sites were learned, since it may have
            more steps then.
    """

    def __init__(
        self,
        executor: Executor,
        budget: Budget,
        stopped: Callable[[], bool] = lambda: False,
        progress: Callable[[Report], None] = lambda report: None,
        prefix: Callable[[], Sequence[int]] = tuple,
    ) -> None:
        self._executor, self._budget, self._stopped, self._progress = executor, budget, stopped, progress
        self._renewed, self._prefix = prefix, tuple(prefix())
        self._began = self._told = monotonic()
        self._failed: Report | None = None
        """What it ends with when an order fails, as far as that is known."""
        self._proven = False
        self._executions = self._sampled = self._left = 0
        self._unsure = ""
        self._longest = 1
        self._orders: set[tuple[int, ...]] = set()
        self._tried: list[tuple[int, ...]] = []
        self._unseen: dict[Any, None] = {}
        self._assumed: dict[str, None] = {}
        self._ends: dict[str, None] = {}
        self._races = Races()
        self._first: Execution | None = None
        """What comes of no plan at all, if it does not fail."""

    @property
    def report(self) -> Report:
        """What is known so far."""
        failed = self._failed
        if failed is None:
            failed = Report("holds" if self._proven else "inconclusive")
        return Report(
            failed.verdict,
            failed.kind,
            failed.text,
            failed.order,
            self._executions,
            len(self._orders),
            self._left,
            self._sampled,
            monotonic() - self._began,
            tuple(self._unseen),
            tuple(self._ends),
            tuple(self._tried),
            failed.loop,
            (),
            tuple(self._assumed),
        )

    def run(self) -> Report:
        """Search, and shorten what is found."""
        known: Report | None = None
        if hasattr(self._executor, "search"):  # to ask for all of a protocol takes long
            done = cast("Home", self._executor).search(self._budget, self._stopped, self._progress, self._prefix)
            if done.learned:
                self._learn(done.learned)
            if done.whole:
                return done.report
            if done.report.verdict == "fails" and not self._budget.races:
                known = done.report
        report = known or self._searched()
        if self._races.found:
            report = self._with_races(report)
        elif report.verdict == "fails":
            found = Failing(tuple(report.order), report.loop)
            found, more = shortened(self._executor, found, ending(report.kind), len(self._prefix), known=self._first)
            report = report._replace(order=found.order, loop=found.loop, executions=report.executions + more)
        elif report.verdict == "inconclusive":
            report = report._replace(text=self._unsure or self._spent())
        return report._replace(seconds=monotonic() - self._began)

    def _searched(self) -> Report:
        if not self._all() and self._failed is None:
            self._samples()
        return self.report

    def _with_races(self, report: Report) -> Report:
        """Return what is known with the races that were found, whatever else fails being one more ending."""
        races, more = self._races.shortened(self._executor, len(self._prefix))
        ends = (f"{report.kind}: {report.text}",) if report.verdict == "fails" else ()
        text = f"{len(races)} data races" if len(races) > 1 else "a data race"
        return report._replace(
            verdict="fails",
            kind="race",
            text=text,
            order=_through(races[0]),
            loop=0,
            races=races,
            ends=(*ends, *report.ends),
            executions=report.executions + more,
        )

    def _all(self) -> bool:
        """Try one order after another; return whether none is left."""
        reduction = Reduction(self._prefix)
        while (plan := reduction.next()) is not None:
            if self._over(SHARE):
                self._left = reduction.left() + 1
                return False
            execution = self._made(plan)
            if execution.diverged:
                self._unsure = f"the app is not deterministic: {execution.diverged}"
                return False
            if execution.learned:
                # It was passed without a stop so far, so what was tried says little.
                self._learn(execution.learned)
                reduction = Reduction(self._prefix)
                continue
            reduction.add(execution)
            self._note(execution, reduction)
            if not plan.path and self._failed is None:
                self._first = execution
            if self._failed is not None and not self._budget.races:
                self._left = reduction.left()
                return True
            if self._predict(execution):
                reduction = Reduction(self._prefix)
        if not self._unsure and self._failed is None:
            self._proven, self._left = True, 0
        return True

    def _predict(self, execution: Execution) -> bool:
        """Try to stand before both accesses of pairs that may race; return whether that taught of more stops."""
        learned = False
        for plan in self._races.predicted(execution) if self._budget.races else ():
            made = self._made(plan)
            if made.learned:
                self._learn(made.learned)
                learned = True
        return learned

    def _samples(self) -> None:
        for seed, policy in enumerate(cycle(SAMPLERS)):
            if self._over(1.0) or (self._failed is not None and not self._budget.races):
                return
            execution = self._made(Plan(self._prefix, policy=policy, seed=seed, length=self._longest))
            if execution.learned:
                self._learn(execution.learned)
            self._sampled += 1
            self._note(execution)
            self._predict(execution)

    def _learn(self, sites: Sequence[Any]) -> None:
        self._executor.learn(sites)
        self._prefix = tuple(self._renewed())
        self._first = None
        self._tried.clear()

    def _made(self, plan: Plan) -> Execution:
        execution = self._executor.execute(plan._replace(races=True) if self._budget.races else plan)
        if execution.races:
            self._races.add(execution)
        self._longest = max(self._longest, len(execution.steps))
        self._executions += 1
        return execution

    def _note(self, execution: Execution, reduction: Reduction | None = None) -> None:
        kind, text = execution.verdict or ("", "")
        order = execution.order
        if kind and order not in self._orders:
            self._orders.add(order)
            if len(self._tried) < MOST_TRIED:
                self._tried.append(order)
        for site in execution.unseen:
            self._unseen[tuple(site)] = None
        for sentence in execution.assumed:
            self._assumed[sentence] = None
        if kind == "holds":
            if len(self._ends) < MOST_ENDS:
                self._ends[text] = None
        elif kind in ("inconclusive", "limit"):
            self._unsure = text
        elif kind and self._failed is None:
            self._failed = Report("fails", kind, text, order, loop=execution.loop)
        now = monotonic()
        if now - self._told >= TOLD:
            self._told = now
            self._left = reduction.left() if reduction is not None else self._left
            self._progress(self.report)

    def _over(self, share: float) -> bool:
        budget = self._budget
        return (
            self._stopped()
            or monotonic() - self._began >= budget.seconds * share
            or self._executions >= max(1, int(budget.executions * share))
        )

    def _spent(self) -> str:
        why = "it was stopped" if self._stopped() else "the budget was spent"
        return f"{why} before all orders were tried: {self._left} or more are left"


def _tuples(data: Any) -> Any:
    return tuple(map(_tuples, data)) if isinstance(data, list) else data


def _through(race: Failing) -> Sequence[int]:
    """Return the order that leads to a race and on through both accesses."""
    if race.race is None:
        return race.order
    both = race.race.first.actor, race.race.second.actor
    return (*race.order, *(both[::-1] if race.order[-1:] == both[1:] else both))
