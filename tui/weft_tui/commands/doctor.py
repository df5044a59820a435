"""`weft doctor`: what the recorder can and cannot see of an app, and what it costs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from weft.record.launch import environment
from weft_tui import checkup, running, summary
from weft_tui.commands import (
    all_locks_option,
    app_name,
    contended_option,
    force_option,
    new_trace,
    output_option,
    program,
)
from weft_tui.wrapping import say

SICK = 1


@click.command(
    short_help="Say what can be seen of an app, and what recording costs.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@output_option
@force_option
@all_locks_option
@contended_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="TRACE | -- CMD…")
def doctor(form: str, output: Path | None, force: bool, command: tuple[str, ...], **options: bool) -> int:
    """Say what can and cannot be seen of an app, and what recording costs it.

    Runs CMD recorded until it ends (send it some requests, then stop it with Ctrl-C), or looks at a TRACE.
    Exit status 0: requests were seen; 1: they were not, and a sentence says what to do.
    """
    from weft.timeline import load
    from weft.timeline.recording import recording

    trace, status = _trace(command), 0
    if trace is None:
        found = program(command)
        trace = new_trace(output, force, app_name(command))
        say(f"weft: recording to {trace}; send the app some requests, then stop it with Ctrl-C", err=True)
        status = running.in_foreground(found, environment(os.environ, str(trace), **options))
    else:
        summary.need_trace(trace)
    figures = recording(load(trace))
    advice = checkup.advice(figures)
    if form == "json":
        click.echo(json.dumps({"trace": str(trace), "status": status, "advice": advice, **figures}, indent=2))
    else:
        fault = f"{Path(command[0]).name} failed: it ended {running.how(status)}." if running.failed(status) else ""
        say(checkup.text(figures, fault))
    return SICK if advice else 0


def _trace(command: tuple[str, ...]) -> Path | None:
    """Return the trace that is named in place of a command, None when it is a command."""
    from weft.places import SUFFIX

    path = Path(command[0])
    if len(command) > 1:
        return None
    return path if path.suffix == SUFFIX or (path.is_file() and not os.access(path, os.X_OK)) else None
