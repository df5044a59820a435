"""`weft record`: run a command and record it, without a screen."""

from __future__ import annotations

import os
from pathlib import Path

import click

from weft.record.launch import environment
from weft_tui import running, summary
from weft_tui.commands import all_locks_option, app_name, force_option, log_option, new_trace, output_option, program


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@output_option
@force_option
@all_locks_option
@log_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD…")
def record(output: Path | None, force: bool, all_locks: bool, log: int | None, command: tuple[str, ...]) -> int:
    """Run CMD and record its threads, locks and requests to a trace.

    CMD is any command that starts Python 3.11 or newer; it needs no change, and weft need not be installed where it
    runs. Its signals, streams and exit status stay its own.
    """
    found = program(command)
    trace = new_trace(output, force, app_name(command))
    click.echo(f"weft: recording to {trace}", err=True)
    status = running.in_foreground(found, environment(os.environ, str(trace), all_locks=all_locks, log=log))
    click.echo(f"weft: {summary.of_recording(trace)}", err=True)
    if not summary.holds_events(trace):
        trace.unlink()
    return running.exit_like(status)
