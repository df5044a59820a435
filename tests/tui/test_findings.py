"""Findings on the dashboard: counted, listed, announced when they are grave, and gone to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.dashboard import Bench, bench
from support.scripted import MS, SHOP, ms, shop
from weft.findings import Evidence, Finding, Severity
from weft.timeline.values import Place
from weft_tui.announcing import announced
from weft_tui.messages import FindingsReady
from weft_tui.spans import plain_text
from weft_tui.view import Mode, Motion
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


@pytest.mark.parametrize("mode", list(Mode))
async def test_what_is_new_is_announced_once_and_counted_in_the_status_line(mode: Mode) -> None:
    async with bench(shop(), mode) as (app, pilot):
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.pause()
        assert app.toasts == [STUCK.sentence, "Found 1 long hold: 4 lists it."]
        app.dashboard.post_message(FindingsReady(BOTH, ()))
        app.dashboard.post_message(FindingsReady((), ()))
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.pause()
        app.dashboard._announce()
        await pilot.pause()
        assert app.toasts == [STUCK.sentence, "Found 1 long hold: 4 lists it."]
        assert " 1 deadlock " in shown(app)
        assert "1 finding " in shown(app)


async def test_what_comes_soon_after_is_announced_together_later_but_not_what_is_stuck() -> None:
    others = tuple(replace(SLOW, subject=(number,)) for number in range(3))
    async with bench(shop(), Mode.LIVE) as (app, pilot):
        app.dashboard.post_message(FindingsReady((SLOW,), (SLOW,)))
        for other in others[1:]:
            app.dashboard.post_message(FindingsReady((SLOW, other), (other,)))
        await pilot.pause()
        assert app.toasts == ["Found 1 long hold: 4 lists it."]
        app.dashboard._announce()
        await pilot.pause()
        assert app.toasts[1:] == ["Found 2 long holds: 4 lists them."]
        app.dashboard.post_message(FindingsReady(BOTH, (STUCK,)))
        await pilot.pause()
        assert app.toasts[2:] == [STUCK.sentence]


@pytest.mark.parametrize("key", ["4", "question_mark"])
async def test_an_announcement_goes_when_findings_are_listed_or_keys_explained(key: str) -> None:
    async with bench(shop(), size=(80, 24)) as (app, pilot):
        app.dashboard.post_message(FindingsReady((SLOW,), (SLOW,)))
        await pilot.pause()
        assert app.toasts
        await pilot.press(key)
        assert app.toasts == []


async def test_what_the_table_has_shown_is_not_announced_later() -> None:
    async with bench(shop(), size=(80, 24)) as (app, pilot):
        app.dashboard.post_message(FindingsReady((SLOW,), (SLOW,)))
        await pilot.press("4")
        other = replace(SLOW, subject=(7,))
        app.dashboard.post_message(FindingsReady((SLOW, other), (other,)))
        await pilot.press("1")
        app.dashboard._announce()
        await pilot.pause()
        assert app.toasts == []


async def test_nothing_is_announced_under_the_help_but_after_it() -> None:
    async with bench(shop(), size=(80, 24)) as (app, pilot):
        await pilot.press("question_mark")
        app.dashboard.post_message(FindingsReady((SLOW,), (SLOW,)))
        await pilot.pause()
        assert app.toasts == []
        await pilot.press("escape")
        app.dashboard._announce()
        await pilot.pause()
        assert app.toasts == ["Found 1 long hold: 4 lists it."]


async def test_announcements_cover_neither_the_first_row_nor_the_tables() -> None:
    app = Bench(Mode.REPLAY, shop())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.pause()
        await pilot.pause()
        toasts = [toast.region for toast in app.screen.query("Toast")]
        assert len(toasts) == len(BOTH)
        assert all(region.y > 0 and region.bottom <= 6 for region in toasts)


def test_many_are_announced_in_few_words() -> None:
    stuck = [replace(STUCK, subject=(number,)) for number in range(30)]
    (one,) = announced(stuck)
    assert one.text == f"{STUCK.sentence} And 29 more."
    assert one.loud
    assert announced([]) == []


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)])
@pytest.mark.parametrize("mode", list(Mode))
async def test_the_first_row_counts_findings_at_any_width(mode: Mode, size: tuple[int, int]) -> None:
    async with bench(shop(), mode, size) as (app, pilot):
        app.dashboard.post_message(FindingsReady((SLOW, STUCK), ()))
        await pilot.pause()
        text = app.dashboard.query_one(StatusLine).render_line(0).text
        assert "1 finding" in text
        assert "1 deadlock" in text


async def test_a_click_on_the_count_lists_them_and_one_on_the_badge_pauses() -> None:
    async with bench(shop(), Mode.LIVE, (80, 24)) as (app, pilot):
        app.dashboard.post_message(FindingsReady((SLOW,), ()))
        await pilot.pause()
        text = app.dashboard.query_one(StatusLine).render_line(0).text
        await pilot.click(StatusLine, offset=(text.index("1 finding") + 2, 0))
        await pilot.pause()
        assert app.dashboard.panels.showing(PanelName.FINDINGS)
        await pilot.click(StatusLine, offset=(3, 0))
        await pilot.pause()
        await pilot.pause()
        assert app.view.motion is Motion.STILL


async def test_those_that_nobody_has_looked_at_are_counted_until_somebody_looks() -> None:
    async with bench(shop(), Mode.LIVE, (80, 24)) as (app, pilot):
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.pause()
        title = app.dashboard.query_one("#panel-locks PanelTitle")
        assert "4 Findings (2, 2 new)" in title.render_line(0).text
        column = title.render_line(0).text.index("5 Log") + 1
        await pilot.press("4")
        assert "4 Findings (2) " in app.dashboard.query_one("#panel-findings PanelTitle").render_line(0).text
        await pilot.press("1")
        assert "4 Findings (2) " in title.render_line(0).text
        app.dashboard.post_message(FindingsReady(BOTH, (replace(SLOW, subject=(9,)),)))
        await pilot.pause()
        assert "(2, 1 new)" in title.render_line(0).text
        await pilot.click("#panel-locks PanelTitle", offset=(column, 0))
        await pilot.pause()
        assert app.dashboard.panels.showing(PanelName.LOG)


async def test_the_panel_lists_findings_and_enter_goes_to_the_evidence() -> None:
    async with bench(shop(), size=(80, 24)) as (app, pilot):
        app.dashboard.post_message(FindingsReady(BOTH, BOTH))
        await pilot.press("4")
        assert app.dashboard.panels.showing(PanelName.FINDINGS)
        table = app.dashboard.query_one("#findings")
        lines = [table.render_line(y).text for y in range(3)]
        assert "deadlock" in lines[1]
        assert "long-hold" in lines[2]
        assert " 500 ms " in lines[2]
        assert "\x1b" not in lines[1]
        await pilot.press("down", "enter")
        assert (app.dashboard.lane, app.view.cursor_ns) == (1, ms(500))
        assert app.told.startswith(" long-hold  GET /report held shop.stock_lock for 600 ms.")
        assert "GET /report holds shop.stock_lock (Thread-1 (worker))" in app.told
        await pilot.press("up")
        await pilot.press("escape", "right")
        assert "long-hold" not in app.told


async def test_a_finding_that_is_over_is_no_alarm() -> None:
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


async def test_what_an_empty_table_says_is_wrapped() -> None:
    async with bench(shop(), size=(120, 40)) as (app, pilot):
        await pilot.press("5")
        table = app.dashboard.query_one("#log")
        table.rows = ()
        said = " ".join(" ".join(table.render_line(y).text.split()) for y in range(1, 5))
        assert 'Record with --log to see what it logs, or say weft.mark("cache miss") in its code.' in said
