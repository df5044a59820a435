"""A lesson beside the dashboard, and over it where there is no room."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from weft.errors import WeftError
from weft.findings import Finding, Severity
from weft_demos.lab import catalog, samples
from weft_tui import settings
from weft_tui.commands import run_app
from weft_tui.lab import showing
from weft_tui.lab.beside import Beside, LessonApp, LessonStageApp, Place, text_of
from weft_tui.shown import Shown
from weft_tui.view import Mode

FOUND = Finding("long-hold", "A long hold.", Severity.SLOW, (), (), 0, None, 0, ())


def app() -> LessonApp:
    measured = samples.measured("dev-server")
    assert measured is not None
    shown = LessonApp(samples.trace("dev-server"), mode=Mode.REPLAY, title="lab dev-server")
    shown.lesson = text_of(catalog.named("dev-server"), catalog.load("dev-server"), measured)
    return shown


def row(shown: LessonApp, y: int) -> str:
    return "".join(segment.text for segment in list(shown.screen._compositor.render_strips()[y]))


async def test_the_lesson_stands_beside_where_there_is_room_and_d_moves_it() -> None:
    async with (shown := app()).run_test(size=(140, 30)) as pilot:
        await pilot.pause()
        panel = shown.screen.query_one(Beside)
        assert (panel.place, shown.dashboard.lanes.size.width) == (Place.BESIDE, 140 - 44)
        await pilot.press("d")
        await pilot.pause()
        assert (panel.place, panel.size.width > 120, shown.dashboard.lanes.size.width) == (Place.OVER, True, 140)
        await pilot.press("d")
        assert (panel.place, panel.display) == (Place.HIDDEN, False)
        await pilot.press("d")
        assert (panel.place, panel.display) == (Place.BESIDE, True)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_last_row_says_how_to_move_the_lesson_and_to_leave_wherever_it_is(size: tuple[int, int]) -> None:
    async with (shown := app()).run_test(size=size) as pilot:
        await pilot.pause()
        for _ in range(3):
            await pilot.press("d")
            await pilot.pause()
            last = row(shown, size[1] - 1)
            assert "d Lesson" in last
            assert "q Quit" in last


async def test_all_panels_are_named_beside_the_lesson() -> None:
    async with (shown := app()).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.pause()
        shown.dashboard.panels.count([FOUND] * 12, 3)
        await pilot.pause()
        (titles,) = (row(shown, y) for y in range(40) if " 1 Locks" in row(shown, y))
        assert " 4 Findings (12, 3 new) 5 Log 6 Recording" in titles


async def test_the_lesson_is_hidden_at_first_where_there_is_no_room_beside() -> None:
    async with (shown := app()).run_test(size=(80, 30)) as pilot:
        await pilot.pause()
        panel = shown.screen.query_one(Beside)
        assert (panel.place, shown.dashboard.lanes.size.width) == (Place.HIDDEN, 80)
        for place in (Place.OVER, Place.HIDDEN, Place.OVER):
            await pilot.press("d")
            assert (panel.place, shown.dashboard.lanes.size.width) == (place, 80)


async def test_what_it_says_begins_with_the_claim_and_the_verdict() -> None:
    measured = samples.measured("dev-server")
    assert measured is not None
    text = text_of(catalog.named("dev-server"), catalog.load("dev-server"), measured).plain
    claim, verdict, *_ = text.split("\n\n")
    assert claim == catalog.named("dev-server").claim
    assert verdict.startswith(f"{measured.judgement.verdict}: ")


def test_what_weft_says_stands_behind_who_says_it() -> None:
    measured = samples.measured("small-pool")
    assert measured is not None
    text = text_of(catalog.named("small-pool"), catalog.load("small-pool"), measured).plain
    assert "\nsays weft: GET /price waited" in text
    assert "in all. says" not in text


@pytest.mark.parametrize("name", ["two-threads", "dev-server"])
def test_every_lesson_runs_as_all_screens_do_and_keeps_what_is_chosen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = samples.measured(name)
    assert measured is not None
    measured = replace(measured, traces={measured.shows: str(samples.trace(name))})
    ran: list[Shown[None]] = []
    monkeypatch.setattr(Shown, "run", lambda app: ran.append(app))
    monkeypatch.setattr(
        showing, "schedule_of", lambda measured: SimpleNamespace(wanted={}, stops=None, interpreter=None)
    )
    showing.show_lesson(catalog.named(name), catalog.load(name), measured)
    (shown,) = ran
    assert isinstance(shown, LessonStageApp) == bool(measured.schedule)
    assert shown.kept is not None
    assert shown.kept.path == settings.place()


def test_what_ended_a_screen_is_said_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(app: Shown[None]) -> None:
        app.failure = WeftError("shop.py cannot be imported")

    monkeypatch.setattr(Shown, "run", fail)
    with pytest.raises(WeftError, match="cannot be imported"):
        run_app(app())
