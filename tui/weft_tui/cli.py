"""The `weft` command: what there is, and one line for whatever goes wrong."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NoReturn

import click

from weft import WeftError, __version__
from weft_tui import looks
from weft_tui.wrapping import say

BAD_INPUT = 2
COMMANDS = (
    *("run", "record", "flush", "live", "replay", "serve", "report", "diff", "doctor", "info", "verify", "repair"),
    *("export", "demo", "explore", "step", "scenarios", "lab"),
)


class Commands(click.Group):
    """Imports a command when it is wanted: each needs other things, and none needs them all."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None when there is no such one."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            command: click.Command = getattr(import_module(f"weft_tui.commands.{cmd_name}"), cmd_name)
            command.params.append(looks.ascii_option())
            self.add_command(command)
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="weft")
def cli() -> None:
    """See how the threads of a Flask app interleave: who waits, on which lock, behind which request."""


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
        words = sys.argv[1:] if arguments is None else arguments
        fail(f"{error.format_message().rstrip('.')}; {_help_hint(error, words)}")
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
    say(f"weft: {' '.join(message.split())}", err=True)
    sys.exit(BAD_INPUT)


def _help_hint(error: click.ClickException, arguments: list[str]) -> str:
    context = getattr(error, "ctx", None)
    # An option without its argument is refused before there is a context.
    command = next((word for word in arguments if not word.startswith("-")), "")
    path = f"weft {command}" if command in COMMANDS else "weft"
    return f"see `{context.command_path if context else path} --help`"
