"""What commands print on a terminal is broken between words, and as it is into a file."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from support.busy import BusyServer
from weft_demos.lab import samples

WIDTH = 72


def printed(*arguments: object) -> str:
    """Return what a command prints on a terminal of `WIDTH` columns, to both streams."""
    screen, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    command = [sys.executable, "-m", "weft_tui", *map(str, arguments)]
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end):
        os.close(end)
        parts = []
        try:
            while part := os.read(screen, 1 << 16):
                parts.append(part)
        except OSError:
            # On Linux that is how the end of what a terminal was sent is told.
            pass
    os.close(screen)
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("t")
    BusyServer(threads=12, seed=2).write(folder / "b.weft", 4_000)
    damaged = bytearray((folder / "b.weft").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (folder / "d.weft").write_bytes(damaged)
    return folder


@pytest.mark.parametrize(
    ("command", "some"),
    [
        ("diff SAMPLE b.weft", "New findings"),
        ("doctor SAMPLE", "WHAT WAS NOT SEEN"),
        ("info d.weft", "cannot be read"),
        ("verify d.weft", "damaged part"),
        ("repair d.weft -o OUT", "left out"),
        ("export b.weft --to csv -o CSV", "exported to"),
        ("scenarios", "weft step NAME"),
        ("report SAMPLE --check wait:shop.lock_1:p99<1ns", "weft:"),
        ("explore oversell", "step through it"),
        ("record -o NEW -- PYTHON -c pass", "recording to"),
    ],
)
def test_every_command_prints_lines_that_fit(
    command: str, some: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    places = {"SAMPLE": samples.trace("shared-memory"), "PYTHON": sys.executable, "OUT": tmp_path / "o.weft"}
    places |= {"NEW": tmp_path / "n.weft", "CSV": tmp_path / "c.csv"}
    told = printed(*(places.get(word, word) for word in command.split()))
    assert some in " ".join(told.split())
    assert "Traceback" not in told
    for line in told.splitlines():
        assert len(line) <= WIDTH or " " not in line.strip(), line
