"""A session's two processes start together, agree on what happened, and are gone afterwards in any case."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from weft.errors import WeftError
from weft_demos import child as child_module
from weft_demos import session as session_module
from weft_demos.child import Child, printable
from weft_demos.lifeline import LISTENING
from weft_demos.session import DemoSession

posix_only = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


def runs(pid: int) -> bool:
    """Tell whether a process still does anything: one that has ended but was not waited for does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in ("", "Z", "X")


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Look again and again until a condition holds; False when it does not within the time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def gone(pids: Iterable[int]) -> bool:
    return not any(map(runs, pids))


def with_sitecustomize(folder: Path, code: str) -> dict[str, str]:
    """Return an environment whose Python runs some code before anything else."""
    (folder / "sitecustomize.py").write_text(code)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def test_what_the_customers_bought_is_what_the_shop_sold() -> None:
    with DemoSession("shop", clients=3, seconds=1) as session:
        pids = session.pids
        assert all(map(runs, pids))
        done = session.wait_load()
        assert session.poll() is None
        with urllib.request.urlopen(f"{session.url}/report", timeout=10) as answer:
            report = json.load(answer)

    requests, statuses = done["requests"], done["statuses"]
    assert done["errors"] == 0
    assert statuses["201"] == requests["POST add_to_cart"] + report["orders"]
    assert sum(requests.values()) == sum(statuses.values())
    assert report["orders"] == requests.get("POST checkout", 0) - statuses.get("409", 0)
    assert gone(pids)


def test_a_stop_ends_an_endless_load_early_and_its_tally_is_kept() -> None:
    with DemoSession("shop", clients=2) as session:
        pids = session.pids
        session.stop()
        assert gone(pids)
        assert session.wait_load()["errors"] == 0
        assert session.poll() is None
        session.stop()


