"""The `weft` command: what there is, and one line for whatever goes wrong."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from weft import WeftError, __version__
from weft_tui import looks
from weft_tui.commands.demo import demo
from weft_tui.commands.diff import diff
from weft_tui.commands.doctor import doctor
from weft_tui.commands.explore import explore
from weft_tui.commands.export import export
from weft_tui.commands.flush import flush
from weft_tui.commands.info import info
from weft_tui.commands.lab import lab
from weft_tui.commands.live import live
from weft_tui.commands.record import record
from weft_tui.commands.repair import repair
from weft_tui.commands.replay import replay
from weft_tui.commands.report import report
from weft_tui.commands.run import run
from weft_tui.commands.scenarios import scenarios
from weft_tui.commands.serve import serve
from weft_tui.commands.step import step
from weft_tui.commands.verify import verify

BAD_INPUT = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="weft")
def cli() -> None:
    """See how the threads of a Flask app interleave: who waits, on which lock, behind which request."""


for command in (
    *(run, record, flush, live, replay, serve, report, diff, doctor, info, verify, repair, export),
    *(demo, explore, step, scenarios, lab),
):
    command.params.append(looks.ascii_option())
    cli.add_command(command)
cli.params.append(looks.ascii_option())


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit with its status; bad input is one line on stderr and status 2."""
    if looks.of_terminal(os.environ, looks.encoding()).ascii:
        looks.write_ascii()
    try:
        status = cli.main(arguments, prog_name="weft", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        fail(f"{error.format_message().rstrip('.')}; {_help_hint(error)}")
    except WeftError as error:
        fail(str(error))
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; keep Python from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    sys.exit(status if isinstance(status, int) else 0)


def fail(message: str) -> NoReturn:
    """Say what is wrong in one line and exit with status 2."""
    click.echo(f"weft: {' '.join(message.split())}", err=True)
    sys.exit(BAD_INPUT)


def _help_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"see `{context.command_path if context else 'weft'} --help`"
