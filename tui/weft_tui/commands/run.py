"""`weft run`: run a command and watch it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import click

from weft.record.launch import environment
from weft_tui import running, summary
from weft_tui.commands import (
    app_name,
    checked,
    force_option,
    need_terminal,
    new_trace,
    output_option,
    program,
    recording_options,
    show,
)
from weft_tui.wrapping import say


@click.command(
    short_help="Run a command and watch its threads live.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@output_option
@force_option
@recording_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD…")
def run(output: Path | None, force: bool, command: tuple[str, ...], **options: Any) -> int:
    """Run CMD and watch its threads live.

    The trace is kept, so that it can be replayed. Quitting stops CMD; when CMD has ended by itself, its exit status is
    the command's.
    """
    need_terminal("`weft record -- CMD`")
    recording = checked(options)
    found = program(command)
    trace = new_trace(output, force, app_name(command))
    said = trace.with_name(f"{trace.name}.out")
    if force:
        said.unlink(missing_ok=True)
    child = running.Background(found, environment(os.environ, str(trace), **recording), said)
    try:
        show(trace, live=True, title=shlex.join(command), child=child.ended)
    finally:
        status = child.stop()
    if status:
        click.echo(running.last_lines(child.output), err=True)
    say(f"weft: {summary.of_recording(trace, ring=bool(recording.get('ring')))}", err=True)
    return running.exit_like(status)
