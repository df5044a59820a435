"""A pty that an app is measured in."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

ROWS, COLUMNS = 50, 200


class Terminal:
    """The other end of a pty that an app runs in."""

    def __init__(self, descriptor: int, child: int) -> None:
        self.descriptor = descriptor
        self.child = child
        self.last = b""

    def read(self, quiet: float, limit: float = 10.0, first: float = 0.0) -> tuple[int, float | None]:
        """Drain until it has been quiet for so long; return the bytes, and when the last of them came.

        Args:
            first: wait at least so long for the first byte.
        """
        size, last = 0, None
        until = time.perf_counter() + limit
        while time.perf_counter() < until:
            ready, _, _ = select.select([self.descriptor], [], [], quiet if size else max(quiet, first))
            if not ready:
                break
            try:
                data = os.read(self.descriptor, 1 << 16)
            except OSError:
                break
            if not data:
                break
            size += len(data)
            self.last = data
            last = time.perf_counter()
        return size, last

    def read_until(self, wanted: Callable[[bytes], bool], limit: float = 20.0) -> None:
        """Drain until all that has come since this was called is what is wanted."""
        data, until = b"", time.perf_counter() + limit
        while not wanted(data):
            if not select.select([self.descriptor], [], [], max(until - time.perf_counter(), 0))[0]:
                raise RuntimeError(f"it has not come within {limit} s: {self.text()}")
            self.last = os.read(self.descriptor, 1 << 16)
            data += self.last

    def press(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    def text(self) -> str:
        """Return what has come last, for when something goes wrong."""
        return self.last[-2000:].decode("utf-8", "replace")

    def cpu(self) -> float:
        """Return the CPU seconds that the app has used."""
        fields = Path(f"/proc/{self.child}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def running(script: str, trace: Path, what: str, result: Path, **environment: str) -> AbstractContextManager[Terminal]:
    """Run a benchmark's script as the measured app in a pty, with the settings that stand where the result goes to."""
    own = {"XDG_CONFIG_HOME": str(result.parent), **environment}
    return started(script, "--app", str(trace), what, str(result), **own)


def weft(folder: Path, *arguments: str) -> AbstractContextManager[Terminal]:
    """Run `weft` in a pty as it runs where it is installed: compiled (from the second time on), and with no settings.

    Args:
        folder: for what Python has compiled.
    """
    own = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "XDG_CONFIG_HOME": str(folder)}
    return started("-m", "weft_tui", *arguments, PYTHONDONTWRITEBYTECODE="", **own)


@contextmanager
def started(*arguments: str, **environment: str) -> Iterator[Terminal]:
    """Run Python with these arguments in a pty."""
    child, descriptor = pty.fork()
    if child == 0:
        os.environ.update(
            TERM="xterm-256color", COLORTERM="truecolor", LINES=str(ROWS), COLUMNS=str(COLUMNS), **environment
        )
        os.execv(sys.executable, [sys.executable, *arguments])
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    terminal = Terminal(descriptor, child)
    try:
        yield terminal
    finally:
        terminal.press(b"q")
        terminal.read(quiet=2.0)
        os.waitpid(child, 0)
        os.close(descriptor)
