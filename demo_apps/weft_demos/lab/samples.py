"""Traces that lessons have recorded and that come with weft, each with what was measured then."""

from __future__ import annotations

import json
import sys
import sysconfig
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import weft_demos
from weft import places
from weft.errors import WeftError
from weft.log import format as fmt
from weft.log.blocks import Block
from weft.log.reader import Tail
from weft.log.repair import parts

from .measuring import Measured, as_json, from_json

SOURCE = Path(weft_demos.__file__).parent
HOME = "/weft_demos"
"""What samples call the folder that lessons are in."""

Change = Callable[[str], str]
"""Changes definitions, as JSON."""

MOST_BYTES = 200_000
"""A sample is no larger."""


def folder() -> Path:
    """Return where the samples are."""
    return SOURCE / "samples"


def names() -> list[str]:
    """Return the samples there are."""
    return sorted(path.stem for path in folder().glob(f"*{places.SUFFIX}"))


def trace(name: str) -> Path:
    """Return a sample trace.

    Raises:
        WeftError: there is none of that name.
    """
    if name not in names():
        raise WeftError(f"no sample is called {name!r}; there is: {', '.join(names())}")
    return folder() / f"{name}{places.SUFFIX}"


def at_home(name: str, folder: Path) -> Path:
    """Return a copy of a sample, in a folder, that names the lesson's file where it is here: its source can be shown.

    Raises:
        WeftError: there is none of that name, or it cannot be read.
    """
    copy = folder / f"{name}{places.SUFFIX}"
    here = json.dumps(str(SOURCE), ensure_ascii=True)[:-1]
    copy.write_bytes(b"".join(_changed(trace(name), lambda text: text.replace(f'"{HOME}/', f"{here}/"))))
    return copy


def measured(name: str) -> Measured | None:
    """Return what was measured when the sample was recorded, None where there is none."""
    path = folder() / f"{name}.json"
    return from_json(json.loads(path.read_text("utf-8"))) if path.exists() else None


def ship(result: Measured) -> None:
    """Make a result the sample of its lesson, without the names of this machine's folders.

    Raises:
        WeftError: its trace is too large, or cannot be read.
    """
    folder().mkdir(exist_ok=True)
    about = {**as_json(result), "traces": {}}
    (folder() / f"{result.lesson}.json").write_text(_neutral(json.dumps(about, indent=1)) + "\n", encoding="utf-8")
    if result.trace is None:
        return
    data = b"".join(_changed(result.trace, _neutral))
    if len(data) > MOST_BYTES:
        raise WeftError(
            f"{result.trace} takes {len(data):,} bytes, a sample at most {MOST_BYTES:,}: send fewer requests"
        )
    (folder() / f"{result.lesson}{places.SUFFIX}").write_bytes(data)


def _changed(path: Path, change: Change) -> Iterator[bytes]:
    """Yield the parts of a trace, with its definitions changed."""
    tail = Tail(path)
    try:
        yield fmt.file_header(tail.header.wall_ns, tail.header.perf_ns)
        for part in parts(tail):
            if not isinstance(part, Block):
                raise WeftError(f"{path} is damaged at {part.offset}: {part.reason}")
            yield _changed_block(part, change)
    finally:
        tail.close()


def _changed_block(block: Block, change: Change) -> bytes:
    raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(block.stored)
    said = change(raw[: block.defined].decode("ascii")).encode("ascii")
    about: dict[str, Any] = {"runs": block.runs, "records": block.records, "kind": block.kind}
    return fmt.block(
        said + raw[block.defined :], bytes(block.noise), block.process,
        defined=len(said), since_ns=block.since_ns, until_ns=block.until_ns, **about,
    )  # fmt: skip


def _neutral(text: str) -> str:
    """Return JSON text with the folders of this machine called what they are."""
    known = {
        str(SOURCE): HOME,
        str(SOURCE.parent.parent / "traces"): "/weft",
        sysconfig.get_path("purelib"): "/site-packages",
        sysconfig.get_path("stdlib"): "/python",
        sys.executable: "python",
        sys.prefix: "/venv",
        sys.base_prefix: "/python",
        str(places.folder()): "/traces",
        str(Path.home()): "/home",
        tempfile.gettempdir(): "/lab",
    }
    for path, name in sorted(known.items(), key=lambda item: -len(item[0])):
        text = text.replace(path, name)
    return text
