"""A child process that says one line, ends when its input does, and never outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Self

POLITE_SECONDS = 1.5
"""From the end of its input to SIGTERM."""
KILL_SECONDS = 3.0
"""From the end of its input to SIGKILL."""
ERROR_BYTES = 4096
"""How much of the end of its stderr is looked at."""
ERROR_LETTERS = 300


class Child:
    """A Python module run as a process, in a session of its own where there are any: a Ctrl-C is not for it.

    Args:
        arguments: the module and its arguments.
        environment: all of its environment.
        prefix: what the one line on stdout that matters begins with; the rest is read and dropped.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], prefix: str) -> None:
        self._prefix = prefix
        self._said: Future[str | None] = Future()
        self._last_error = ""
        # to append: the child writes on while we look back
        self._errors = tempfile.TemporaryFile("a+b")  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    *arguments,
                ],  # -P: the user's folder may hold modules of our names
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=dict(environment),
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except BaseException:
            self._errors.close()
            raise
        self._reader = threading.Thread(target=self._read, name=f"{arguments[0]}-stdout", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, minus the signal's number if one ended it."""
        return self._process.poll()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """End it: by the end of its input, then SIGTERM, then SIGKILL."""
        try:
            self._close_input()
            if not self._ends_within(POLITE_SECONDS):
                self._signal(signal.SIGTERM)
                self._ends_within(KILL_SECONDS - POLITE_SECONDS)
        finally:
            self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
            self._process.wait()
            self._reader.join(POLITE_SECONDS)
            self._last_error = self.last_error()
            self._errors.close()

    def said(self, seconds: float) -> str | None:
        """Wait for the line; return what follows the prefix, or None if stdout ended without it.

        Raises:
            TimeoutError: nothing of the kind within so many seconds.
        """
        return self._said.result(seconds)

    def fate(self) -> str:
        """Tell how it ended, as what follows "it", with the last line of its stderr."""
        code = self.exit_code
        if code is None:
            end = "still runs"
        elif code < 0:
            end = f"was ended by signal {-code}"
        else:
            end = f"ended with exit code {code}"
        last = self.last_error()
        return f"{end}: {last}" if last else end

    def last_error(self) -> str:
        """Return the last line of its stderr, made safe to print, or an empty string."""
        if self._errors.closed:
            return self._last_error
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - ERROR_BYTES))
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return printable(lines[-1])[:ERROR_LETTERS] if lines else ""

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                if text.startswith(self._prefix) and not self._said.done():
                    self._said.set_result(text.removeprefix(self._prefix))
        if not self._said.done():
            self._said.set_result(None)

    def _close_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number: int) -> None:
        if self._process.poll() is not None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)


def printable(text: str) -> str:
    """Return text without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
