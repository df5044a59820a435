"""`weft diff`: what changed from one run to another."""

from __future__ import annotations

import json
from pathlib import Path

import click

from weft_tui import summary
from weft_tui.commands.report import off_option, options_of, set_option
from weft_tui.wrapping import terminal_width


@click.command(short_help="Print what changed from one trace to another.")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@set_option
@off_option
def diff(before: Path, after: Path, form: str, settings: tuple[str, ...], off: tuple[str, ...]) -> None:
    """Print what changed from the trace BEFORE to the trace AFTER, per lock and endpoint, and findings new and gone."""
    for file in (before, after):
        summary.need_events(file)
    from weft.findings.compare import compare
    from weft.timeline import load
    from weft_tui.reports import markdown, text

    told = compare(load(before), load(after), options_of(settings, off))
    if form == "json":
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(markdown.difference(told) if form == "markdown" else text.difference(told, terminal_width()))
