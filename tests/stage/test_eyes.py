from __future__ import annotations

import gc
import sys
import threading
import weakref

import pytest

from stage.programs_watch import Recorder, load, watched
from support.interpreter import GIL
from weft.errors import WeftError
from weft.stage.host.eyes import Eyes
from weft.stage.moment import Stops

COUNTER = """
STATE = {"n": 0}
def run():
    STATE["n"] += 1
"""


def _run(eyes, recorder, function, stops=Stops.ACCESS):
    eyes.start(recorder, stops)
    eyes.enter_thread()
    try:
        return function()
    finally:
        eyes.leave_thread()
        eyes.stop()


def test_the_first_run_of_a_function_loses_nothing(tmp_path):
    eyes, counts = Eyes(), []
    module = load(tmp_path, COUNTER, eyes=eyes)
    for _ in range(3):
        recorder = Recorder()
        _run(eyes, recorder, module.run)
        counts.append(len(recorder.accesses()))

    assert counts == [2, 2, 2]


def test_levels(tmp_path):
    kinds = {stops: {one[0] for one in watched(tmp_path, COUNTER, stops).told} for stops in Stops}

    assert kinds[Stops.SYNC] == set()
    assert kinds[Stops.ACCESS] == {"switch", "read", "write"}
    assert kinds[Stops.LINE] == {"switch", "read", "write", "line"}
    assert kinds[Stops.OPCODE] == {"switch", "read", "write", "line", "opcode"}


def test_lines_are_the_beginnings_of_statements(tmp_path):
    text = """
    import contextlib
    D = [1, 2]
    def add(a,
            b):
        return (a +
                b)
    def run():
        x = [
            i
            for i in D
            if i
        ]
        y = add(
            1,
            add(2, 3),
        )
        for i in D:
            y += i
        while y < 10: y += 1
        with contextlib.suppress(KeyError):
            z = 1
        try:
            raise KeyError
        except KeyError:
            pass
        finally:
            y = 2
        if y == 2:
            return {
                "a": x,
            }
    """
    told = [int(one[1]) for one in watched(tmp_path, text, Stops.LINE).told if one[0] == "line"]

    assert told == [8, 13, 5, 5, 17, 17, 18, 17, 18, 17, 19, 19, 19, 20, 21, 20, 23, 27, 28, 29]


def test_a_late_import_is_watched(tmp_path):
    eyes, recorder = Eyes(), Recorder()
    first = load(tmp_path, "def run(): import late_one; late_one.run()", eyes=eyes)
    (tmp_path / "late_one.py").write_text(COUNTER)
    eyes.watch_imports(lambda file: file.startswith(str(tmp_path)))
    sys.path.insert(0, str(tmp_path))
    try:
        _run(eyes, recorder, first.run)
    finally:
        eyes.forget_imports()
        sys.path.remove(str(tmp_path))
        sys.modules.pop("late_one", None)

    assert len(recorder.accesses()) == 2


def test_code_that_was_not_added_is_not_told(tmp_path):
    recorder = Recorder()
    _run(Eyes(), recorder, load(tmp_path, COUNTER).run)

    assert recorder.told == []


def test_failures_of_a_watcher_stay_out_of_the_app(tmp_path):
    class Failing(Recorder):
        def access(self, site, frame):
            raise ValueError("mine")

    eyes = Eyes()
    module = load(tmp_path, COUNTER, eyes=eyes)
    _run(eyes, Failing(), module.run)

    assert module.STATE == {"n": 1}
    assert [str(one) for one in eyes.failures] == ["mine", "mine"]


def test_a_watcher_can_end_a_thread(tmp_path):
    class Abort(BaseException): ...

    class Aborting(Recorder):
        def access(self, site, frame):
            if site.kind == "write":
                raise Abort

    eyes = Eyes()
    module = load(tmp_path, COUNTER, eyes=eyes)
    with pytest.raises(Abort):
        _run(eyes, Aborting(), module.run)
    assert module.STATE == {"n": 0}


