"""Source files as lines of inked text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from weft_tui.spans import Ink
from weft_tui.stage.code import Listings, common_indent, listing, window

TEXT = '''\
import os  # why


class Shop:
    def buy(self, item):
        """Sell
        one."""
        if item is None:
            return 12

        return "a"


def other():
    return 0
'''


def inks(line) -> dict[Ink, str]:
    return {ink: text for text, ink in line if text.strip()}


def test_words_strings_numbers_and_comments_are_told_apart() -> None:
    made = listing(TEXT)
    assert inks(made.line(1)) == {Ink.KEYWORD: "import", Ink.PLAIN: " os  ", Ink.DIM: "# why"}
    assert inks(made.line(5))[Ink.STRONG] == "buy"
    assert inks(made.line(6)) == {Ink.STRING: '"""Sell'}
    assert inks(made.line(7)) == {Ink.STRING: '        one."""'}
    assert inks(made.line(9))[Ink.NUMBER] == "12"
    assert inks(made.line(9, grey=True)) == {Ink.DIM: "            return 12"}


@pytest.mark.parametrize("number", range(1, 16))
@pytest.mark.parametrize("indent", [0, 4])
def test_nothing_of_a_line_is_lost(number: int, indent: int) -> None:
    made = listing(TEXT)
    shown = "".join(text for text, _ in made.line(number, indent))
    assert shown == TEXT.splitlines()[number - 1][indent:]


def test_lines_that_are_not_there_are_empty() -> None:
    made = listing(TEXT)
    assert made.line(0) == made.line(99) == ()
    assert made.head(99) == 99
    assert listing("").lines == []


@pytest.mark.parametrize(("line", "head"), [(1, 1), (5, 5), (6, 5), (8, 5), (9, 5), (11, 5), (14, 14), (15, 14)])
def test_the_head_of_a_function_is_found(line: int, head: int) -> None:
    assert listing(TEXT).head(line) == head


def test_the_window_begins_at_the_head_when_that_fits() -> None:
    made = listing(TEXT)
    assert window(made, 9, 8) == range(5, 13)
    assert window(made, 8, 8) == range(5, 13)
    assert 11 in window(made, 11, 5)
    assert window(made, 15, 8) == range(8, 16)
    assert window(made, 2, 40) == range(1, 41)


def test_the_common_indent_skips_empty_lines() -> None:
    assert common_indent(listing(TEXT), range(8, 12)) == 8
    assert common_indent(listing(TEXT), range(1, 4)) == 0
    assert common_indent(listing(""), range(1, 4)) == 0


def test_tabs_and_controls_are_made_visible() -> None:
    made = listing("def f():\n\tx = '\x1b[31m\x07\u202e'  # \x9b\n")
    assert made.lines[1].replace("\N{REPLACEMENT CHARACTER}", "?") == "        x = '?[31m??'  # ?"


@pytest.mark.parametrize("text", ["def (:\n", "'''never closed\nx", "x = 1\n  y\n z", "\x00", "(" * 500, "\\"])
def test_what_is_no_python_is_shown_without_colours(text: str) -> None:
    made = listing(text)
    assert "".join(piece for piece, _ in made.line(1))


def test_files_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    listings = Listings()
    first = listings.get(str(path))
    path.unlink()
    assert listings.get(str(path)) is first


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    for name in ("none.py", "pipe", "latin.py", ".", "a\0b"):
        made = Listings().get(str(tmp_path / name))
        assert made.note
        assert not made.lines
