"""Between two executions in one process everything is put back; where that cannot be, there is only one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.execution import Plan
from weft.stage.search.searching import Budget, Search

STATE = """
import collections, enum, functools, itertools, random
class Colour(enum.Enum): RED = 1
class Box:
    made = []
    def __init__(self): self.inside = {"a": [1]}
class Slotted:
    __slots__ = ("value",)
    def __init__(self): self.value = 1
NUMBER, LIST, SET, DEQUE = 1, [1, [2]], {1}, collections.deque([1], 5)
ORDERED, DEFAULT, COUNTER = collections.OrderedDict(a=1, b=2), collections.defaultdict(list), collections.Counter("ab")
BOX, SLOTTED, BYTES = Box(), Slotted(), bytearray(b"ab")
EVENT, SLOTS, JOBS, LOCK = threading.Event(), threading.Semaphore(2), queue.Queue(), threading.Lock()
def cell():
    value = 1
    def add():
        nonlocal value
        value += 1
        return value
    return add
add = cell()
def described():
    return [NUMBER, LIST, SET, DEQUE, DEQUE.maxlen, list(ORDERED), DEFAULT, COUNTER, BOX.inside, vars(BOX).keys(),
            Box.made, SLOTTED.value, bytes(BYTES), EVENT.is_set(), SLOTS._value, JOBS.qsize(), JOBS.unfinished_tasks,
            hasattr(Box, "new"), getattr(act, "calls", 0), globals().get("NEW"), random.random(), time.time()]
def act():
    global NUMBER, NEW
    before = repr(described())
    with LOCK:
        SLOTS.acquire()
    NUMBER, NEW = NUMBER + 1, add()
    LIST[1].append(3); LIST.append(4); SET.add(2); DEQUE.append(2)
    ORDERED.move_to_end("a"); DEFAULT["x"].append(1); COUNTER["a"] += 1
    BOX.inside["a"].append(2); BOX.more = 1; Box.made.append(1); Box.new = 1; SLOTTED.value += 1; BYTES.extend(b"c")
    EVENT.set(); JOBS.put(1); act.calls = getattr(act, "calls", 0) + 1
    raise SystemExit(before + str(NEW))
SCENARIO = Scenario("x", None, {"alice": act})
"""


def _process(folder: Path, source: str) -> AppProcess:
    file = folder / "program.py"
    file.write_text(HEAD + source, encoding="utf-8")
    return AppProcess(str(file))


def test_everything_is_put_back(tmp_path: Path) -> None:
    process = _process(tmp_path, STATE)
    try:
        told = []
        for _ in range(3):
            execution = process.execute(Plan(), Stops.SYNC, As.FREE_THREADED, again=True)
            assert process._again is not None
            told.append(execution.verdict)
        assert told[0][0] == "exception"
        assert "[1, [1, [2]], {1}" in told[0][1]
        assert told == [told[0]] * 3
    finally:
        process.close()


@pytest.mark.parametrize(
    "unable",
    ["itertools.count()", "iter([1])", "random.Random(1)", "open(__file__)", "ThreadPoolExecutor()"],
)
def test_what_cannot_be_put_back_is_not_used_again(tmp_path: Path, unable: str) -> None:
    process = _process(tmp_path, STATE.replace("add = cell()", f"add = cell(); THING = [{unable}]"))
    try:
        process.execute(Plan(), Stops.SYNC, As.FREE_THREADED, again=True)
        assert process._again is None
    finally:
        process.close()


def test_a_search_in_one_process_finds_what_one_in_many_does(tmp_path: Path) -> None:
    source = """
seen = {"n": 0}
def act():
    for _ in range(2):
        seen["n"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: seen["n"] > 1)
"""
    reports = []
    for alike in (True, False):
        process = _process(tmp_path, source)
        executions = Executions(process, Stops.ACCESS, As.FREE_THREADED)
        try:
            executions.execute(Plan())
            assert executions.alike is True
            executions.alike = alike
            reports.append(Search(executions, Budget(60)).run()._replace(seconds=0))
        finally:
            process.close()
    assert reports[0] == reports[1]
    assert (reports[0].verdict, reports[0].orders) == ("holds", 34)
