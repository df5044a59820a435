"""A lesson beside the screen that shows what was recorded: a panel at the right, or above where there is no room."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from weft.stage.printable import plain
from weft_demos.lab import wording
from weft_demos.lab.catalog import Told
from weft_demos.lab.measuring import Measured
from weft_demos.lab.values import Lesson

from ..app import WeftApp
from ..stage.app import StageApp

COLUMNS: Final = 44
"""Of the panel, where it has room beside the screen."""

ROOM: Final = 120
"""Columns of a terminal from which on it has."""

KEY: Final = Binding("d", "lesson", "Lesson", tooltip="The lesson: large, hidden, beside")


class Place(Enum):
    """Where the lesson is; the last row, with the keys, always stays free."""

    BESIDE = "-beside"
    OVER = "-over"
    HIDDEN = "-hidden"


class Beside(VerticalScroll, can_focus=False):
    """The panel.

    Attributes:
        place: where it is.
    """

    DEFAULT_CSS = """
    Beside { dock: right; width: 44; height: 100%; margin-bottom: 1; padding: 0 1; }
    Beside { background: $surface; border-left: solid $primary; }
    Beside.-over { layer: above; width: 100%; padding: 1 4; border: none; }
    Beside.-hidden { display: none; }
    Beside Static { width: 100%; height: auto; }
    Screen { layers: base above; }
    """

    def __init__(self, text: Text, place: Place = Place.BESIDE) -> None:
        super().__init__(Static(text, markup=False), classes=place.value)
        self.place = place

    def fit(self, columns: int) -> None:
        """Be beside the screen, or hidden where there is no room for that."""
        if self.place is Place.BESIDE and columns < ROOM:
            self.move(Place.HIDDEN)

    def turn(self, columns: int) -> None:
        """Be at the next place: over the screen, hidden, and beside it again where there is room."""
        following = {Place.BESIDE: Place.OVER, Place.OVER: Place.HIDDEN, Place.HIDDEN: Place.BESIDE}[self.place]
        self.move(Place.OVER if following is Place.BESIDE and columns < ROOM else following)

    def move(self, place: Place) -> None:
        """Be somewhere."""
        self.remove_class(self.place.value)
        self.add_class(place.value)
        self.place = place


def text_of(told: Told, lesson: Lesson, measured: Measured) -> Text:
    """Return a lesson with what was measured, for the panel."""
    text = Text()
    text.append(f"{plain(told.claim)}\n\n", "bold")
    text.append(f"{plain(wording.verdict(measured))}\n\n", "bold reverse")
    for fact in measured.facts:
        if isinstance(fact.value, str):
            text.append(f"{plain(fact.text)}: ")
            text.append(f"{plain(fact.value)}\n", "bold")
        else:
            text.append(f"{plain(wording.value(fact))} ", "bold")
            text.append(f"{plain(fact.text)}\n")
    for note in measured.notes:
        text.append(f"\n{plain(note)}\n", "italic")
    for paragraph in told.explanation:
        text.append(f"\n{plain(paragraph)}\n")
    text.append("\nWhat to do: ", "bold")
    text.append(f"{plain(lesson.fix)}\n\n{plain(wording.ran_on(measured))}")
    return text


class LessonApp(WeftApp):
    """The dashboard on a lesson's trace, with the lesson beside it; arguments as of `WeftApp`.

    Attributes:
        lesson: what the panel says.
        place: where it is at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [KEY]

    lesson: Text
    place: Place = Place.BESIDE

    def on_mount(self) -> None:
        """Lay the lesson beside the dashboard."""
        _lay(self.dashboard, self.lesson, self.place)

    def on_resize(self) -> None:
        """Fit it anew."""
        _fit(self.dashboard)

    def action_lesson(self) -> None:
        """Let the lesson be elsewhere."""
        _toggle(self.screen)


class LessonStageApp(StageApp):
    """The stage at the order that a lesson has found, with the lesson beside it; arguments as of `StageApp`."""

    BINDINGS: ClassVar[list[BindingType]] = [KEY]

    lesson: Text

    def on_mount(self) -> None:
        """Lay the lesson beside the stage."""
        _lay(self.stage, self.lesson, Place.BESIDE)

    def on_resize(self) -> None:
        """Fit it anew."""
        _fit(self.stage)

    def action_lesson(self) -> None:
        """Let the lesson be elsewhere."""
        _toggle(self.screen)


def _lay(screen: Screen[None], text: Text, place: Place) -> None:
    async def lay() -> None:
        panel = Beside(text, place)
        panel.fit(screen.app.size.width)
        await screen.mount(panel)

    screen.call_after_refresh(lay)


def _fit(screen: Screen[None]) -> None:
    for panel in screen.query(Beside):
        panel.fit(screen.app.size.width)


def _toggle(screen: Screen[object]) -> None:
    for panel in screen.query(Beside):
        panel.turn(screen.app.size.width)
