"""Make a failing order simple: as few switches from one actor to another as can be, then as few steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from .execution import Plan

if TYPE_CHECKING:
    from .searching import Executor

MOST = 200
"""Executions that are made for it at most."""

Order = tuple[int, ...]


def shortened(executor: Executor, order: Sequence[int], kind: str, kept: int = 0) -> tuple[Order, int]:
    """Return an order that fails in the same way with as few switches as could be found, and the executions it took.

    Args:
        kept: how many of its first steps stay as they are.
    """
    best = tuple(order)
    begin = best[:kept]
    count = 0
    better = True
    while better and count < MOST:
        better = False
        for path in _simpler(best[kept:]):
            count += 1
            execution = executor.execute(Plan((*begin, *path), lenient=True))
            verdict = execution.verdict
            same = verdict is not None and verdict[0] == kind and execution.order[:kept] == begin
            if same and _weight(execution.order) < _weight(best):
                best, better = execution.order, True
                break
            if count >= MOST:
                break
    return best, count


def _weight(order: Sequence[int]) -> tuple[int, int]:
    return switches(order), len(order)


def switches(order: Sequence[int]) -> int:
    """Return how often an order goes from one actor to another."""
    return sum(one != other for one, other in pairwise(order))


def _simpler(order: Order) -> Iterator[Order]:
    """Yield orders with fewer switches: less of what was decided, or two stretches of an actor made one."""
    stretches = _stretches(order)
    for end in range(len(stretches)):
        yield _joined(stretches[:end])
    for first in range(len(stretches)):
        for second in range(first + 2, len(stretches)):
            if stretches[first][0] == stretches[second][0]:
                rest = stretches[:second] + stretches[second + 1 :]
                yield _joined([*rest[: first + 1], stretches[second], *rest[first + 1 :]])
                yield _joined([*stretches[:first], *rest[first + 1 : second], stretches[first], *stretches[second:]])


def _stretches(order: Sequence[int]) -> list[Order]:
    stretches: list[list[int]] = []
    for actor in order:
        if not stretches or stretches[-1][0] != actor:
            stretches.append([])
        stretches[-1].append(actor)
    return [tuple(one) for one in stretches]


def _joined(stretches: Sequence[Order]) -> Order:
    return tuple(actor for one in stretches for actor in one)
