"""Lines of inked text."""

from __future__ import annotations

import pytest
from rich.style import Style

from weft_tui.spans import Ink, clip, cut, cut_middle, fit, plain_text, strip, width_of, wrap


def test_lines_break_between_words_and_continue_indented() -> None:
    line = (("  held by ", Ink.PLAIN), ("GET /a", Ink.HOLD), (" since ", Ink.PLAIN), ("412 ms", Ink.STRONG))
    assert plain_text(wrap(line, 20)).splitlines() == ["  held by GET /a ", "    since 412 ms"]


def test_a_duration_is_not_broken() -> None:
    line = (("since ", Ink.PLAIN), ("412 ms", Ink.STRONG))
    assert plain_text(wrap(line, 10)).splitlines() == ["since ", "  412 ms"]


@pytest.mark.parametrize("width", range(12, 60, 7))
def test_wrapped_lines_fit_and_lose_nothing_but_what_cannot_fit(width: int) -> None:
    line = (("one two  three ", Ink.PLAIN), ("four five six", Ink.DIM), (" seven", Ink.WAIT))
    wrapped = wrap(line, width)
    assert all(width_of(piece) <= width for piece in wrapped)
    assert plain_text(wrapped).split() == ["one", "two", "three", "four", "five", "six", "seven"]


def test_a_name_that_is_too_long_for_a_line_goes_on_in_the_next() -> None:
    line = (("  waits for ", Ink.PLAIN), ("shop_for_looms_lock_of_the_north", Ink.WAIT), (" since", Ink.PLAIN))
    told = plain_text(wrap(line, 24, 3)).splitlines()
    assert [row.strip() for row in told] == ["waits for", "shop_for_looms_lock_", "of_the_north since"]
    assert plain_text(wrap(line, 24)).splitlines()[1].rstrip() == "    shop_for_looms_lock…"
    assert all(width_of(row) <= 14 for row in wrap((("日本語" * 9, Ink.PLAIN),), 14, 9))


@pytest.mark.parametrize(
    ("text", "width", "short"), [("abcdef", 6, "abcdef"), ("abcdef", 4, "abc…"), ("日本語", 5, "日本…"), ("ab", 1, "…")]
)
def test_texts_are_cut_with_an_ellipsis(text: str, width: int, short: str) -> None:
    assert cut(text, width) == short


def test_names_are_cut_in_the_middle() -> None:
    assert cut_middle("ThreadPoolExecutor-0_31", 16) == "ThreadP…tor-0_31"
    assert cut_middle("short", 16) == "short"


def test_a_strip_is_exactly_as_wide_as_wanted_and_carries_no_controls() -> None:
    styles = {ink: Style() for ink in Ink}
    for text in ("short", "much longer than it may be", "\x1b[2J\x07", "日本語日本語日本語"):
        made = strip(((text, Ink.PLAIN),), styles, 10, Style())
        assert made.cell_length == 10
        assert made.text.isprintable()


def test_fit_cuts_across_spans() -> None:
    assert plain_text([fit((("abc", Ink.PLAIN), ("def", Ink.DIM)), 5)]) == "abcd…"


@pytest.mark.parametrize("width", range(1, 12))
def test_what_is_clipped_says_so_even_between_two_pieces(width: int) -> None:
    line = (("abc", Ink.PLAIN), ("def", Ink.STRONG), ("", Ink.DIM), ("gh", Ink.DIM))
    shown = clip(line, width)
    assert width_of(shown) <= width
    text = plain_text([shown])
    assert text == ("abcdefgh" if width >= 8 else f"{'abcdefgh'[: width - 1]}…")


def test_a_long_name_is_broken_behind_a_part_of_it() -> None:
    told = plain_text(wrap((("  BaseHTTPRequestHandler.handle_one_request", Ink.PLAIN),), 34, 3)).splitlines()
    assert [row.strip() for row in told if row.strip()] == ["BaseHTTPRequestHandler.handle_", "one_request"]
