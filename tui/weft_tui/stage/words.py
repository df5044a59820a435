"""The sentences of the stage: its state in a row, what is wrong, what to press next. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from weft.stage.moment import As, Status, Stops, Verdict
from weft.stage.session import Badge, Info, Node
from weft.timeline.units import plain

from ..spans import Ink, Line, Span, cut, wrap
from ..widgets.status import bar
from .column import KEYS, broken_off
from .excerpt import where
from .marks import CAREFUL, UNSTEADY, VERDICTS, Phase
from .seen import Seen

MOST_NOTICE: Final = 3
"""Rows that a goal or a verdict takes at most; `v` tells all of it."""

MOST_SAID: Final = 3
"""Rows that what was said last takes at most."""

MORE_TOLD: Final = " … v tells all"
STARTING: Final = "Starting the app …"
LEVEL_WORDS: Final = {
    Stops.SYNC: "sync",
    Stops.ACCESS: "access",
    Stops.LINE: "line",
    Stops.OPCODE: "opcode",
}


def phase(seen: Seen, busy: bool) -> Phase:
    """Return what goes on."""
    if busy:
        return Phase.RUNNING
    return Phase.BACK if seen.at < seen.steps else Phase.READY


def status_row(seen: Seen | None, busy: bool, width: int) -> Line:
    """Return the first row."""
    if seen is None:
        return bar((Phase.READY.value.glyph, Ink.BADGE), (STARTING, Ink.DIM), (), [], width, 40)
    now = phase(seen, busy)
    name = plain(seen.info.name) + (", the fixed app" if seen.info.running_fixed else "")
    return bar(now.value.span, (name, Ink.STRONG), (), _facts(seen), width, min(len(name) + 2, 32))


def _facts(seen: Seen) -> list[Line]:
    """Return the facts, the least needed first."""
    gil = "" if seen.info.gil else "t"
    of = f" of {seen.steps}" if seen.at != seen.steps else ""
    facts: list[Line] = [((f"Python {plain(seen.info.python)}{gil}", Ink.DIM),)] if seen.info.python else []
    facts.append((("o ", Ink.TITLE), ("stops ", Ink.DIM), (LEVEL_WORDS[seen.stops], Ink.PLAIN)))
    facts.append((("i ", Ink.TITLE), (_as(seen), Ink.PLAIN if seen.interpreter is As.FREE_THREADED else Ink.HOLD)))
    if seen.branches > 1:
        facts.append((("branch ", Ink.DIM), (f"{seen.branch} of {seen.branches}", Ink.PLAIN)))
    if seen.note:
        facts.append(((UNSTEADY if "deterministic" in seen.note else CAREFUL).span,))
    facts.append((("step ", Ink.DIM), (f"{seen.at}{of}", Ink.STRONG)))
    return facts


def _as(seen: Seen) -> str:
    return "free-threaded" if seen.interpreter is As.FREE_THREADED else "this interpreter"


# what is wrong, or what to try


def notice(seen: Seen, hint: int, width: int) -> list[Line]:
    """Return the rows below the first: the verdict, else a circle, else a hint, else the goal."""
    badge, sentence = _notice(seen, hint)
    lines = wrap((badge, (f" {plain(sentence)}", Ink.PLAIN)), width - 1) if sentence else []
    if len(lines) > MOST_NOTICE:
        lines = [*lines[: MOST_NOTICE - 1], broken_off(lines[MOST_NOTICE - 1], width, MORE_TOLD)]
    note = wrap(((f" {plain(seen.note)}", Ink.WAIT),), width - 1) if seen.note and seen.at == 0 else []
    return [*note[:MOST_NOTICE], *lines]


def _notice(seen: Seen, hint: int) -> tuple[Span, str]:
    if seen.verdict is not None:
        return label(seen.verdict), seen.verdict.text
    if seen.moment.stuck:
        stuck = seen.moment.stuck
        waits = "waits for itself" if len(stuck) == 1 else "wait for each other in a circle: none of them can go on"
        return VERDICTS["deadlock"].span, f"{seen.names(stuck)} {waits}"
    if 0 < hint <= len(seen.info.hints):
        return (f" hint {hint} of {len(seen.info.hints)} ", Ink.BADGE), seen.info.hints[hint - 1]
    return (" goal ", Ink.TITLE), seen.info.goal


def label(verdict: Verdict) -> Span:
    """Return the badge of a verdict."""
    known = VERDICTS.get(verdict.kind)
    return known.span if known is not None else (f" {plain(verdict.kind).upper()} ", Ink.ALARM)


# what to press


def said(note: Line, width: int) -> list[Line]:
    """Return what was said last in a few rows, as much of it as they hold."""
    rows = wrap(note, width - 1)
    if len(rows) > MOST_SAID:
        rows = [*rows[: MOST_SAID - 1], broken_off(rows[MOST_SAID - 1], width, " …")]
    return rows


def advice(seen: Seen | None, picked: int) -> Line:
    """Return what to press next."""
    if seen is None:
        return ()
    if seen.verdict is not None:
        return _after(seen)
    if seen.moment.stuck:
        return _keys(("u", "steps back"), ("U", "to before the last preemption"), ("R", "restarts"))
    movable = seen.movable
    if not movable:
        outside = any(view.status is Status.OUTSIDE for view in seen.moment.actors)
        said = "waiting for what runs outside the stage" if outside else "nobody can move"
        return ((f" {said}   ", Ink.WAIT), *_keys(("u", "steps back"), ("R", "restarts")))
    if seen.at < seen.steps:
        return _keys(
            ("y", "goes on as before"),
            ("end", "to the last step"),
            (_digits(movable), f"{'try' if len(movable) > 1 else 'tries'} another way"),
        )
    if seen.at == 0:
        return _first(seen, movable)
    return _choices(seen, movable, picked)


def _first(seen: Seen, movable: Sequence[int]) -> Line:
    one, *others = movable[:3]
    spans: list[Span] = [(" press ", Ink.PLAIN), (str(one + 1), Ink.TITLE)]
    spans.append((f" to give {plain(seen.name(one))} a step", Ink.PLAIN))
    for other in others:
        spans += [(", ", Ink.PLAIN), (str(other + 1), Ink.TITLE), (f" for {plain(seen.name(other))}", Ink.PLAIN)]
    spans += [("; ", Ink.PLAIN), ("/", Ink.TITLE), (" searches, ", Ink.PLAIN)]
    return (*spans, ("?", Ink.TITLE), (" for all keys", Ink.PLAIN))


def _choices(seen: Seen, movable: Sequence[int], picked: int) -> Line:
    """Return what the next step of each actor would be, the selected one first."""
    ordered = sorted(movable, key=lambda actor: (actor != picked, actor))
    pieces = []
    for actor in ordered[:4]:
        view = seen.moment.actors[actor]
        text = cut(plain(view.next.text), 36) if view.next is not None else "go on"
        key = str(actor + 1) if actor < KEYS else "0"
        pieces.append((f"space {key}" if actor == picked else key, f"{plain(view.name)}: {text}"))
    return _keys(*pieces)


def _after(seen: Seen) -> Line:
    keys = [("v", "explains"), ("u", "steps back"), ("R", "restarts")]
    if seen.info.fixed and seen.verdict is not None and seen.verdict.failed:
        keys.insert(1, ("f", "the same on the fixed app"))
    if seen.verdict is not None and not seen.verdict.failed:
        keys = [("u", "steps back, to try another order"), ("/", "searches"), ("R", "restarts"), ("v", "explains")]
    if seen.branches > 1:
        keys.append(("c", "compares"))
    return _keys(*keys)


def _keys(*keys: tuple[str, str]) -> Line:
    return tuple(span for key, words in keys for span in ((f" {key}", Ink.TITLE), (f" {words}  ", Ink.PLAIN)))


def _digits(actors: Sequence[int]) -> str:
    return " ".join(str(actor + 1) for actor in actors if actor < KEYS) or "0"


# what happened


def did(node: Node) -> str:
    """Return what a step did: ``read STATE["stock"] → 1``."""
    if node.operation is None:
        return "the beginning"
    return plain(f"{node.operation.text} {node.moment.value}".strip())


BADGE_WORDS: Final = {
    Badge.THIS: "this interpreter can do that",
    Badge.FREE_THREADED: "only a free-threaded build can do that",
}


def preemption(seen: Seen, node: Node) -> Line:
    """Return a sentence about the preemption of a step, empty when it was none."""
    if node.badge is Badge.NONE or node.parent is None:
        return ()
    ink = Ink.HOLD if node.badge is Badge.THIS else Ink.WAIT_HOLD
    following = node.parent.moment.actors[node.preempted].next
    before = f" before {plain(following.text)}" if following is not None else ""
    return (
        (f"preempted {plain(seen.name(node.preempted))}", ink),
        (f"{before}: ", Ink.PLAIN),
        (BADGE_WORDS[node.badge], Ink.DIM),
    )


def following(seen: Seen, actor: int) -> str:
    """Return what an actor does next, or why it does nothing."""
    view = seen.moment.actors[actor]
    return plain(view.why or (view.next.text if view.next is not None else ""))


def reveal(seen: Seen) -> Iterator[Line]:
    """Yield all that can be told about a run: what came of it, how, and what to do about it."""
    info, verdict = seen.info, seen.verdict
    yield from _told("Careful", seen.note)
    yield from _told("Goal", info.goal)
    if verdict is None:
        yield from _told("Verdict", "the run has not ended yet: give steps, or press a to run all")
    else:
        yield (label(verdict), (f" {plain(verdict.text)}", Ink.PLAIN))
        if verdict.place is not None:
            yield (("  look first at ", Ink.DIM), (where(verdict.place), Ink.STRONG))
        yield ((" ", Ink.PLAIN),)
    yield from _preemptions(seen)
    if verdict is not None:
        yield from _told("Lesson", info.lesson)
    elif info.hints:
        yield from _told("Hints", "press h for one after another")


def _told(title: str, text: str) -> Iterator[Line]:
    if text:
        yield ((title, Ink.TITLE),)
        for line in text.splitlines():
            yield ((f"  {plain(line)}", Ink.PLAIN),)
        yield ((" ", Ink.PLAIN),)


MOST_PREEMPTIONS: Final = 8


def _preemptions(seen: Seen) -> Iterator[Line]:
    steps = [node for node in seen.path[1 : seen.at + 1] if node.badge is not Badge.NONE]
    title = "1 preemption" if len(steps) == 1 else f"{len(steps)} preemptions"
    yield ((title if steps else "No preemption", Ink.TITLE),)
    for node in steps[:MOST_PREEMPTIONS]:
        yield (
            (f"  {node.number:3}  ", Ink.DIM),
            (f"{plain(seen.name(node.actor))} ", Ink.STRONG),
            *preemption(seen, node),
        )
    if len(steps) > MOST_PREEMPTIONS:
        yield ((f"       and {len(steps) - MOST_PREEMPTIONS} more", Ink.DIM),)
    yield ((" ", Ink.PLAIN),)


def title_of(info: Info) -> str:
    """Return what the terminal's title says."""
    return f"weft: {plain(info.name)}"


def ended(node: Node) -> Span:
    """Return how a branch ended, in a word or two."""
    verdict = node.moment.verdict
    if verdict is not None:
        ink = Ink.GOOD if verdict.kind == "holds" else Ink.WAIT if verdict.failed else Ink.PLAIN
        return label(verdict)[0].strip().lower(), ink
    return ("deadlock", Ink.WAIT) if node.moment.stuck else ("not ended", Ink.DIM)
