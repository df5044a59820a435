"""The part of the stage that writes files: schedules, traces, pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from weft.errors import WeftError
from weft.stage.session import Session
from weft.timeline.units import plain

from .. import picture
from .choose import NameScreen
from .playing import RUNS, Playing
from .timeline import Shown, TimelineScreen

Writer = Callable[[Session, Path], object]
"""Writes a file about a session's run; may return a sentence to say instead of that it was saved."""


class Saving(Playing):
    """Asks for names and has files written.

    Args:
        factory: makes the session.
        timeline: writes a trace of the branch that is looked at into a file that is shown, then removed.
        save_schedule, save_trace: write a file that a person has named.
    """

    def __init__(
        self,
        factory: Callable[[], Session],
        *,
        timeline: Writer | None = None,
        save_schedule: Writer | None = None,
        save_trace: Writer | None = None,
    ) -> None:
        super().__init__(factory)
        self.timeline, self.save_schedule, self.save_trace = timeline, save_schedule, save_trace

    def action_timeline(self) -> None:
        """Show the run in the timeline, at the step that is looked at."""
        if self.timeline is None:
            self.refuse("there is no timeline of this run")
        elif self.seen is not None:
            self.ask(self._write_run, self._show_timeline)

    def _write_run(self, session: Session) -> Shown:
        """Write the branch that is looked at into a private folder; called in the session's thread."""
        folder = TemporaryDirectory(prefix="weft-")
        path = Path(folder.name) / f"{_stem(session.info.name)}.weft"
        try:
            if self.timeline is not None:
                self.timeline(session, path)
        except BaseException:
            folder.cleanup()
            raise
        names = [view.name for view in session.moment.actors]
        actor = max(session.here.actor, 0)
        return Shown(folder, path, session.here.number, names[actor], names[:actor].count(names[actor]))

    def _show_timeline(self, shown: Shown) -> None:
        title = plain(self.seen.info.name) if self.seen is not None else shown.path.stem
        self.app.push_screen(TimelineScreen(shown, title))

    def action_save(self) -> None:
        """Ask where to save the choices, or a picture."""
        schedule = self.save_schedule is not None
        note = "the choices, to be played again; a name that ends in .svg saves a picture of the screen instead"
        name = self._unused(".json" if schedule else ".svg")
        svg = self.app.export_screenshot()

        def save(dialog: NameScreen, name: str) -> None:
            if name.endswith(".svg") or self.save_schedule is None:
                self._save_picture(dialog, svg, name)
            else:
                self._write(dialog, self.save_schedule, name)

        self.app.push_screen(NameScreen("save", name, note if schedule else "a picture of the screen", save))

    def action_write_trace(self) -> None:
        """Ask where to write a trace."""
        writer = self.save_trace
        if writer is None:
            self.refuse("there is no trace of this run")
            return
        note = "a trace of the run, for weft replay and weft report"
        name = self._unused(".weft")
        self.app.push_screen(
            NameScreen("write a trace", name, note, lambda dialog, name: self._write(dialog, writer, name))
        )

    def _unused(self, suffix: str) -> str:
        """Return a name for a file that is not there yet."""
        stem = _stem(self.seen.info.name if self.seen is not None else "")
        names = (f"{stem}{suffix}", *(f"{stem}-{number}{suffix}" for number in range(2, 1000)))
        return next((name for name in names if not Path(name).exists()), names[0])

    def _write(self, dialog: NameScreen, writer: Writer, name: str) -> None:
        path = Path(name).expanduser()

        def work(session: Session) -> str | WeftError:
            try:
                return str(writer(session, path) or f"Saved {path}")
            except WeftError as error:
                return error

        if not self.ask(work, lambda answer: self._written(dialog, answer)):
            dialog.wrong(RUNS)

    def _save_picture(self, dialog: NameScreen, svg: str, name: str) -> None:
        path = Path(name).expanduser()
        try:
            saved = picture.save(svg, path.parent, path.stem)
        except WeftError as error:
            self._written(dialog, error)
        else:
            self._written(dialog, f"Saved {saved}")

    def _written(self, dialog: NameScreen, answer: str | WeftError) -> None:
        """Close the dialog and say what was written; keep it open when nothing was."""
        if not isinstance(answer, WeftError):
            dialog.done()
            self.tell(answer)
        elif not dialog.wrong(str(answer)):
            self.refuse(str(answer))


def _stem(name: str) -> str:
    """Return a scenario's name as a file's."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:40] or "stage"
