"""What the commands share that put an app on the stage: which one is meant, and what is written of it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from weft import WeftError
from weft.stage import schedule as schedules
from weft.stage.moment import As, Stops
from weft.stage.process import AppProcess
from weft.stage.schedule import Schedule
from weft.stage.session import Session
from weft_tui.commands import run_app

Command = TypeVar("Command", bound=Callable[..., Any])

_TARGET = (
    click.argument("target", required=False),
    click.option("--request", "requests", multiple=True, metavar="REQUEST", help='"[NAME:] METHOD PATH [JSON]".'),
    click.option(
        "--check", default="", metavar="CHECK", help='What must hold in the end: "GET /stock == 0", or Python.'
    ),
    click.option("--seed", type=int, default=None, help="Of random numbers."),
    click.option("--fixed", is_flag=True, help="Run the scenario's fixed app."),
)


def target_options(command: Command) -> Command:
    """Let a command be told which app to put on the stage: see `wanted_by`."""
    for option in reversed(_TARGET):
        command = option(command)
    return command


def wanted_by(
    known: Schedule | None, target: str | None, requests: tuple[str, ...], check: str, seed: int | None, fixed: bool
) -> dict[str, Any]:
    """Return the arguments of `AppProcess` for what was asked for.

    Args:
        known: a schedule that names it, unless ``target`` does.

    Raises:
        WeftError: nothing of that name is known.
    """
    if known is not None and target is None:
        wanted = dict(known.wanted)
        file = str(wanted["target"]).rpartition(":")[0] or str(wanted["target"])
        if file.endswith(".py") and not Path(file).exists():
            raise WeftError(f"the schedule is for {file}, which is not here; name it: weft step FILE.py --schedule …")
    elif target is None:
        raise WeftError(
            "name a scenario or an app, as in `weft explore oversell`; `weft scenarios` lists what weft brings along"
        )
    else:
        from weft_demos import scenarios

        demos = scenarios()
        close = difflib.get_close_matches(target, demos, 1)
        if close and target not in demos and not Path(target).exists():
            raise WeftError(f"no scenario is called {target}; did you mean {close[0]}?")
        wanted = {"target": demos.get(target, target), "requests": [], "check": "", "seed": None, "fixed": False}
    if requests:
        wanted["requests"] = list(requests)
    if check:
        wanted["check"] = check
    if seed is not None:
        wanted["seed"] = seed
    return {**wanted, "fixed": fixed or wanted["fixed"]}


def need_free(path: Path | None, force: bool, otherwise: str = "") -> None:
    """Check that a file may be written.

    Args:
        otherwise: what else can be done about it, as the end of the sentence.

    Raises:
        WeftError: it is there already, and is not to be replaced.
    """
    if path is not None and path.exists() and not force:
        raise WeftError(f"{path} is there already; choose another name{otherwise}")


def on_screen(wanted: dict[str, Any], stops: Stops, interpreter: As, prepare: Callable[[Session], None]) -> None:
    """Step through an app on the screen, until it is left.

    Args:
        prepare: makes the first steps.
    """
    from weft_tui.stage.app import StageApp

    def begin() -> Session:
        session = Session(AppProcess(**wanted), stops=stops, interpreter=interpreter)
        prepare(session)
        return session

    app = StageApp(
        begin,
        timeline=lambda session, path: write_trace(path, session, whole=True),
        save_schedule=lambda session, path: write_schedule(path, session, wanted),
        save_trace=lambda session, path: write_trace(path, session),
    )
    run_app(app)


def write_schedule(path: Path, session: Session, wanted: dict[str, Any], *, force: bool = False) -> None:
    """Write the way to the point looked at as a schedule file.

    Raises:
        WeftError: it cannot be written, or is there already and ``force`` is not set.
    """
    need_free(path, force)
    try:
        path.write_text(schedules.dump(schedules.of(session, wanted)), encoding="utf-8")
    except OSError as error:
        raise WeftError(f"{path}: {error.strerror or error}; choose another place") from None


def write_trace(path: Path, session: Session, *, force: bool = False, whole: bool = False) -> None:
    """Write the way to the point looked at as a trace, or on to the end of its branch where the ``whole`` is wanted.

    Raises:
        WeftError: it cannot be written, or is there already and ``force`` is not set.
    """
    need_free(path, force)
    from weft.log import writer
    from weft.stage import as_trace

    try:
        writer.create(str(path), force=True)
        steps = (session.here.tip() if whole else session.here).path()
        as_trace.write(path, session.info, session.root, steps)
    except OSError as error:
        raise WeftError(f"{path}: {error.strerror or error}; choose another place") from None
