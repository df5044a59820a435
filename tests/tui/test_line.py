"""The line of a dialog, written faster than it is drawn."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Input

from weft_tui.widgets.line import Line


class Written(App[None]):
    """Has a line, and remembers what was entered."""

    def __init__(self) -> None:
        super().__init__()
        self.entered: list[str] = []

    def compose(self) -> ComposeResult:
        yield Line("wait>1ms", select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.entered.append(event.value)


@pytest.mark.parametrize(
    ("keys", "left", "entered"),
    [
        (["a", "b", "c", "backspace", "backspace", "x", "y"], "wait>1msaxy", []),
        (["ctrl+u", *"lock:a"], "lock:a", []),
        (["home", "a", "end", "b", "left", "c"], "await>1mscb", []),
        (["a", "enter", "b"], "wait>1msab", ["wait>1msa"]),
    ],
)
async def test_keys_act_in_the_order_in_which_they_are_pressed(keys: list[str], left: str, entered: list[str]) -> None:
    app = Written()
    async with app.run_test() as pilot:
        await pilot.pause()
        for key in keys:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        assert app.query_one(Line).value == left
        assert app.entered == entered
