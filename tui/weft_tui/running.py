"""Run the user's command: its signals, its exit status and its streams stay its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from weft import WeftError

from .outputs import new_file

LAST_SAID = 6
"""Lines of its output that are told when a command has ended."""

STOP_SECONDS = 3.0
"""How long a command may take to end after each of the two polite signals."""

_FORWARDED = [
    number
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
    if (number := getattr(signal, name, None)) is not None
]


def in_foreground(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a command in our place and return its status as `subprocess` gives it (negative: ended by a signal).

    Raises:
        WeftError: it cannot be started.
    """
    child = _start(command, environment)
    with _signals_to(child):
        return child.wait()


def how(status: int) -> str:
    """Return how a command ended, as what follows "it ended"."""
    return f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"


def failed(status: int) -> bool:
    """Return whether a command has ended by a fault of its own: neither well nor because somebody stopped it."""
    stopped = {-number for number in (signal.SIGINT, signal.SIGTERM)}
    return status not in {0, *stopped, *(128 - number for number in stopped)}


def exit_like(status: int) -> int:
    """Return the exit status to end with; where a signal ended the command, end by the same signal."""
    if status >= 0:
        return status
    number = signal.Signals(-status)
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    sys.stdout.flush()
    os.kill(os.getpid(), number)
    return 128 + number


class Background:
    """A command behind a dashboard: its output goes to a file, since the dashboard has the terminal.

    Args:
        output: a file to make, private to the user.

    Raises:
        WeftError: the command cannot be started, or the file is there or cannot be made.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str], output: Path) -> None:
        self.output = output
        self._file = new_file(output)
        self._name = Path(command[0]).name
        self._child = _start(command, environment, self._file)
        self._by_us = False
        self._told: str | None = None

    def ended(self) -> str | None:
        """Return a sentence once the command has ended, and below it what it said last; None while it runs."""
        if self._told is None and (status := self._child.poll()) is not None:
            self._told = self._fate(status)
        return self._told

    def _fate(self, status: int) -> str:
        from weft.timeline.units import uncoloured

        said = uncoloured(last_lines(self.output, LAST_SAID)).strip()
        last = f": {said.splitlines()[-1].strip()}" if said and failed(status) else ""
        return f"{self._name} ended {how(status)}{last}; its output is in {self.output}\n{said}".rstrip()

    def stop(self) -> int:
        """End the command as Ctrl-C would, then harder, and return its status; 0 when it was us who ended it."""
        for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            if self._child.poll() is not None:
                break
            self._by_us = True
            _signal_group(self._child, number)
            try:
                self._child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        self._file.close()
        return 0 if self._by_us else self._child.wait()


def last_lines(path: Path, count: int = 20) -> str:
    """Return the end of a text file."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 64_000))
        return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-count:])


def _start(
    command: list[str], environment: Mapping[str, str], output: BinaryIO | None = None
) -> subprocess.Popen[bytes]:
    apart = output is not None
    try:
        return subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL if apart else None,
            stdout=output,
            stderr=output,
            start_new_session=apart,
        )
    except OSError as error:
        raise WeftError(f"{command[0]} cannot be started: {error.strerror}") from None


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, number)
        else:
            child.terminate()
    except ProcessLookupError:
        return


@contextmanager
def _signals_to(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand our signals on. Ctrl-C reaches the child by itself, through the terminal; we only outlive it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def forward(number: int, frame: FrameType | None) -> None:
        if child.poll() is None:
            child.send_signal(number)

    def outlive(number: int, frame: FrameType | None) -> None:
        return

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, outlive)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
