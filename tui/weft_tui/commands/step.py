"""`weft step`: decide which thread of a small Flask app moves next, forward and back."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from weft import WeftError
from weft.stage import schedule as schedules
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess
from weft.stage.schedule import Schedule
from weft.stage.session import Order, Session
from weft_tui import telling
from weft_tui.commands import need_terminal
from weft_tui.commands.staging import need_free, on_screen, target_options, wanted_by, write_schedule, write_trace

BROKEN, UNDECIDED = 1, 3


@click.command(short_help="Step through an app, thread by thread.")
@target_options
@click.option(
    "--stops",
    type=click.Choice([one.value for one in Stops]),
    default=None,
    metavar="WHERE",
    help="Where threads stop: sync, access (default), line, opcode.",
)
@click.option(
    "--as", "interpreter", type=click.Choice([one.value for one in As]), default=None, metavar="WHOSE",
    help="Allowed switches: of this interpreter (this), or all (free-threaded, the default).",
)  # fmt: skip
@click.option("--schedule", type=click.Path(path_type=Path, dir_okay=False), help="Make the steps of this file first.")
@click.option(
    "--order",
    type=click.Choice([one.value for one in Order]),
    default=None,
    metavar="ORDER",
    help="Then let all actors run: round-robin, random.",
)
@click.option("--headless", is_flag=True, help="Without a screen: run, say what came of it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of --headless.")
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Headless: write the schedule here.")
@click.option("--trace", type=click.Path(path_type=Path, dir_okay=False), help="Headless: write the run as a trace.")
@click.option("--force", is_flag=True, help="Replace the files named by --save and --trace.")
def step(
    target: str | None,
    requests: tuple[str, ...],
    check: str,
    stops: str | None,
    interpreter: str | None,
    seed: int | None,
    fixed: bool,
    schedule: Path | None,
    order: str | None,
    headless: bool,
    form: str,
    save: Path | None,
    trace: Path | None,
    force: bool,
) -> int:
    """Step through TARGET: a demo's name, MODULE:SCENARIO, FILE.py, or an app with --request.

    \b
    weft step oversell
    weft step scenarios.py
    weft step shop:create_app --request "POST /buy" --request "POST /buy" \\
        --check "GET /stock == 0"

    Headless, the exit status is 0 when the run has ended and all is well, 1 when something is wrong with the app, and
    3 when that could not be told.
    """
    known = schedules.load(schedule) if schedule is not None else None
    wanted = wanted_by(known, target, requests, check, seed, fixed)
    made_stops = Stops(stops) if stops else known.stops if known is not None else Stops.ACCESS
    played = As(interpreter) if interpreter else known.interpreter if known is not None else As.FREE_THREADED
    if headless or not sys.stdout.isatty():
        for path in (save, trace):
            need_free(path, force, ", or replace it with --force")
        session = Session(AppProcess(**wanted), stops=made_stops, interpreter=played)
        try:
            return _headless(session, wanted, known, Order(order) if order else None, form, save, trace, force)
        finally:
            session.close()
    if save is not None or trace is not None or order is not None:
        raise WeftError("--save, --trace and --order are for --headless; on the screen use the keys s, w and a")
    need_terminal("`weft step --headless`")

    def begin(session: Session) -> None:
        if known is not None:
            replayed = schedules.replay(session, known)
            session.note = "; ".join(telling.of_replay(replayed)) or session.note

    on_screen(wanted, made_stops, played, begin)
    return 0


def _headless(
    session: Session,
    wanted: dict[str, Any],
    known: Schedule | None,
    order: Order | None,
    form: str,
    save: Path | None,
    trace: Path | None,
    force: bool,
) -> int:
    replayed, ended = None, ""
    try:
        replayed = schedules.replay(session, known) if known is not None else None
        if session.moment.verdict is None and (order is not None or known is None):
            session.run_all(order or Order.ROUND_ROBIN)
    except WeftError as error:
        ended = str(error)
    if save is not None:
        write_schedule(save, session, wanted, force=force)
    if trace is not None:
        write_trace(trace, session, force=force)
    if form == "json":
        click.echo(json.dumps(telling.as_json(session, replayed, ended), indent=2))
    else:
        click.echo(telling.as_text(session, replayed, ended, shutil.get_terminal_size((80, 24)).columns))
    verdict = session.moment.verdict
    if verdict is not None and verdict.failed:
        return BROKEN
    fits = replayed is None or (not replayed.diverged and replayed.same)
    return 0 if verdict is not None and verdict.kind == "holds" and fits else UNDECIDED
