"""Show a measured lesson: on the stage where the search has found an order that breaks it, else on the dashboard."""

from __future__ import annotations

import tempfile
from pathlib import Path

from weft.errors import WeftError
from weft.stage import schedule as schedules
from weft.stage.process import AppProcess
from weft.stage.schedule import Schedule
from weft.stage.session import Session
from weft_demos.lab import catalog, samples
from weft_demos.lab.catalog import Told
from weft_demos.lab.measuring import Measured
from weft_demos.lab.values import Lesson

from ..commands import run_app, show
from ..commands.staging import write_schedule, write_trace
from ..view import Mode
from .beside import LessonApp, LessonStageApp, Place, text_of


def show_lesson(told: Told, lesson: Lesson, measured: Measured) -> None:
    """Show it until it is left.

    Raises:
        WeftError: there is nothing to show, or it cannot be shown any more.
    """
    if measured.schedule:
        _on_stage(told, lesson, measured)
    elif measured.trace is not None and measured.trace.exists():
        app = LessonApp(measured.trace, mode=Mode.REPLAY, title=f"lab {told.name}")
        app.lesson = text_of(told, lesson, measured)
        run_app(app)
    else:
        raise WeftError(f"the trace of the lesson {told.name} is not there any more; run it again without --last")


def show_sample(name: str, trace: Path) -> None:
    """Show what a lesson has recorded, with the lesson behind `d` where its libraries are installed.

    Args:
        trace: the sample, where it can be read.
    """
    title = f"sample {name}"
    measured = samples.measured(name)
    try:
        lesson = catalog.load(name) if measured is not None else None
    except WeftError:
        lesson = None
    if measured is None or lesson is None:
        show(trace, live=False, title=title)
        return
    app = LessonApp(trace, mode=Mode.REPLAY, title=title)
    app.lesson = text_of(catalog.named(name), lesson, measured)
    app.place = Place.HIDDEN
    run_app(app)


def schedule_of(measured: Measured) -> Schedule:
    """Return the order that the search has found."""
    with tempfile.TemporaryDirectory(prefix="weft-lab-") as folder:
        file = Path(folder, "order.json")
        file.write_text(measured.schedule, encoding="utf-8")
        return schedules.load(file)


def _on_stage(told: Told, lesson: Lesson, measured: Measured) -> None:
    schedule = schedule_of(measured)
    wanted = dict(schedule.wanted)

    def begin() -> Session:
        session = Session(AppProcess(**wanted), stops=schedule.stops, interpreter=schedule.interpreter)
        schedules.replay(session, schedule)
        return session

    app = LessonStageApp(
        begin,
        timeline=lambda session, path: write_trace(path, session, whole=True),
        save_schedule=lambda session, path: write_schedule(path, session, wanted),
        save_trace=lambda session, path: write_trace(path, session),
    )
    app.lesson = text_of(told, lesson, measured)
    run_app(app)
