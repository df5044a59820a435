"""Marked lanes and locks, which steps go over; the query, which they respect; pinned rows, which stay in sight."""

from __future__ import annotations

from support.dashboard import Bench, bench
from support.played import MS, NESTED, played
from weft.findings import find
from weft_tui.messages import FindingsReady
from weft_tui.widgets.legend import Legend


def here(app: Bench) -> tuple[str, int]:
    return app.dashboard.snapshot.lanes[app.dashboard.lane].name, app.view.cursor_ns // MS


async def filtered(app: Bench, pilot, text: str) -> None:
    await pilot.press("slash")
    app.screen.query_one("#ask-line").value = text
    await pilot.press("enter")
    await pilot.pause()


async def walk(app: Bench, pilot, key: str, most: int = 20) -> list[tuple[str, int]]:
    seen: list[tuple[str, int]] = []
    for _ in range(most):
        before = len(app.toasts)
        await pilot.press(key)
        if len(app.toasts) > before:
            break
        seen.append(here(app))
    return seen


async def test_with_a_marked_lane_steps_go_over_its_waits_only() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        await pilot.press("home")
        assert await walk(app, pilot, "n") == [("b", 300), ("c", 400), ("d", 500)]
        app.dashboard.lane = 2
        await pilot.press("m", "home")
        assert app.dashboard.query_one(Legend).note == "1 marked"
        assert await walk(app, pilot, "n") == [("c", 400)]
        assert "Only what fits is gone over" in app.toasts[-1]
        await pilot.press("M", "home")
        assert app.dashboard.query_one(Legend).note == ""
        assert len(await walk(app, pilot, "n")) == 3


async def test_a_marked_lock_is_followed_from_lane_to_lane() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        await pilot.press("8")
        names = [app.dashboard.snapshot.locks[lock].name for lock in app.dashboard.lineup.ids]
        app.dashboard.pick(names.index("inner"))
        await pilot.press("m", "7", "home")
        assert await walk(app, pilot, "e") == [
            *[("a", 110), ("b", 300), ("a", 800), ("b", 810), ("b", 850)],
        ]
        assert (await walk(app, pilot, "N"))[0] == ("b", 300)
        assert "*" in app.dashboard.query_one("#locks").render_line(1).text + (
            app.dashboard.query_one("#locks").render_line(2).text
        )


async def test_m_in_the_table_of_locks_marks_the_lock_there() -> None:
    async with bench(played(NESTED), size=(200, 50)) as (app, pilot):
        await pilot.press("1", "m")
        table = app.dashboard.query_one("#locks")
        assert app.dashboard.marks.locks == {table.rows[0].lock.id}
        assert table.render_line(1).text.strip().startswith("*")
        await pilot.press("m")
        assert not app.dashboard.marks


async def test_marks_on_a_request_and_on_findings() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        await pilot.press("9", "home", "m")
        assert len(app.dashboard.marks.requests) == 1
        await pilot.press("7")
        assert await walk(app, pilot, "e") == [("b", at) for at in (150, 160, 300, 800, 810, 850, 890)]
        app.dashboard.post_message(FindingsReady(find(app.dashboard.snapshot), ()))
        await pilot.press("M", "home")
        every = await walk(app, pilot, "p")
        app.dashboard.lane = 3
        await pilot.press("m", "home")
        assert len(await walk(app, pilot, "p")) < len(every)


async def test_steps_and_the_longest_wait_respect_the_query() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        await pilot.press("w")
        assert here(app)[0] in ("b", "c")
        await filtered(app, pilot, "lock:event*")
        await pilot.press("w")
        assert here(app)[0] == "d"
        await filtered(app, pilot, "lock:outer")
        await pilot.press("home")
        app.dashboard.lane = 2
        assert await walk(app, pilot, "e") == [("c", 400), ("c", 890), ("c", 900), ("c", 950)]
        await filtered(app, pilot, "path:/report")
        await pilot.press("home")
        app.dashboard.lane = 2
        assert await walk(app, pilot, "e") == []
        await filtered(app, pilot, "lock:nothing")
        await pilot.press("w")
        assert "Only what fits is gone over" in app.toasts[-1]


async def test_b_to_a_lane_that_the_query_hides_says_so() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        await filtered(app, pilot, "thread:c")
        app.dashboard.lane = 2
        app.dashboard.go_to(500 * MS)
        await pilot.press("b")
        assert here(app) == ("b", 500)
        assert app.toasts == ["This lane is hidden by what you filter by: / changes that."]


def lanes(app: Bench) -> list[str]:
    widget = app.dashboard.lanes
    rows = [strip.text for strip in widget.picture()[:: widget.pitch]]
    return [row[1 : widget.indent].strip("●○ ") for row in rows if row.strip()]


THREADS = "".join(f"t{n} @0 enter\nt{n} @{n + 1} section l{n} @{n + 2}\n" for n in range(60)) + "* @100 pulse"


async def test_a_pinned_lane_stays_on_top_while_the_others_scroll() -> None:
    async with bench(played(THREADS), size=(100, 24)) as (app, pilot):
        await pilot.press(*["down"] * 5)
        await pilot.press("t")
        assert lanes(app)[0].split() == ["t5", "^"]
        assert app.dashboard.query_one(Legend).note == "1 pinned"
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown")
        assert lanes(app)[0].split() == ["t5", "^"]
        assert lanes(app)[-1] == "t59"
        await pilot.click(app.dashboard.lanes, offset=(4, 0))
        assert app.dashboard.lane == 5
        assert lanes(app)[-1] == "t59"
        await pilot.press("t")
        assert app.dashboard.lineup.pinned == 0


async def test_a_pinned_row_is_hidden_neither_by_idleness_nor_by_a_query() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        app.dashboard.lane = 3
        await pilot.press("t")
        await filtered(app, pilot, "thread:a")
        assert [name.split()[0] for name in lanes(app)] == ["d", "a"]


async def test_seven_eight_and_nine_show_lanes_of_each_kind() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        for key, heading in (("9", "3 requests"), ("8", "3 locks"), ("7", "4 lanes")):
            await pilot.press(key)
            assert app.dashboard.lineup.heading() == heading
