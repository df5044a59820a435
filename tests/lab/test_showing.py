"""A lesson beside the dashboard, and over it where there is no room."""

from __future__ import annotations

import pytest

from weft_demos.lab import catalog, samples
from weft_tui.lab.beside import Beside, LessonApp, text_of
from weft_tui.view import Mode


def app() -> LessonApp:
    measured = samples.measured("dev-server")
    assert measured is not None
    shown = LessonApp(samples.trace("dev-server"), mode=Mode.REPLAY, title="lab dev-server")
    shown.lesson = text_of(catalog.named("dev-server"), catalog.load("dev-server"), measured)
    return shown


@pytest.mark.parametrize(("columns", "beside"), [(140, True), (80, False)])
async def test_the_lesson_stands_beside_where_there_is_room_and_d_shows_and_hides_it(
    columns: int, beside: bool
) -> None:
    async with (shown := app()).run_test(size=(columns, 30)) as pilot:
        await pilot.pause()
        panel = shown.screen.query_one(Beside)
        assert panel.display is beside
        assert shown.dashboard.lanes.size.width == (columns - 44 if beside else columns)
        await pilot.press("d")
        assert panel.display is not beside
        await pilot.pause()
        assert shown.dashboard.lanes.size.width == columns
        await pilot.press("d")
        assert panel.display is beside


async def test_what_it_says_begins_with_the_claim_and_the_verdict() -> None:
    measured = samples.measured("dev-server")
    assert measured is not None
    text = text_of(catalog.named("dev-server"), catalog.load("dev-server"), measured).plain
    claim, verdict, *_ = text.split("\n\n")
    assert claim == catalog.named("dev-server").claim
    assert verdict.startswith(f"{measured.judgement.verdict}: ")