def _interleaved(tmp_path, text, stops, park_at):
    """Hold ``slow`` at an access while ``quick`` runs to its end."""
    held, go = threading.Event(), threading.Event()

    class Parking(Recorder):
        def access(self, site, frame):
            dict(frame.f_locals)  # what a screen shows of the variables
            if site.resolve(frame) is not None and (site.kind, site.text) == park_at and not held.is_set():
                held.set()
                assert go.wait(20)

    eyes = Eyes()
    module = load(tmp_path, text, eyes=eyes)
    eyes.start(Parking(), stops)

    def slow():
        eyes.enter_thread()
        module.slow()
        eyes.leave_thread()

    thread = threading.Thread(target=slow)
    thread.start()
    assert held.wait(20)
    module.quick()
    go.set()
    thread.join(20)
    eyes.stop()
    assert eyes.failures == []
    return module.result()


@pytest.mark.parametrize("stops", [Stops.ACCESS, Stops.LINE, Stops.OPCODE])
def test_no_lost_update_is_made_up(tmp_path, stops):
    text = """
    D = {"x": 1}
    def make():
        n = 0
        def slow():
            nonlocal n
            before = 5
            D["x"]
            n += before + 5
        def quick():
            nonlocal n
            n += 1
        def result():
            return n
        return slow, quick, result
    slow, quick, result = make()
    """
    assert _interleaved(tmp_path, text, stops, ("read", 'D["x"]')) == 11


def test_no_lost_update_is_made_up_in_the_function_that_owns_the_variable(tmp_path):
    text = """
    D = {"x": 1}
    inner = []
    def slow():
        n = 0
        def add():
            nonlocal n
            n += 1
        inner.append(add)
        local = 5
        D["x"]
        n += local
        D["result"] = n
    def quick():
        inner[0]()
    def result():
        return D["result"]
    """
    assert _interleaved(tmp_path, text, Stops.ACCESS, ("read", 'D["x"]')) == 6


@pytest.mark.skipif(not GIL, reason="variables of closures are unknown without the GIL")
def test_closures_of_each_request_are_told_apart(tmp_path):
    text = """
    def request():
        n = 0
        def add():
            nonlocal n
            n += 1
        add()
    def run():
        request()
        request()
    """
    cells = []

    class Cells(Recorder):
        def access(self, site, frame):
            cells.append(site.resolve(frame).obj)

    eyes = Eyes()
    _run(eyes, Cells(), load(tmp_path, text, eyes=eyes).run)

    assert len(cells) == 6
    assert cells[0] is cells[1] is cells[2]
    assert cells[0] is not cells[3]


def test_variables_are_not_kept_alive(tmp_path):
    text = """
    class Thing: pass
    def run():
        thing = Thing()
        thing.x = 1
        return probe(thing)
    """
    eyes = Eyes()
    module = load(tmp_path, text, eyes=eyes)
    module.probe = weakref.ref
    reference = _run(eyes, Recorder(), module.run)
    eyes.sites.names.__init__()
    gc.collect()

    assert reference() is None


def test_big_functions(tmp_path):
    names = "\n".join(f"    D['x{number}'] = {number}" for number in range(400))
    recorder = watched(tmp_path, f"D = {{}}\ndef run():\n{names}\n")

    assert len(recorder.accesses()) == 400


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no tool ids before 3.12")
def test_when_all_tool_ids_are_taken():
    free = [tool for tool in range(6) if sys.monitoring.get_tool(tool) is None]
    for tool in free:
        sys.monitoring.use_tool_id(tool, "other")
    try:
        with pytest.raises(WeftError, match=r"taken, by .*other"):
            Eyes().start(Recorder())
    finally:
        for tool in free:
            sys.monitoring.free_tool_id(tool)


def test_stopping_gives_everything_back(tmp_path):
    eyes = Eyes()
    _run(eyes, Recorder(), load(tmp_path, COUNTER, eyes=eyes).run)

    assert sys.gettrace() is None or "coverage" in repr(sys.gettrace())
    if sys.version_info >= (3, 12):
        assert "weft stage" not in [sys.monitoring.get_tool(tool) for tool in range(6)]
