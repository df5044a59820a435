"""The dashboard in a real browser: keys, a picture, and no request to anywhere but here."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from support.browser import CHROMIUM, browsing
from support.busy import BusyServer
from support.weft_server import serving

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
pytest.importorskip("aiohttp")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

WAIT_COLOUR = 0xD2, 0x48, 0x1A
OVER = """new Promise(done => {
    const look = () => document.body?.classList.contains("-closed") ? done(true) : requestAnimationFrame(look)
    look()
})"""


async def test_the_dashboard_takes_keys_in_a_browser_and_asks_nobody_else(tmp_path: Path) -> None:
    trace = tmp_path / "shop.weft"
    BusyServer(threads=8).write(trace, 20_000)
    async with serving(str(trace)) as address, browsing(address, tmp_path / "profile") as page:
        await page.until(lambda: "REPLAY" in page.text() and "reading" not in page.text())
        await page.press("w")
        await page.until(lambda: re.search(r"waits? for|waited|is waiting", page.text()) is not None)
        await page.press("1")
        await page.until(lambda: "Sort" in page.text())
        await page.press("?")
        await page.until(lambda: "Next, previous wait of any lane" in page.text())
        await page.press("?")
        await page.until(lambda: "Next, previous wait of any lane" not in page.text())
        png, seen = await page.picture()
        (tmp_path / "page.png").write_bytes(png)
        assert np.count_nonzero((np.abs(seen.astype(int) - WAIT_COLOUR) < 3).all(axis=2)) > 500
        assert page.complaints == []
        hosts = {urlsplit(each).hostname for each in page.requests if not each.startswith("data:")}
        assert hosts == {"127.0.0.1"}
        assert any(each.startswith("ws://127.0.0.1:") for each in page.requests)
        assert any("RobotoMono" in each for each in page.requests)
        await page.press("q")
        assert await page.evaluate(OVER) is True


async def test_the_page_says_when_there_is_nothing_to_show_any_more(tmp_path: Path) -> None:
    trace = tmp_path / "shop.weft"
    BusyServer(threads=2).write(trace, 1_000)
    async with serving(str(trace), told="no such file") as address:
        trace.unlink()
        async with browsing(address, tmp_path / "profile") as page:
            assert await page.evaluate(OVER) is True


async def test_without_a_file_one_is_chosen_in_the_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path))
    BusyServer(threads=2).write(tmp_path / "shop.weft", 1_000)
    async with serving() as address, browsing(address, tmp_path / "profile") as page:
        await page.until(lambda: "Recent traces" in page.text())
        await page.press("Enter")
        await page.until(lambda: "REPLAY" in page.text())
