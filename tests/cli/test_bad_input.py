"""Bad input on any command: one line that says what is wrong and what to do, status 2, nothing overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.busy import BusyServer
from weft.log import format as fmt
from weft.log import writer


def weft(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "weft_tui", *map(str, arguments)],
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Check the form of a refusal and return its line."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("weft: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def some_file(tmp_path: Path) -> Path:
    path = tmp_path / "some file"
    path.write_text("precious")
    return path


@pytest.mark.parametrize("command", ["report", "replay", "live", "serve"])
def test_files_that_are_no_traces(command: str, tmp_path: Path, some_file: Path) -> None:
    assert "no such file" in refused(weft(command, tmp_path / "missing"))
    assert "not a weft trace" in refused(weft(command, some_file))
    assert "is a folder" in refused(weft(command, tmp_path))
    empty = tmp_path / "empty"
    empty.touch()
    assert "is empty" in refused(weft(command, empty))
    newer = tmp_path / "newer"
    newer.write_bytes(fmt.FILE_HEADER.pack(fmt.FILE_MAGIC, 2, fmt.FILE_HEADER_SIZE, 0, 0, 0) + bytes(4))
    assert "update weft" in refused(weft(command, newer))


@pytest.mark.parametrize("command", ["report", "replay", "serve"])
def test_traces_without_events(command: str, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    writer.create(str(path))
    assert "holds no events" in refused(weft(command, path))
    path.write_bytes(path.read_bytes() + b"WBLK and then nothing that makes sense")
    assert "is damaged throughout" in refused(weft(command, path))


def test_a_command_that_does_not_exist() -> None:
    assert "no such program" in refused(weft("record", "--", "no-such-program"))


def test_an_option_without_its_argument_names_the_commands_own_help() -> None:
    assert "see `weft replay --help`" in refused(weft("replay", "bank.weft", "--at"))


def test_an_output_that_is_there_is_kept(some_file: Path) -> None:
    for command in (["record", "-o", some_file, "--", "true"], ["demo", "--headless", "-o", some_file]):
        assert "exists" in refused(weft(*command))
    assert some_file.read_text() == "precious"


def test_screens_need_a_terminal(tmp_path: Path) -> None:
    assert "needs a terminal" in refused(weft("run", "--", sys.executable, "-c", "pass"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["record"],
        ["recrod"],
        ["report", "--format", "xml", "x"],
        ["demo", "nothing"],
        ["demo", "--seconds", "0"],
        ["demo", "--seconds", "1e9"],
        ["record", "--bound", "many"],
        ["record", "--log=loud", "--", "true"],
        ["run", "--log", "python", "app.py"],
        ["diff", "x"],
        ["diff", "--format", "html", "x", "y"],
    ],
)
def test_arguments_that_make_no_sense(arguments: list[str]) -> None:
    refused(weft(*arguments))


@pytest.mark.parametrize("command", ["live", "replay"])
def test_without_any_trace_it_is_said_how_to_make_one(tmp_path: Path, command: str) -> None:
    assert "weft demo" in refused(weft(command, WEFT_HOME=str(tmp_path / "nothing")))


def test_a_folder_that_cannot_be_made(some_file: Path) -> None:
    line = refused(weft("record", "--", sys.executable, "-c", "pass", WEFT_HOME=str(some_file / "below")))
    assert "name a file with -o" in line


def test_traces_that_cannot_be_shown_together(tmp_path: Path) -> None:
    traces = [tmp_path / f"{name}.weft" for name in "abc"]
    for trace in traces:
        BusyServer(threads=2).write(trace, 500)
    assert "name one FILE before it" in refused(weft("replay", "--against", traces[0]))
    assert "name one FILE before it" in refused(weft("replay", traces[0], traces[1], "--against", traces[2]))
    assert "--at needs --against" in refused(weft("replay", traces[0], traces[1], "--at", "GET /"))
    assert "has none" in refused(weft("replay", traces[0], "--against", traces[1], "--at", "GET /nowhere"))
    assert "no such file" in refused(weft("replay", traces[0], tmp_path / "missing"))
    assert "--live follows one trace" in refused(weft("serve", "--live", traces[0], traces[1]))
