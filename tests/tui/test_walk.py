"""docs/walk.md, key by key, on a recording of the demo."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from weft import places
from weft.record.launch import environment
from weft_demos.session import DemoSession
from weft_tui.recent_app import RecentApp
from weft_tui.recents import listed
from weft_tui.spans import plain_text

WALK = Path(__file__).parents[2] / "docs" / "walk.md"
NAMES = {"⏎": "enter", "[": "left_square_bracket"}


@pytest.fixture
def _recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path))
    trace = places.create(tmp_path / "shop.weft")
    with DemoSession("shop", environment=environment(os.environ, str(trace)), seconds=2.0) as session:
        session.wait_load()


@pytest.mark.usefixtures("_recorded")
async def test_a_newcomer_finds_who_blocks_the_slowest_request() -> None:
    keys = [NAMES.get(key, key) for key in re.findall(r"^\| `(.)` \|", WALK.read_text("utf-8"), re.MULTILINE)]
    assert keys == ["enter", "w", "b", "left_square_bracket"]
    app = RecentApp(listed())
    async with app.run_test(size=(120, 40)) as pilot:

        def told() -> str:
            return " ".join(plain_text(app.dashboard.inspector.lines).split())

        await pilot.press(keys[0])
        while app.dashboard.snapshot is None or app.dashboard.status.loaded < 1:
            await pilot.pause()
        await pilot.pause()
        first = told()
        await pilot.press(keys[1])
        victim = app.dashboard.moment()
        assert told() == first
        requests = app.dashboard.snapshot.requests(1_000_000)
        assert victim.request.wait_ns >= 0.8 * max(request.wait_ns for request in requests)
        # The demo is a real one: mostly it is the report, sometimes another page has just got the lock.
        named = re.search(r"waits for Shop\.stock_lock .* culprit (?:GET|POST) (/\S*) .* in Shop\.", told())
        assert named is not None, told()
        await pilot.press(keys[2])
        culprit = app.dashboard.moment()
        assert culprit.request.path == named[1]
        assert victim.wait.lock in [hold.lock for hold in culprit.holds]
        await pilot.press(keys[3])
        assert app.dashboard.moment() == victim
