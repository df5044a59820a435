"""`weft explore`: find the order of threads that breaks a small Flask app, or show that none does."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import click

from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess, Executions
from weft.stage.search import preferring, verdicts
from weft.stage.search.continuing import lead
from weft.stage.search.searching import Budget, Report, Search
from weft_tui.commands import need_terminal
from weft_tui.commands.staging import need_free, on_screen, target_options, wanted_by, write_schedule
from weft_tui.wrapping import say

FAILS, UNDECIDED = 1, 3
PROGRESS_SECONDS = 0.1


@click.command(short_help="Find the order of threads that breaks an app.")
@target_options
@click.option(
    "--stops",
    type=click.Choice([one.value for one in Stops]),
    default=Stops.ACCESS.value,
    metavar="WHERE",
    help="Where threads may be switched: sync, access (default).",
)
@click.option(
    "--as", "interpreter", type=click.Choice([one.value for one in As]), default=As.FREE_THREADED.value,
    metavar="WHOSE", help="Switches tried: of this interpreter (this), or all (free-threaded, the default).",
)  # fmt: skip
@click.option("--races", is_flag=True, help="Also find accesses to the same thing that nothing orders.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    metavar="SECONDS",
    show_default=True,
    help="How long to search.",
)
@click.option(
    "--executions",
    type=click.IntRange(min=1),
    default=100_000,
    metavar="COUNT",
    show_default=True,
    help="How many executions to make.",
)
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Write the failing order as a schedule.")
@click.option("--force", is_flag=True, help="Replace the file named by --save.")
@click.option("--open", "opened", is_flag=True, help="Step through the failing order afterwards.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explore(
    target: str | None,
    requests: tuple[str, ...],
    check: str,
    seed: int | None,
    fixed: bool,
    stops: str,
    interpreter: str,
    races: bool,
    seconds: float,
    executions: int,
    save: Path | None,
    force: bool,
    opened: bool,
    form: str,
) -> int:
    """Try the orders in which the threads of TARGET can run: a demo's name, MODULE:SCENARIO, FILE.py, or an app.

    \b
    weft explore oversell
    weft explore oversell --fixed
    weft explore shop:create_app --request "POST /buy" --request "POST /buy" \\
        --check "GET /stock == 0"

    The exit status is 1 when an order breaks it, 0 when all were tried and none does, and 3 when neither is known.
    """
    need_free(save, force, ", or replace it with --force")
    if opened:
        need_terminal("--save, and `weft step --schedule`")
    wanted = wanted_by(None, target, requests, check, seed, fixed)
    where, played = Stops(stops), As(interpreter)
    process = AppProcess(**wanted)
    try:
        report, session = preferring.searched(process, where, played, Budget(seconds, executions, races), _searched)
        again = {**wanted, "learned": session.learned}
        if save is not None and report.verdict == "fails":
            write_schedule(save, session, wanted, force=force)
        if form == "json":
            click.echo(json.dumps(verdicts.as_json(session, report, wanted), indent=2))
        else:
            say(verdicts.as_text(session, report, save))
    finally:
        process.close()
    if opened and report.verdict == "fails":
        on_screen(again, where, session.interpreter, lambda session: lead(session, report))
    return {"holds": 0, "fails": FAILS}.get(report.verdict, UNDECIDED)


def _searched(executions: Executions, budget: Budget) -> Report:
    """Search with progress on stderr; Ctrl-C ends it with what is known."""
    interrupted = False
    told = time.monotonic()

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True

    def progress(report: Report) -> None:
        nonlocal told
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            click.echo(f"\r\x1b[K{verdicts.progress(report)}", nl=False, err=True)

    shown = sys.stderr.isatty()
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        quiet = lambda report: None  # noqa: E731
        return Search(executions, budget, lambda: interrupted, progress if shown else quiet).run()
    finally:
        signal.signal(signal.SIGINT, before)
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True)
