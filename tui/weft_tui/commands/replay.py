"""`weft replay`: look at a recorded trace."""

from __future__ import annotations

from pathlib import Path

import click

from weft_tui import summary
from weft_tui.commands import need_terminal, show


@click.command(short_help="Look at a recorded trace.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def replay(file: Path | None) -> None:
    """Look at a recorded FILE, with the same screen and keys as live; without FILE choose one of the recent traces."""
    chosen = file if file is not None else _choose()
    if chosen is None:
        return
    summary.need_events(chosen)
    need_terminal("`weft report FILE`")
    show(chosen, live=False, title=chosen.name)


def _choose() -> Path | None:
    """Return the trace that somebody chooses, None for none."""
    from weft_tui.recents import listed

    traces = listed()
    need_terminal("`weft report FILE`")

    from weft_tui.recent_app import RecentApp

    return RecentApp(traces).run()
