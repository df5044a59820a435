"""Who is to blame: the chain from a wait to its root culprit, and the keys that go there and back."""

from __future__ import annotations

from support.dashboard import bench
from support.played import MS, NESTED, played
from weft_tui import jumps
from weft_tui.blame import Role, chain


def lanes(trace, lane: int, at_ms: int) -> list[tuple[str, str]]:
    found = chain(trace, trace.moment(lane, at_ms * MS))
    return [(trace.lanes[link.lane].name, link.role.value) for link in found.links]


def test_the_chain_leads_to_whom_nobody_makes_wait() -> None:
    trace = played(NESTED)
    assert lanes(trace, 2, 500) == [("b", "holds"), ("a", "holds")]
    assert lanes(trace, 1, 500) == [("a", "holds")]
    assert lanes(trace, 0, 500) == []


def test_between_two_holders_the_last_one_is_to_blame() -> None:
    assert lanes(played(NESTED), 1, 805) == [("a", "let go")]


def test_whoever_ends_a_wait_that_nobody_causes_is_followed() -> None:
    assert lanes(played(NESTED), 3, 700) == [("a", "wakes")]


def test_the_longest_wait_is_looked_at_where_somebody_holds_the_lock() -> None:
    text = "a @0 enter\nb @0 enter\nb @10 wait l a\na @5 section l @40\na @60 section l @70\n"
    trace = played(text + "b @90 acquire l @10\nb @90 section l @95\n* @100 pulse")
    spot = jumps.worst_wait(trace)
    assert (spot.lane, spot.time_ns) == (1, 25 * MS)
    assert chain(trace, trace.moment(1, spot.time_ns)).first.role is Role.HOLDS


AWAITED = """
report @0 enter
server @0 enter
buyer @0 enter
loop @0 enter
report @1 request 1 /report
server @2 request 2 /cart
server @3 submit async_price
loop @4 task @3 server
report @5 section stock @310
loop @10 wait stock report
loop @310 acquire stock @10
buyer @11 request 3 /checkout
buyer @12 wait cart server
server @2 section cart @315
loop @313 task_done @4
buyer @315 acquire cart @12
* @400 pulse
"""


async def test_who_awaits_what_waits_is_followed() -> None:
    trace = played(AWAITED)
    assert lanes(trace, 2, 100) == [("server", "holds"), ("report", "holds")]
    assert lanes(trace, 1, 100) == [("report", "holds")]
    assert lanes(played(AWAITED.replace("async_price", "price")), 2, 100) == [("server", "holds")]
    assert lanes(played(AWAITED.replace("async_price", "price")), 1, 100) == []
    async with bench(trace) as (app, pilot):
        app.dashboard.lane = 2
        app.dashboard.go_to(100 * MS)
        await pilot.pause()
        assert "root       who waits itself for stock: GET /report (report) holds it since 95 ms" in app.told
        await pilot.press("b")
        assert "it awaits async_price, which runs on loop since 96 ms" in app.told
        await pilot.press("b")
        assert app.dashboard.lane == 0
        ties = app.dashboard.lanes.ties
        assert [(tie.sources, tie.target) for tie in ties] == [((3,), 0)] or not ties


async def test_b_goes_to_the_culprit_capital_b_to_the_root_and_bracket_comes_back() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        app.dashboard.lane = 2
        app.dashboard.go_to(500 * MS)
        await pilot.pause()
        assert "root       who waits itself for inner: GET /report (a) holds it since 390 ms" in app.told
        await pilot.press("B")
        assert (app.dashboard.lane, app.view.cursor_ns) == (0, 500 * MS)
        await pilot.press("left_square_bracket")
        assert (app.dashboard.lane, app.view.cursor_ns) == (2, 500 * MS)
        await pilot.press("b", "b")
        assert app.dashboard.lane == 0
        await pilot.press("B")
        assert app.toasts == ["Nothing blocks this lane at the cursor. n goes to the next wait."]


async def test_in_a_handoff_b_goes_to_the_moment_at_which_the_lock_was_let_go() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        app.dashboard.lane = 1
        app.dashboard.go_to(805 * MS)
        await pilot.press("b")
        assert (app.dashboard.lane, app.view.cursor_ns) == (0, 800 * MS - 1)
        assert "GET /report holds inner" in app.told


async def test_what_takes_long_to_tell_is_told_when_nobody_moves_any_more() -> None:
    async with bench(played(NESTED)) as (app, pilot):
        app.dashboard.lane = 2
        app.dashboard.go_to(500 * MS)
        await pilot.pause()
        assert app.dashboard.lanes.ties
        app.dashboard.telling_ns = (10**9, 10**9)
        app.dashboard.action_step(1)
        first = app.dashboard.teller
        assert not app.dashboard.lanes.ties
        app.dashboard.action_step(1)
        assert app.dashboard.teller is not first
        app.dashboard._tell_now()
        assert app.dashboard.lanes.ties
        assert min(app.dashboard.telling_ns) < 10**9
