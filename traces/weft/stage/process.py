"""The app's process as seen from outside: start it, ask it for steps, end it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import WeftError
from .channel import Channel, Ended
from .moment import As, Moment, Stops, from_json, operation
from .search.execution import Execution, Plan, execution_from_json
from .search.searching import Budget, Done, Report
from .session import Choice, Diverged, Info, Performed, Runner

PATIENCE = 30.0
"""Loading may take so long (seconds) before it is given up."""
STEP_PATIENCE = 25.0
"""An answer may take so long; the process itself notices code that does not come back: after 0.2 s, and after 20 s
where the machine has no processor for it."""

LOOK = 0.05
"""So often (seconds) a search is asked whether it is to be stopped."""


class Copy:
    """A copy of the app's process, in which one run is made."""

    def __init__(self, message: Mapping[str, Any], stops: Stops, folder: str) -> None:
        self.pid: int = message["pid"]
        self.stops = stops
        self._folder = Path(folder, str(self.pid))  # see `weft.stage.private`
        self.channel = Channel(socket.socket(fileno=message["fd"]))
        self._path: list[Choice] | None = None
        self._unanswered = 0

    def may_follow(self, path: Sequence[Choice], stops: Stops) -> bool:
        """Return whether a path goes on from where it was sent to last."""
        behind = self._path or []
        return stops is self.stops and list(path[: len(behind)]) == behind

    def follow(self, path: Sequence[Choice]) -> None:
        """Let it make the steps of a path that it has not made yet, without waiting for it."""
        behind = len(self._path or ())
        if self._path is None or len(path) > behind:
            self.channel.say({"do": "follow", "path": path[behind:]})
            self._path = list(path)
            self._unanswered += 1

    def arrived(self, patience: float) -> Any:
        """Return what it says when it is there, which may take so long (seconds)."""
        answers = [self.channel.take(patience) for _ in range(self._unanswered)]
        self._unanswered = 0
        return next((one for one in answers if one["diverged"]), answers[-1])

    def end(self) -> None:
        """Kill it: but for its folder it holds nothing that would have to be put in order."""
        self.channel.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        if self._folder.exists():
            shutil.rmtree(self._folder, ignore_errors=True)


class Executions:
    """Makes executions for the search.

    Args:
        process: of the app.
        stops, interpreter: where threads stop, and which switches are allowed.
        stay: the threads of one execution may take part in others, where that makes no difference.
    """

    def __init__(self, process: Runner, stops: Stops, interpreter: As, *, stay: bool = True) -> None:
        self._process, self._stops, self._interpreter, self._stay = process, stops, interpreter, stay
        self.alike: bool | None = None
        """A second execution in the same copy of the process did what the first one had done; None: not tried yet."""

    def execute(self, plan: Plan) -> Execution:
        """Make one execution, in a copy of the process: the one of the last execution, if that makes no difference."""
        if self.alike is None:
            one, other = self._execute(Plan(), again=True), self._execute(Plan(), again=True)
            self.alike = one == other
        return self._execute(plan, again=self.alike)

    def search(
        self, budget: Budget, stopped: Callable[[], bool], progress: Callable[[Report], None], prefix: Sequence[int]
    ) -> Done:
        """Search in the app's process, without a message for each execution."""
        if self.alike is False:
            return Done(Report(), whole=False)
        wanted = {
            "as": self._interpreter.value,
            "budget": budget,
            "prefix": prefix,
            "stay": self._stay,
            "alike": bool(self.alike),
        }
        done = self._process.search(wanted, self._stops, stopped, progress)
        self.alike = done.whole
        return done

    def _execute(self, plan: Plan, *, again: bool) -> Execution:
        return self._process.execute(plan, self._stops, self._interpreter, again=again)

    def learn(self, sites: Sequence[Any]) -> None:
        """Stop at these sites too from now on."""
        self._process.learn(sites)


