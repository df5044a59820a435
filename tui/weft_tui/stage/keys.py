"""The keys of the stage; the tooltips are what the help says, and keys with the same one share a row there."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

DIGITS: Final[list[BindingType]] = [
    Binding(str(number), f"step({number - 1})", show=False, tooltip="A step of that actor") for number in range(1, 10)
]
KEYS: Final[list[BindingType]] = [
    *DIGITS,
    Binding("space,enter", "step_picked", "Step", key_display="space", tooltip="A step of the selected actor"),
    Binding("left", "pick(-1)", show=False, tooltip="Select an actor"),
    Binding("right", "pick(1)", show=False, tooltip="Select an actor"),
    Binding("0", "choose_actor", show=False, tooltip="Select an actor from a list"),
    Binding("r", "run('blocked')", "Run", tooltip="Run the selected until it blocks"),
    Binding("F", "run('finished')", show=False, tooltip="… until it has finished"),
    Binding("l", "run('line')", show=False, tooltip="… to its next line"),
    Binding("x", "run_to_access", show=False, tooltip="… to its next use of a value"),
    Binding("a", "run_all('round-robin')", "All", tooltip="Run all, a step each in turn"),
    Binding("A", "run_all('random')", show=False, tooltip="Run all by chance"),
    Binding("slash", "search", show=False, key_display="/", tooltip="Find an order that breaks it"),
    Binding("escape", "interrupt", show=False, tooltip="Stop what runs"),
    Binding("u,backspace", "undo", "Back", key_display="u", tooltip="One step back"),
    Binding("y,ctrl+r", "redo", "Forth", key_display="y", tooltip="One step forth again"),
    Binding("U", "to_preemption", show=False, tooltip="To before the last preemption"),
    Binding("up,k", "walk(-1)", show=False, tooltip="Look at another step"),
    Binding("down,j", "walk(1)", show=False, tooltip="Look at another step"),
    Binding("pageup", "walk_page(-1)", show=False, tooltip="… a page away"),
    Binding("pagedown", "walk_page(1)", show=False, tooltip="… a page away"),
    Binding("tab,shift+tab", "facts", show=False, tooltip="Scroll what is shared; back"),
    Binding("home", "first", show=False, tooltip="First, last step"),
    Binding("end", "last", show=False, tooltip="First, last step"),
    Binding("R", "first", show=False, tooltip="Back to the beginning"),
    Binding("b", "branches", "Branches", tooltip="All that was tried: go there"),
    Binding("c", "compare", show=False, tooltip="Compare with another branch"),
    Binding("v", "reveal", "Explain", tooltip="Verdict, goal and lesson"),
    Binding("h", "hint", show=False, tooltip="The next hint"),
    Binding("o", "next_level", show=False, tooltip="Stop at more, or at less"),
    Binding("i", "other_interpreter", show=False, tooltip="This interpreter, free-threaded"),
    Binding("f", "on_fixed", show=False, tooltip="The same on the fixed app"),
    Binding("t", "timeline", show=False, tooltip="The run in the timeline"),
    Binding("s", "save", show=False, tooltip="Save the choices, or a picture"),
    Binding("w", "write_trace", show=False, tooltip="Write a trace of the run"),
    Binding("question_mark", "help", "Help", key_display="?", tooltip="This help"),
]
