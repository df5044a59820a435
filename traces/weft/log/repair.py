"""Keep every sound block of a damaged trace, and say where the others were."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import WeftError
from . import format as fmt
from .blocks import Block, Gap
from .reader import Names, Tail, decode


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair kept, in blocks, and what it left out, in gaps and bytes."""

    blocks: int
    gaps: int
    bytes_lost: int


def repair(path: Path, output: Path) -> Repaired:
    """Write the sound blocks of a trace to a new file that only its owner can read, byte by byte as they are.

    Blocks of kinds that this version does not know are kept. In place of damage stands a block that tells of it, so
    that readers still show the gap.

    Raises:
        WeftError: the file is missing or no trace, or there is something at ``output``, or it cannot be written.
    """
    tail = Tail(path)
    try:
        return _copy(tail, output)
    finally:
        tail.close()


def parts(tail: Tail) -> Iterator[Block | Gap]:
    """Yield the blocks of a file that does not grow any more, and its damage; a block of nonsense is damage too."""
    names: Names = {}
    while tail.unread() > 0:
        for part in tail.parts():
            yield _judged(part, names)
    for gap in tail.finish():
        if isinstance(gap, Gap):
            yield gap


def _judged(part: Block | Gap, names: Names) -> Block | Gap:
    if isinstance(part, Gap) or part.kind not in (fmt.TICK, fmt.SCAR) or part.codec != fmt.DEFLATE:
        return part
    wrong = [item for item in decode(part, names) if isinstance(item, Gap) and not item.mended]
    return wrong[0] if wrong else part


def _copy(tail: Tail, output: Path) -> Repaired:
    blocks = gaps = lost = 0
    try:
        fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise WeftError(f"{output} exists; name another file with -o") from None
    except OSError as error:
        raise WeftError(f"{output} cannot be made: {error.strerror}") from None
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(fmt.file_header(tail.header.wall_ns, tail.header.perf_ns))
            for part in parts(tail):
                if isinstance(part, Block):
                    file.write(part.data)
                    blocks += 1
                else:
                    file.write(_scar(part))
                    gaps, lost = gaps + 1, lost + part.size
    except OSError as error:
        raise WeftError(f"{output} could not be written to its end: {error.strerror}") from None
    return Repaired(blocks, gaps, lost)


def _scar(gap: Gap) -> bytes:
    entries = [{"is": "gap", "offset": gap.offset, "size": gap.size, "reason": gap.reason}]
    raw = json.dumps(entries).encode("ascii")
    nothing = {"runs": 0, "records": 0, "since_ns": 0, "until_ns": 0}
    return fmt.block(raw, b"", 0, defined=len(raw), kind=fmt.SCAR, **nothing)
