"""Where traces live when nobody says where: the platform's state folder, private to the user."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from .errors import WeftError
from .log import writer

SUFFIX = ".weft"


def folder() -> Path:
    """Return the folder of traces; WEFT_HOME overrides the platform's choice."""
    home = os.environ.get("WEFT_HOME")
    if home:
        return Path(home)
    from platformdirs import user_state_path

    return user_state_path("weft", appauthor=False) / "traces"


def new_trace(name: str) -> Path:
    """Create an empty trace named after a program and the time; return its path.

    Raises:
        WeftError: the folder cannot be written.
    """
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(name).stem).strip("-.")[:40] or "trace"
    place = folder()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WeftError(f"{place} cannot be made: {error.strerror}; name a file with -o") from None
    for number in range(100):
        extra = f"-{number}" if number else ""
        path = place / f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}{extra}{SUFFIX}"
        if not path.exists():
            return create(path)
    raise WeftError(f"{place} has too many traces of this second; name a file with -o")


def create(path: Path, *, force: bool = False) -> Path:
    """Create an empty trace at ``path`` and return it.

    Raises:
        WeftError: a file is there and ``force`` is not set, or the place cannot be written.
    """
    try:
        writer.create(str(path), force=force)
    except FileExistsError:
        raise WeftError(f"{path} exists; name another file, or replace it with --force") from None
    except OSError as error:
        raise WeftError(f"{path} cannot be made: {error.strerror}") from None
    return path


def newest() -> Path:
    """Return the trace that was written to last.

    Raises:
        WeftError: there is none.
    """
    place = folder()
    found = sorted(place.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime) if place.is_dir() else []
    if not found:
        raise WeftError(f"no trace in {place}; `weft demo` makes one, `weft record -- CMD` records your app")
    return found[-1]
