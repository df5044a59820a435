"""The first row."""

from __future__ import annotations

import pytest

from weft_tui.spans import Ink, plain_text, width_of
from weft_tui.view import Mode, Motion
from weft_tui.widgets.status import Status, status_line

FULL = Status(
    Mode.LIVE,
    Motion.FOLLOW,
    "flask --app shop run",
    wall_ns=1_700_000_000_123_000_000,
    offset_ns=12_482_000_000,
    span_ns=10_000_000_000,
    rate=1240,
)


def text(status: Status, width: int = 120) -> str:
    return plain_text([status_line(status, width)])


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("title", ["", "flask run", "x" * 300])
@pytest.mark.parametrize("lost", [0, 12])
def test_it_is_exactly_as_wide_as_the_terminal(width: int, title: str, lost: int) -> None:
    line = status_line(Status(**{**_fields(FULL), "title": title, "lost": lost}), width)
    assert width_of(line) == width


def test_a_wide_one_tells_everything() -> None:
    shown = text(FULL)
    for piece in ("● LIVE", "flask --app shop run", "1,240 events/s", "22:13:20.123", "shows 10 s", "at 12.48 s"):
        assert piece in shown


def test_a_narrow_one_keeps_what_matters_most() -> None:
    shown = text(FULL, 60)
    assert "at 12.48 s" in shown
    assert "events/s" not in shown


def test_what_is_missing_is_loud_and_never_left_out() -> None:
    line = status_line(Status(**{**_fields(FULL), "lost": 1234, "gaps": 2, "contended": True}), 120)
    alarms = "".join(piece for piece, ink in line if ink is Ink.ALARM)
    assert "1,234 events lost" in alarms
    assert "2 gaps in the file" in alarms
    assert any("contended locks only" in text for text, _ in line)


@pytest.mark.parametrize(
    ("mode", "motion", "complete", "badge"),
    [
        (Mode.LIVE, Motion.FOLLOW, False, "● LIVE "),
        (Mode.LIVE, Motion.FOLLOW, True, "■ LIVE, ended"),
        (Mode.LIVE, Motion.STILL, False, "‖ LIVE, paused"),
        (Mode.REPLAY, Motion.STILL, True, "■ REPLAY "),
        (Mode.REPLAY, Motion.PLAY, True, "▶ REPLAY, playing"),
    ],
)
def test_the_badge_says_what_moves(mode: Mode, motion: Motion, complete: bool, badge: str) -> None:
    assert text(Status(mode, motion, "x", complete=complete)).strip().startswith(badge)


def test_loading_and_the_end_of_the_app_are_told() -> None:
    assert "reading 42%" in text(Status(Mode.REPLAY, Motion.STILL, "x", loaded=0.42))
    assert "flask ended with status 1" in text(Status(**{**_fields(FULL), "note": "flask ended with status 1"}))


def _fields(status: Status) -> dict:
    return {name: getattr(status, name) for name in Status.__slots__}
