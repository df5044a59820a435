"""The timeline of a run, on top of the stage: the dashboard of its trace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from textual.binding import Binding, BindingType

from weft.stage.as_trace import STEP_NS
from weft.timeline.snapshot import Snapshot

from .. import view
from ..screens.dashboard import DashboardScreen
from ..screens.keys import KEYS
from ..source import Source
from ..view import Mode, View

BACK: Final = "Back to the stage"
OTHERS: Final[list[BindingType]] = [key for key in KEYS if isinstance(key, Binding) and key.action != "lanes"]
MOST_STEPS: Final = 60
"""Steps that are shown at once at first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the timeline shows of a run.

    Attributes:
        folder: holds the trace, and nothing else; removed when the timeline is left.
        step: number of the step to begin at.
        name, namesake: the actor to begin at, and how many before it have the same name.
    """

    folder: TemporaryDirectory[str]
    path: Path
    step: int
    name: str
    namesake: int = 0


class TimelineScreen(DashboardScreen):
    """Shows a complete trace until it is left.

    Args:
        title: what was run.
    """

    BINDINGS = [  # noqa: RUF012
        *(binding for binding in OTHERS if not (isinstance(binding, Binding) and binding.key == "t")),
        Binding("escape", "lanes_or_close", show=False, tooltip="Back to the lanes, then to the stage"),
        Binding("q,t", "close", BACK, key_display="q", tooltip=BACK),
    ]

    def __init__(self, shown: Shown, title: str) -> None:
        super().__init__(shown.path, Mode.REPLAY, title)
        self.shown = shown
        self.source = Source(shown.path, Mode.REPLAY, self.post_message, None)

    def on_mount(self) -> None:
        """Begin to read."""
        self.run_worker(self.source.run, thread=True, name="source")

    def on_unmount(self) -> None:
        """Let the reading end, and leave no file behind."""
        self.source.stop()
        self.shown.folder.cleanup()

    def action_lanes_or_close(self) -> None:
        """Give the arrow keys back to the lanes; go back where they have them."""
        if self.lanes.has_focus:
            self.action_close()
        else:
            self.action_lanes()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def _first_look(self, snapshot: Snapshot) -> View:
        """Return the steps around the one that the stage looks at, with the cursor on it."""
        everything = view.whole(self.extent)
        if self.status.loaded < 1:
            return everything
        namesakes = [thread.lane for thread in snapshot.threads if thread.name == self.shown.name]
        self.lane = namesakes[min(self.shown.namesake, len(namesakes) - 1)] if namesakes else 0
        self.touched = False
        window = View(everything.start_ns, min(everything.span_ns, MOST_STEPS * STEP_NS), everything.start_ns)
        # Half a step later all that the step did is done.
        return view.look_at(window, self.extent, snapshot.start_ns + self.shown.step * STEP_NS + STEP_NS // 2)
