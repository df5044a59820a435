"""Assertions about the orders in which threads can run. They raise AssertionError, whatever runs the tests."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ..errors import WeftError
from ..stage import schedule as schedules
from ..stage.moment import As, Stops
from ..stage.printable import plain
from ..stage.process import AppProcess
from ..stage.search import preferring, verdicts
from ..stage.search.searching import Budget, Report
from ..stage.session import Order, Session
from . import surroundings
from .locating import folders, locate
from .surroundings import short

Undecided = Literal["fail", "skip", "xfail"]

MOST_ORDERS = 20
"""Orders that a report tells at most."""


def assert_holds(
    scenario: object,
    *,
    requests: Sequence[str] = (),
    check: str = "",
    stops: str = "access",
    interpreter: str = "free-threaded",
    seconds: float = 30.0,
    executions: int = 100_000,
    races: bool = False,
    seed: int | None = None,
    fixed: bool = False,
    inconclusive: Undecided = "fail",
    save: str | os.PathLike[str] | None = None,
) -> None:
    """Fail unless a scenario holds in every order of its threads' steps.

    Args:
        scenario: a `weft.stage.Scenario` or a function that makes one, an app or what makes one, or the words that name
            it, as on the command line: ``"shop:create_app"``, ``"tests/scenarios.py:OVERSELL"``. Anything but words
            must be a variable or a function of a module: the app's process imports it again.
        requests, check: for an app: ``["POST /buy", "bob: POST /buy {\"item\": 1}"]``, ``"GET /stock .left >= 0"``.
        stops: where threads may be switched: ``access``, ``sync``, ``line`` or ``opcode``.
        interpreter: which switches are tried: ``free-threaded`` (all) or ``this`` (those this interpreter makes).
        seconds, executions: the budget.
        races: fail also where two accesses to the same thing, one of them a write, are ordered by nothing.
        seed: of random numbers.
        fixed: run the scenario's fixed app.
        inconclusive: what the test does when neither is known: ``fail``, ``skip`` or ``xfail``.
        save: where the schedule of the failing order is written; by default a file named after the test.

    Raises:
        AssertionError: an order breaks it; the text says which and why.
        WeftError: it cannot be run.
    """
    __tracebackhide__ = True
    try:
        if inconclusive not in ("fail", "skip", "xfail"):
            raise WeftError(f"inconclusive={inconclusive!r} is not known; choose fail, skip or xfail")
        wanted = _wanted(locate(scenario), requests, check, seed, fixed)
        verdict, said = _searched(
            wanted, _stops(stops), _interpreter(interpreter), Budget(seconds, executions, races), save
        )
    except WeftError as error:
        raise error.with_traceback(None) from None
    if verdict == "inconclusive" and inconclusive != "fail":
        import pytest

        (pytest.skip if inconclusive == "skip" else pytest.xfail)(said.partition("\n")[0])
    if verdict != "holds":
        raise AssertionError(said)


def _searched(
    wanted: dict[str, Any], stops: Stops, interpreter: As, budget: Budget, save: str | os.PathLike[str] | None
) -> tuple[str, str]:
    """Search, and return the verdict and what there is to say about it."""
    here = surroundings.now
    process = AppProcess(**wanted)
    try:
        report, session = preferring.searched(process, stops, interpreter, budget)
        said = _said(session, report, wanted, save)
        if here.orders:
            asked = Session(process, stops=stops, interpreter=interpreter)
            here.tell("weft orders", verdicts.as_orders(asked, report, MOST_ORDERS))
        return report.verdict, said
    finally:
        process.close()


def assert_schedule(path: str | os.PathLike[str], *, expect: str = "holds", strict: bool = False) -> None:
    """Fail unless a saved schedule leads where it is expected to.

    Args:
        path: of the schedule, from the folder of the test's file or from the working directory.
        expect: ``holds``: the bug that it showed is gone. ``fails``: it still fails as it did when it was saved, along
            the very same steps.
        strict: with ``holds``, fail also when its steps cannot be made any more as they were. Without it they are made
            as far as the app offers them, and whatever is left after that is run to its end, in turn.

    Raises:
        AssertionError: it does not; the text names the first step that went another way.
        WeftError: it is no schedule, or its app cannot be run.
    """
    __tracebackhide__ = True
    try:
        if expect not in ("holds", "fails"):
            raise WeftError(f"expect={expect!r} is not known; choose holds or fails")
        wrong = _replayed(_beside(Path(path)), expect, strict)
    except WeftError as error:
        raise error.with_traceback(None) from None
    if wrong:
        raise AssertionError(wrong)


def _replayed(file: Path, expect: str, strict: bool) -> str:
    """Replay a schedule and return how it went if it went otherwise than it was expected to."""
    schedule = schedules.load(file)
    known = schedule.wanted
    wanted = _wanted(known["target"], known["requests"], known["check"], known["seed"], known["fixed"])
    wanted["learned"] = known.get("learned", ())
    session = Session(AppProcess(**wanted), stops=schedule.stops, interpreter=schedule.interpreter)
    try:
        replayed = schedules.replay(session, schedule)
        if session.moment.verdict is None and expect == "holds":
            session.run_all(Order.ROUND_ROBIN)
        wrong = _unlike(session, schedule, replayed, expect, strict)
    finally:
        session.close()
    if replayed.diverged:
        surroundings.now.tell("weft schedule", plain(f"{short(file)}: {replayed.diverged}"))
    return f"{short(file)} {wrong}" if wrong else ""


def _unlike(
    session: Session, schedule: schedules.Schedule, replayed: schedules.Replayed, expect: str, strict: bool
) -> str:
    """Return how a schedule has gone that was expected to go otherwise, empty when it went as expected."""
    verdict = session.moment.verdict
    kind = verdict.kind if verdict is not None else "not ended"
    ended = f"{kind}: {verdict.text}" if verdict is not None and verdict.text else kind
    diverged = [f"it diverged at {replayed.diverged}"] if replayed.diverged else []
    changed = [f"changed since it was saved: {', '.join(replayed.changed)}"] if replayed.changed else []
    if expect == "holds":
        good = kind == "holds" and not (strict and diverged)
        lines = [f"does not hold, {ended}" if kind != "holds" else "cannot be followed any more"]
    else:
        good = replayed.same and verdict is not None and verdict.failed and not diverged
        was = schedule.outcome[0] or "not ended"
        lines = [
            f"does not fail as it did ({was}): {ended}" if not diverged else f"cannot be followed any more ({ended})"
        ]
    return "" if good else "\n".join(plain(line) for line in (*lines, *diverged, *changed))


def _wanted(target: str, requests: Sequence[str], check: str, seed: int | None, fixed: bool) -> dict[str, Any]:
    """Return the arguments of `AppProcess`; paths in them hold from the working directory."""
    if isinstance(requests, str):
        raise WeftError(f"requests={requests!r} is one text; write a list: [{requests!r}]")
    return {
        "target": target,
        "requests": list(requests),
        "check": check,
        "seed": seed,
        "fixed": fixed,
        "root": short(surroundings.now.root),
        "paths": folders(),
    }


def _stops(stops: str) -> Stops:
    if stops not in [one.value for one in Stops]:
        raise WeftError(f"stops={stops!r} is not known; choose {', '.join(one.value for one in Stops)}")
    return Stops(stops)


def _interpreter(interpreter: str) -> As:
    if interpreter not in [one.value for one in As]:
        raise WeftError(f"interpreter={interpreter!r} is not known; choose {' or '.join(one.value for one in As)}")
    return As(interpreter)


def _said(session: Session, report: Report, wanted: dict[str, Any], save: str | os.PathLike[str] | None) -> str:
    """Return what there is to say about a search, and write the schedule if it fails."""
    here = surroundings.now
    if report.verdict != "fails":
        return verdicts.as_message(session, report, Path())
    file = Path(save) if save is not None else here.schedules / f"{here.name}.json"
    _write(file, schedules.dump(schedules.of(session, _kept(wanted))))
    return verdicts.as_message(session, report, Path(short(file)))


def _kept(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what names the scenario on other machines too."""
    return {**wanted, "paths": [one for one in wanted["paths"] if not os.path.isabs(one)]}


def _write(file: Path, text: str) -> None:
    """Write a schedule, in place of an older one.

    Raises:
        WeftError: it cannot be written, or what is there is no schedule.
    """
    try:
        if file.exists() and not _is_schedule(file):
            raise WeftError(f"{file} is there already and is no schedule; name another file")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WeftError(f"{file}: {error.strerror or error}; name another place for schedules") from None


def _is_schedule(file: Path) -> bool:
    try:
        return "weft_schedule" in json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, TypeError):
        return False


def _beside(path: Path) -> Path:
    """Return the path of a file that is named from the test's folder, or from the working directory."""
    beside = surroundings.now.folder / path
    return beside if beside.exists() else path
