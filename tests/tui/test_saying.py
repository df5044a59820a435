"""The panels that tell what the app says, and what the recording cost."""

from __future__ import annotations

from dataclasses import replace

from support.dashboard import bench
from support.played import MS, played
from support.scripted import shop
from weft.timeline.values import Costs, Place, Unseen
from weft_tui.checkup import LEFT_OUT
from weft_tui.recording_story import recording_story
from weft_tui.spans import plain_text


async def test_five_lists_marks_and_log_records_and_enter_goes_there() -> None:
    async with bench(played(), size=(120, 40)) as (app, pilot):
        await pilot.press("5")
        log = app.dashboard.query_one("#log")
        rows = [log.render_line(y).text for y in range(1, 3)]
        assert "warning" in rows[0]
        assert "slow report" in rows[0]
        assert "mark" in rows[1]
        assert "cache miss" in rows[1]
        await pilot.press("down", "enter")
        assert (app.dashboard.lane, app.view.cursor_ns) == (0, 700 * MS)
        app.dashboard.filter("thread:w1")
        await pilot.pause()
        assert [row.text for row in log.rows] == ["slow report"]


async def test_an_app_that_says_nothing_is_told_how_to() -> None:
    async with bench(shop(), size=(120, 40)) as (app, pilot):
        await pilot.press("5")
        assert "weft.mark" in app.dashboard.query_one("#log").render_line(2).text


async def test_six_tells_what_recording_costs() -> None:
    async with bench(shop(lost=7), size=(120, 40)) as (app, pilot):
        await pilot.press("6")
        text = plain_text(app.dashboard.query_one("#recording").lines)
        assert "7 records were lost" in text
        assert "1,234 a second lately" in text


def test_costs_and_what_was_not_seen_are_told_per_process() -> None:
    trace = shop()
    costs = Costs(bare_ps=140_000, recorded_ps=390_000, drain_ns=12_000_000, over_ns=1_000_000_000, records=5_000)
    unseen = (Unseen(0, "shop.early", Place("/srv/shop/shop.py", "", 3), "made before recording began"),) * 2
    trace = replace(trace, processes=(replace(trace.processes[0], costs=costs, gil=False),), unseen=unseen)
    text = plain_text(recording_story(trace, 10.0))
    assert "Nothing was lost" in text
    assert "a record costs 250 ns: with lock, 140 ns bare and 390 ns recorded" in text
    assert "take 1.2% of a core" in text
    assert "5,000 records a second" in text
    assert "without the GIL" in text
    assert text.count("shop.early (shop.py:3): made before recording began") == 1
    bare = plain_text(recording_story(replace(trace, unseen=()), 10.0))
    assert LEFT_OUT in text
    assert f"Everything that weft records was seen. {LEFT_OUT}" in bare
