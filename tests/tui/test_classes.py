"""Styles of component classes are those that Textual would give, on each ground and in each theme."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.theme import Theme
from textual.widgets import Static

from weft_tui.widgets.classes import style_of


class Declaring(Static):
    COMPONENT_CLASSES: ClassVar[set[str]] = {"part"}


class Grounds(App[None]):
    CSS = """
    .part { color: $accent 50%; background: $surface; }
    .on-a-ground .part { background: transparent; }
    #other { background: #102030; text-style: bold; }
    """

    def compose(self) -> ComposeResult:
        yield Declaring("")
        yield Declaring("", id="other", classes="on-a-ground")


async def test_styles_are_those_that_textual_works_out() -> None:
    app = Grounds()
    async with app.run_test() as pilot:
        seen = set()
        for theme, accent in (("red", "#ff0000"), ("blue", "#0000ff")):
            app.register_theme(Theme(theme, primary="#808080", accent=accent, background="#000000", surface="#101010"))
            app.theme = theme
            await pilot.pause()
            for widget in app.query(Declaring):
                assert style_of(widget, "part") == widget.get_component_rich_style("part")
                seen.add(style_of(widget, "part"))
        assert len(seen) == 4
