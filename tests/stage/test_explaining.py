"""Why an order fails, in source terms."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.staging import staged
from weft.stage.search import explaining

SOURCE = """
class Page: likes, seen = 0, 0
page, guard, other = Page(), threading.Lock(), threading.Lock()
{}
SCENARIO = Scenario("x", None, {{"alice": first, "bob": second}})
"""


def _told(folder: Path, body: str, order: str) -> str | None:
    """Run a program, alice as ``a`` and bob as ``b``, and return what came in between."""
    with staged(folder, SOURCE.format(body)) as session:
        session.take([int(actor == "b") for actor in order])
        found = explaining.intrusion(session.here.path())
        return explaining.told(found) if found is not None else None


WRITER = "def second():\n    page.likes = 5\n"


@pytest.mark.parametrize(
    ("body", "order", "told"),
    [
        (
            f"def first():\n    page.likes += 1\n{WRITER}", "aabba",
            "alice read page.likes (→ 0) at program.py:10, bob wrote it (= 5) at program.py:12, then alice wrote it "
            "(= 1) at program.py:10; no lock was held from the first to the last",
        ),
        (
            f"def first():\n    with guard:\n        page.likes += 1\n{WRITER}", "aaabba",
            "alice read page.likes (→ 0) at program.py:11, bob wrote it (= 5) at program.py:13, then alice wrote it "
            "(= 1) at program.py:11; bob did not take guard, which alice held",
        ),
        (
            f"def first():\n    page.likes = 1\n    return page.likes\n{WRITER}", "aabba",
            "alice wrote page.likes (= 1) at program.py:10, bob wrote it (= 5) at program.py:13, then alice read it "
            "(→ 5) at program.py:11; no lock was held from the first to the last",
        ),
        (
            "def first():\n    if page.likes == 0:\n        page.seen = 1\n"
            "def second():\n    page.likes = 5\n    page.seen = 2\n", "aabbba",
            "alice read page.likes (→ 0) at program.py:10, bob wrote it (= 5) at program.py:13, then alice wrote "
            "page.seen (= 1) at program.py:11; no lock was held from the first to the last",
        ),
        (f"def first():\n    page.likes += 1\n{WRITER}", "aaabb", None),
        (f"def first():\n    page.likes += 1\n{WRITER}", "bbaaa", None),
    ],
)  # fmt: skip
def test_what_came_in_between_is_told(tmp_path: Path, body: str, order: str, told: str | None) -> None:
    assert _told(tmp_path, body, order) == told


def test_each_stretch_is_a_sentence(tmp_path: Path) -> None:
    body = """
def first():
    with guard:
        page.likes += 1
    raise ValueError("no")
def second():
    with guard:
        page.likes = 5
"""
    with staged(tmp_path, SOURCE.format(body)) as session:
        session.take([0, 0, 1, 0, 0, 0, 1, 1])
        assert explaining.sentences(session.here.path()) == [
            "alice runs until before read page.likes (program.py:12)",
            "bob runs until it waits for guard, held by alice since program.py:11",
            "alice goes on and fails: ValueError: 'no'",
            "bob goes on until before release guard (program.py:15)",
        ]
