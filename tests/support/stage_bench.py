"""The stage on a scripted runner: keys are pressed, and everything that they set off is waited for."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from support.staged import Script, Staged
from weft.stage.session import Session
from weft_tui.looks import Looks
from weft_tui.spans import plain_text
from weft_tui.stage.app import StageApp
from weft_tui.stage.seen import Branches, Seen, see
from weft_tui.widgets.inked import Inked
from weft_tui.widgets.lines import Lines


class StageBench(StageApp):
    """A stage whose runner can be looked at."""

    def __init__(self, script: Script, looks: Looks | None = None, **options: Any) -> None:
        folder = tempfile.mkdtemp(prefix="weft-stage-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self.runner = Staged(script, Path(folder))
        super().__init__(lambda: Session(self.runner), **options)
        self.dress(looks or Looks())

    @property
    def seen(self) -> Seen:
        assert self.stage.seen is not None
        return self.stage.seen

    @property
    def toasts(self) -> list[str]:
        return [str(note.message) for note in self._notifications]

    def text(self, name: str) -> str:
        """What a part of the screen shows."""
        part = self.stage.query_one(f"#{name}")
        if isinstance(part, Lines):
            return plain_text(part.lines)
        assert isinstance(part, Inked)
        return "\n".join(part.render_line(y).text.rstrip() for y in range(part.size.height))

    def steps(self) -> list[str]:
        """The branch that is looked at."""
        return [f"{node.actor + 1} {node.operation.text}" for node in self.seen.path[1:] if node.operation]


async def settle(app: StageApp, pilot: Pilot[None]) -> None:
    """Wait until everything is done and drawn."""
    await pilot.pause()
    while app.stage.pending:
        await pilot.pause(0.01)
    await pilot.pause()


async def press(app: StageApp, pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after another, each when all is quiet."""
    for key in keys:
        await pilot.press(key)
        await settle(app, pilot)


@asynccontextmanager
async def staged(
    script: Script, *keys: str, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[tuple[StageBench, Pilot[None]]]:
    app = StageBench(script, **options)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot)
        await press(app, pilot, *keys)
        yield app, pilot


def seen_after(script: Script, *actors: int, folder: Path) -> Seen:
    """Return what is seen after some steps, without any screen."""
    session = Session(Staged(script, folder))
    for actor in actors:
        session.step(actor)
    return see(session, Branches())
