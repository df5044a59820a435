"""Findings on the dashboard: counted, listed, announced when they are grave, and gone to."""

from __future__ import annotations

from support.dashboard import bench
from support.scripted import MS, SHOP, ms, shop
from weft.findings import Evidence, Finding, Severity
from weft.timeline.values import Place
from weft_tui.messages import FindingsReady
from weft_tui.spans import plain_text
from weft_tui.view import Mode
from weft_tui.widgets.panels import PanelName
from weft_tui.widgets.status import StatusLine, status_line

EVIL = "POST /checkout\x1b[31m waits for [b]shop.stock_lock[/b]"
STUCK = Finding(
    kind="deadlock",
    sentence=f"Deadlock: {EVIL}.",
    severity=Severity.STUCK,
    key=("shop.stock_lock",),
    subject=(2, 3),
    began_ns=ms(500),
    ended_ns=None,
    cost_ns=500 * MS,
    evidence=(Evidence(EVIL, 3, ms(500), None, 0, Place(SHOP, "checkout", 42)),),
)
SLOW = Finding(
    kind="long-hold",
    sentence="GET /report held shop.stock_lock for 600 ms.",
    severity=Severity.SLOW,
    key=("shop.stock_lock", "GET report"),
    subject=(0,),
    began_ns=ms(200),
    ended_ns=ms(800),
    cost_ns=800 * MS,
    evidence=(Evidence("GET /report holds shop.stock_lock", 1, ms(200), ms(800), 0),),
)
BOTH = (STUCK, SLOW)


def shown(app) -> str:
    return "".join(text for text, _ in status_line(app.dashboard.query_one(StatusLine).status, 200))


async def test_what_is_stuck_is_announced_once_and_counted_in_the_status_line() -> None:
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.pause()
        app.dashboard.post_message(FindingsReady(BOTH, ()))
        await pilot.pause()
        assert app.toasts == [STUCK.sentence]
        assert " 1 deadlock " in shown(app)
        assert "1 finding " in shown(app)


async def test_a_replay_announces_nothing() -> None:
    async with bench(shop()) as (app, pilot):
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.pause()
        assert app.toasts == []
        assert " 1 deadlock " in shown(app)


async def test_the_panel_lists_findings_and_enter_goes_to_the_evidence() -> None:
    async with bench(shop(), size=(80, 24)) as (app, pilot):
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.press("4")
        assert app.dashboard.panels.showing(PanelName.FINDINGS)
        table = app.dashboard.query_one("#findings")
        lines = [table.render_line(y).text for y in range(3)]
        assert "deadlock" in lines[1]
        assert "long-hold" in lines[2]
        assert "\x1b" not in lines[1]
        await pilot.press("down", "enter")
        assert (app.dashboard.lane, app.view.cursor_ns) == (1, ms(500))
        assert app.told.startswith(" long-hold  GET /report held shop.stock_lock for 600 ms.")
        assert "GET /report holds shop.stock_lock (Thread-1 (worker))" in app.told
        await pilot.press("up")
        await pilot.press("escape", "right")
        assert "long-hold" not in app.told


async def test_a_finding_that_is_over_is_no_alarm() -> None:
    from dataclasses import replace

    over = (replace(STUCK, ended_ns=ms(900)), SLOW)
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        app.dashboard.post_message(FindingsReady(over, ()))
        await pilot.pause()
        assert "deadlock" not in shown(app)
        assert "2 findings" in shown(app)


async def test_an_empty_panel_says_so() -> None:
    async with bench(shop()) as (app, pilot):
        await pilot.press("4")
        table = app.dashboard.query_one("#findings")
        assert "Nothing was found to be wrong" in plain_text([((table.render_line(1).text, None),)])
