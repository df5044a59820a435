"""docs/walk.md, key by key, on a recording of the demo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.recorded import record
from weft_tui.recent_app import RecentApp
from weft_tui.recents import listed
from weft_tui.spans import plain_text

WALK = Path(__file__).parents[2] / "docs" / "walk.md"
NAMES = {"⏎": "enter", "[": "left_square_bracket"}


AFTERNOON = """
    import sys, threading, time
    from weft_demos import shop

    asked, answered = threading.Event(), []

    def ask(pieces):
        asked.set()
        while not answered:
            time.sleep(0.001)
        return pieces

    def looking(thread):
        frame, names = sys._current_frames().get(thread.ident), []
        while frame is not None:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        return "catalogue" in names

    def get(path):
        return threading.Thread(target=app.test_client().get, args=[path])

    shop.ask_warehouse = ask
    app = shop.create_app()
    report, customers = get("/report"), [get("/") for _ in range(3)]
    report.start()
    asked.wait()
    for customer in customers: customer.start()
    while not all(map(looking, customers)): time.sleep(0.001)
    time.sleep(0.1)
    answered.append(True)
    for thread in (report, *customers): thread.join()
"""
"""The demo's app with its requests in an order that is always the same: the demo itself is slow at random."""


@pytest.fixture
def _recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path))
    record(tmp_path, AFTERNOON)


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
        assert re.search(r"waits for Shop\.stock_lock .* culprit GET /report .* in ", told()), told()
        await pilot.press(keys[2])
        culprit = app.dashboard.moment()
        assert culprit.request.path == "/report"
        assert victim.wait.lock in [hold.lock for hold in culprit.holds]
        await pilot.press(keys[3])
        assert app.dashboard.moment() == victim
