"""How long queues were, and which locks a request waited for, in the tables."""

from __future__ import annotations

from support.dashboard import bench
from support.played import MS, NESTED, played
from weft_tui.widgets.tables import SPARK, sparks

TWICE = """
a @0 enter
b @0 enter
c @0 enter
a @5 section first @40
c @5 section second @60
b @10 request 1 /both
b @20 wait first a
b @40 acquire first @20
b @40 section first @41
b @50 wait second c
b @60 acquire second @50
b @60 section second @61
b @70 done 200
* @100 pulse
"""


def test_bars_of_queues_are_as_high_as_the_longest_queue_of_all() -> None:
    assert sparks({7: (0, 1, 2, 8), 9: (0, 4, 0, 0)}) == {7: " ▁▂█", 9: " ▄  "}
    assert sparks({7: (0, 0)}) == {7: "  "}
    assert sparks({}) == {}


def test_the_time_that_a_request_waited_is_told_by_lock() -> None:
    trace = played(TWICE)
    (request,) = trace.requests(9)
    names = {trace.locks[lock].name: ns for lock, ns in trace.waits_in(request)}
    assert names == {"first": 20 * MS, "second": 10 * MS}
    assert [*names] == ["first", "second"]
    assert sum(names.values()) == request.wait_ns


async def test_the_tables_show_both() -> None:
    async with bench(played(TWICE), size=(300, 50)) as (app, pilot):
        await pilot.press("2")
        heading, row = (app.dashboard.query_one("#requests").render_line(y).text for y in (0, 1))
        assert "50% first" in row
        assert "first 67% second 33%" in row
        assert heading.index("by lock") == row.index("first 67%")
        locks = app.dashboard.query_one("#locks")
        lines = [locks.render_line(y).text for y in range(3)]
        at = lines[0].index("queue")
        # first was waited for from 20 to 40 ms of 100: in the third to the fifth of twelve columns.
        assert lines[1][at : at + SPARK] == "  ▅█▇       "


async def test_the_lock_that_a_request_waited_for_is_named_on_80_columns_too() -> None:
    async with bench(played(NESTED), size=(80, 24)) as (app, pilot):
        await pilot.press("2")
        rows = [app.dashboard.query_one("#requests").render_line(y).text for y in range(1, 4)]
        assert {row.partition("% ")[2].strip() for row in rows if "%" in row} == {"outer", "inner"}