@posix_only
def test_no_process_outlives_a_killed_parent() -> None:
    code = (
        "import json, sys\n"
        "from weft_demos.session import DemoSession\n"
        "with DemoSession('shop') as session:\n"
        "    print(json.dumps(session.pids), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        pids = json.loads(parent.stdout.readline())
        try:
            assert len(pids) == 2
            assert all(map(runs, pids))
            parent.kill()
            assert eventually(lambda: gone(pids), seconds=5)
        finally:
            for pid in filter(runs, pids):
                os.kill(pid, signal.SIGKILL)


@posix_only
@pytest.mark.parametrize(("which", "what"), [(0, "server"), (1, "load")])
def test_a_process_that_dies_is_told(which: int, what: str) -> None:
    with DemoSession("shop", clients=1) as session:
        assert session.poll() is None
        os.kill(session.pids[which], signal.SIGKILL)
        assert eventually(lambda: session.poll() is not None)
        assert session.poll().startswith(f"The {what} ")
        assert "was ended by signal 9" in session.poll()
        pids = session.pids
    assert session.poll() is None
    assert gone(pids)


@posix_only
def test_a_load_that_died_has_no_tally() -> None:
    with DemoSession("shop", clients=1) as session:
        os.kill(session.pids[1], signal.SIGKILL)
        with pytest.raises(WeftError, match="told nothing"):
            session.wait_load()


@posix_only
def test_a_signal_ends_the_load_in_good_order() -> None:
    with DemoSession("shop", clients=2) as session:
        assert eventually(customers_of(session.url))
        os.kill(session.pids[1], signal.SIGTERM)
        done = session.wait_load()
        assert eventually(lambda: gone(session.pids[1:]))
        assert session.poll() is None
    assert done["errors"] == 0
    assert done["requests"]["POST add_to_cart"] >= 1


def customers_of(url: str) -> Callable[[], bool]:
    """Return what tells whether somebody else takes carts too."""
    ours = itertools.count(1)
    body = json.dumps({"item": 1, "quantity": 1}).encode()

    def somebody_came() -> bool:
        request = urllib.request.Request(f"{url}/cart", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["cart"] > next(ours)

    return somebody_came


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_good_order(number: signal.Signals) -> None:
    with Child(["weft_demos.serve", "shop", "--until-eof"], os.environ, LISTENING) as server:
        assert server.said(20).startswith("http://127.0.0.1:")
        os.kill(server.pid, number)
        assert eventually(lambda: server.exit_code is not None)
        assert (server.exit_code, server.last_error()) == (0, "")


def test_the_end_of_its_input_ends_the_server_in_good_order() -> None:
    with Child(["weft_demos.serve", "shop", "--until-eof"], os.environ, LISTENING) as server:
        server.said(20)
    assert server.exit_code == 0


def test_only_the_server_gets_the_environment(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import sys\nopen({str(seen)!r}, 'a').write(' '.join(sys.orig_argv) + '\\n')\n"
    with DemoSession("shop", environment=with_sitecustomize(tmp_path, code), clients=1, seconds=0.1) as session:
        session.wait_load()
    assert seen.read_text().count("weft_demos.serve shop") == 1
    assert "weft_demos.load" not in seen.read_text()


def test_a_server_that_fails_is_quoted_without_its_escapes(tmp_path: Path) -> None:
    code = "import os\nos.write(2, b'first\\nno \\x1b[31mthreads\\n')\nos._exit(3)\n"
    session = DemoSession("shop", environment=with_sitecustomize(tmp_path, code))
    with pytest.raises(WeftError) as raised, session:
        pytest.fail("it came up")
    assert str(raised.value).endswith("ended with exit code 3: no \ufffd[31mthreads")
    assert gone(session.pids)


@posix_only
def test_a_server_that_neither_listens_nor_obeys_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "START_SECONDS", 0.3)
    monkeypatch.setattr(child_module, "POLITE_SECONDS", 0.1)
    monkeypatch.setattr(child_module, "KILL_SECONDS", 0.3)
    # the alarm ends it even where nothing else does, should this test fail
    code = "import signal as s\ns.alarm(30)\ns.signal(s.SIGTERM, s.SIG_IGN)\nwhile True: s.pause()\n"
    session = DemoSession("shop", environment=with_sitecustomize(tmp_path, code))
    with pytest.raises(WeftError, match=r"does not listen after 0\.3 s, it still runs"), session:
        pytest.fail("it came up")
    assert len(session.pids) == 1
    assert gone(session.pids)


def test_a_load_that_cannot_start_takes_the_server_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_servers(arguments: list[str], environment: dict[str, str], prefix: str) -> Child:
        if "weft_demos.load" in arguments:
            raise BlockingIOError("no more processes")
        return Child(arguments, environment, prefix)

    monkeypatch.setattr(session_module, "Child", only_servers)
    session = DemoSession("shop")
    with pytest.raises(BlockingIOError), session:
        pytest.fail("it came up")
    assert len(session.pids) == 1
    assert gone(session.pids)


@pytest.mark.parametrize("name", ["nothing", "session", "--help", ""])
def test_an_unknown_demo_is_refused_before_anything_starts(name: str) -> None:
    session = DemoSession(name)
    with pytest.raises(WeftError, match="There is: shop"), session:
        pytest.fail("it came up")
    assert session.pids == ()


@pytest.mark.parametrize("size", [{"clients": 0}, {"clients": 1_000}, {"seconds": 601}, {"seconds": -1}])
def test_an_unbounded_load_is_refused_before_anything_starts(size: dict[str, int]) -> None:
    session = DemoSession("shop", **size)
    with pytest.raises(WeftError, match="bounded"), session:
        pytest.fail("it came up")
    assert session.pids == ()


def test_a_session_that_was_not_entered_has_no_tally() -> None:
    with pytest.raises(WeftError, match="enter"):
        DemoSession("shop").wait_load()


def test_printable_text_has_nothing_that_a_terminal_obeys() -> None:
    assert printable("a\x1b[2J\u202eb\x9bc\r") == "a\ufffd[2J\ufffdb\ufffdc\ufffd"
