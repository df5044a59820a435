"""The pictures of the README can be drawn anew, and look like the screens."""

from __future__ import annotations

import re

from support.busy import BusyServer
from weft_tui import pictures


def text_of(svg: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", svg).replace("&#160;", " "))


def test_the_dashboard_on_a_trace(tmp_path) -> None:
    trace = tmp_path / "shop.weft"
    BusyServer(threads=4, seed=2).write(trace, 2_000)
    drawn = text_of(pictures.dashboard(trace, "demo shop", pictures.SIZE, *pictures.WORST_WAIT))
    for words in ("demo shop", "waitress", "waits+holds", "Inspector", "victim", "culprit"):
        assert words in drawn


def test_the_stage_on_a_scenario_says_nothing_of_this_machine() -> None:
    svg = pictures.stage("oversell", *pictures.BOTH_BUY)
    drawn = text_of(svg)
    for words in ("INVARIANT BROKEN", "1 loom was in stock, 2 were sold", "alice", "bob"):
        assert words in drawn
    assert "url(" not in svg.replace("url(#", "")
