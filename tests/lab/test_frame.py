"""What lessons stand on: they are found and told by name, run real servers, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.ending import alive, until
from weft import WeftError
from weft_demos.lab import Evidence, Fact, Judgement, Lab, Verdict, catalog, measuring, wording
from weft_demos.lab.measuring import Measured
from weft_demos.lab.servers import Server, flask_run
from weft_demos.lessons import dev_server
from weft_tui.commands.lab import lab as command

RESULT = Measured(
    "dev-server",
    "3.12.1",
    2,
    1.0,
    0.5,
    Judgement(Verdict.DEPENDS, "of the weather."),
    (Fact("rain", 1234, "drops"), Fact("wind", 2.5, "of it", "m/s"), Fact("sun", False, "shone")),
)


# the lessons


@pytest.mark.parametrize("name", catalog.told())
def test_a_lesson_is_a_page_that_reads_as_a_tutorial(name: str) -> None:
    told, lesson = catalog.named(name), catalog.load(name)
    source = Path(str(sys.modules[catalog.module(name)].__file__))
    assert 60 <= len(source.read_text("utf-8").splitlines()) <= 150
    assert told.claim.endswith(".")
    assert len(told.claim) <= 110
    assert len(told.explanation) >= 2
    assert lesson.fix.endswith(".")


def test_lessons_are_found_without_importing_flask() -> None:
    code = "import sys; from weft_demos.lab import catalog; assert catalog.told(); print('flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("name", "hint"), [("dev-sever", "did you mean dev-server?"), ("\x1b[2J", "there is: ")], ids=["typo", "hostile"]
)
def test_a_lesson_that_is_not_there_is_said_in_one_line(name: str, hint: str) -> None:
    done = subprocess.run([sys.executable, "-m", "weft_tui", "lab", name], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert hint in done.stderr
    assert "\x1b" not in done.stderr


def test_a_lesson_whose_library_is_missing_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, catalog.module("shared-memory"), raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(WeftError, match=r"shared-memory needs redis, .* pip install '\.\[lab\]'` in your clone"):
        catalog.load("shared-memory")


# what was measured


def test_a_result_is_remembered_and_listed() -> None:
    assert "not run yet" in CliRunner().invoke(command).output
    assert measuring.last("dev-server") is None
    measuring.keep(RESULT)
    assert measuring.last("dev-server") == RESULT
    assert "depends, measured here on 1970-01-01" in CliRunner().invoke(command).output
    listed = json.loads(CliRunner().invoke(command, ["--format", "json"]).output)
    assert {one["lesson"]: one["verdict"] for one in listed}["dev-server"] == "depends"


def test_a_result_that_is_damaged_or_of_another_version_counts_as_none() -> None:
    measuring.keep(RESULT)
    kept = next((Path(os.environ["WEFT_HOME"]) / "lab").iterdir())
    for text in ("{", "[]", json.dumps({**measuring.as_json(RESULT), "version": 99})):
        kept.write_text(text)
        assert measuring.last("dev-server") is None


def test_a_result_is_told_without_being_measured_again() -> None:
    measuring.keep(RESULT)
    said = CliRunner().invoke(command, ["dev-server", "--last", "--headless"]).output
    assert "depends: of the weather." in said
    assert "  1,234  drops\n" in said
    told = json.loads(CliRunner().invoke(command, ["dev-server", "--last", "--format", "json"]).output)
    assert (told["verdict"], told["claim"]) == ("depends", catalog.named("dev-server").claim)


def test_without_a_result_there_is_nothing_to_look_at_again() -> None:
    with pytest.raises(WeftError, match="not been run here yet"):
        CliRunner().invoke(command, ["dev-server", "--last"], catch_exceptions=False)


def test_measurements_are_told_with_their_units() -> None:
    assert [wording.value(fact) for fact in RESULT.facts] == ["1,234", "2.50 m/s", "no"]


def test_evidence_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(StopIteration):
        Evidence(RESULT.facts).count("snow")


# servers


def pids(trace: Path) -> list[int]:
    from weft.log.info import info

    return [int(process.pid) for process in info(trace).processes.values()]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_server_ends_with_its_lesson_however_that_ends(error: type[BaseException]) -> None:
    used: list[Path] = []

    def lesson() -> None:
        with Lab("dev-server") as lab, lab.serve(flask_run(), dev_server.create_app) as run:
            assert run.ask("GET /slow").text == "done"
            used.extend((run.trace, lab.folder))
            raise error

    with pytest.raises(error):
        lesson()
    trace, folder = used
    assert pids(trace)
    assert not any(map(alive, pids(trace)))
    assert not folder.exists()


def test_a_server_ends_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    code = """
from weft_demos.lab import Lab
from weft_demos.lab.servers import flask_run
from weft_demos.lessons import dev_server
with Lab("dev-server") as lab, lab.serve(flask_run(), dev_server.create_app) as run:
    run.ask("GET /slow")
    print(run.trace, flush=True)
    input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as started:
        assert started.stdout is not None
        trace = Path(started.stdout.readline().strip())
        started.kill()
    until(lambda: pids(trace) and not any(map(alive, pids(trace))))


def test_a_server_that_is_not_installed_is_said_with_what_installs_it() -> None:
    with Lab("dev-server") as lab, pytest.raises(WeftError, match=r"pip install '\.\[lab\]'"):
        lab.serve(Server("unheard of", "no_such_server", ()), dev_server.create_app).__enter__()


def test_a_server_that_does_not_come_up_is_said_with_its_last_words() -> None:
    with Lab("dev-server") as lab, pytest.raises(WeftError, match=r"did not come up.*No such option"):
        lab.serve(flask_run("--no-such-option"), dev_server.create_app).__enter__()


def test_a_run_without_requests_is_no_evidence() -> None:
    with Lab("dev-server") as lab, lab.serve(flask_run(), dev_server.create_app) as run:
        pass
    with pytest.raises(WeftError, match="recorded no request"):
        _ = run.snapshot


def test_clients_are_counted_and_begin_together() -> None:
    with Lab("dev-server") as lab, lab.serve(flask_run(), dev_server.create_app) as run:
        answers = run.load("GET /slow", "GET /nothing", clients=3)
    assert [(one.client, one.status) for one in answers] == [(n, s) for n in range(3) for s in (200, 404)]
    assert max(one.began_ns for one in answers[::2]) < min(one.ended_ns for one in answers[::2])


# the command


def test_a_lesson_is_run_without_a_screen_and_told_as_json() -> None:
    command = [sys.executable, "-m", "weft_tui", "lab", "thread-local-g", "--headless", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["lesson"], said["verdict"], said["shows"]) == ("thread-local-g", "refuted", "run")
    assert said["claim"] == catalog.named("thread-local-g").claim
    assert {fact["key"]: fact["value"] for fact in said["facts"]}["looks"] == 12
    assert Path(said["traces"]["run"]).exists()
    assert said["servers"] == {"run": "flask run"}
    assert measuring.last("thread-local-g") is not None


def test_an_interrupt_ends_a_lesson_and_its_servers() -> None:
    home = Path(os.environ["WEFT_HOME"])
    command = [sys.executable, "-m", "weft_tui", "lab", "dev-server", "--headless"]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as lesson:
        until(lambda: any(map(pids, home.glob("*.weft"))))
        lesson.send_signal(signal.SIGINT)
        out, err = lesson.communicate(timeout=60)
    assert (lesson.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert not [pid for trace in home.glob("*.weft") for pid in pids(trace) if alive(pid)]
    assert measuring.last("dev-server") is None
