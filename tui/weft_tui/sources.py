"""Lines of the recorded app's source, shown only while the file is what it was when it was recorded."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tokenize
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from weft.timeline.units import plain
from weft.timeline.values import Place, SourceFile

MOST_BYTES: Final = 2_000_000
MOST_COLUMNS: Final = 400

CHANGED: Final = "(source changed since)"
NO_SOURCE: Final = "(not a Python file)"
NOT_HERE: Final = "(source is not here)"
NOT_KNOWN: Final = "(source was not recorded)"
WHY_NOT: Final = frozenset({CHANGED, NO_SOURCE, NOT_HERE, NOT_KNOWN})


class Sources:
    """Reads source files, each once.

    A trace may name any path. A file is opened only when it is called ``.py`` and a regular file, and shown only when
    its digest is the recorded one; nothing is imported, compiled or run.

    Args:
        files: what the trace says of them, by the names that places have for them.
    """

    def __init__(self, files: Mapping[str, SourceFile]) -> None:
        self.files = files
        self._known: dict[SourceFile, list[str] | str] = {}

    def line(self, place: Place) -> str:
        """Return a line of source, one of `WHY_NOT` it is not shown, or nothing: there is no such line."""
        file = self.files.get(place.file)
        if file is None:
            return NOT_KNOWN if place.file.endswith(".py") else ""
        if file not in self._known:
            self._known[file] = _read(file)
        lines = self._known[file]
        if isinstance(lines, str):
            return lines
        return (
            plain(lines[place.line - 1].strip().expandtabs(1))[:MOST_COLUMNS] if 1 <= place.line <= len(lines) else ""
        )


def _read(file: SourceFile) -> list[str] | str:
    """Return the lines of a file, or why there are none."""
    path = Path(file.path)
    if path.suffix != ".py" or not path.is_absolute():
        return NO_SOURCE
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return NO_SOURCE
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(fd, "rb") as opened:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return NO_SOURCE
            data = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError):
        return NOT_HERE
    if f"sha256:{hashlib.sha256(data, usedforsecurity=False).hexdigest()}" != file.digest:
        return CHANGED
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding).splitlines()
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return NO_SOURCE
