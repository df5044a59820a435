"""One line to write: what to filter by, or where to go. It stays open, and says why, until it is understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from weft.errors import WeftError
from weft.timeline.units import plain

from ..widgets.line import Line


class AskScreen(ModalScreen[None]):
    """Asks for a line.

    Args:
        title: stands in the box's border.
        text: what is there to begin with.
        note: what may be written.
        take: does what was written; raises `WeftError` when it cannot.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close", key_display="esc")]

    def __init__(self, title: str, text: str, note: str, take: Callable[[str], None]) -> None:
        super().__init__()
        self.box_title, self.text, self.note, self.take = title, text, note, take

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Vertical(id="ask-box") as box:
            box.border_title = self.box_title
            box.border_subtitle = "enter does it, esc closes this"
            yield Line(self.text, id="ask-line", compact=True, select_on_focus=False)
            yield Static("", id="ask-wrong", markup=False)
            yield Static(self.note, id="ask-note", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, or say why not."""
        try:
            self.take(event.value.strip())
        except WeftError as error:
            self.query_one("#ask-wrong", Static).update(f"✗ {plain(str(error))}")
        else:
            self.dismiss()

    def on_input_changed(self) -> None:
        """Forget what was wrong with another line."""
        self.query_one("#ask-wrong", Static).update("")

    def action_close(self) -> None:
        """Do nothing."""
        self.dismiss()
