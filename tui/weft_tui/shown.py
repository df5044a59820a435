"""The base of every app that draws: its characters and colours, its palette of commands, its settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, TypeVar

from rich.console import RenderableType
from rich.segment import Segment
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.filter import LineFilter, Monochrome
from textual.screen import Screen
from textual.widget import Widget

from weft.errors import WeftError

from . import settings
from .glyphs import ascii_of
from .looks import Looks
from .painted import Painted
from .settings import Kept, Settings

Result = TypeVar("Result")
USUAL: Final = "textual-dark"
NO_COMMANDS: Final = ("command_palette", "screen.copy_text")


class AsciiOnly(LineFilter):
    """Draws everything in ASCII, in the same columns."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return a line's segments in ASCII."""
        return [Segment(ascii_of(text), style, control) for text, style, control in segments]


class Shown(App[Result]):
    """An app that draws as it is told to, and remembers what was chosen.

    Attributes:
        failure: why it has ended, where that is to be said on a normal terminal.
    """

    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "command_palette", "Menu", key_display="^p", tooltip="All commands, by name"),
        Binding("ctrl+l", "redraw", show=False, key_display="^l", tooltip="Draw the whole screen anew"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.failure: WeftError | None = None
        self.kept: Kept | None = None
        self.liked = Settings()
        self._ascii, self._grey = AsciiOnly(enabled=False), Monochrome(enabled=False)
        self._ascii_chosen = False
        self.painted = Painted()

    def dress(self, looks: Looks, kept: Kept | None = None) -> None:
        """Say how to draw, before the app runs.

        Args:
            looks: which characters and colours to draw with.
            kept: what was chosen before, and where that is kept; None: nothing is kept.
        """
        self.kept = kept
        self.liked = kept.settings if kept else Settings()
        self._ascii_chosen = self.liked.ascii
        self._ascii.enabled = looks.ascii or self.liked.ascii
        self._grey.enabled = not looks.colours and not self.no_color
        self.no_color = self.no_color or not looks.colours

    def on_mount(self) -> None:
        """Look as was chosen, and say what is wrong with the settings."""
        if self.liked.theme in self.available_themes:
            self.theme = self.liked.theme
        if self.kept and self.kept.trouble:
            self.notify(self.kept.trouble, severity="warning", timeout=10, markup=False)

    def on_unmount(self) -> None:
        """Keep what was chosen, unless that would replace a file that could not be read."""
        chosen = self.chosen()
        if self.kept and not self.kept.trouble and chosen != self.liked:
            try:
                settings.save(self.kept.path, chosen)
            except WeftError as error:
                self.log.warning(str(error))

    def chosen(self) -> Settings:
        """Return what is chosen now."""
        theme = self.liked.theme if self.theme == (self.liked.theme or USUAL) else self.theme
        return replace(self.liked, theme=theme, ascii=self._ascii_chosen)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what changes every line before it is drawn."""
        return [*super().get_line_filters(), *(each for each in (self._grey, self._ascii) if each.enabled)]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the commands of the palette: everything that has a key now, and what has none."""
        for node, binding, enabled, tooltip in screen.active_bindings.values():
            own = "" if binding.show else binding.description  # a tooltip may be that of several keys
            words = own or tooltip or binding.tooltip or binding.description
            if enabled and words and binding.action not in NO_COMMANDS:
                key = self.get_key_display(binding)
                yield SystemCommand(f"{words} ({key})", f"key {key}", partial(self.run_action, binding.action, node))
        yield SystemCommand("Theme", "choose colours: dark, light, and others", self.action_change_theme)
        what = "all characters again" if self._ascii.enabled else "ASCII only"
        yield SystemCommand(f"Draw with {what}", "what the terminal can show", self.action_ascii)

    def on_resize(self) -> None:
        """Send everything anew: the terminal has moved what it showed."""
        self.painted.forget()

    def action_redraw(self) -> None:
        """Draw everything anew, also what somebody else has drawn over."""
        self.painted.forget()
        self.refresh()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send what is new."""
        super()._display(screen, self.painted.only_new(renderable))

    def action_ascii(self) -> None:
        """Draw with ASCII only, or not any more."""
        self._ascii_chosen = not self._ascii.enabled
        self.draw_in_ascii(self._ascii_chosen)

    def draw_in_ascii(self, ascii_only: bool) -> None:
        """Draw everything in ASCII from now on, or not any more."""
        self._ascii.enabled = ascii_only
        self.refresh_css(animate=False)


def in_ascii(widget: Widget) -> bool:
    """Say whether a widget is drawn in ASCII."""
    return any(isinstance(each, AsciiOnly) for each in widget.get_line_filters())
