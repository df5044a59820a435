"""One command per module: check, open, run."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weft import WeftError, levels, places
from weft_tui import looks

if TYPE_CHECKING:
    from weft.log.several import Origin
    from weft_tui.shown import Shown

MIN_COLUMNS, MIN_ROWS = 60, 16

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The trace to write; default: a new one."
)
force_option = click.option("--force", is_flag=True, help="Replace the file named by -o.")
all_locks_option = click.option(
    "--all-locks", is_flag=True, help="Record locks of Python's library and of frameworks too."
)

ring_option = click.option(
    "--ring",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Keep the last seconds in memory; write them on SIGUSR2, weft flush, a deadlock or a slow request.",
)
slower_than_option = click.option(
    "--slower-than",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MS",
    help="With --ring: write when a request lasts longer.",
)
contended_option = click.option(
    "--contended", is_flag=True, help="Of locks record only what is waited for: costs least."
)


class Level(click.ParamType[int]):
    """A level of logging; for people who forget the ``--`` in front of the command, the error says so."""

    name = "level"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the level's number."""
        if isinstance(value, int):
            return value
        try:
            return levels.number(str(value))
        except WeftError as error:
            self.fail(f"{error}; write --log=LEVEL, or --log -- CMD for all", param, ctx)


log_option = click.option(
    "--log",
    type=Level(),
    is_flag=False,
    flag_value="all",
    metavar="[LEVEL]",
    help="Record what is logged too, from LEVEL on: all, debug, info, warning, error, critical.",
)


def recording_options(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command what says how to record; they arrive as fields of `weft.record.options.Options`."""
    for option in (contended_option, slower_than_option, ring_option, log_option, all_locks_option):
        command = option(command)
    return command


def checked(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that `recording_options` adds, without those that were not given.

    Raises:
        WeftError: they make no sense together.
    """
    if options["slower_than"] and not options["ring"]:
        raise WeftError("--slower-than needs --ring: say how many seconds to keep, as in --ring 10")
    return {name: value for name, value in options.items() if value is not None}


def new_trace(output: Path | None, force: bool, name: str) -> Path:
    """Create the trace to record to: the named one, or a new one in the default folder."""
    path = places.create(output, force=force) if output is not None else places.new_trace(name)
    return path.absolute()


def app_name(command: tuple[str, ...]) -> str:
    """Return what a command is best called: the script or module where it starts with Python, else the program."""
    program, *arguments = command
    if not Path(program).name.startswith("python"):
        return program
    for index, argument in enumerate(arguments):
        if argument == "-m" and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument == "-c":
            break
        if not argument.startswith("-"):
            return argument
    return Path(program).name


def program(command: tuple[str, ...]) -> list[str]:
    """Return the command with its program found.

    Raises:
        WeftError: there is no such program.
    """
    found = shutil.which(command[0])
    if found is None:
        raise WeftError(f"{command[0]}: no such program; name one that is there, as in `-- flask run`")
    return [found, *command[1:]]


def need_terminal(instead: str) -> None:
    """Check that a screen can be shown.

    Args:
        instead: what to use without a terminal.

    Raises:
        WeftError: standard output is no terminal, or one that is too small.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        # A server draws for us.
        return
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise WeftError(f"this needs a terminal to draw on; without one use {instead}")
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    # A terminal that does not tell its size says 0.
    if 0 < columns < MIN_COLUMNS or 0 < rows < MIN_ROWS:
        raise WeftError(
            f"the terminal has {columns}x{rows} characters, {MIN_COLUMNS}x{MIN_ROWS} are needed: "
            f"enlarge it or use {instead}"
        )


def show(
    trace: Path,
    *,
    live: bool,
    title: str,
    child: Callable[[], str | None] | None = None,
    origins: Sequence[Origin] = (),
    against: bool = False,
) -> None:
    """Show the dashboard until it is left; for the arguments see `WeftApp`."""
    from weft_tui.app import Mode, WeftApp

    mode = Mode.LIVE if live else Mode.REPLAY
    run_app(WeftApp(trace, mode=mode, title=title, child=child, origins=origins, against=against))


def run_app(app: Shown[None]) -> None:
    """Run an app as the terminal can show it and as it was liked before; where it fails, end with its status.

    Raises:
        WeftError: what it shows cannot be run.
    """
    from weft_tui.settings import load, place

    app.dress(looks.wanted(os.environ), load(place()))
    # What has been imported stays, so garbage need not be looked for among it: that would stall the screen.
    gc.freeze()
    app.run()
    if app.failure is not None:
        raise app.failure
    if app.return_code:
        sys.exit(app.return_code)
