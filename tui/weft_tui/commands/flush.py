"""`weft flush`: have a flight recorder write what it keeps."""

from __future__ import annotations

import time
from pathlib import Path

import click

from weft import WeftError
from weft.counted import many
from weft.record.launch import FLUSH
from weft_tui import invoked
from weft_tui.wrapping import say

PATIENCE_SECONDS = 3.0
"""Recorders look ten times a second."""


@click.command(short_help="Have a flight recorder write the last seconds.")
@click.argument("file", type=click.Path(path_type=Path))
def flush(file: Path) -> None:
    """Have the programs that record to FILE with --ring write the last seconds to it.

    All processes that share FILE do, whatever signals mean to them. Recording goes on.
    """
    from weft.log.reader import Tail

    Tail(file).close()
    before = size = file.stat().st_size
    asking = file.with_name(f"{file.name}{FLUSH}")
    try:
        asking.write_text("")
    except OSError as error:
        raise WeftError(f"{asking} cannot be made: {error.strerror}; it asks the recorder to write") from None
    try:
        for _ in range(int(PATIENCE_SECONDS / 0.2)):
            time.sleep(0.2)
            size, last = file.stat().st_size, size
            if size == last > before:
                break
    finally:
        asking.unlink(missing_ok=True)
    if size == before:
        raise WeftError(f"nobody wrote to {file}; is it recorded with --ring, and does the app still run?")
    say(f"{many(size - before, 'byte was', 'bytes were')} written; look at them with: {invoked.weft()} replay {file}")
