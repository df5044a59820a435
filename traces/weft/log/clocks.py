"""Lay the clocks of several traces on each other: by the wall clock, or so that two runs begin at one moment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import numpy as np

from ..errors import WeftError
from ..events import Kind
from .reader import Definitions, Events, Tail, read
from .several import Origin

SAME_NS: Final = 50_000_000
"""Wall clocks that differ by less, measured on the traces' own clocks, are one machine's, started once."""

FURTHEST_NS: Final = 86_400_000_000_000
"""Traces further apart are not shown on one clock: nothing could be seen of them."""

LABEL: Final = 10
"""Characters of a label."""

_NUMBERED: Final = re.compile(r"(.*)#([1-9][0-9]{0,8})")


def by_wall_clock(paths: Sequence[Path]) -> list[Origin]:
    """Return traces on one clock, as far as the pairs of clocks in their headers tell.

    Raises:
        WeftError: a file is no trace, holds nothing, or was recorded on another day.
    """
    offsets, starts = zip(*((offset, start + offset) for offset, start in map(_clock, paths)), strict=True)
    for path, start in zip(paths, starts, strict=True):
        if abs(start - starts[0]) > FURTHEST_NS:
            days = abs(start - starts[0]) // FURTHEST_NS
            raise WeftError(
                f"{path} was recorded {days} day{'s' * (days > 1)} from {paths[0]}: one clock for both shows nothing; "
                "compare two runs with --against"
            )
    origins = []
    for path, label, offset in zip(paths, labels(paths), offsets, strict=True):
        apart = abs(offset - offsets[0])
        if apart < SAME_NS:
            said = f"on the clock of the first, to the ns; since then the wall clock was set by {_words(apart)}"
            origins.append(Origin(path, label, offsets[0], said if path != paths[0] else "the first: its clock counts"))
        else:
            said = "another machine's clock, or one started anew: by the wall clocks, as wrong as those were"
            origins.append(Origin(path, label, offset, said))
    return origins


def by_start(paths: Sequence[Path], request: str = "") -> list[Origin]:
    """Return two or more runs moved so that they begin at one moment.

    Args:
        request: where given, they are moved so that this request begins at one moment: a part of method and path
            (``GET /report``), or all of it with ``*``; ``#3`` behind it means the third such one.

    Raises:
        WeftError: a file is no trace, holds nothing, or has no such request.
    """
    clocks = [_clock(path) for path in paths]
    begins = [_request(path, request) if request else start for path, (_, start) in zip(paths, clocks, strict=True)]
    wall = clocks[0][0] + begins[0]
    said = f"moved so that {request} begins with that of the first" if request else "moved to begin with the first"
    return [
        Origin(path, label, wall - begin, said if number else "the first: its clock counts")
        for number, (path, label, begin) in enumerate(zip(paths, labels(paths), begins, strict=True))
    ]


def labels(paths: Sequence[Path]) -> list[str]:
    """Return short names that tell files apart: their own where these are short enough, otherwise letters."""
    stems = [path.stem for path in paths]
    if len(set(stems)) == len(stems) and max(map(len, stems)) <= LABEL and all(map(str.isprintable, stems)):
        return stems
    return [chr(ord("A") + number) if number < 26 else str(number) for number in range(len(paths))]


def _clock(path: Path) -> tuple[int, int]:
    """Return what the wall clock is ahead of the trace's own, and when the trace begins on its own, ns."""
    tail = Tail(path)
    try:
        offset = tail.header.wall_ns - tail.header.perf_ns
        while tail.unread() > 0:
            for item in tail.read():
                if isinstance(item, Events):
                    return offset, int(item.time.min())
    finally:
        tail.close()
    raise WeftError(f"{path} holds no events; record again with `weft record -- CMD`")


def _request(path: Path, wanted: str) -> int:
    """Return when a request of a trace begins, ns."""
    numbered = _NUMBERED.fullmatch(wanted)
    name, number = (numbered[1], int(numbered[2])) if numbered else (wanted, 1)
    times = sorted(_begins(path, name.lower()))
    if len(times) < number:
        found = f"only {len(times)} of them" if times else "none"
        raise WeftError(f"{path} has {found}: a request {name!r} number {number}; name one as in 'GET /report#2'")
    return times[number - 1]


def _begins(path: Path, name: str) -> Iterator[int]:
    targets: set[tuple[int, int]] = set()
    for item in read(path):
        if isinstance(item, Definitions):
            told = [entry for entry in item.entries if entry.get("is") == "target"]
            fit = [each for each in told if _fits(f"{each.get('method')} {each.get('path')}".lower(), name)]
            targets |= {(item.process, each["id"]) for each in fit if isinstance(each.get("id"), int)}
        elif isinstance(item, Events):
            mine = [target for process, target in targets if process == item.process]
            at = np.flatnonzero((item.kind == Kind.REQUEST_ENTER) & np.isin(item.obj, mine))
            yield from item.time[at].tolist()


def _fits(target: str, name: str) -> bool:
    return fnmatchcase(target, name) if "*" in name or "?" in name else name in target


def _words(ns: int) -> str:
    for size, unit in ((10**6, "ms"), (10**3, "us")):
        if ns >= size:
            return f"{ns / size:.1f} {unit}"
    return f"{ns} ns"
