"""`weft report`: a trace in numbers."""

from __future__ import annotations

import json
from pathlib import Path

import click

from weft_tui import summary


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def report(file: Path, form: str) -> None:
    """Print what FILE holds: a text timeline, locks by contention, endpoints by waiting."""
    summary.need_events(file)
    from weft.timeline import load
    from weft.timeline.report import report as figures

    snapshot = load(file)
    if form == "json":
        click.echo(json.dumps(figures(snapshot), indent=2))
    else:
        click.echo(summary.text(snapshot))
