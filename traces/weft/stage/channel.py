"""Lines of JSON between the client and the app's process. Standard library only."""

from __future__ import annotations

import json
import select
import socket
from typing import Any


class Ended(Exception):
    """There is nobody at the other end, or nobody who answers in time."""


class Channel:
    """One end of it: lines of JSON, each way one at a time, and descriptors that come along with them."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._read = b""
        self._fds: list[int] = []

    def say(self, message: Any, *fds: int) -> None:
        """Send a message, and descriptors along with it.

        Raises:
            Ended: nobody is there.
        """
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            if fds:
                socket.send_fds(self._end, [data], fds)
            else:
                self._end.sendall(data)
        except OSError:
            raise Ended("ended") from None

    def take(self, patience: float | None = None) -> Any:
        """Return the next message, with a descriptor that came along as the key ``fd``.

        Args:
            patience: seconds; None: for ever.

        Raises:
            Ended: nobody is there, or nothing came in time.
        """
        self._end.settimeout(patience)
        try:
            while b"\n" not in self._read:
                part, fds, _, _ = socket.recv_fds(self._end, 1 << 18, 4)
                if not part:
                    raise Ended("ended")
                self._read += part
                self._fds += fds
        except TimeoutError:
            raise Ended(f"gave no answer for {patience:g} s") from None
        except OSError:
            raise Ended("ended") from None
        line, _, self._read = self._read.partition(b"\n")
        message = json.loads(line)
        if self._fds:
            message["fd"] = self._fds.pop(0)
        return message

    def has_more(self, seconds: float = 0) -> bool:
        """Return whether a message is there, or comes within so many seconds."""
        return bool(self._read) or bool(select.select([self._end], [], [], seconds)[0])

    def close(self) -> None:
        """Close this end."""
        self._end.close()
