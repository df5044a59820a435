"""A lesson measured: the facts, the verdict that they lead to, what it was measured on, and where the traces are."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from weft import places
from weft.errors import WeftError

from . import catalog
from .values import Evidence, Fact, Judgement, Verdict
from .work import Lab, python

VERSION = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a lesson.

    Attributes:
        lesson: its name.
        python, cores: what it ran on.
        measured_at: s since the epoch.
        seconds: how long it took.
        judgement: the verdict, and why.
        facts: what was measured.
        notes: what was left out, as sentences.
        servers: the servers that ran, by the label of their run.
        traces: where they are recorded, by label; empty where they are not kept.
        shows: the label of the run to look at, empty for none.
        schedule: the order that the search has found, as a schedule file; empty for none.
        steps: that order in sentences.
    """

    lesson: str
    python: str
    cores: int
    measured_at: float
    seconds: float
    judgement: Judgement
    facts: tuple[Fact, ...]
    notes: tuple[str, ...] = ()
    servers: Mapping[str, str] = field(default_factory=dict)
    traces: Mapping[str, str] = field(default_factory=dict)
    shows: str = ""
    schedule: str = ""
    steps: tuple[str, ...] = ()

    @property
    def trace(self) -> Path | None:
        """The trace to look at."""
        path = self.traces.get(self.shows)
        return Path(path) if path else None


def measure(name: str, tell: Callable[[str], object] = lambda line: None) -> Measured:
    """Run a lesson and judge what it measures; everything that it starts has ended when this returns.

    Raises:
        WeftError: there is no such lesson, or something that it needs is not there or does not come up.
    """
    catalog.named(name)
    lesson = catalog.load(name)
    began = time.monotonic()
    with Lab(name, tell) as lab:
        facts = tuple(lesson.measure(lab))
    found = next((one for one in lab.found.values() if one.schedule), None)
    return Measured(
        lesson=name,
        python=python(),
        cores=available_cores(),
        measured_at=time.time(),
        seconds=round(time.monotonic() - began, 2),
        judgement=lesson.judge(Evidence(facts)),
        facts=facts,
        notes=tuple(lab.notes),
        servers={label: run.server for label, run in lab.runs.items()},
        traces={label: str(run.trace) for label, run in lab.runs.items()},
        shows=lesson.shows or next(iter(lab.runs), ""),
        schedule=found.schedule if found else "",
        steps=found.steps if found else (),
    )


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def as_json(measured: Measured) -> dict[str, Any]:
    """Return it as plain data; docs/lab.md explains the keys."""
    plain = asdict(measured)
    plain["facts"] = [fact._asdict() for fact in measured.facts]
    verdict, because = plain.pop("judgement")
    return {"version": VERSION, "lesson": plain.pop("lesson"), "verdict": str(verdict), "because": because, **plain}


def from_json(data: Any) -> Measured:
    """Return what `as_json` has told.

    Raises:
        WeftError: it is something else.
    """
    try:
        if data["version"] != VERSION:
            raise WeftError(f"this was measured by version {data['version']!r} of the lab, known is {VERSION}")
        given = {key: value for key, value in data.items() if key not in ("version", "verdict", "because")}
        given["facts"] = tuple(Fact(**fact) for fact in data["facts"])
        given["notes"], given["steps"] = tuple(data["notes"]), tuple(data["steps"])
        return Measured(judgement=Judgement(Verdict(data["verdict"]), data["because"]), **given)
    except (KeyError, TypeError, ValueError) as error:
        raise WeftError(f"this is no result of the lab: {error!r}") from None


def keep(measured: Measured) -> None:
    """Remember a result as the last one of its lesson on this machine."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = folder / f"{measured.lesson}.json.new"
    new.write_text(json.dumps(as_json(measured), indent=2), encoding="utf-8")
    shutil.move(new, folder / f"{measured.lesson}.json")


def last(name: str) -> Measured | None:
    """Return the last result of a lesson on this machine, None when there is none that can be read."""
    try:
        return from_json(json.loads((_folder() / f"{name}.json").read_text("utf-8")))
    except (OSError, ValueError, WeftError):
        return None


def _folder() -> Path:
    return places.folder() / "lab"
