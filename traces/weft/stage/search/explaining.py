"""Why an order fails, in source terms: who ran until where, and what came in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from ..moment import Operation, Status
from ..session import Node


class Intrusion(NamedTuple):
    """Two accesses of an actor that belong together, and another actor's write between them.

    Those that no order without a switch in between could explain are told of, as in S. Lu, J. Tucek, F. Qin, Y. Zhou,
    AVIO: Detecting Atomicity Violations via Access Interleaving Invariants, ASPLOS 2006.

    Attributes:
        name: of what is touched.
        first, between, second: the nodes; ``second`` may be a write to something else.
        held: locks that the actor held all the while.
    """

    name: str
    first: Node
    between: Node
    second: Node
    held: Sequence[str]


def sentences(path: Sequence[Node], loop: int = 0) -> list[str]:
    """Return what each actor does, one stretch after another: ``alice runs until before write STATE["stock"]``.

    Args:
        loop: how many of the last steps lead back to where they begin.
    """
    if loop:
        return [
            *sentences(path[:-loop]),
            *(f"again and again: {line}" for line in sentences(path[-loop:])),
        ]
    lines: list[str] = []
    seen: set[int] = set()
    for actor, nodes in groupby(path, key=lambda node: node.actor):
        last = list(nodes)[-1]
        view = last.moment.actors[actor]
        again = actor in seen
        seen.add(actor)
        begins = f"{view.name} {'goes on' if again else 'runs'}"
        if view.status is Status.DONE:
            how = "to the end" if again else "completely"
            lines.append(f"{begins} {how}: {view.why}" if view.why else f"{begins} {how}")
        elif view.status is Status.FAILED:
            lines.append(f"{begins} and fails: {view.why}")
        elif view.status is Status.BLOCKED:
            lines.append(f"{begins} until it {view.why}")
        elif view.next is not None:
            lines.append(f"{begins} until before {_operation(view.next)}")
        else:
            lines.append(f"{begins} {view.why}")
    return lines


def _operation(operation: Operation) -> str:
    at = f" ({operation.place.short})" if operation.place is not None else ""
    return f"{operation.text}{at}"


def intrusion(path: Sequence[Node]) -> Intrusion | None:
    """Return what came in between on a way, the most telling of its kind; None when there is nothing of the kind."""
    found = sorted(_intrusions(path), key=lambda entry: entry[:2])
    return found[0][2] if found else None


def _intrusions(path: Sequence[Node]) -> Iterator[tuple[int, int, Intrusion]]:
    """Yield them with their rank: a lost update, a value overwritten, one that changed, one acted upon too late."""
    for index, first in enumerate(path):
        name, kind = _on(first), _kind(first)
        if kind not in ("read", "write"):
            continue
        between: Node | None = None
        for other in path[index + 1 :]:
            same, mine = _on(other) == name, other.actor == first.actor
            if same and not mine and _kind(other) == "write":
                between = other
            if not mine or (not same and (between is None or _kind(other) != "write")):
                continue
            if between is not None:
                rank = _RANKS.get((kind, _kind(other))) if same else 3 if kind == "read" else None
                if rank is not None:
                    yield rank, -index, Intrusion(name, first, between, other, _held(path, first, other))
            if same:
                break


_RANKS = {("read", "write"): 0, ("write", "read"): 1, ("read", "read"): 2}


def _held(path: Sequence[Node], first: Node, second: Node) -> list[str]:
    """Return the locks that an actor held from one step to another."""
    since = [
        {lock.name for lock in node.moment.locks if lock.owner == first.actor}
        for node in path[path.index(first) : path.index(second)]
    ]
    return sorted(set.intersection(*since))


def told(one: Intrusion) -> str:
    """Return a sentence about an intrusion."""
    names = [view.name for view in one.second.moment.actors]
    actor, other = names[one.first.actor], names[one.between.actor]
    begin = f"{actor} {_did(one.first)} {one.name}{_value(one.first)}{_at(one.first)}"
    middle = f"{other} wrote it{_value(one.between)}{_at(one.between)}"
    what = "it" if _on(one.second) == one.name else _on(one.second)
    end = f"then {actor} {_did(one.second)} {what}{_value(one.second)}{_at(one.second)}"
    locks = " and ".join(one.held)
    held = (
        f"{other} did not take {locks}, which {actor} held" if locks else "no lock was held from the first to the last"
    )
    return f"{begin}, {middle}, {end}; {held}"


def _kind(node: Node) -> str:
    return node.operation.kind if node.operation is not None else ""


def _on(node: Node) -> str:
    return node.operation.on if node.operation is not None else ""


def _did(node: Node) -> str:
    return "read" if _kind(node) == "read" else "wrote"


def _value(node: Node) -> str:
    return f" ({node.moment.value})" if node.moment.value else ""


def _at(node: Node) -> str:
    place = node.operation.place if node.operation is not None else None
    return f" at {place.short}" if place is not None else ""
