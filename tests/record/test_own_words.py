"""The examples in docs/own-words.md run, and record what the text says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.recorded import record
from weft.events import Kind

PAGE = Path(__file__).parents[2] / "docs" / "own-words.md"

EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_example_prices_a_cart(tmp_path: Path) -> None:
    found = record(tmp_path, EXAMPLES[0])
    assert [row.what for row in found.of(Kind.SPAN_ENTER)] == ["price the cart"] * 2
    assert [row.what for row in found.of(Kind.MARK)] == ["cache miss"]
    assert [row.what for row in found.of(Kind.SECTION)] == ["shop.stock"]


def test_the_second_example_has_a_printer(tmp_path: Path) -> None:
    found = record(tmp_path, EXAMPLES[1])
    assert [row.kind for row in found.of(Kind.WAIT, Kind.RESUME, Kind.SECTION)] == [
        Kind.WAIT,
        Kind.RESUME,
        Kind.SECTION,
    ]
    assert {entry["name"] for entry in found.defined("lock")} >= {"printer"}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_runs(tmp_path: Path, number: int) -> None:
    record(tmp_path, EXAMPLES[number])
