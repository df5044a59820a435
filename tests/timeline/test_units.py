"""Durations and names for people."""

from __future__ import annotations

import pytest

from weft.timeline.units import duration, plain


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (12, "12 ns"),
        (999, "999 ns"),
        (1_000, "1 us"),
        (1_250, "1.2 us"),
        (9_949, "9.9 us"),
        (9_950, "10 us"),
        (830_000, "830 us"),
        (999_499, "999 us"),
        (999_500, "1 ms"),
        (412_000_000, "412 ms"),
        (999_999_999, "1 s"),
        (1_200_000_000, "1.2 s"),
        (59_400_000_000, "59 s"),
        (59_500_000_000, "1 min"),
        (125_000_000_000, "2 min 5 s"),
        (3_600_000_000_000, "1 h 00 min"),
        (7_500_000_000_000, "2 h 05 min"),
        (-1_200_000, "-1.2 ms"),
    ],
)
def test_a_duration_has_the_digits_that_matter(ns: int, text: str) -> None:
    assert duration(ns) == text


def test_only_what_prints_is_printed() -> None:
    assert plain("shop.stock_lock é 漢") == "shop.stock_lock é 漢"
    for bad in (
        "\x1b[2J",
        "\x9b31m",
        "a\nb",
        "\r",
        "\u202egnp",
        "\u2066x",
        "\u200b",
        "\ud800",
        "\x00",
        "\x7f",
        "\u2028",
    ):
        shown = plain(bad)
        assert len(shown) == len(bad)
        assert shown.isprintable()
        assert "\N{REPLACEMENT CHARACTER}" in shown
