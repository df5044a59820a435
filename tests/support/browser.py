"""Chromium without a window, driven over its DevTools protocol: keys, pictures, and every request that it makes."""

from __future__ import annotations

import asyncio
import base64
import itertools
import shutil
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyte

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZE = 1400, 900
SECONDS = 60.0


class Page:
    """One page.

    Attributes:
        requests: addresses of everything that it has asked for, sockets included.
        complaints: what it has complained about, as in its console.
    """

    def __init__(self, wire: Any, session: str) -> None:
        self._wire, self._session = wire, session
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._screen = pyte.Screen(400, 200)
        self._stream = pyte.ByteStream(self._screen)
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def listen(self) -> None:
        """Take in what the browser says, for as long as it says something."""
        async for message in self._wire:
            told = message.json()
            if "id" in told and (answer := self._answers.pop(told["id"], None)):
                answer.set_result(told)
            self._note(told.get("method"), told.get("params", {}))
            self._news.set()

    def _note(self, method: str | None, said: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(said["url"])
        elif method == "Network.webSocketFrameReceived" and said["response"]["opcode"] == 2:
            self._stream.feed(base64.b64decode(said["response"]["payloadData"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        await self._wire.send_json({"id": number, "method": method, "params": parameters, "sessionId": self._session})
        async with asyncio.timeout(SECONDS):
            told = await answer
        assert "error" not in told, told
        return told["result"]

    async def evaluate(self, expression: str) -> object:
        """Return what a script comes to, once it has come to something."""
        value = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True)
        return value["result"].get("value")

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true, which is looked at after each message."""
        try:
            async with asyncio.timeout(SECONDS):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError("\n".join([*self.complaints, self.text()])) from None

    async def press(self, key: str) -> None:
        """Press one key: a character, or a name such as ``Enter``."""
        names = {"Enter": ("\r", 13), "ArrowDown": ("", 40)}
        text, code = names.get(key, (key, ord(key[0].upper())))
        about = {"key": key, "windowsVirtualKeyCode": code}
        await self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **about)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def text(self) -> str:
        """Return what stands in the terminal."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    async def picture(self) -> tuple[bytes, np.ndarray]:
        """Return what the page looks like, as a PNG and as its pixels, uint8 ``[height, width, 3]``."""
        png = base64.b64decode((await self.call("Page.captureScreenshot", format="png", optimizeForSpeed=True))["data"])
        return png, pixels(png)


@asynccontextmanager
async def browsing(url: str, folder: Path) -> AsyncIterator[Page]:
    """Open an address in a browser of its own."""
    import aiohttp

    assert CHROMIUM
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
        *("--remote-debugging-port=0", f"--user-data-dir={folder}", f"--window-size={SIZE[0]},{SIZE[1]}"),
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert browser.stderr
    try:
        async with asyncio.timeout(SECONDS):
            while b"DevTools listening on " not in (line := await browser.stderr.readline()):
                assert line, "the browser has ended"
        address = line.split()[-1].decode()
        silence = asyncio.create_task(_drain(browser.stderr))
        async with aiohttp.ClientSession() as client, client.ws_connect(address, max_msg_size=0) as wire:
            page = await _page(wire)
            listening = asyncio.create_task(page.listen())
            for domain in ("Network", "Page", "Log", "Runtime"):
                await page.call(f"{domain}.enable")
            await page.call("Page.navigate", url=url)
            yield page
            listening.cancel()
        silence.cancel()
        await asyncio.gather(listening, silence, return_exceptions=True)
    finally:
        browser.kill()
        await browser.wait()


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass


async def _page(wire: Any) -> Page:
    """Make a page and attach to it."""
    steps = (("Target.createTarget", {"url": "about:blank"}), ("Target.attachToTarget", {"flatten": True}))
    found: dict[str, Any] = {}
    for number, (method, parameters) in enumerate(steps, -len(steps)):
        target = {"targetId": found["targetId"]} if "targetId" in found else {}
        await wire.send_json({"id": number, "method": method, "params": {**parameters, **target}})
        while (told := (await wire.receive()).json()).get("id") != number:
            pass
        found |= told["result"]
    return Page(wire, found["sessionId"])


def pixels(png: bytes) -> np.ndarray:
    """Decode a PNG of 8 bits a channel, uint8 ``[height, width, 3]``; see its specification for the filters."""
    width, height, _, colours = struct.unpack_from(">IIBB", png, 16)
    size = {2: 3, 6: 4}[colours]
    at, data = 8, b""
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * size)
    above = np.zeros((width, size), np.uint8)
    rows = []
    for line in raw:
        above = _unfiltered(int(line[0]), line[1:].reshape(width, size), above)
        rows.append(above)
    return np.stack(rows)[:, :, :3]


def _unfiltered(how: int, line: np.ndarray, above: np.ndarray) -> np.ndarray:
    if how == 0:
        return line
    if how == 1:
        return np.cumsum(line, axis=0, dtype=np.uint8)
    if how == 2:
        return line + above
    out = np.zeros((len(line) + 1, line.shape[1]), np.int64)
    over = np.vstack((np.zeros_like(above[:1]), above)).astype(np.int64)
    for x in range(1, len(out)):
        left, up, corner = out[x - 1], over[x], over[x - 1]
        if how == 3:
            guess = (left + up) // 2
        else:
            near = left + up - corner
            far = np.abs(np.stack((left, up, corner)) - near)
            guess = np.choose(np.argmin(far, axis=0), (left, up, corner))
        out[x] = (line[x - 1] + guess) & 255
    return out[1:].astype(np.uint8)
