"""Executions one after another in this process, and a whole search of them: no message for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..channel import Channel
from ..moment import As
from ..search.execution import Execution, Plan
from ..search.searching import Budget, Report, Search
from .exploring import Explorer
from .run import Run
from .sharing import Sharing
from .trail import Trail

MOST_LEARNED = 20
"""Times that the first execution is made anew since it has met what was passed without a stop."""


class Alone(Exception):
    """Another execution needs a process of its own."""


def made(
    run: Run, sharing: Sharing, interpreter: As, plan: Plan, trail: Trail, put_back: Callable[[], None] | None
) -> tuple[Execution, bool]:
    """Make an execution; return it, and whether another one can be made here.

    Args:
        run: at its beginning; is there again then.
        trail: of the last execution that was made here.
        put_back: makes everything what it was before a run; None when that cannot be done.
    """
    explorer = Explorer(run, sharing, interpreter, plan, trail)
    execution = explorer.execution()
    again = put_back is not None and explorer.finish()
    if sharing.learned:
        trail.forget()  # there are more stops now
    if again and put_back is not None:
        put_back()
        run.again()
        if explorer.departed:
            trail.depart()
            return made(run, sharing, interpreter, plan, trail, put_back)
    return execution, again


class Local:
    """Makes executions in this process.

    Args:
        run: at its beginning.
        put_back: makes everything what it was before a run; None when that cannot be done.
        prefix: whose steps come first in each; they are others once it was learned where to stop.
    """

    def __init__(
        self,
        run: Run,
        sharing: Sharing,
        interpreter: As,
        put_back: Callable[[], None] | None,
        prefix: Sequence[int] = (),
    ) -> None:
        self._run, self._sharing, self._interpreter, self._put_back = run, sharing, interpreter, put_back
        self._trail = Trail(sharing)
        self.prefix = prefix
        self.again = True
        """Another execution can be made here."""
        self._first: Execution | None = None
        """What the first plan of a search comes to, when it was made already."""
        self.learned: dict[Any, None] = {}

    def execute(self, plan: Plan) -> Execution:
        """Make one execution.

        Raises:
            Alone: the last one has left something that cannot be put back.
        """
        if self._first is not None and not plan.path and plan == Plan():
            first, self._first = self._first, None
            return first
        if not self.again or self._put_back is None:
            raise Alone
        execution, self.again = made(self._run, self._sharing, self._interpreter, plan, self._trail, self._put_back)
        return execution

    def learn(self, sites: Sequence[Any]) -> None:
        """Let others know of sites at which it stops already.

        Raises:
            Alone: the steps of the prefix are others now.
        """
        if self.prefix:
            raise Alone
        self.learned.update(dict.fromkeys(sites))

    def is_alike(self) -> bool:
        """Return whether an execution is the same when it is made again."""
        for _ in range(MOST_LEARNED):
            first = self.execute(Plan())
            if not first.learned:
                self._first = self.execute(Plan())
                return first == self._first
            self.learn(first.learned)
        return False


def search(client: Channel, local: Local, budget: Budget, *, alike: bool) -> None:
    """Search on behalf of the client, which is told now and then how far it is, and may say when to stop.

    Args:
        alike: an execution is known to be the same when it is made again.
    """
    stopped = False

    def progress(report: Report) -> None:
        nonlocal stopped
        client.say({"report": report._replace(tried=())})
        stopped = stopped or client.has_more()

    found = Search(local, budget, lambda: stopped, progress, lambda: local.prefix)
    try:
        whole = alike or local.is_alike()
        report = found.run() if whole else Report()
    except Alone:
        whole, report = False, found.report
    client.say({"report": report, "whole": whole, "learned": list(local.learned)})
