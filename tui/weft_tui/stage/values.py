"""The values of an actor in rows: its variables, what Flask knows, who called it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weft.stage.moment import ActorView, Shown
from weft.timeline.units import plain

from ..spans import Ink, Line, Span, fit, width_of
from .excerpt import where
from .seen import Seen

LABEL: Final = 7
"""Columns of the words that name a section."""


def before(seen: Seen, actor: int) -> dict[str, str]:
    """Return the variables one step earlier, as long as the actor stood in the same function."""
    if seen.before is None or actor >= len(seen.before.actors):
        return {}
    old, new = seen.before.actors[actor], seen.moment.actors[actor]
    same = old.frames and new.frames and old.frames[0].function == new.frames[0].function
    return {one.name: one.text for one in old.variables} if same else {}


def pairs(label: str, values: Sequence[Shown], before: dict[str, str], width: int) -> list[Line]:
    """Return ``name = value`` pairs, as many in a row as fit; what the last step changed is marked."""
    pieces = [pair(one, changed=bool(before) and before.get(one.name) != one.text) for one in values]
    return _packed(label, pieces, width)


def pair(value: Shown, *, changed: bool = False) -> Line:
    """Return a value with its name."""
    return ((f"{plain(value.name)} = ", Ink.DIM), (plain(value.text), Ink.HOLD if changed else Ink.PLAIN))


def _packed(label: str, pieces: Sequence[Line], width: int) -> list[Line]:
    lines: list[list[Span]] = []
    used = width
    for piece in pieces:
        piece = fit(piece, max(width - LABEL - 2, 4))
        if used + width_of(piece) + 3 > width:
            lines.append([(f"  {'' if lines else label:{LABEL}}"[: LABEL + 2], Ink.DIM)])
            used = LABEL + 2
        else:
            lines[-1].append(("   ", Ink.DIM))
            used += 3
        lines[-1] += piece
        used += width_of(piece)
    return [tuple(line) for line in lines]


def flask(view: ActorView, width: int) -> list[Line]:
    """Return the Flask contexts of an actor: its request, what is in g and in the session."""
    context = view.context
    if context is None:
        return []
    pieces: list[Line] = []
    if context.request:
        endpoint = f" → {plain(context.endpoint)}" if context.endpoint else ""
        pieces.append(((plain(context.request), Ink.PLAIN), (endpoint, Ink.DIM)))
    else:
        pieces.append((("app context of ", Ink.DIM), (plain(context.app), Ink.PLAIN)))
    for prefix, values in (("g", context.g), ("session", context.session)):
        pieces += [pair(Shown(f"{prefix}.{one.name}", one.text)) for one in values]
    return _packed("flask", pieces, width)


def stack(view: ActorView, width: int) -> list[Line]:
    """Return who called the function that an actor is in, the innermost first."""
    pieces: list[Line] = [((f"{where(place)}", Ink.DIM),) for place in view.frames[1:]]
    return [
        fit(((f"  {'from' if not index else '':{LABEL}}", Ink.DIM), *piece), width)
        for index, piece in enumerate(pieces)
    ]
