"""Chromium without a screen, told what to do through pipes (the DevTools protocol); standard library only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def program() -> str | None:
    """Return a browser that is installed, None for none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Chromium:
    """One browser with one page.

    Raises:
        TimeoutError: from `evaluate` and `wait`, when the page does not answer.
        RuntimeError: the page answers with an error.
    """

    def __init__(self, patience: float = 120) -> None:
        self.patience = patience
        self.log: list[str] = []
        self._profile = tempfile.TemporaryDirectory(prefix="weft-chromium-", ignore_cleanup_errors=True)
        reading, self._out = os.pipe()
        self._in, writing = os.pipe()
        command = [
            *(str(program()), "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"),
            *("--disable-dev-shm-usage", "--no-first-run", f"--user-data-dir={self._profile.name}", "about:blank"),
        ]
        # It reads what it is told from descriptor 3 and answers on 4.
        shell = f'exec 3<&{reading} 4>&{writing}; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *command],
            pass_fds=(reading, writing),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reading)
        os.close(writing)
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        target = next(each for each in self._call("Target.getTargets")["targetInfos"] if each["type"] == "page")
        self._session = ""
        self._session = self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Runtime.enable", "Page.enable", "Log.enable"):
            self._call(domain)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._out)
        self._profile.cleanup()

    def open(self, url: str) -> None:
        """Go to an address; returns when the page begins to load."""
        self._call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression (or the promise that it makes) comes to, as plain data."""
        told = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(json.dumps(told["exceptionDetails"])[:2000])
        return told["result"].get("value")

    def wait(self, expression: str, pause: float = 0.02) -> Any:
        """Return what an expression comes to once that is neither false nor an error."""
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            try:
                if value := self.evaluate(expression):
                    return value
            except RuntimeError as error:
                self.log.append(str(error))
            time.sleep(pause)
        raise TimeoutError(f"{expression} did not come true; {self.log[-3:]}")

    def picture(self, path: Path) -> None:
        """Write what the page looks like as a PNG."""
        import base64

        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if getattr(self, "_session", ""):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        answer = self._awaited(lambda: self._answers.pop(number, None))
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _awaited(self, find: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
        end = time.monotonic() + self.patience
        with self._news:
            while (found := find()) is None:
                if not self._news.wait(max(end - time.monotonic(), 0)):
                    raise TimeoutError("the browser does not answer")
        return found

    def _listen(self) -> None:
        rest = b""
        while data := os.read(self._in, 1 << 16):
            *messages, rest = (rest + data).split(b"\0")
            for each in map(json.loads, messages):
                with self._news:
                    if "id" in each:
                        self._answers[each["id"]] = each
                        self._news.notify_all()
                    elif each.get("method") in (
                        "Runtime.consoleAPICalled",
                        "Log.entryAdded",
                        "Runtime.exceptionThrown",
                    ):
                        self.log.append(json.dumps(each["params"])[:500])
        os.close(self._in)
