"""The traces of the default folder, the newest first, and what is in each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from weft import places
from weft.errors import WeftError

from .commands import app_name

MOST: Final = 100
"""Traces that are listed."""

MOST_BYTES: Final = 20_000_000
"""Size up to which a trace is searched for findings: larger ones take seconds."""


@dataclass(frozen=True, slots=True)
class Recent:
    """One trace. What None stands for is not known, or not yet.

    Attributes:
        written_ns: when it was written to last, ns since the epoch.
        size: bytes.
        app: what was recorded.
        findings: how many there are.
        trouble: why it cannot be read.
    """

    path: Path
    written_ns: int
    size: int
    app: str = ""
    length_ns: int | None = None
    requests: int | None = None
    findings: int | None = None
    trouble: str = ""


def listed() -> list[Recent]:
    """Return the newest traces without looking into them.

    Raises:
        WeftError: there is none.
    """
    found: list[Recent] = []
    for path in places.folder().glob(f"*{places.SUFFIX}"):
        try:
            about = path.stat()
        except OSError:
            continue
        found.append(Recent(path, about.st_mtime_ns, about.st_size, path.stem))
    if not found:
        places.newest()
    return sorted(found, key=lambda recent: -recent.written_ns)[:MOST]


def looked_into(recent: Recent) -> Recent:
    """Return a trace with what is in it."""
    from weft.findings import find
    from weft.log.info import info
    from weft.timeline import load

    try:
        inside = info(recent.path)
        first, last = inside.span
        told = inside.as_json()
        argv = next((process.argv for process in inside.processes.values() if process.argv), ())
        recent = replace(
            recent,
            app=Path(app_name(argv)).name if argv else recent.app,
            length_ns=last - first,
            requests=told["requests"],
        )
        if recent.size > MOST_BYTES:
            return recent
        return replace(recent, findings=len(find(load(recent.path))))
    except (WeftError, OSError) as error:
        return replace(recent, trouble=str(error))
