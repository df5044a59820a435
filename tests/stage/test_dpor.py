"""The search sees every outcome that there is: compared with trying all orders."""

from __future__ import annotations

import os

import pytest

from support.orders import Program, every, random_prefix, random_program, reduced

FIRST = int(os.environ.get("WEFT_FUZZ_SEED", "0"))
PROGRAMS = int(os.environ.get("WEFT_FUZZ_PROGRAMS", "300"))


def test_every_outcome_of_random_programs_is_seen() -> None:
    tried = saved = 0
    for seed in range(FIRST, FIRST + PROGRAMS):
        program = random_program(seed)
        outcomes, count = every(program)
        seen, search = reduced(program)
        assert seen == outcomes, f"seed {seed}: {program}"
        tried, saved = tried + search.executions, saved + count
    assert tried < saved / 5


def test_every_outcome_behind_a_prefix_is_seen_and_none_without_it() -> None:
    behind = 0
    for seed in range(FIRST, FIRST + PROGRAMS):
        program = random_program(seed)
        prefix = random_prefix(program, seed)
        outcomes, _ = every(program, prefix)
        seen, search = reduced(program, prefix)
        assert seen == outcomes, f"seed {seed}: {program} behind {prefix}"
        behind += bool(prefix) and search.executions > 1
    assert behind > PROGRAMS / 4


def _sections(*each: int) -> Program:
    return Program([[("acquire", 0), ("write", 0), ("release", 0)] * count for count in each])


@pytest.mark.parametrize(
    ("program", "orders"),
    [
        (_sections(2, 2), 6),
        (_sections(3, 3), 20),
        (_sections(4, 4), 70),
        (_sections(2, 2, 2), 90),
        (_sections(1, 1, 1, 1), 24),
    ],
)
def test_as_many_orders_as_there_are_are_tried(program: Program, orders: int) -> None:
    _, search = reduced(program)
    assert (search.executions - search.repeated, search.repeated) == (orders, 0)
