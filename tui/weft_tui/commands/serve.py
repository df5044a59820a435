"""`weft serve`: the dashboard in a browser."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weft_tui import summary


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--live", is_flag=True, help="FILE still grows: follow it.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of 127.0.0.1; default: a free one.")
def serve(file: Path | None, live: bool, port: int) -> None:
    """Show FILE in a browser of this machine, with the same screen and keys; without FILE choose one there.

    Prints the address to open. It holds a random token, so that only who knows it can look. Ctrl-C ends it.
    """
    from weft_tui.recents import listed
    from weft_tui.web import server

    if live and file is None:
        raise click.UsageError("--live needs a FILE: name the trace that still grows")
    if file is None:
        listed()
    else:
        (summary.need_trace if live else summary.need_events)(file)
    arguments = ["live" if live else "replay", *([str(file.absolute())] if file else [])]
    with server.bound(port) as listening:
        server.serve(arguments, listening, f"weft: {file.name if file else 'recent traces'}", _say)


def _say(url: str) -> None:
    click.echo(url)
    click.echo("weft: open this address in a browser of this machine; Ctrl-C ends it", err=True)
    sys.stdout.flush()
