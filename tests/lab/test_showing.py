"""A lesson beside the dashboard, and over it where there is no room."""

from __future__ import annotations

from weft_demos.lab import catalog, samples
from weft_tui.lab.beside import Beside, LessonApp, Place, text_of
from weft_tui.view import Mode


def app() -> LessonApp:
    measured = samples.measured("dev-server")
    assert measured is not None
    shown = LessonApp(samples.trace("dev-server"), mode=Mode.REPLAY, title="lab dev-server")
    shown.lesson = text_of(catalog.named("dev-server"), catalog.load("dev-server"), measured)
    return shown


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
