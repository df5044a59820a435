"""Draw the README's pictures anew: ``python -m weft_tui.pictures [FOLDER]``, in the project's folder.

They are of the demo shop, recorded for some seconds, and of the scenario ``oversell``. Those of docs/lab.md are made by
`weft_tui.lab.publish`.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from weft.log import writer
from weft.record.launch import environment
from weft.stage.process import AppProcess
from weft.stage.session import Session
from weft_demos import scenarios
from weft_demos.session import DemoSession

from . import picture
from .app import WeftApp
from .shown import Shown
from .stage.app import StageApp
from .view import Mode

SIZE: Final = (120, 34)
STAGE_SIZE: Final = (110, 34)
SECONDS: Final = 8.0
CUSTOMERS: Final = 8
SETTLED_SECONDS: Final = 1.5
LONGEST_SECONDS: Final = 60

WORST_WAIT: Final = ("w", "-")
"""Keys to the longest wait, from so far away that who waits beside it is seen too."""

BOTH_BUY: Final = ("1", "1", "2", "2", "a")
"""Keys by which both customers buy the last loom."""


def main(folder: str = "docs") -> int:
    """Draw them into a folder, and return the exit code."""
    docs = Path(folder)
    with tempfile.TemporaryDirectory(prefix="weft-pictures-") as made:
        trace = recorded(Path(made))
        (docs / "dashboard.svg").write_text(dashboard(trace, "demo shop", SIZE, *WORST_WAIT), encoding="utf-8")
    (docs / "stage.svg").write_text(stage("oversell", *BOTH_BUY), encoding="utf-8")
    return 0


def recorded(folder: Path) -> Path:
    """Return a trace of the demo shop, made in a folder."""
    trace = folder / "shop.weft"
    writer.create(str(trace))
    recording = environment(os.environ, str(trace))
    with DemoSession("shop", environment=recording, clients=CUSTOMERS, seconds=SECONDS) as session:
        session.wait_load()
    return trace


def dashboard(trace: Path, title: str, size: tuple[int, int], *keys: str) -> str:
    """Return the dashboard on a trace, after some keys."""
    app = WeftApp(trace, mode=Mode.REPLAY, title=title)
    return asyncio.run(_drawn(app, size, keys, lambda: app.shows and app.dashboard.status.loaded >= 1))


def stage(name: str, *keys: str) -> str:
    """Return the stage on a scenario, after some keys."""
    app = StageApp(lambda: Session(AppProcess(scenarios()[name])))
    return asyncio.run(_drawn(app, STAGE_SIZE, keys, lambda: not app.stage.pending))


async def _drawn(app: Shown[None], size: tuple[int, int], keys: tuple[str, ...], ready: Callable[[], bool]) -> str:
    """Return what an app shows after some keys, each pressed when it is ready, as a picture."""
    async with app.run_test(size=size) as pilot:
        await _wait(pilot, ready)
        for key in keys:
            await pilot.press(key)
            await _wait(pilot, ready)
        # What is announced goes, and what rests is told.
        await pilot.pause(SETTLED_SECONDS)
        app.clear_notifications()
        await pilot.pause()
        return stable(picture.offline(app.export_screenshot()))


async def _wait(pilot: Pilot[None], ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_SECONDS):
        await pilot.pause()
        while not ready():
            await pilot.pause(0.02)


def stable(svg: str) -> str:
    """Return a picture whose inner names do not change from run to run."""
    return re.sub(r"terminal-\d+", "terminal-1", svg)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
