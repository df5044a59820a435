"""`weft demo`: a small shop under load, to see what weft shows."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from weft import WeftError
from weft.counted import many
from weft.record.launch import environment
from weft_tui import invoked, summary
from weft_tui.commands import force_option, need_terminal, new_trace, output_option, show
from weft_tui.wrapping import say, terminal_width

HEADLESS_SECONDS = 5.0


@click.command(short_help="Run a small shop under load, recorded and watched.")
@click.argument("name", default="shop")
@click.option("--headless", is_flag=True, help="Without a screen: end with a text timeline and the report.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    metavar="SECONDS",
    help=f"How long the customers come; headless: {HEADLESS_SECONDS:g}, else 600.",
)
@click.option(
    "--clients", type=click.IntRange(1, 64), metavar="COUNT", default=8, show_default=True, help="Customers at a time."
)
@output_option
@force_option
def demo(name: str, headless: bool, seconds: float | None, clients: int, output: Path | None, force: bool) -> None:
    """Run the demo NAME on a real server under real HTTP load, recorded and watched.

    The only one so far is `shop`: its report holds the stock lock too long. Quitting stops everything.
    """
    from weft_demos import names

    if name not in names():
        raise WeftError(f"no demo is called {name!r}; there is: {', '.join(names())}")
    if headless or not sys.stdout.isatty():
        _headless(name, seconds or HEADLESS_SECONDS, clients, new_trace(output, force, name))
    else:
        need_terminal("`weft demo --headless`")
        _on_screen(name, seconds, clients, new_trace(output, force, name))


def _headless(name: str, seconds: float, clients: int, trace: Path) -> None:
    from weft.findings import find
    from weft.timeline import load
    from weft_demos.session import DemoSession
    from weft_tui.reports import text

    say(f"weft: the {name} for {seconds:g} s with {many(clients, 'customer')}, recording to {trace}", err=True)
    with DemoSession(
        name, environment=environment(os.environ, str(trace)), clients=clients, seconds=seconds
    ) as session:
        done = session.wait_load()
    snapshot = load(trace)
    click.echo(text.report(snapshot, find(snapshot), terminal_width()))
    answered = sum(done["requests"].values())
    say(f"\nThe customers got {many(answered, 'answer')}. Look closer with: {invoked.weft()} replay {trace}")


def _on_screen(name: str, seconds: float | None, clients: int, trace: Path) -> None:
    from weft_demos.session import DemoSession

    with DemoSession(
        name, environment=environment(os.environ, str(trace)), clients=clients, seconds=seconds
    ) as session:
        show(trace, live=True, title=f"demo {name}", child=session.poll)
    say(f"weft: {summary.of_recording(trace)}", err=True)
