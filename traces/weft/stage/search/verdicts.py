"""What a search has found, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...counted import many
from ...errors import WeftError
from .. import schedule
from ..moment import As
from ..printable import plain
from ..session import Badge, Node, Session
from . import explaining, pairs
from .searching import Report

MOST_UNSEEN = 5


def as_text(session: Session, report: Report, saved: Path | None = None) -> str:
    """Return the verdict, and why, as plain text.

    Args:
        session: stands at the end of the failing order.
        saved: where the order was saved.
    """
    info = session.info
    lines = [f"{info.name}{' (fixed)' if info.running_fixed else ''}, Python {info.python}"]
    lines += [f"  {name}: {does}" for name, does in zip(info.actors, info.does, strict=True)]
    lines += [
        "",
        verdict(session, report),
        *_reasons(session, report, "--as this"),
        "",
        _effort(report),
        *_relative(session, report),
    ]
    if report.races:
        what = f"weft step --schedule {saved}" if saved is not None else "add --open, or --save FILE for a schedule"
        lines.append(f"step through the first: {what}")
    elif report.verdict == "fails":
        what = f"weft step --schedule {saved}" if saved is not None else "add --open, or --save FILE for a schedule"
        lines.append(f"step through it: {what}")
    return "\n".join(plain(line) for line in lines)


def as_message(session: Session, report: Report, saved: Path) -> str:
    """Return the same as a test says it: the verdict first, and for what it was searched.

    Args:
        session: stands at the end of the failing order.
        saved: where the order was saved, if it fails.
    """
    info = session.info
    lines = [verdict(session, report), *_reasons(session, report, 'interpreter="this"'), "", info.name]
    lines += [f"  {name}: {does}" for name, does in zip(info.actors, info.does, strict=True)]
    lines += [f"{_effort(report)}; {session.stops.value} stops, {session.interpreter.value}, Python {info.python}"]
    lines += relative(session, report)
    if report.verdict == "fails":
        lines.append(f"step through it: weft step --schedule {saved}")
    return "\n".join(plain(line) for line in lines)


def as_orders(session: Session, report: Report, most: int) -> str:
    """Return which orders were tried, a line each; the session makes their steps.

    Args:
        most: so many of them are told.
    """
    lines = []
    for number, order in enumerate(report.tried[:most], 1):
        session.restart()
        try:
            session.take(order)
        except WeftError as error:
            lines.append(f"{number}. cannot be told: {error}")
            continue
        lines.append(f"{number}. {'; '.join(explaining.sentences(session.here.path()))}")
    if report.orders > len(lines):
        lines.append(f"and {report.orders - len(lines):,} more")
    return "\n".join(plain(line) for line in lines)


def as_json(session: Session, report: Report, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same for programs; docs/stage.md explains the keys."""
    fails = report.verdict == "fails"
    path = session.here.path()
    intrusion = _intrusion(report, path)
    steps = schedule.of(session, wanted).steps if fails else ()
    return {
        "scenario": session.info.name,
        "target": session.info.target,
        "fixed": session.info.running_fixed,
        "python": session.info.python,
        "verdict": report.verdict,
        "kind": report.kind or None,
        "text": report.text or None,
        "executions": report.executions,
        "orders": report.orders,
        "left": report.left,
        "sampled": report.sampled,
        "seconds": round(report.seconds, 3),
        "mode": session.interpreter.value,
        "granularity": session.stops.value,
        "switches": report.switches,
        "races": pairs.as_json(pairs.of(session, report, wanted)),
        "schedule": [list(step) for step in steps],
        "explanation": {
            "steps": explaining.sentences(path, report.loop) if fails else [],
            "because": explaining.told(intrusion) if intrusion is not None else None,
        },
        "possible": needs(session) if fails else None,
        "ends": list(report.ends),
        "relative": relative(session, report),
        "unseen": [_site(site) for site in report.unseen],
    }


def progress(report: Report) -> str:
    """Return how far a search is, as one line."""
    what = "sampling" if report.sampled else "searching"
    return f"{what}: {_made(report)}, {report.left:,} or more to go"


def verdict(session: Session, report: Report) -> str:
    """Return the verdict as a sentence."""
    if report.verdict == "fails":
        return f"fails, {report.kind}: {report.text}"
    if report.verdict == "holds":
        allowed = "whatever switches" if session.interpreter is As.FREE_THREADED else "the switches this Python makes"
        return f"holds in every order of the threads' steps ({session.stops.value} stops, {allowed})"
    return f"inconclusive: {report.text}"


def _reasons(session: Session, report: Report, this: str) -> Iterable[str]:
    """Yield who moves until where for it to fail, and why it does; ``this`` restricts the search to this Python."""
    if report.races:
        yield from pairs.lines(pairs.of(session, report, {}))
    if report.verdict != "fails" or report.races:
        return
    path = session.here.path()
    yield from (f"  {number}. {line}" for number, line in enumerate(explaining.sentences(path, report.loop), 1))
    intrusion = _intrusion(report, path)
    if intrusion is not None:
        yield f"because {explaining.told(intrusion)}"
    if needs(session) == Badge.FREE_THREADED:
        yield f"one of these switches needs a build without the GIL; {this} looks for what this Python can do"
    yield from (f"note: {line}" for line in _unlike(session, report))


def _intrusion(report: Report, path: Sequence[Node]) -> explaining.Intrusion | None:
    """Return whose accesses another one's write came between, where that may be why the order fails."""
    fails = report.verdict == "fails" and report.kind not in ("deadlock", "livelock", "race")
    return explaining.intrusion(path) if fails else None


def _effort(report: Report) -> str:
    sampled = f", {many(report.sampled, 'sample')} among them" if report.sampled else ""
    return f"{_made(report)}{sampled}, {report.seconds:.1f} s"


def _made(report: Report) -> str:
    return f"{many(report.executions, 'execution')}, {many(report.orders, 'order')}"


def relative(session: Session, report: Report) -> list[str]:
    """Return what a verdict that holds, or is not known, depends on: nothing is said about what is otherwise."""
    if report.verdict == "fails":
        return []
    lines = [session.note] if session.note else []
    lines += report.assumed
    if report.unseen:
        sites = [_site(site) for site in report.unseen[:MOST_UNSEEN]]
        more = f" and {len(report.unseen) - MOST_UNSEEN} more" if len(report.unseen) > MOST_UNSEEN else ""
        lines.append(
            f"not followed, as only running the app's code could tell what it touches: {', '.join(sites)}{more}"
        )
    return lines


def _relative(session: Session, report: Report) -> Iterable[str]:
    """Yield what the verdict says nothing about, and what may make it worth little."""
    if report.races and ": " in "".join(report.ends[:1]):
        yield from (f"some orders also end so: {end}" for end in report.ends[:1] if not end.startswith("all actors"))
    if report.verdict == "holds":
        yield from (f"it ended so: {end}" for end in report.ends if " got " in end)
    yield from relative(session, report)


def needs(session: Session) -> Badge:
    """Return what the way to the point looked at needs: this interpreter, or one without the GIL."""
    badges = {node.badge for node in session.here.path()}
    return Badge.FREE_THREADED if Badge.FREE_THREADED in badges else Badge.THIS


def _unlike(session: Session, report: Report) -> Iterable[str]:
    """Yield how stepping through the order again differs from what the search saw."""
    seen = session.moment.verdict
    if seen is None or seen.kind != report.kind:
        came = "did not end" if seen is None else f"ended as {seen.kind}"
        yield f"run once more it {came}: the app is not deterministic"


def _site(site: Any) -> str:
    file, line, _, text = site
    return f"{text} ({Path(file).name}:{line})"
