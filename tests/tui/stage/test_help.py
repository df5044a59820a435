"""What the help of the stage explains."""

from __future__ import annotations

import ast
import unicodedata
from pathlib import Path

import pytest

from weft.stage.moment import Status
from weft.stage.session import Badge
from weft_tui.screens.help import KEY_NAMES, key_list
from weft_tui.spans import plain_text, width_of
from weft_tui.stage import help as stage_help
from weft_tui.stage import marks
from weft_tui.stage.help import help_text
from weft_tui.stage.keys import KEYS
from weft_tui.stage.marks import Mark, Phase

ROOM = Path(stage_help.__file__).parent
EVERY = [
    *(mark for mark in vars(marks).values() if isinstance(mark, Mark)),
    *marks.STATES.values(),
    *marks.LIVES.values(),
    *marks.PREEMPTIONS.values(),
    *marks.VERDICTS.values(),
    *(phase.value for phase in Phase),
]


@pytest.mark.parametrize("width", [80, 120])
def test_every_mark_is_explained(width: int) -> None:
    told = help_text(key_list(KEYS), width)
    spans = [span for line in told for span in line]
    words = plain_text(told)
    for mark in EVERY:
        assert mark.span in spans, mark
        assert mark.meaning in words, mark


def test_every_state_has_a_mark() -> None:
    assert set(marks.STATES) == set(Status)
    assert set(marks.PREEMPTIONS) == set(Badge) - {Badge.NONE}


def test_no_sign_is_drawn_that_is_not_explained() -> None:
    explained = {sign for mark in EVERY for sign in mark.glyph}
    named = {sign for name in KEY_NAMES.values() for sign in name}
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                signs = {sign for sign in node.value if not sign.isascii() and unicodedata.category(sign)[0] in "SP"}
                assert signs <= explained | named, file.name


@pytest.mark.parametrize("room", [67, 87, 97])
def test_every_line_fits_its_box(room: int) -> None:
    for line in help_text(key_list(KEYS), room):
        assert width_of(line) <= room or "scheduler" in line[0][0]
