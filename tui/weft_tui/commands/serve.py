"""`weft serve`: the dashboard in a browser."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weft_tui import summary
from weft_tui.wrapping import say


@click.command(short_help="Show a trace in a browser of this machine.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--live", is_flag=True, help="FILE still grows: follow it.")
@click.option("--against", type=click.Path(path_type=Path), metavar="FILE", help="As with `weft replay`.")
@click.option("--at", metavar="REQUEST", help="As with `weft replay`.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of 127.0.0.1; default: a free one.")
def serve(files: tuple[Path, ...], live: bool, against: Path | None, at: str | None, port: int) -> None:
    """Show FILE in a browser of this machine, with the same screen and keys; without FILE choose one there.

    Prints the address to open. It holds a random token, so that only who knows it can look. Ctrl-C ends it.
    """
    from weft_tui.recents import listed
    from weft_tui.web import server

    if live and (len(files) != 1 or against or at):
        raise click.UsageError("--live follows one trace: name the FILE that still grows, and nothing else")
    options = ([f"--against={against.absolute()}"] if against else []) + ([f"--at={at}"] if at is not None else [])
    opened = (*files, against) if against else files
    for file in opened:
        (summary.need_trace if live else summary.need_events)(file)
    if not opened:
        listed()
    arguments = ["live" if live else "replay", *options, *(str(file.absolute()) for file in files)]
    title = ", ".join(file.name for file in opened) or "recent traces"
    with server.bound(port) as listening:
        server.serve(arguments, listening, f"weft: {title}", _say)


def _say(url: str) -> None:
    click.echo(url)
    say("weft: open this address in a browser of this machine; Ctrl-C ends it", err=True)
    sys.stdout.flush()
