"""A run on the stage in words: the interleaved steps, a column per actor, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from weft.counted import many
from weft.stage.moment import Operation, Place
from weft.stage.printable import plain
from weft.stage.schedule import Replayed
from weft.stage.session import Badge, Node, Session
from weft.timeline.shortening import among

WIDEST = 44
MARKS = {Badge.NONE: " ", Badge.THIS: "!", Badge.FREE_THREADED: "‡"}


def as_text(session: Session, replayed: Replayed | None, ended: str = "", width: int = 80) -> str:
    """Return the way to the point looked at as plain text that can be pasted into a ticket.

    Args:
        replayed: how the replay of a schedule went.
        ended: why the run could not go on.
        width: columns of the terminal that the steps may take. A column per actor is as wide as its steps where all
            fit; otherwise the steps stand beside narrow lanes.
    """
    info, moment = session.info, session.moment
    nodes = session.here.path()
    names = [view.name for view in moment.actors]
    lines = [f"{info.name}{' (fixed)' if info.running_fixed else ''}, Python {info.python}, stops: {session.stops}"]
    lines += [f"  {name}: {does}" for name, does in zip(info.actors, info.does, strict=True)]
    steps = [*_steps(nodes, names)]
    if max(map(len, steps)) > width:
        steps = [*_listed(nodes, names, width)]
    lines += ["", *steps, *_explained(nodes), ""]
    lines += [f"{shown.name} is {shown.text}" for shown in (*moment.shared, *moment.watched)]
    lines.append(ended or _verdict(session))
    if session.moment.verdict is None and not ended:
        lines += [f"  {view.name} {view.why}" for view in moment.actors if view.own and view.why]
    lines += [f"note: {session.note}"] if session.note else []
    if replayed is not None:
        lines += of_replay(replayed)
    return "\n".join(plain(line) for line in lines)


def as_json(session: Session, replayed: Replayed | None, ended: str = "") -> dict[str, Any]:
    """Return the same for programs; docs/stage.md explains the keys."""
    info, verdict = session.info, session.moment.verdict
    return {
        "scenario": info.name,
        "target": info.target,
        "fixed": info.running_fixed,
        "python": info.python,
        "as": session.interpreter.value,
        "stops": session.stops.value,
        "actors": [{"name": name, "does": does} for name, does in zip(info.actors, info.does, strict=True)],
        "steps": [_step(node) for node in session.here.path()],
        "note": session.note,
        "ended": ended,
        "shared": {shown.name: shown.text for shown in session.moment.shared},
        "verdict": None
        if verdict is None
        else {"kind": verdict.kind, "text": verdict.text, "place": _place(verdict.place)},
        "replay": None
        if replayed is None
        else {
            "followed": replayed.followed,
            "diverged": replayed.diverged,
            "same": replayed.same,
            "changed": list(replayed.changed),
        },
    }


def _step(node: Node) -> dict[str, Any]:
    operation = node.operation or Operation("", "")
    return {
        "number": node.number,
        "actor": node.moment.actors[node.actor].name,
        "kind": operation.kind,
        "text": operation.text,
        "value": node.moment.value,
        "place": _place(operation.place),
        "preempts": node.moment.actors[node.preempted].name if node.preempted >= 0 else None,
        "possible": node.badge.value or None,
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else place._asdict()


def _steps(nodes: Sequence[Node], names: Sequence[str]) -> Iterable[str]:
    cells = [_cell(node) for node in nodes]
    widths = [
        min(
            WIDEST,
            max([len(name), *(len(cell) for node, cell in zip(nodes, cells, strict=True) if node.actor == actor)]),
        )
        for actor, name in enumerate(names)
    ]
    yield "   #  " + "  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True)).rstrip()
    for node, cell in zip(nodes, cells, strict=True):
        row = [" " * width for width in widths]
        row[node.actor] = _cut(cell, WIDEST).ljust(widths[node.actor])
        place = node.operation.place if node.operation is not None else None
        where = f"  {place.short}" if place is not None else ""
        yield f"{node.number:4}{MARKS[node.badge]} {'  '.join(row)}{where}".rstrip()


def _listed(nodes: Sequence[Node], names: Sequence[str], width: int) -> Iterable[str]:
    """Yield a row per step: a lane per actor, as long as they leave room, then who did what, where."""
    lanes = len(names) if 2 * len(names) <= width // 3 else 0
    widest = min(max(len(name) for name in names), 16)
    short = among(tuple(names)).short
    yield f"   #  {'  ' * lanes}{'actor'.ljust(widest)}  step"
    for node in nodes:
        row = ["·"] * lanes
        row[node.actor : node.actor + 1] = ["●"] if lanes else []
        place = node.operation.place if node.operation is not None else None
        where = _cut(f"  {Path(place.file).name}:{place.line}", width // 3) if place is not None else ""
        begin = f"{node.number:4}{MARKS[node.badge]} {''.join(f'{sign} ' for sign in row)}"
        begin += f"{short(names[node.actor], widest).ljust(widest)}  "
        yield f"{begin}{_cut(_cell(node), max(width - len(begin) - len(where), 8))}{where}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _explained(nodes: Sequence[Node]) -> Iterable[str]:
    badges = {node.badge for node in nodes}
    if Badge.THIS in badges:
        yield "   ! a switch that this interpreter can make"
    if Badge.FREE_THREADED in badges:
        yield "   ‡ a switch that only a build without the GIL makes"


def _cell(node: Node) -> str:
    text = node.operation.text if node.operation is not None else ""
    return f"{text} {node.moment.value}".rstrip()


def _verdict(session: Session) -> str:
    verdict = session.moment.verdict
    if verdict is None:
        return f"not finished after {many(session.here.number, 'step')}"
    place = f" ({Path(verdict.place.file).name}:{verdict.place.line})" if verdict.place is not None else ""
    return f"{verdict.kind}: {verdict.text}{place}"


def of_replay(replayed: Replayed) -> Iterable[str]:
    """Return what a person should know about the replay of a schedule; nothing when all went as it says."""
    if replayed.changed:
        yield f"changed since the schedule was saved: {', '.join(replayed.changed)}"
    if replayed.diverged:
        yield f"the schedule does not fit any more at {replayed.diverged}"
    if not replayed.same:
        yield "what came of it is not what the schedule says"
