"""`weft record`: run a command and record it, without a screen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from weft.record.launch import environment
from weft_tui import running, summary
from weft_tui.commands import app_name, checked, force_option, new_trace, output_option, program, recording_options
from weft_tui.wrapping import say


@click.command(
    short_help="Run a command and record it.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@output_option
@force_option
@recording_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD…")
def record(output: Path | None, force: bool, command: tuple[str, ...], **options: Any) -> int:
    """Run CMD and record its threads, locks and requests to a trace.

    CMD is any command that starts Python 3.11 or newer; it needs no change, and weft need not be installed where it
    runs. Its signals, streams and exit status stay its own.
    """
    recording = checked(options)
    found = program(command)
    trace = new_trace(output, force, app_name(command))
    say(f"weft: recording to {trace}", err=True)
    status = running.in_foreground(found, environment(os.environ, str(trace), **recording))
    say(f"weft: {summary.of_recording(trace, ring=bool(recording.get('ring')))}", err=True)
    if not summary.holds_events(trace):
        trace.unlink()
    return running.exit_like(status)
