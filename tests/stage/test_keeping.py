"""Between two executions in one process everything is put back; where that cannot be, there is only one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import HEAD
from weft import WeftError
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search.execution import Plan
from weft.stage.search.searching import Budget, Done, Report, Search

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


def _made(folder: Path, source: str, *, stay: bool = True) -> Done:
    """Return what comes of a search in one process."""
    process = _process(folder, source)
    try:
        executions = Executions(process, Stops.ACCESS, As.FREE_THREADED, stay=stay)
        return executions.search(Budget(60), lambda: False, lambda report: None, ())
    finally:
        process.close()


@pytest.mark.parametrize("stay", [True, False])
def test_a_thread_that_takes_part_again_has_kept_nothing(tmp_path: Path, stay: bool) -> None:
    source = """
import contextvars
own, var, told = threading.local(), contextvars.ContextVar("var", default=0), []
class Own(threading.local):
    number = 0
other = Own()
def act():
    me = threading.current_thread()
    own.number, other.number = getattr(own, "number", 0) + 1, other.number + 1
    me.number = getattr(me, "number", 0) + 1
    me.name += "!"
    var.set(var.get() + 1)
    told.append((own.number, other.number, me.number, var.get(), me.name.count("!")))
SCENARIO = Scenario("x", None, {"alice": act, "bob": act}, check=lambda outcome: told == [(1, 1, 1, 1, 1)] * 2)
"""
    done = _made(tmp_path, source, stay=stay)
    assert done.whole
    assert (done.report.verdict, done.report.orders) == ("holds", 2)


def test_a_lock_that_somebody_has_kept_is_free_again(tmp_path: Path) -> None:
    source = """
kept, again = threading.Lock(), threading.RLock()
def act():
    kept.acquire()
    again.acquire()
SCENARIO = Scenario("x", None, {"alice": act}, check=lambda outcome: kept.locked())
"""
    done = _made(tmp_path, source)
    assert (done.whole, done.report.verdict) == (True, "holds")


def test_who_waits_for_ever_is_ended_and_the_next_execution_made(tmp_path: Path) -> None:
    source = """
one, two, ended, jobs = threading.Lock(), threading.Lock(), [], queue.Queue()
def act(first, second):
    try:
        with first:
            with second:
                pass
    finally:
        ended.append(1)
def wait():
    jobs.get()
SCENARIO = Scenario("x", None, {"a": lambda: act(one, two), "b": lambda: act(two, one)})
"""
    done = _made(tmp_path, source)
    assert (done.whole, done.report.kind, done.report.switches) == (True, "deadlock", 1)
    waits = source.replace(
        "SCENARIO =", "class Waits:\n    def __init__(self): threading.Thread(target=wait).start()\nSCENARIO ="
    ).replace("act(two, one)", "(Waits(), act(one, two))")
    done = _made(tmp_path, waits)
    assert (done.whole, done.report.verdict) == (True, "holds")


def test_a_search_ends_when_it_is_told_to(tmp_path: Path) -> None:
    source = """
seen = {"n": 0}
def act():
    for _ in range(8):
        seen["n"] += 1
SCENARIO = Scenario("x", None, {"alice": act, "bob": act, "carol": act})
"""
    process = _process(tmp_path, source)
    told: list[Report] = []
    try:
        executions = Executions(process, Stops.ACCESS, As.FREE_THREADED)
        report = Search(executions, Budget(60), lambda: bool(told), told.append).run()
    finally:
        process.close()
    assert report.verdict == "inconclusive"
    assert report.text.startswith("it was stopped before all orders were tried:")
    assert report.executions >= told[0].executions > 0


def test_a_process_that_ends_in_a_search_says_so(tmp_path: Path) -> None:
    source = """
import os
seen = []
def act(name):
    seen.append(name)
    if seen[0] == "b":
        os._exit(3)
SCENARIO = Scenario("x", None, {"a": lambda: act("a"), "b": lambda: act("b")})
"""
    with pytest.raises(WeftError, match="ended with status 3"):
        _made(tmp_path, source)


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
