"""An execution that begins on the way of the last one is the same as one that finds out everything anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import written
from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.execution import Execution, Plan
from weft.stage.search.searching import Budget, Search

SEED = int(os.environ.get("WEFT_FUZZ_SEED", "0"))
PROGRAMS = int(os.environ.get("WEFT_FUZZ_WRITTEN", "3000")) // 10
MOST = 300
"""Executions of a program that are compared."""


class Enough(Exception):
    """There are more executions than are to be compared."""


@contextmanager
def _process(folder: Path, source: str) -> Iterator[AppProcess]:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    process = AppProcess(str(file))
    try:
        yield process
    finally:
        process.close()


def _compared(folder: Path, source: str, interpreter: As) -> int:
    """Make the executions of a search twice; return how many were the same."""
    with _process(folder, source) as process, _process(folder, source) as other:
        same = 0
        follows = Executions(process, Stops.ACCESS, interpreter)
        anew = Executions(other, Stops.ACCESS, interpreter)

        def execute(plan: Plan) -> Execution:
            nonlocal same
            one = follows.execute(plan)
            # Where races are looked for, nobody follows.
            two = anew.execute(plan._replace(races=True))
            assert one == two._replace(races=[], accesses=[]), f"{plan}\n{source}"
            same += 1
            if same > MOST:
                raise Enough
            return one

        _searched(execute, process, other)
        return same


def _searched(execute: Callable[[Plan], Execution], *processes: AppProcess) -> None:
    for _ in range(20):
        try:
            written.reduced(execute)
            return
        except written.Learned as learned:
            for process in processes:
                process.learn(learned.args[0])
        except Enough:
            return


@pytest.mark.parametrize("interpreter", As)
def test_executions_of_written_programs_are_the_same(tmp_path: Path, interpreter: As) -> None:
    assert sum(_compared(tmp_path, written.source(seed), interpreter) for seed in range(SEED, SEED + 4)) > 8


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("interpreter", As)
def test_executions_of_many_written_programs_are_the_same(tmp_path: Path, interpreter: As) -> None:
    for seed in range(SEED, SEED + PROGRAMS):
        _compared(tmp_path, written.source(seed) if seed % 4 else written.keys(seed), interpreter)


@pytest.mark.parametrize("key", ["'here'", "vault.key", "object()", "(vault.key, 1)"])
def test_what_is_not_the_same_is_looked_at_anew(tmp_path: Path, key: str) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "vault.py").write_text(
        "count, key = [], 0\ndef turn():\n    global key\n    count.append(1)\n    key = (len(count) + 1) // 2\n"
    )
    source = f"""
import sys
sys.path.insert(0, {str(packages)!r})
import vault
class Box: number = 0
box, jobs = Box(), {{}}
def act():
    vault.turn()
    jobs[{key}] = box.number
    box.number = box.number + 1
    jobs.pop({key}, 0)
SCENARIO = Scenario("x", None, {{"alice": act, "bob": act}}, check=lambda outcome: box.number > 0)
"""
    assert _compared(tmp_path, source, As.FREE_THREADED) == 24


def test_what_a_library_keeps_over_a_stop_is_told_alike(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "vault.py").write_text(
        "import threading\nlock = threading.Lock()\ndef locked(act):\n    with lock:\n        act()\n"
    )
    source = f"""
import sys
sys.path.insert(0, {str(packages)!r})
import vault
class Box: number, left = 0, 0
box = Box()
def count():
    box.number += 1
def act():
    vault.locked(count)
    box.left += 1
SCENARIO = Scenario("x", None, {{"alice": act, "bob": act}})
"""
    with _process(tmp_path, source) as process:
        search = Search(Executions(process, Stops.ACCESS, As.FREE_THREADED), Budget(60)).run()
        assert search.assumed == ("who comes first to a lock or queue that a library made is not searched for: locked",)
    assert _compared(tmp_path, source, As.FREE_THREADED) > 4
