"""What the app's source files held when they were recorded, so that nobody is shown another version of a line.

Runs in the writing thread only. Each file is looked at once, and of those that cannot be its code nothing is kept.
"""

from __future__ import annotations

import os
import stat
from typing import Any

LIMIT = 2000
"""Files, at most."""

MOST_BYTES = 2_000_000
"""A larger file is not read: nobody has written it."""

_known: set[str] = set()


def of(paths: set[str]) -> list[dict[str, Any]]:
    """Return definitions of those files that were not defined before; shapes are those of `weft.log.format`."""
    fresh = sorted(paths - _known)[: max(LIMIT - len(_known), 0)]
    _known.update(fresh)
    found = [(path, os.path.abspath(path), _digest(path)) for path in fresh]
    return [
        {"is": "file", "id": number, "path": path, "at": at, "digest": digest}
        for number, (path, at, digest) in enumerate(found, len(_known) - len(fresh) + 1)
        if digest
    ]


def forget() -> None:
    """Define every file anew (in a forked child)."""
    _known.clear()


def _digest(path: str) -> str:
    """Return ``sha256:`` and the digest of a regular Python file, nothing for any other."""
    if not path.endswith(".py"):
        return ""
    try:
        import hashlib

        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(fd, "rb") as file:
            facts = os.fstat(fd)
            if not stat.S_ISREG(facts.st_mode) or facts.st_size > MOST_BYTES:
                return ""
            return f"sha256:{hashlib.sha256(file.read(MOST_BYTES + 1), usedforsecurity=False).hexdigest()}"
    except (OSError, ValueError, ImportError):
        return ""
