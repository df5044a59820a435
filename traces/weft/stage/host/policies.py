"""Who moves next when a plan's path has ended.

For what cannot be searched to its end, orders are sampled: by a random walk, by PCT (S. Burckhardt, P. Kothari,
M. Musuvathi, S. Nagarakatte, A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010) or by
POS (X. Yuan, J. Yang, R. Gu, Partial Order Aware Concurrency Sampling, CAV 2018).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from ..search.execution import Effects, Plan, touches

ON = "on"
PATIENCE = 500
"""So many steps an actor makes before another one that could move is asked to."""

Policy = Callable[[Sequence[int], Mapping[int, Effects], int], int]
"""Takes who can move, what each would touch, and who moved last; returns who moves."""


def make(plan: Plan) -> Policy:
    """Return a plan's policy. `ON` asks nothing of what anybody would touch."""
    if plan.policy == ON:
        return _on()
    chance = random.Random(plan.seed)  # noqa: S311 - to be repeatable is the point
    if plan.policy == "walk":
        return lambda able, effects, last: chance.choice(able)
    if plan.policy == "pos":
        return _pos(chance)
    return _pct(chance, plan.switches, plan.length)


def _on() -> Policy:
    """Whoever moved last goes on, but not for ever: it may go round until somebody else has moved."""
    count = 0

    def choose(able: Sequence[int], effects: Mapping[int, Effects], last: int) -> int:
        nonlocal count
        count = count + 1 if last in able else 0
        if last in able and count < PATIENCE:
            return last
        count = 0
        return next((actor for actor in able if actor > last), able[0]) if last in able else able[0]

    return choose


def _pos(chance: random.Random) -> Policy:
    """Every operation has a random priority, and a new one once something that it depends on has happened."""
    priority: dict[int, float] = {}

    def choose(able: Sequence[int], effects: Mapping[int, Effects], last: int) -> int:
        for actor in effects:
            priority.setdefault(actor, chance.random())
        chosen = max(able, key=lambda actor: priority.get(actor, 0.0))
        for actor, theirs in effects.items():
            if actor == chosen or touches(theirs, effects[chosen]):
                priority.pop(actor, None)
        return chosen

    return choose


def _pct(chance: random.Random, switches: int, length: int) -> Policy:
    """Every thread has a random priority; at some random steps that of the one who moves drops below all others."""
    priority: dict[int, float] = {}
    drops = {chance.randrange(max(1, length)) for _ in range(switches)}
    count = 0

    def choose(able: Sequence[int], effects: Mapping[int, Effects], last: int) -> int:
        nonlocal count
        for actor in able:
            priority.setdefault(actor, chance.random() + 1)
        if count in drops:
            priority[max(able, key=priority.__getitem__)] = -count
        count += 1
        return max(able, key=priority.__getitem__)

    return choose
