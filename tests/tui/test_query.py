"""What a query says, what is wrong with one, and what fits."""

from __future__ import annotations

import re

import pytest

from support.dashboard import Bench, bench
from support.played import MS, played
from weft.errors import WeftError
from weft.findings import find
from weft_tui.matching import Matches
from weft_tui.messages import FindingsReady
from weft_tui.query import EXAMPLE, parse
from weft_tui.screens.ask import AskScreen


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stock", "write lock:stock, thread:stock or path:stock"),
        ("locks:stock", "there is no locks; there is lock:, thread:, path:, endpoint:, status: wait> and took>"),
        ("lock:", "nothing behind its colon"),
        ("wait:5ms", "a time is compared, as in wait>5ms"),
        ("wait>5", "'5' is no duration; write wait>5ms"),
        ("wait>", "'' is no duration"),
        ("lock>5ms", "a name is no number; write lock:5ms"),
        ('path:"/a b', "a quotation mark is open"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(text: str, sentence: str) -> None:
    with pytest.raises(WeftError, match=re.escape(sentence)):
        parse(text)


def test_the_example_and_quoted_names_are_understood() -> None:
    assert parse(EXAMPLE).names == (("lock", "stock"), ("path", "/cart"), ("thread", "*worker*"))
    assert parse('thread:"my worker"').names == (("thread", "my worker"),)
    assert parse("wait>5ms wait<=1s").within("wait") == (5 * MS + 1, 1000 * MS)
    assert not parse("  ")


@pytest.mark.parametrize(
    ("text", "lanes", "locks", "paths"),
    [
        ("thread:w2", ["w2"], ["shop.stock"], ["/checkout"]),
        ("thread:W*", ["w1", "w2", "w3"], ["shop.stock", "shop.audit"], ["/report", "/checkout", "/cart"]),
        ("thread:*2", ["w2"], ["shop.stock"], ["/checkout"]),
        ("lock:stock", ["w1", "w2", "w3"], ["shop.stock"], ["/report", "/checkout", "/cart"]),
        ("lock:audit", ["w3"], ["shop.audit"], ["/cart"]),
        ("lock:cache", ["main"], ["Cache.lock"], []),
        ("path:/cart", ["w3"], ["shop.stock", "shop.audit"], ["/cart"]),
        ("path:get status:500", ["w2"], ["shop.stock"], ["/checkout"]),
        ("wait>499ms", ["w2", "w3"], ["shop.stock"], ["/checkout", "/cart"]),
        ("wait>500ms", [], [], []),
        ("wait>=500ms path:/checkout", ["w2"], ["shop.stock"], ["/checkout"]),
        ("took>700ms", ["w1"], ["shop.stock"], ["/report"]),
        ("lock:audit wait>1ms", [], [], []),
    ],
)
def test_what_fits(text: str, lanes: list[str], locks: list[str], paths: list[str]) -> None:
    trace = played()
    fitting = Matches(trace, parse(text))
    assert [lane.name for lane in trace.lanes if fitting.lanes[lane.id]] == lanes
    assert [lock.name for lock in trace.locks if fitting.locks[lock.id]] in (locks, locks[::-1])
    assert sorted(request.path for request in trace.requests_of(trace.request_rows[fitting.latest_requests])) == sorted(
        paths
    )


def test_findings_fit_by_what_they_are_about() -> None:
    trace = played()
    found = find(trace)
    assert found
    assert Matches(trace, parse("lock:stock")).findings(found)
    assert Matches(trace, parse("lock:cache")).findings(found) == ()
    assert Matches(trace, parse("thread:main")).findings(found) == ()


def names(app: Bench) -> list[str]:
    rows = [strip.text for strip in app.dashboard.lanes.picture()[:: app.dashboard.lanes.pitch]]
    return [row[3 : app.dashboard.lanes.indent].strip() for row in rows if row.strip()]


async def ask(app: Bench, pilot, text: str) -> None:
    await pilot.press("slash")
    app.screen.query_one("#ask-line").value = text
    await pilot.press("enter")
    await pilot.pause()


async def test_slash_filters_lanes_tables_and_steps_and_an_empty_line_shows_everything() -> None:
    trace = played()
    async with bench(trace, size=(200, 50)) as (app, pilot):
        app.dashboard.post_message(FindingsReady(find(trace), ()))
        await ask(app, pilot, "path:/cart")
        assert names(app) == ["w3"]
        assert "/path:/cart" in app.dashboard.query_one("#legend").render_line(0).text
        assert [row.path for row in app.dashboard.query_one("#requests").rows] == ["/cart"]
        assert {row.lock.name for row in app.dashboard.query_one("#locks").rows} == {"shop.stock", "shop.audit"}
        await pilot.press("home", "n")
        assert (app.dashboard.lane, app.view.cursor_ns) == (3, 500 * MS)
        await pilot.press("v")
        assert sorted(names(app)) == ["shop.audit", "shop.stock"]
        await pilot.press("v", "v")
        await ask(app, pilot, "")
        assert names(app) == ["main", "w1", "w2", "w3"]


async def test_a_wrong_line_stays_open_and_says_what_to_write() -> None:
    async with bench(played()) as (app, pilot):
        await ask(app, pilot, "stock")
        assert isinstance(app.screen, AskScreen)
        assert "write lock:stock" in str(app.screen.query_one("#ask-wrong").render())
        await pilot.press("escape")
        assert app.screen is app.dashboard
        assert names(app) == ["main", "w1", "w2", "w3"]


async def test_nothing_that_fits_is_said() -> None:
    async with bench(played()) as (app, pilot):
        await ask(app, pilot, "lock:nowhere")
        assert "Nothing fits" in "".join(strip.text for strip in app.dashboard.lanes.picture())
        await pilot.press("n", "down", "b", "w")
        assert app.is_running


async def test_o_sorts_a_table_by_its_columns_and_a_click_on_a_heading_turns_the_order() -> None:
    async with bench(played(), size=(200, 50)) as (app, pilot):
        await pilot.press("1", "o")
        locks = app.dashboard.query_one("#locks")
        assert [row.lock.name for row in locks.rows] == ["Cache.lock", "shop.audit", "shop.stock"]
        assert "lock▴" in locks.render_line(0).text
        await pilot.press("O")
        assert [row.lock.name for row in locks.rows] == ["shop.stock", "shop.audit", "Cache.lock"]
        heading = locks.render_line(0).text
        await pilot.click("#locks", offset=(heading.index("waited"), 0))
        assert [row.wait_ns for row in locks.rows] == sorted((row.wait_ns for row in locks.rows), reverse=True)
        await pilot.click("#locks", offset=(heading.index("waited"), 0))
        assert locks.rows[-1].lock.name == "shop.stock"
        app.feed(played())
        await pilot.pause()
        assert locks.rows[-1].lock.name == "shop.stock"
