"""On the stage, the search sees every outcome of real programs: compared with making every order there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support import written
from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions

SEED = int(os.environ.get("WEFT_FUZZ_SEED", "0"))
PROGRAMS = int(os.environ.get("WEFT_FUZZ_WRITTEN", "3000"))
MOST = 400


def _compared(
    folder: Path, seed: int, most: int = MOST, write: Callable[[int], str] = written.source
) -> tuple[int, int, int]:
    """Return how many orders a program has, how many were enough, and how many outcomes; zeros for too many orders."""
    source = write(seed)
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    process = AppProcess(str(file))
    try:
        for _ in range(20):
            executions = Executions(process, Stops.ACCESS, As.FREE_THREADED)
            try:
                truth = written.every(executions.execute, most)
                if truth is None:
                    return 0, 0, 0
                seen, tried = written.reduced(executions.execute)
            except written.Learned as learned:
                process.learn(learned.args[0])
                continue
            assert seen == truth[0], f"seed {seed}:\n{source}\nmissed {truth[0] - seen}, made up {seen - truth[0]}"
            return truth[1], tried, len(truth[0])
        raise AssertionError(f"seed {seed}: new stops again and again")
    finally:
        process.close()


def _compare(folder: Path, seeds: range, most: int = MOST, write: Callable[[int], str] = written.source) -> None:
    orders = tried = compared = several = 0
    for seed in seeds:
        all_, enough, outcomes = _compared(folder, seed, most, write)
        orders, tried, compared = orders + all_, tried + enough, compared + bool(all_)
        several += outcomes > 1
    assert compared > len(seeds) / 4
    assert tried < orders
    assert several


def test_every_outcome_of_written_programs_is_seen(tmp_path: Path) -> None:
    _compare(tmp_path, range(SEED, SEED + 10), 150)


def test_every_order_of_keys_that_is_looked_at_is_seen(tmp_path: Path) -> None:
    _compare(tmp_path, range(SEED, SEED + 12), write=written.keys)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_order_of_keys_in_many_programs_is_seen(tmp_path: Path) -> None:
    _compare(tmp_path, range(SEED, SEED + PROGRAMS // 5), write=written.keys)


@pytest.mark.slow
@pytest.mark.timeout(6 * 3600)
def test_every_outcome_of_thousands_of_written_programs_is_seen(tmp_path: Path) -> None:
    _compare(tmp_path, range(SEED, SEED + PROGRAMS))
