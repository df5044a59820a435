"""The traces that come with weft: small, neutral, and readable by every version from the one that made them on."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from weft.findings import find
from weft.log.blocks import Block
from weft.log.info import info
from weft.log.reader import Tail
from weft.log.repair import parts
from weft.timeline import load
from weft_demos.lab import catalog, samples
from weft_tui.lab.document import document
from weft_tui.sources import CHANGED, Sources

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", samples.names())
def test_a_sample_opens_whole(name: str) -> None:
    snapshot = load(samples.trace(name))
    find(snapshot)
    assert snapshot.events > 0
    assert (snapshot.lost, snapshot.gaps) == (0, ())
    assert info(samples.trace(name)).as_json()["requests"] == len(snapshot.tables.requests.all())


def definitions(name: str) -> str:
    tail = Tail(samples.trace(name))
    try:
        blocks = [part for part in parts(tail) if isinstance(part, Block)]
    finally:
        tail.close()
    return "".join(zlib.decompress(block.stored, -zlib.MAX_WBITS)[: block.defined].decode() for block in blocks)


@pytest.mark.parametrize("name", samples.names())
def test_a_sample_is_small_and_says_nothing_of_where_it_was_made(name: str) -> None:
    snapshot = load(samples.trace(name))
    assert samples.trace(name).stat().st_size < samples.MOST_BYTES
    places = {lock.created_at.file for lock in snapshot.locks} | {file.path for file in snapshot.files.values()}
    places |= {place.file for stack in snapshot.tables.stacks for place in stack}
    said = [*places, *(word for process in snapshot.processes for word in process.argv)]
    neutral = ("/weft_demos/", "/site-packages/", "/python/", "/venv/", "/weft/", "/traces/", "/lab/")
    assert not [word for word in said if word.startswith("/") and not word.startswith(neutral)]
    assert '"/tmp/' not in definitions(name)


@pytest.mark.parametrize("name", catalog.told())
def test_every_lesson_has_what_was_measured_for_the_document(name: str) -> None:
    measured = samples.measured(name)
    assert measured is not None
    assert bool(measured.shows) == (name in samples.names())


@pytest.mark.skipif(not (ROOT / "docs" / "lab.md").exists(), reason="only where the documentation is")
def test_the_document_says_what_the_lessons_say() -> None:
    assert (ROOT / "docs" / "lab.md").read_text("utf-8") == document(), "python -m weft_tui.lab.publish --text"


def test_a_sample_shows_the_source_of_its_lesson(tmp_path: Path) -> None:
    snapshot = load(samples.at_home("coarse-lock", tmp_path))
    lock = next(lock for lock in snapshot.locks if lock.name.endswith("shop_lock"))
    assert Sources(snapshot.files).line(lock.created_at) in ("shop_lock = threading.Lock()", CHANGED)


def test_a_sample_that_is_not_there_is_said_in_one_line() -> None:
    command = [sys.executable, "-m", "weft_tui", "replay", "--sample", "none\x1b[2J"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "there is: " in done.stderr
    assert "\x1b" not in done.stderr
