"""`weft replay`: look at a recorded trace."""

from __future__ import annotations

from pathlib import Path

import click

from weft_tui import summary
from weft_tui.commands import need_terminal, show


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def replay(file: Path) -> None:
    """Look at a recorded FILE, with the same screen and keys as live."""
    summary.need_events(file)
    need_terminal("`weft report FILE`")
    show(file, live=False, title=file.name)
