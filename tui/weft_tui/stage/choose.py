"""Small dialogs: choose one of a list, or name a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from weft.timeline.units import plain

from ..messages import RowChosen
from ..widgets.line import Line
from ..widgets.table import Column, Table

T = TypeVar("T")


class ChooseScreen(ModalScreen[T | None]):
    """Lets a person choose a row of a table; dismissed with its value, or None.

    Args:
        title: stands in the box's border.
        columns: how the values are shown.
        marked: number of the row that is marked at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", key_display="esc"),
        Binding("space", "choose", show=False),
    ]

    def __init__(self, title: str, values: Sequence[T], columns: Sequence[Column[T]], marked: int = 0) -> None:
        super().__init__()
        self.box_title = title
        self.values = values
        self.table: Table[T] = Table(columns, values.index, empty="", id="choices")
        self.marked = marked

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Vertical(id="choose-box") as box:
            box.border_title = self.box_title
            box.border_subtitle = "enter chooses, esc closes this"
            yield self.table

    def on_mount(self) -> None:
        """Fill the list."""
        self.table.rows = self.values
        self.table.styles.height = len(self.values) + 1
        self.table.marked = self.marked
        self.table.focus()

    def on_row_chosen(self, message: RowChosen) -> None:
        """Hand it on."""
        message.stop()
        self.dismiss(cast(T, message.row))

    def action_choose(self) -> None:
        """Choose the marked row."""
        self.table.action_choose()

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)


class NameScreen(ModalScreen[None]):
    """Asks for the name of a file, until it is written or nobody wants it any more.

    Args:
        title: stands in the box's border.
        name: what is there to begin with.
        note: what to know about it.
        write: takes this screen and a name; calls `done` or `wrong` in the end.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", key_display="esc")]

    def __init__(self, title: str, name: str, note: str, write: Callable[[NameScreen, str], None]) -> None:
        super().__init__()
        self.box_title, self.file, self.note, self.write = title, name, note, write
        self.writing = False

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Vertical(id="choose-box") as box:
            box.border_title = self.box_title
            box.border_subtitle = "enter saves, esc closes this"
            yield Line(self.file, id="file", compact=True, select_on_focus=False)
            yield Static("", id="file-wrong", markup=False)
            yield Static(self.note, id="file-note", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Have it written, once at a time."""
        name = event.value.strip()
        if not name:
            self.wrong("a file needs a name")
        elif not self.writing:
            self.writing = True
            self.write(self, name)

    def on_input_changed(self) -> None:
        """Forget what was wrong with another name."""
        self.query_one("#file-wrong", Static).update("")

    def wrong(self, sentence: str) -> bool:
        """Say why nothing was written; return whether there is still somebody to be told."""
        self.writing = False
        if self.is_current:
            self.query_one("#file-wrong", Static).update(f"✗ {plain(sentence)}")
        return self.is_current

    def done(self) -> None:
        """Close, for it is written."""
        if self.is_current:
            self.dismiss()

    def action_close(self) -> None:
        """Name nothing."""
        self.dismiss()
