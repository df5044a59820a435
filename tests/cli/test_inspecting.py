"""`weft info`, `weft verify`, `weft repair`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.busy import BusyServer

from .test_bad_input import refused, weft


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "busy.weft"
    BusyServer(threads=4).write(path, 3_000)
    return path


@pytest.fixture
def damaged(trace: Path) -> Path:
    data = bytearray(trace.read_bytes())
    data[len(data) // 2] ^= 1
    trace.write_bytes(data)
    return trace


def test_info_prints_what_is_inside(trace: Path) -> None:
    text = weft("info", trace).stdout
    assert "4 threads, 12 locks," in text
    assert "pid 4711, Python 3.12.1" in text
    assert "SECTION  (2 events each)" in text
    assert json.loads(weft("info", trace, "--format", "json").stdout)["processes"][0]["pid"] == 4711


def test_verify_says_whether_a_trace_is_sound(trace: Path) -> None:
    done = weft("verify", trace)
    assert done.returncode == 0
    assert "0 damaged parts" in done.stdout


def test_verify_lists_damage_and_repair_mends_it(damaged: Path, tmp_path: Path) -> None:
    done = weft("verify", damaged)
    assert done.returncode == 1
    offset, rest = done.stdout.splitlines()[0].split(maxsplit=1)
    assert 36 < int(offset.replace(",", "")) <= damaged.stat().st_size // 2
    assert rest.endswith("bytes: damaged")
    assert "1 damaged part of" in weft("repair", damaged, "-o", tmp_path / "mended").stdout
    again = weft("verify", tmp_path / "mended")
    assert again.returncode == 0
    assert "a repair has left out" in again.stdout
    assert f"at offset {int(offset.replace(',', '')):,} cannot be read" in weft("info", tmp_path / "mended").stdout


@pytest.mark.parametrize("command", [["info"], ["verify"], ["repair", "-o", "out"]])
def test_what_is_no_trace_is_refused(command: list[str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("precious")
    assert "not a weft trace" in refused(weft(*command, other))
    assert "no such file" in refused(weft(*command, tmp_path / "missing"))
    assert not Path("out").exists()


def test_repair_replaces_nothing(damaged: Path) -> None:
    before = damaged.read_bytes()
    assert "exists" in refused(weft("repair", damaged, "-o", damaged))
    assert damaged.read_bytes() == before


def test_export_writes_beside_the_trace_and_replaces_nothing(trace: Path) -> None:
    done = weft("export", trace, "--to", "chrome")
    assert done.returncode == 0, done.stderr
    assert json.loads(trace.with_suffix(".json").read_text())["traceEvents"]
    assert trace.with_suffix(".json").stat().st_mode & 0o777 == 0o600
    assert "exists" in refused(weft("export", trace, "--to", "chrome"))
    assert weft("export", trace, "--to", "csv", "-o", "-").stdout.startswith("what,pid,thread,")


def test_export_of_what_is_no_trace_leaves_nothing_behind(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("precious")
    assert "not a weft trace" in refused(weft("export", other, "--to", "fxt"))
    assert [path.name for path in tmp_path.glob("other*")] == ["other.txt"]
