"""Options reach the recorder of another process through its environment, and through the config of an app."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import weft
from support.recorded import load
from weft import instrumenting
from weft.events import Kind
from weft.record.launch import environment
from weft.record.options import Options, from_environment

GIVEN = Options("/some/trace.weft", all_locks=True, bound=7, log=30, ring=2.5, slower_than=40.0, contended=True)


def test_every_option_comes_through_the_environment() -> None:
    changed = {name: getattr(GIVEN, name) for name in Options.__slots__ if name != "trace"}
    assert all(getattr(Options(""), name) != value for name, value in changed.items())
    env = environment({"PATH": "/bin"}, GIVEN.trace, **changed)
    assert from_environment(env) == GIVEN
    assert env["PATH"] == "/bin"


def test_what_is_not_given_is_taken_out_of_the_environment() -> None:
    env = environment(environment({}, GIVEN.trace, ring=3, log=0), "/other.weft")
    assert from_environment(env) == Options("/other.weft")
    assert not {"WEFT_RING", "WEFT_LOG"} & env.keys()


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e999"])
def test_what_cannot_be_read_counts_as_not_given(text: str) -> None:
    env = {"WEFT_TRACE": "/t", "WEFT_RING": text, "WEFT_BOUND": text, "WEFT_LOG": text, "WEFT_CONTENDED": text}
    assert from_environment(env) == Options("/t")


def test_without_a_trace_there_is_nothing_to_record_to() -> None:
    with pytest.raises(TypeError):
        from_environment({"WEFT_RING": "3"})


def test_an_app_takes_them_from_its_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[str, Any] = {}
    monkeypatch.setattr(instrumenting, "_running", lambda: None)
    monkeypatch.setattr(instrumenting, "_start", lambda path, **options: taken.update(options, path=path) or tmp_path)

    class App:
        def __init__(self) -> None:
            self.config = {"WEFT_TRACE": "t.weft", "WEFT_LOG": "warning", "WEFT_RING": 2, "WEFT_CONTENDED": True}
            self.extensions: dict[str, Any] = {}

    app: Any = App()
    instrumenting.init_app(app)
    expected = {"all_locks": False, "log": 30, "ring": 2, "slower_than": 0, "contended": True}
    assert taken == {"path": "t.weft", **expected}
    assert app.extensions["weft"] == {"trace": tmp_path}


AGAIN = """
import signal, sys
sys.path.insert(0, {root!r})
import threading, weft
usr2 = signal.getsignal(signal.SIGUSR2)
weft.instrument(path="first.weft", ring=5)
assert signal.getsignal(signal.SIGUSR2) is not usr2
lock = threading.Lock()
with lock:
    pass
weft.uninstrument()
assert signal.getsignal(signal.SIGUSR2) is usr2
weft.instrument(path="second.weft", contended=True)
with lock:
    pass
fresh = threading.Lock()
with fresh:
    pass
weft.uninstrument()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR2"), reason="no SIGUSR2 here")
def test_another_recording_says_which_locks_are_recorded_as_before(tmp_path: Path) -> None:
    root = str(Path(weft.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", AGAIN.format(root=root)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "as they were then" in done.stderr

    found = load(tmp_path / "second.weft")
    assert any("as they were then" in entry["text"] for entry in found.defined("notice"))
    assert len(found.of(Kind.SECTION)) == 1
