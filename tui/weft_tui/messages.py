"""Every message of the dashboard, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.message import Message

from weft.findings import Finding
from weft.timeline.snapshot import Snapshot

from .queues import Queues


@dataclass
class RoomChanged(Message):
    """The dashboard's rows have so many columns now."""

    columns: int


@dataclass
class SnapshotReady(Message):
    """The source has folded more of the trace. A newer one makes an older one obsolete."""

    snapshot: Snapshot
    loaded: float
    """Part of the file that has been read, 0 … 1."""
    rate: float
    """Events per second of the trace's own time, lately."""
    queues: Queues
    """How deep the queues of locks were; nothing as long as a recorded trace is being read."""

    def can_replace(self, message: Message) -> bool:
        """Only the newest snapshot is worth drawing."""
        return isinstance(message, SnapshotReady)


@dataclass
class FindingsReady(Message):
    """What is wrong so far, the worst first."""

    findings: tuple[Finding, ...]
    fresh: tuple[Finding, ...]
    """Those that were not there before."""


@dataclass
class ComparisonReady(Message):
    """Two runs have been compared."""

    told: dict[str, Any]
    """As `weft.findings.compare.compare` returns it."""


@dataclass
class SourceFailed(Message):
    """The trace cannot be read; the text says what to do next."""

    sentence: str


@dataclass
class ChildEnded(Message):
    """The app that is being recorded has ended, or its trace is not what it was; an empty sentence: it goes on."""

    sentence: str
    said: str = ""
    """The last lines of its output."""


@dataclass
class Pointed(Message):
    """Somebody clicked into the lanes."""

    row: int
    time_ns: int | None
    """None for a click on the lane's name."""


@dataclass
class MomentWanted(Message):
    """Somebody clicked on a moment of the whole trace."""

    time_ns: int


@dataclass
class Dragged(Message):
    """Somebody pulls the lanes: the window is to begin at this moment."""

    start_ns: int


@dataclass
class Scrubbed(Message):
    """Somebody pulls the cursor to a moment."""

    time_ns: int


@dataclass
class SelectionBegun(Message):
    """Somebody begins to select a stretch of time at the cursor."""


@dataclass
class Panned(Message):
    """Somebody turned the wheel sideways: the window is to move by a part of its width."""

    part: float


@dataclass
class Zoomed(Message):
    """Somebody turned the wheel with ctrl held: ``factor`` below 1 is closer."""

    factor: float


@dataclass
class LaneStepped(Message):
    """Somebody turned the wheel over the lanes."""

    count: int


@dataclass
class PauseWanted(Message):
    """Somebody clicked on what says whether the window moves."""


@dataclass
class RowChosen(Message):
    """A row of a table was chosen; ``row`` is what the table lists."""

    row: object


@dataclass
class PanelWanted(Message):
    """Somebody clicked on a panel's title."""

    number: int
