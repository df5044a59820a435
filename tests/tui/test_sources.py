"""Source is shown only while it is what it was when it was recorded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from support.scripted import ms, shop
from weft.timeline.values import Place, SourceFile
from weft_tui.sources import CHANGED, NO_SOURCE, NOT_HERE, NOT_KNOWN, Sources
from weft_tui.spans import plain_text
from weft_tui.story import story

TEXT = "import time\n\n\ndef work():\n    time.sleep(1)  # \x1b[31mslow\n"


def sources(path: Path | str, digest: str) -> Sources:
    return Sources({"app.py": SourceFile(str(path), digest)})


def digest_of(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.py"
    path.write_text(TEXT)
    return path


def line(found: Sources, number: int, name: str = "app.py") -> str:
    return found.line(Place(name, "work", number))


def test_a_line_of_the_recorded_file_is_shown_without_its_escapes(file: Path) -> None:
    found = sources(file, digest_of(file))
    assert line(found, 5) == "time.sleep(1)  # \N{REPLACEMENT CHARACTER}[31mslow"
    assert [line(found, number) for number in (0, -1, 6, 1 << 40)] == ["", "", "", ""]


def test_a_file_that_has_changed_is_not_shown(file: Path) -> None:
    digest = digest_of(file)
    file.write_text(TEXT + "x = 1\n")
    assert line(sources(file, digest), 5) == CHANGED


def test_what_the_trace_did_not_digest_is_not_opened(file: Path) -> None:
    assert line(sources(file, digest_of(file)), 5, name=str(file)) == NOT_KNOWN
    assert line(sources(file, digest_of(file)), 5, name="<string>") == ""
    assert line(sources(file, ""), 5) == CHANGED


def test_only_regular_python_files_are_opened(tmp_path: Path, file: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(TEXT)
    assert line(sources(secret, digest_of(secret)), 5) == NO_SOURCE
    assert line(sources("app.py", digest_of(file)), 5) == NO_SOURCE
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    assert line(sources(pipe, ""), 5) == NO_SOURCE
    (tmp_path / "folder.py").mkdir()
    assert line(sources(tmp_path / "folder.py", ""), 5) == NO_SOURCE
    assert line(sources(tmp_path / "gone.py", ""), 5) == NOT_HERE
    assert line(sources("/nul\0byte.py", ""), 5) == NOT_HERE


def test_the_inspector_quotes_the_line() -> None:
    trace = shop()
    text = plain_text(story(trace, trace.moment(2, ms(700)), lambda place: f"line {place.line} of it"))
    assert "victim     waits at shop.py:42 in checkout\n             line 42 of it\n" in text
    assert "it was at shop.py:88 in report\n             line 88 of it\n" in text


def test_the_inspector_says_in_the_same_line_why_there_is_no_source() -> None:
    trace = shop()
    text = plain_text(story(trace, trace.moment(2, ms(700)), Sources({}).line))
    assert "waits at shop.py:42 in checkout (source was not recorded)\n" in text
