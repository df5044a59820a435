"""`weft live`: watch a trace that is being written."""

from __future__ import annotations

from pathlib import Path

import click

from weft import places
from weft_tui.commands import need_terminal, show


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def live(file: Path | None) -> None:
    """Watch FILE while it grows; without FILE the newest trace in the default folder."""
    from weft.log.reader import Tail

    trace = file if file is not None else places.newest()
    Tail(trace).close()
    need_terminal("`weft report FILE`")
    show(trace, live=True, title=trace.name)
