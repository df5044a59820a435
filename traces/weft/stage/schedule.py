"""Schedule files: who did what, in order, as JSON that reads well in a diff.

A step is an actor, an operation and a place. Only actor and operation identify it: the place, the lines of code and the
interpreter's version may change, and steps that came in between since are passed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import WeftError
from .moment import As, Stops
from .session import Choice, Node, Session

VERSION = 1


class Entry(NamedTuple):
    """A step of a schedule: actor, kind and text of its operation, ``file:line function``."""

    actor: str
    kind: str
    text: str
    place: str


class Schedule(NamedTuple):
    """What a schedule file says.

    Attributes:
        wanted: the words that name the scenario: target, requests, check, seed, fixed; root and paths if needed, and
            what was learned about where threads stop.
        outcome: kind and sentence of the verdict when it was saved; empty when the run had not ended.
        digests: SHA-256 of the app's files that were stepped through, by file name.
    """

    scenario: str
    wanted: Mapping[str, Any]
    interpreter: As
    stops: Stops
    python: str
    steps: Sequence[Entry]
    outcome: tuple[str, str] = ("", "")
    digests: Mapping[str, str] = {}


def of(session: Session, wanted: Mapping[str, Any]) -> Schedule:
    """Return the schedule of the way to the point looked at."""
    nodes = session.here.path()
    verdict = session.moment.verdict
    files = dict.fromkeys(
        node.operation.place.file for node in nodes if node.operation is not None and node.operation.place is not None
    )
    return Schedule(
        session.info.name,
        {**wanted, "learned": [list(one) for one in session.learned]} if session.learned else wanted,
        session.interpreter,
        session.stops,
        session.info.python,
        [_entry(node) for node in nodes],
        (verdict.kind, verdict.text) if verdict is not None else ("", ""),
        {Path(file).name: digest(Path(file)) for file in files},
    )


def _entry(node: Node) -> Entry:
    kind, text, place = node.operation[:3] if node.operation is not None else ("", "", None)
    where = f"{place.short} {place.function}" if place is not None else ""
    return Entry(node.moment.actors[node.actor].name, kind, text, where)


def digest(file: Path) -> str:
    """Return the SHA-256 of a file, empty when it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def dump(schedule: Schedule) -> str:
    """Return the text of a schedule file: one line per step."""
    head = {
        "weft_schedule": VERSION,
        "scenario": schedule.scenario,
        **schedule.wanted,
        "as": schedule.interpreter.value,
        "stops": schedule.stops.value,
        "python": schedule.python,
        "outcome": list(schedule.outcome),
        "digests": schedule.digests,
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    steps = ",\n".join(f"    {json.dumps(list(step))}" for step in schedule.steps)
    return "\n".join(["{", *lines, '  "steps": [', *([steps] if steps else []), "  ]", "}", ""])


def load(path: Path) -> Schedule:
    """Read a schedule file.

    Raises:
        WeftError: it is missing, or no schedule of a version that is known.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeftError(f"{path}: {error.strerror or error}; name a schedule that `weft step` has saved") from None
    except ValueError as error:
        raise WeftError(f"{path} is no schedule: {error}") from None
    if not isinstance(data, dict) or "weft_schedule" not in data:
        raise WeftError(f"{path} is no schedule; name a file that `weft step` has saved")
    if data["weft_schedule"] != VERSION:
        raise WeftError(f"{path} is a schedule of version {data['weft_schedule']!r}, known is {VERSION}; update weft")
    try:
        return _schedule(data)
    except (KeyError, TypeError, ValueError) as error:
        raise WeftError(f"{path} is a damaged schedule: {error!r}") from None


def _schedule(data: Mapping[str, Any]) -> Schedule:
    steps = [Entry(*(str(part) for part in step)) for step in data["steps"]]
    wanted: dict[str, Any] = {
        "target": str(data["target"]),
        "requests": [str(one) for one in data["requests"]],
        "check": str(data["check"]),
        "seed": None if data["seed"] is None else int(data["seed"]),
        "fixed": bool(data["fixed"]),
    }
    if "root" in data:
        wanted |= {"root": str(data["root"]), "paths": [str(one) for one in data["paths"]]}
    if "learned" in data:
        wanted["learned"] = [[str(part) for part in (file, kind, text)] for file, kind, text in data["learned"]]
    kind, text = (str(part) for part in data["outcome"])
    digests = {str(name): str(value) for name, value in data["digests"].items()}
    return Schedule(
        str(data["scenario"]), wanted, As(data["as"]), Stops(data["stops"]), str(data["python"]), steps, (kind, text),
        digests,
    )  # fmt: skip


class Replayed(NamedTuple):
    """How replaying a schedule went.

    Attributes:
        followed: how many of its steps could be made.
        diverged: a sentence about the first that could not, empty for none.
        same: the verdict is of the same kind as it was; also when it had none.
        changed: files that are not what they were.
    """

    followed: int
    diverged: str
    same: bool
    changed: Sequence[str]


def replay(session: Session, schedule: Schedule, *, best_effort: bool = True) -> Replayed:
    """Make the steps of a schedule.

    Args:
        best_effort: after the first step that the program does not offer any more, leave out such steps and go on.
    """
    indices = {name: index for index, name in reversed(list(enumerate(session.info.actors)))}
    followed, diverged = 0, ""
    for number, entry in enumerate(schedule.steps, 1):
        if session.moment.verdict is not None:
            diverged = diverged or f"step {number} and what follows: the run had ended already"
            break
        actor = indices.get(entry.actor, _named(session, entry.actor))
        if actor >= 0 and session.follow(Choice(actor, entry.kind, entry.text)):
            followed += 1
            continue
        diverged = diverged or f"step {number}: {_expected(session, entry, actor)}"
        if not best_effort:
            break
    if schedule.outcome[0] == "livelock" and session.moment.verdict is None and not diverged:
        session.close_round()
    verdict = session.moment.verdict
    kind = verdict.kind if verdict is not None else ""
    return Replayed(followed, diverged, kind == schedule.outcome[0], _changed(session, schedule))


def _named(session: Session, name: str) -> int:
    """Return the index of a thread that the app has started, -1 for none of that name."""
    return next((index for index, view in enumerate(session.moment.actors) if view.name == name), -1)


def _expected(session: Session, entry: Entry, actor: int) -> str:
    if actor < 0:
        return f"there is no {entry.actor}"
    view = session.moment.actors[actor]
    at = f" at {entry.place}" if entry.place else ""
    refusal = session.refusal(actor)
    if view.next is not None and view.next.text == entry.text and refusal:
        return f"{entry.actor} was to {entry.text}{at}, but {refusal}"
    instead = f"is about to {view.next.text}" if view.next is not None else "has finished"
    if view.next is not None and view.why:
        instead += f", and {view.why}"
    return f"{entry.actor} was to {entry.text}{at}, but {instead}"


def _changed(session: Session, schedule: Schedule) -> list[str]:
    folder = Path(session.info.file).parent
    return [
        name
        for name, value in schedule.digests.items()
        if value and (folder / name).exists() and digest(folder / name) != value
    ]
