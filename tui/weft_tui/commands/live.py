"""`weft live`: watch a trace that is being written."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import click

from weft import places
from weft_tui.commands import need_terminal, show

SILENCE_SECONDS = 4.0


@click.command(short_help="Watch a trace while it grows.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def live(file: Path | None) -> None:
    """Watch FILE while it grows; without FILE the newest trace in the default folder."""
    from weft.log.reader import Tail

    trace = file if file is not None else places.newest()
    Tail(trace).close()
    need_terminal("`weft report FILE`")
    show(trace, live=True, title=trace.name, child=lambda: _silence(trace))
    click.echo(f"weft: look at it again with: weft replay {shlex.quote(str(trace))}", err=True)


def _silence(trace: Path) -> str | None:
    """Return a sentence once nothing has been written for a while: a recorder gives a sign of life every second."""
    try:
        silent = time.time() - trace.stat().st_mtime
    except OSError:
        return "the trace has been removed"
    return f"nothing written for {silent:.0f} s: the app has ended" if silent > SILENCE_SECONDS else None
