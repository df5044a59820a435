"""The keys of the dashboard; the tooltips are what the help says, and keys with the same one share a row there."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

KEYS: Final[list[BindingType]] = [
    Binding("n", "wait(1)", "Next wait", tooltip="Next, previous wait of any lane"),
    Binding("N", "wait(-1)", show=False, tooltip="Next, previous wait of any lane"),
    Binding("p", "finding(1)", show=False, tooltip="Next, previous problem (finding)"),
    Binding("P", "finding(-1)", show=False, tooltip="Next, previous problem (finding)"),
    Binding("e", "event(1)", show=False, tooltip="Next, previous event of the lane"),
    Binding("E", "event(-1)", show=False, tooltip="Next, previous event of the lane"),
    Binding("b", "blame", "Culprit", tooltip="Go to who makes this lane wait"),
    Binding("B", "root", show=False, tooltip="Go to the root culprit; [ comes back"),
    Binding("w", "worst", "Worst", tooltip="The longest wait for the worst lock"),
    Binding("v", "by", "Lanes", tooltip="Lanes of threads, locks, requests"),
    Binding("slash", "filter", "Filter", key_display="/", tooltip="Show only what fits a line"),
    Binding("o", "order", show=False, tooltip="Sort lanes: start, waiting, name"),
    Binding("i", "idle", show=False, tooltip="Hide, show what is idle"),
    Binding("space", "pause", "Pause", tooltip="Pause; then follow, or play"),
    Binding("space", "follow", "Follow", tooltip="Pause; then follow, or play"),
    Binding("space", "play", "Play", tooltip="Pause; then follow, or play"),
    Binding("f", "follow", show=False, tooltip="Follow the newest moment"),
    Binding("left,h", "step(-1)", show=False, tooltip="Move the cursor"),
    Binding("right,l", "step(1)", show=False, tooltip="Move the cursor"),
    Binding("shift+left,H", "pan(-0.25)", show=False, tooltip="Move a quarter of the window"),
    Binding("shift+right,L", "pan(0.25)", show=False, tooltip="Move a quarter of the window"),
    Binding("up,k", "lane(-1)", show=False, tooltip="Select a lane"),
    Binding("down,j", "lane(1)", show=False, tooltip="Select a lane"),
    Binding("pageup", "lane_page(-1)", show=False, tooltip="Select a lane a page away"),
    Binding("pagedown", "lane_page(1)", show=False, tooltip="Select a lane a page away"),
    Binding("plus,equals_sign", "zoom(0.5)", "Zoom", key_display="+", tooltip="Look closer, wider"),
    Binding("minus,underscore", "zoom(2)", show=False, tooltip="Look closer, wider"),
    Binding("0", "whole", show=False, tooltip="The whole trace"),
    Binding("home", "first", show=False, tooltip="First, last moment"),
    Binding("end", "last", show=False, tooltip="First, last moment"),
    Binding("g", "go", show=False, tooltip="Go to a time"),
    Binding("left_square_bracket", "back", show=False, tooltip="Back to where you were, forward"),
    Binding("right_square_bracket", "forward", show=False, tooltip="Back to where you were, forward"),
    Binding("1", "panel(1)", show=False, tooltip="Locks, requests, … recording"),
    Binding("2", "panel(2)", show=False, tooltip="Locks, requests, … recording"),
    Binding("3", "panel(3)", show=False, tooltip="Locks, requests, … recording"),
    Binding("4", "panel(4)", show=False, tooltip="Locks, requests, … recording"),
    Binding("5", "panel(5)", show=False, tooltip="Locks, requests, … recording"),
    Binding("6", "panel(6)", show=False, tooltip="Locks, requests, … recording"),
    Binding("tab", "app.focus_next", show=False, tooltip="Next part of the screen"),
    Binding("shift+tab", "app.focus_previous", show=False, tooltip="Next part of the screen"),
    Binding("escape", "lanes", show=False, tooltip="Back to the lanes"),
    Binding("s", "save", show=False, tooltip="Save a picture (SVG)"),
    Binding("question_mark", "help", "Help", key_display="?", tooltip="This help"),
]
