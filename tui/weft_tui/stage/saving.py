"""The part of the stage that writes files: schedules, traces, pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from weft.errors import WeftError
from weft.stage.session import Session
from weft.timeline.units import plain

from .. import picture
from .choose import NameScreen
from .playing import Playing
from .timeline import TimelineScreen

Writer = Callable[[Session, Path], object]
"""Writes a file about a session's run; may return a sentence to say instead of that it was saved."""


class Saving(Playing):
    """Asks for names and has files written.

    Args:
        factory: makes the session.
        timeline: writes a trace of the run and returns its path, to be shown in the timeline.
        save_schedule, save_trace: write a file that a person has named.
    """

    def __init__(
        self,
        factory: Callable[[], Session],
        *,
        timeline: Callable[[Session], Path] | None = None,
        save_schedule: Writer | None = None,
        save_trace: Writer | None = None,
    ) -> None:
        super().__init__(factory)
        self.timeline, self.save_schedule, self.save_trace = timeline, save_schedule, save_trace

    def action_timeline(self) -> None:
        """Show the run in the timeline."""
        if self.timeline is None:
            self.refuse("there is no timeline of this run")
        else:
            self.ask(self.timeline, self._show_timeline)

    def _show_timeline(self, path: Path) -> None:
        title = plain(self.seen.info.name) if self.seen is not None else path.stem
        self.app.push_screen(TimelineScreen(path, title))

    def action_save(self) -> None:
        """Ask where to save the choices, or a picture."""
        schedule = self.save_schedule is not None
        note = "the choices, to be played again; a name that ends in .svg saves a picture of the screen instead"
        name = self._unused(".json" if schedule else ".svg")
        self.app.push_screen(NameScreen("save", name, note if schedule else "a picture of the screen"), self._save)

    def action_write_trace(self) -> None:
        """Ask where to write a trace."""
        if self.save_trace is None:
            self.refuse("there is no trace of this run")
            return
        note = "a trace of the run, for weft replay and weft report"
        self.app.push_screen(NameScreen("write a trace", self._unused(".weft"), note), self._write_trace)

    def _unused(self, suffix: str) -> str:
        """Return a name for a file that is not there yet."""
        stem = self._stem()
        names = (f"{stem}{suffix}", *(f"{stem}-{number}{suffix}" for number in range(2, 1000)))
        return next((name for name in names if not Path(name).exists()), names[0])

    def _stem(self) -> str:
        name = self.seen.info.name if self.seen is not None else ""
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:40] or "stage"

    def _save(self, name: str | None) -> None:
        if name is None:
            return
        if name.endswith(".svg") or self.save_schedule is None:
            self.call_after_refresh(self._save_picture, Path(name))
        else:
            self._write(self.save_schedule, Path(name))

    def _write_trace(self, name: str | None) -> None:
        if name is not None and self.save_trace is not None:
            self._write(self.save_trace, Path(name))

    def _write(self, writer: Writer, path: Path) -> None:
        def work(session: Session) -> object:
            return writer(session, path)

        self.ask(work, lambda answer: self._saved(str(answer) if answer else f"Saved {path}"))

    def _save_picture(self, path: Path) -> None:
        try:
            saved = picture.save(self.app.export_screenshot(), path.parent, path.stem)
        except WeftError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self._saved(f"Saved {saved}")

    def _saved(self, sentence: str) -> None:
        self.notify(sentence, markup=False)