class AppProcess:
    """Runs a scenario in a process of its own.

    Args:
        target: ``module:name``, ``FILE.py`` or ``FILE.py:name``.
        requests, check: for an app instead of a scenario, see `weft.stage.host.target`.
        seed: of random numbers, instead of the scenario's.
        fixed: run the scenario's fixed app.
        learned: sites to stop at besides those that it learns of itself: name of the file, kind, text.
        root: the folder whose files are the app's, empty for the one that the target lies in.
        paths: folders from which modules are imported besides the usual ones.

    Raises:
        WeftError: it cannot be loaded; the sentence says why.
    """

    def __init__(
        self,
        target: str,
        *,
        requests: Sequence[str] = (),
        check: str = "",
        seed: int | None = None,
        fixed: bool = False,
        root: str = "",
        paths: Sequence[str] = (),
        learned: Sequence[Sequence[str]] = (),
    ) -> None:
        self.learned = [tuple(map(str, one)) for one in learned]
        self._wanted: dict[str, Any] = {
            "target": target,
            "requests": list(requests),
            "check": check,
            "seed": seed,
            "fixed": fixed,
            "root": root,
            "paths": list(paths),
            "learned": self.learned,
        }
        self._folder = tempfile.mkdtemp(prefix="weft-stage-")
        self._process, self._control = _started(paths)
        self._copy: Copy | None = None
        self._ahead: Copy | None = None
        self._again: Copy | None = None
        """The copy that can make another execution."""
        self._coming: Stops | None = None
        try:
            answer = _asked(self._control, {**self._wanted, "folder": self._folder})
            self.info = Info(**answer["ready"])
            self.note: str = answer["note"]
            self._order(Stops.ACCESS)
        except BaseException:
            self.close()
            raise

    def again(self, *, fixed: bool) -> AppProcess:
        """Start the same scenario in another process, on its fixed app or on the one with the bug."""
        return AppProcess(**{**self._wanted, "fixed": fixed})

    def start(self, path: Sequence[Choice], stops: Stops) -> Moment:
        """Begin anew and make these steps."""
        over = self._copy
        self._copy = self._bound_for(path, stops)
        try:
            answer = self._told(lambda copy: _followed(copy, path))
        finally:
            if over is not None:
                over.end()  # only now: a process takes its time to end, and a core
        self._order(stops, later=True)
        if answer["diverged"]:
            raise Diverged(f"the app is not deterministic: {answer['diverged']}")
        return from_json(answer["moment"])

    def prepare(self, path: Sequence[Choice], stops: Stops) -> None:
        """Make these steps in the next copy already, for `start` to find it there."""
        with contextlib.suppress(Ended, WeftError):
            self._ahead = self._bound_for(path, stops)
            self._order(stops, later=True)
            self._ahead.follow(path)

    def execute(self, plan: Plan, stops: Stops, interpreter: As, *, again: bool) -> Execution:
        """Make one execution for the search.

        Args:
            again: it may be made where the last one was, when everything could be put back there.
        """
        if not again or self._again is not self._copy or self._copy is None or self._copy.stops is not stops:
            self._anew(stops)
        answer = self._ask({"do": "explore", "as": interpreter.value, "plan": plan, "stay": again})
        self._again = self._copy if answer["again"] else None
        return execution_from_json(answer["execution"])

    def search(
        self,
        wanted: Mapping[str, Any],
        stops: Stops,
        stopped: Callable[[], bool],
        progress: Callable[[Report], None],
    ) -> Done:
        """Search in a copy of the process: the one of the last search, if everything could be put back there.

        Args:
            wanted: how, see `weft.stage.host.local.search`.
            stopped: asked now and then whether to end with what is known.
            progress: told now and then what that is.
        """
        if self._again is not self._copy or self._copy is None or self._copy.stops is not stops:
            self._anew(stops, later=True)
        self._again = None
        done: Done = self._told(lambda copy: _searched(copy, wanted, stopped, progress))
        self._again = self._copy if done.whole else None
        return done

    def learn(self, sites: Sequence[Any]) -> None:
        """Stop at these sites too from now on."""
        self._control.say({"do": "learn", "sites": list(sites)})
        found = [(Path(file).name, kind, text) for file, _, kind, text in sites]
        self.learned += [one for one in dict.fromkeys(found) if one not in self.learned]
        self._again = None
        if self._coming is not None:
            self._arrived().end()

    def step(self, actor: int) -> Performed:
        """Let an actor that can move do its next operation."""
        answer = self._ask({"do": "step", "actor": actor})
        return Performed(operation(answer["operation"]), from_json(answer["moment"]))

    def look(self) -> Moment:
        """Return what is seen now, when something may have come back from outside."""
        return from_json(self._ask({"do": "look"})["moment"])

    def close(self) -> None:
        """End the process and its copies."""
        for copy in (self._copy, self._ahead):
            if copy is not None:
                copy.end()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._control.close()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _anew(self, stops: Stops, *, later: bool = False) -> None:
        """Go on in another copy, at its beginning."""
        over = self._copy
        self._copy = self._bound_for((), stops)
        self._order(stops, later=later)
        if over is not None:
            over.end()

    def _ask(self, command: Any) -> Any:
        def ask(copy: Copy) -> Any:
            copy.channel.say(command)
            return copy.channel.take(STEP_PATIENCE)

        return self._told(ask)

    def _told(self, ask: Callable[[Copy], Any]) -> Any:
        copy = self._copy
        if copy is None:
            raise WeftError("the app's process has ended; go back, or restart")
        try:
            return ask(copy)
        except Ended as ended:
            copy.end()
            self._copy = None
            how = f"{ended} with status {self._status(copy.pid)}" if str(ended) == "ended" else str(ended)
            raise WeftError(f"the app's process {how}; go back, or restart") from None

    def _order(self, stops: Stops, *, later: bool = False) -> None:
        """Ask for the next copy, unless it is on its way."""
        if self._coming is not None:
            return
        with contextlib.suppress(Ended):
            self._control.say({"do": "copy later" if later else "copy", "stops": stops.value})
            self._coming = stops

    def _bound_for(self, path: Sequence[Choice], stops: Stops) -> Copy:
        """Return a copy that can make these steps."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.may_follow(path, stops):
            return ahead
        if ahead is not None:
            ahead.end()
        return self._next(stops)

    def _next(self, stops: Stops) -> Copy:
        """Return a copy that stops where it is wanted."""
        try:
            if self._coming is None:
                self._order(stops)
            while (copy := self._arrived()).stops is not stops:
                copy.end()
                self._order(stops)
            return copy
        except Ended:
            raise WeftError("the app's process has ended; start again") from None

    def _arrived(self) -> Copy:
        stops, self._coming = self._coming, None
        if not self._control.has_more():
            self._control.say({"do": "hurry"})
        return Copy(self._control.take(PATIENCE), stops or Stops.ACCESS, self._folder)

    def _status(self, pid: int) -> int | None:
        """Return how a copy has ended."""
        try:
            if self._coming is not None:
                self._arrived().end()
            self._control.say({"do": "status", "pid": pid})
            return int(self._control.take(STEP_PATIENCE)["status"])
        except Ended:
            return None


def list_scenarios(target: str) -> list[tuple[str, str, str]]:
    """Return label, name and goal of each scenario in a module or file.

    Raises:
        WeftError: it cannot be imported.
    """
    process, control = _started()
    try:
        answer = _asked(control, {"list": target})
        return [(label, name, text) for label, name, text in answer["scenarios"]]
    finally:
        control.close()
        process.kill()
        process.wait()


def _started(paths: Sequence[str] = ()) -> tuple[subprocess.Popen[bytes], Channel]:
    if not hasattr(os, "fork"):
        raise WeftError("the stage needs an operating system that can copy a process: Linux or macOS")
    mine, theirs = socket.socketpair()
    folders = os.pathsep.join(filter(None, (*paths, os.environ.get("PYTHONPATH", ""))))
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "weft.stage.host", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONHASHSEED": "0", **({"PYTHONPATH": folders} if folders else {})},
            start_new_session=True,
        )
    return process, Channel(mine)


def _searched(
    copy: Copy, wanted: Mapping[str, Any], stopped: Callable[[], bool], progress: Callable[[Report], None]
) -> Done:
    copy.channel.say({"do": "search", **wanted})
    silent, told = 0.0, False
    while True:
        if not told and stopped():
            copy.channel.say({"do": "stop"})
            told = True
        if not copy.channel.has_more(LOOK):
            silent += LOOK
            if silent > STEP_PATIENCE:
                raise Ended(f"gave no answer for {STEP_PATIENCE:g} s")
            continue
        answer = copy.channel.take(STEP_PATIENCE)
        silent = 0.0
        report = Report.from_json(answer["report"])
        if "whole" in answer:
            return Done(report, answer["whole"], answer["learned"])
        progress(report)


def _followed(copy: Copy, path: Sequence[Choice]) -> Any:
    copy.follow(path)
    return copy.arrived(STEP_PATIENCE + len(path) * 0.01)


def _asked(control: Channel, wanted: Any) -> Any:
    """Return the answer of a process that has just been started.

    Raises:
        WeftError: it says what is wrong, or ends without a word.
    """
    try:
        control.say(wanted)
        answer = control.take(PATIENCE)
    except Ended as ended:
        raise WeftError(f"the process that loads {next(iter(wanted.values()))} {ended}") from None
    if "error" in answer:
        raise WeftError(answer["error"])
    return answer
