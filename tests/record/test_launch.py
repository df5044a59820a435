"""Starting a program recorded changes nothing for the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from support import recorded
from weft.events import Kind
from weft.log import writer
from weft.record.launch import SITE, environment


def _python(trace: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    writer.create(str(trace))
    env = environment({**os.environ, **variables}, str(trace))
    return subprocess.run(
        [sys.executable, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_exit_status_and_streams_are_the_programs_own(tmp_path: Path) -> None:
    done = _python(tmp_path / "t", "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_weft_is_not_importable_because_of_us(tmp_path: Path) -> None:
    code = "import sys; print(*sorted(name for name in sys.modules if 'weft' in name.partition('.')[0])[:1], sys.path)"
    done = _python(tmp_path / "t", "-I", "-c", "print('isolated')")
    assert done.stdout == "isolated\n"
    done = _python(tmp_path / "u", "-c", code)
    assert done.stdout.startswith("_weft ")
    assert SITE not in done.stdout


def test_an_existing_sitecustomize_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.theirs = True\n")
    code = "import sys, sitecustomize; print(sys.theirs, sitecustomize.__file__)"
    done = _python(tmp_path / "t", "-c", code, PYTHONPATH=str(tmp_path))
    assert done.stdout.strip() == f"True {tmp_path / 'sitecustomize.py'}"


def test_a_package_that_somebody_has_looked_for_before_is_recorded_when_it_is_imported(tmp_path: Path) -> None:
    # `python -m flask` looks for the package, and then imports it by its __main__
    found = recorded.record(
        tmp_path,
        """
        from importlib.util import find_spec
        assert find_spec("flask") and find_spec("flask")
        import flask
        app = flask.Flask(__name__)
        app.add_url_rule("/", view_func=lambda: "seen")
        assert app.test_client().get("/").text == "seen"
        """,
    )
    assert len(found.of(Kind.REQUEST_ENTER)) == 1


def test_python_started_by_the_program_writes_to_the_same_trace(tmp_path: Path) -> None:
    found = recorded.record(
        tmp_path,
        """
        import subprocess, sys, threading
        lock = threading.Lock()
        with lock:
            pass
        if len(sys.argv) == 1:
            subprocess.run([sys.executable, __file__, "child"], check=True)
        """,
    )
    assert [row.what for row in found.of(Kind.SECTION)] == ["app.lock", "app.lock"]
    assert len({row.process for row in found.rows}) == 2


def test_threads_are_recorded_with_their_names(tmp_path: Path) -> None:
    found = recorded.record(
        tmp_path,
        """
        import threading
        for name in "ab":
            thread = threading.Thread(target=print, name=name)
            thread.start()
            thread.join()
        """,
    )
    life = [(row.thread, row.kind) for row in found.of(Kind.THREAD_ENTER, Kind.THREAD_EXIT)]
    assert life == [
        ("MainThread", Kind.THREAD_ENTER),
        ("a", Kind.THREAD_ENTER),
        ("a", Kind.THREAD_EXIT),
        ("b", Kind.THREAD_ENTER),
        ("b", Kind.THREAD_EXIT),
    ]
    assert len(found.of(Kind.PROCESS_EXIT)) == 1


def test_threads_without_a_thread_object_are_seen_and_not_registered(tmp_path: Path) -> None:
    found = recorded.record(
        tmp_path,
        """
        import _thread, threading
        lock, done = threading.Lock(), _thread.allocate_lock()
        done.acquire()
        def work():
            with lock:
                pass
            done.release()
        _thread.start_new_thread(work, ())
        done.acquire()
        assert threading.active_count() == 1, threading.enumerate()
        """,
    )
    (section,) = found.of(Kind.SECTION)
    assert section.thread.startswith("thread ")


@pytest.mark.skipif(sys.platform == "win32", reason="exec is another thing there")
def test_a_program_that_replaces_itself_goes_on_in_the_same_trace(tmp_path: Path) -> None:
    found = recorded.record(
        tmp_path,
        """
        import os, sys, threading, time
        lock = threading.Lock()
        with lock:
            pass
        if len(sys.argv) == 1:
            path = os.environ["WEFT_TRACE"]
            size = os.path.getsize(path)
            with lock:
                pass
            while os.path.getsize(path) == size:
                time.sleep(0.01)
            os.execv(sys.executable, [sys.executable, __file__, "again"])
        """,
    )
    assert len(found.of(Kind.SECTION)) == 3
    processes = {row.process for row in found.rows}
    assert len(processes) == 2
    assert len({process >> 32 for process in processes}) == 1
    assert found.gaps == []


def test_daemon_threads_that_run_into_the_end_lose_nothing_from_before(tmp_path: Path) -> None:
    found = recorded.record(
        tmp_path,
        """
        import threading
        lock, done = threading.Lock(), threading.Event()
        def work():
            for number in range(10_000_000):
                with lock:
                    pass
                if number == 500:
                    done.set()
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        done.wait()
        """,
    )
    assert len([row for row in found.of(Kind.SECTION) if row.what == "app.lock"]) >= 501
    assert len(found.of(Kind.PROCESS_EXIT)) == 1
    assert found.gaps == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_kill_loses_nothing_that_was_drained(tmp_path: Path) -> None:
    trace = tmp_path / "t"
    writer.create(str(trace))
    code = textwrap.dedent("""
        import os, signal, threading, time
        lock = threading.Lock()
        for _ in range(1000):
            with lock:
                pass
        path, size = os.environ["WEFT_TRACE"], 0
        while os.path.getsize(path) < 2000:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(os.environ, str(trace)), timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    found = recorded.load(trace)
    assert len(found.of(Kind.SECTION)) == 1000
    assert not found.gaps


