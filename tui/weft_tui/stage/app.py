"""The stage as an app: one screen, whose thread plays the session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from weft.stage.session import Session

from ..shown import Shown
from .messages import NotStarted
from .saving import Writer
from .screen import StageScreen

BAD_INPUT: Final = 2
HERE: Final = Path(__file__).parent


class StageApp(Shown[None]):
    """Step through a scenario.

    Args:
        session_factory: makes the session, which the app closes; called in another thread. It may raise `WeftError`:
            then the app ends with status 2 and `failure` is what was raised.
        timeline: writes a trace of a session's branch into a file that is shown in the timeline and then removed; None
            when there is no such thing.
        save_schedule: writes the choices of a session's run into a file that the user has named.
        save_trace: writes a trace of it. Both may raise `WeftError` and may return a sentence to show.

    The three last are called in the session's thread.
    """

    CSS_PATH: ClassVar = [HERE.parent / "weft.tcss", HERE / "stage.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "stop_or_quit", "Quit", show=False, priority=True),
    ]

    def __init__(
        self,
        session_factory: Callable[[], Session],
        *,
        timeline: Writer | None = None,
        save_schedule: Writer | None = None,
        save_trace: Writer | None = None,
    ) -> None:
        super().__init__()
        self.stage = StageScreen(session_factory, timeline=timeline, save_schedule=save_schedule, save_trace=save_trace)

    def on_mount(self) -> None:
        """Show the stage."""
        self.push_screen(self.stage)

    def on_not_started(self, message: NotStarted) -> None:
        """End, so that what went wrong can be said on a normal terminal."""
        self.failure = message.error
        self.exit(return_code=BAD_INPUT)

    def action_stop_or_quit(self) -> None:
        """Stop what runs, else quit."""
        if self.stage.running:
            self.stage.action_interrupt()
        else:
            self.exit()
