"""The keys of the dashboard; the tooltips are what the help says, and keys with the same one share a row there."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

KEYS: Final[list[BindingType]] = [
    Binding("n", "wait(1)", "Next wait", tooltip="Next, previous wait of any lane"),
    Binding("N", "wait(-1)", "Previous wait of any lane", show=False, tooltip="Next, previous wait of any lane"),
    Binding("p", "finding(1)", "Next problem (finding)", show=False, tooltip="Next, previous problem (finding)"),
    Binding("P", "finding(-1)", "Previous problem (finding)", show=False, tooltip="Next, previous problem (finding)"),
    Binding("e", "event(1)", "Next event of the lane", show=False, tooltip="Next, previous event of the lane"),
    Binding("E", "event(-1)", "Previous event of the lane", show=False, tooltip="Next, previous event of the lane"),
    Binding("b", "blame", "Culprit", tooltip="Go to who makes this lane wait"),
    Binding("B", "root", show=False, tooltip="Go to the root culprit; [ comes back"),
    Binding("w", "worst", "Worst", tooltip="The longest wait for the worst lock"),
    Binding("m", "mark", show=False, tooltip="Mark: steps go over marked ones"),
    Binding("M", "unmark", "Unmark", tooltip="Mark nothing"),
    Binding("t", "pin", show=False, tooltip="Pin a lane to the top, let it go"),
    Binding("v", "by", "Lanes", tooltip="Lanes of threads, locks, requests"),
    Binding(
        "7", "show_by('THREAD')", "Lanes of threads", show=False, tooltip="Lanes of threads, of locks, of requests"
    ),
    Binding("8", "show_by('LOCK')", "Lanes of locks", show=False, tooltip="Lanes of threads, of locks, of requests"),
    Binding(
        "9", "show_by('REQUEST')", "Lanes of requests", show=False, tooltip="Lanes of threads, of locks, of requests"
    ),
    Binding("slash", "filter", "Filter", key_display="/", tooltip="Show only what fits a line"),
    Binding("o", "order", show=False, tooltip="Sort lanes: start, waiting, name"),
    Binding("i", "idle", show=False, tooltip="Hide, show what is idle"),
    Binding("space", "pause", "Pause", tooltip="Pause; then follow, or play"),
    Binding("space", "follow", "Follow", tooltip="Pause; then follow, or play"),
    Binding("space", "play", "Play", tooltip="Pause; then follow, or play"),
    Binding("less_than_sign", "speed(-1)", "Play slower", show=False, tooltip="Play slower, faster"),
    Binding("greater_than_sign", "speed(1)", "Play faster", show=False, tooltip="Play slower, faster"),
    Binding("f", "follow", show=False, tooltip="Follow the newest moment"),
    Binding("left,h", "step(-1)", "Move the cursor left", show=False, tooltip="Move the cursor"),
    Binding("right,l", "step(1)", "Move the cursor right", show=False, tooltip="Move the cursor"),
    Binding("shift+left,H", "pan(-0.25)", "Move the window left", show=False, tooltip="Move a quarter of the window"),
    Binding("shift+right,L", "pan(0.25)", "Move the window right", show=False, tooltip="Move a quarter of the window"),
    Binding("up,k", "lane(-1)", "Select the lane above", show=False, tooltip="Select a lane"),
    Binding("down,j", "lane(1)", "Select the lane below", show=False, tooltip="Select a lane"),
    Binding("pageup", "lane_page(-1)", "Select a lane a page above", show=False, tooltip="Select a lane a page away"),
    Binding("pagedown", "lane_page(1)", "Select a lane a page below", show=False, tooltip="Select a lane a page away"),
    Binding("plus,equals_sign", "zoom(0.5)", "Zoom", key_display="+", tooltip="Look closer, wider"),
    Binding("minus,underscore", "zoom(2)", "Look wider", show=False, tooltip="Look closer, wider"),
    Binding("a", "select", show=False, tooltip="Select from here to the cursor"),
    Binding("z", "zoom_selection", "To selection", tooltip="Zoom to the selection, or what lasts here"),
    Binding("z", "zoom_thing", show=False, tooltip="Zoom to the selection, or what lasts here"),
    Binding("0", "whole", show=False, tooltip="The whole trace"),
    Binding("home", "first", "First moment", show=False, tooltip="First, last moment"),
    Binding("end", "last", "Last moment", show=False, tooltip="First, last moment"),
    Binding("g", "go", show=False, tooltip="Go to a time, an event"),
    Binding(
        "left_square_bracket", "back", "Back to where you were", show=False, tooltip="Back to where you were, forward"
    ),
    Binding("right_square_bracket", "forward", "Forward again", show=False, tooltip="Back to where you were, forward"),
    Binding("1", "panel(1)", "Panel of locks", show=False, tooltip="Locks, requests, … recording"),
    Binding("2", "panel(2)", "Panel of requests", show=False, tooltip="Locks, requests, … recording"),
    Binding("3", "panel(3)", "Panel of the inspector", show=False, tooltip="Locks, requests, … recording"),
    Binding("4", "panel(4)", "Panel of findings", show=False, tooltip="Locks, requests, … recording"),
    Binding("5", "panel(5)", "Panel of the log", show=False, tooltip="Locks, requests, … recording"),
    Binding("6", "panel(6)", "Panel of the recording", show=False, tooltip="Locks, requests, … recording"),
    Binding("tab", "app.focus_next", show=False, tooltip="Next part of the screen"),
    Binding(
        "shift+tab", "app.focus_previous", "Part of the screen before", show=False, tooltip="Next part of the screen"
    ),
    Binding("escape", "lanes", show=False, tooltip="Back to the lanes; select nothing"),
    Binding("c", "copy", show=False, tooltip="Copy the selection, or all you see"),
    Binding("C", "write", show=False, tooltip="Write it to a file"),
    Binding("s", "save", show=False, tooltip="Save a picture (SVG)"),
    Binding("question_mark", "help", "Help", key_display="?", tooltip="This help"),
]