def test_a_trace_that_cannot_be_written_is_said_and_the_program_runs(tmp_path: Path) -> None:
    env = environment(os.environ, str(tmp_path / "missing" / "t"))
    done = subprocess.run(
        [sys.executable, "-c", "print('ran')"], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr.count("\n") == 1
    assert "not recording, the program runs as usual" in done.stderr


def test_descriptors_closed_under_us_are_opened_again(tmp_path: Path) -> None:
    found = recorded.record(
        tmp_path,
        """
        import os, threading
        lock = threading.Lock()
        os.closerange(3, 64)
        theirs = [open(f"{os.environ['WEFT_TRACE']}.{n}", "w") for n in range(8)]
        with lock:
            pass
        import atexit
        """,
    )
    assert len(found.of(Kind.SECTION)) == 1
    assert [path.stat().st_size for path in tmp_path.glob("trace.weft.*")] == [0] * 8


def test_beyond_the_bound_records_are_dropped_and_counted(tmp_path: Path) -> None:
    done = 20_000
    found = recorded.record(
        tmp_path,
        f"""
        import threading
        lock = threading.Lock()
        for _ in range({done}):
            with lock:
                pass
        """,
        bound=50,
    )
    lost = sum(row.value for row in found.of(Kind.LOST))
    kept = [
        row
        for row in found.rows
        if row.kind not in (Kind.LOST, Kind.PULSE, Kind.COST, Kind.PROCESS_ENTER, Kind.PROCESS_EXIT)
    ]
    assert lost > done / 2
    # a section, the main thread's start, and the sections' loop: every record is either kept or counted
    assert lost + len(kept) == done + 1


def test_a_full_disk_ends_the_recording_and_not_the_program(tmp_path: Path) -> None:
    done = recorded.run(
        tmp_path / "t",
        """
        import resource, signal, threading
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
        lock = threading.Lock()
        for _ in range(100_000):
            with lock:
                pass
        print("ran")
        """,
    )
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert done.stderr == "weft: recording to t ended, the app goes on: File too large\n"
