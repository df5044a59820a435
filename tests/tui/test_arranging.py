"""Lanes by thread, by lock and by request, sorted and hidden."""

from __future__ import annotations

from support.dashboard import Bench, bench
from support.played import MS, played
from support.scripted import shop
from weft_tui.lineup import Order, Wish, line_up
from weft_tui.picks import By
from weft_tui.view import View
from weft_tui.widgets.lanes import Lanes
from weft_tui.widgets.ruler import Ruler

EVERYTHING = View(0, 1000 * MS, 0)


def picture(app: Bench) -> str:
    return "\n".join(strip.text for strip in app.dashboard.lanes.picture())


def names(app: Bench) -> list[str]:
    rows = [strip.text for strip in app.dashboard.lanes.picture()[:: app.dashboard.lanes.pitch]]
    return [row[3 : app.dashboard.lanes.indent].strip() for row in rows if row.strip()]


async def test_v_goes_through_threads_locks_and_requests() -> None:
    async with bench(played()) as (app, pilot):
        assert names(app) == ["main", "w1", "w2", "w3"]
        await pilot.press("v")
        assert names(app) == ["Cache.lock", "shop.stock", "shop.audit"]
        assert app.dashboard.query_one(Ruler).heading == "3 locks"
        await pilot.press("v")
        assert names(app) == ["GET /report", "GET /checkout", "GET /cart"]
        await pilot.press("v")
        assert app.dashboard.query_one(Ruler).heading == "4 lanes"


async def test_a_lock_is_a_bar_of_its_holders_above_the_queue_and_the_inspector_tells_both() -> None:
    async with bench(played()) as (app, pilot):
        await pilot.press("v")
        assert names(app)[app.dashboard.row] == "shop.stock"
        first, second = (strip.text for strip in app.dashboard.lanes.picture()[2:4])
        assert "GET /report" in first
        assert "▁" in second
        assert "▂" in second
        assert second.index("▁") < second.index("▂")
        assert "shop.stock, a Lock" in app.told
        assert "held by GET /report (w1) since 350 ms" in app.told
        assert "wanted by GET /checkout (w2) since 250 ms" in app.told
        await pilot.press("down")
        assert "held by GET /cart (w3) since" in app.told


async def test_without_room_below_the_queue_stands_as_digits_on_the_bar() -> None:
    text = "main @0 enter\n" + "".join(f"main @{10 * n} section lock{n} @{10 * n + 5}\n" for n in range(60))
    text += "a @0 enter\nb @0 enter\na @100 wait lock9 main\nb @100 wait lock9 main\n* @1000 pulse"
    async with bench(played(text), size=(100, 30)) as (app, pilot):
        await pilot.press("v", "o")
        assert "2222" in app.dashboard.lanes.picture()[0].text


async def test_a_request_is_picked_with_its_thread_and_a_moment_of_it() -> None:
    async with bench(played()) as (app, pilot):
        await pilot.press("home", "v", "v", "up", "up", "up")
        assert (app.dashboard.lane, app.view.cursor_ns) == (1, 100 * MS)
        await pilot.press("down")
        assert app.dashboard.lane == 2
        assert "GET /checkout runs" in app.told
        await pilot.click(Lanes, offset=(5, 4))
        assert "GET /cart" in app.told


async def test_jumps_pick_the_lock_or_request_that_they_lead_to() -> None:
    async with bench(played()) as (app, pilot):
        await pilot.press("v", "v", "home", "n")
        assert names(app)[app.dashboard.row] == "GET /checkout"
        await pilot.press("b")
        assert names(app)[app.dashboard.row] == "GET /report"


async def test_o_sorts_by_waiting_then_by_name_and_the_legend_says_so() -> None:
    async with bench(played()) as (app, pilot):
        await pilot.press("o")
        assert names(app)[:2] == ["w2", "w3"]
        assert "by waiting" in app.dashboard.query_one("#legend").render_line(0).text
        await pilot.press("v", "o")
        assert names(app) == ["Cache.lock", "shop.audit", "shop.stock"]


async def test_i_hides_lanes_in_which_nothing_happens_but_never_the_selected_one() -> None:
    async with bench(played()) as (app, pilot):
        await pilot.press("home", "plus", "plus", "plus", "i")
        assert names(app) == ["w1", "w2"]
        assert app.dashboard.query_one(Ruler).heading == "2 of 4 lanes"
        await pilot.press("0")
        assert names(app) == ["main", "w1", "w2", "w3"]
        await pilot.press("i")
        assert app.dashboard.query_one("#legend").note == ""


async def test_up_and_down_walk_in_the_order_of_the_rows() -> None:
    async with bench(played()) as (app, pilot):
        await pilot.press("o", "up", "up", "up")
        assert names(app)[0] == "w2"
        assert app.dashboard.lane == 2
        await pilot.press("down")
        assert app.dashboard.lane == 3


def test_rows_are_grouped_by_process() -> None:
    trace = shop(processes=2)
    lineup = line_up(trace, Wish(), View(trace.start_ns, 10, trace.start_ns))
    assert lineup.ids.tolist() == [0, 2, 1, 3]
    assert lineup.process.tolist() == [0, 0, 1, 1]


def test_numbers_in_names_are_sorted_by_their_size() -> None:
    trace = played("w10 @0 enter\nw9 @0 enter\nw1 @0 enter\n* @5 pulse")
    lineup = line_up(trace, Wish(order=Order.NAME), EVERYTHING)
    assert [trace.lanes[lane].name for lane in lineup.ids] == ["w1", "w9", "w10"]


def test_requests_sorted_by_waiting_and_only_those_that_waited() -> None:
    trace = played()
    by_waiting = line_up(trace, Wish(By.REQUEST, Order.WAITING), EVERYTHING)
    assert [request.path for request in trace.requests_of(by_waiting.requests[:])] == ["/checkout", "/cart", "/report"]
    waited = line_up(trace, Wish(By.REQUEST, idle=False), EVERYTHING)
    assert [request.path for request in trace.requests_of(waited.requests[:])] == ["/checkout", "/cart"]


async def test_every_arrangement_survives_nothing() -> None:
    async with bench(None) as (app, pilot):
        await pilot.press("v", "o", "i", "down", "v", "pageup")
        app.feed(played("* @0 pulse"))
        await pilot.press("v", "o", "i", "down", "v")
        assert app.is_running
