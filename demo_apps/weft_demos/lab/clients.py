"""Counted clients: each is a thread with one connection, and notes what it got and when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

PATIENCE_SECONDS = 10.0
"""How long a client waits for an answer."""

NO_ANSWER = 0
"""The status of what was not answered: `Answer.text` says why."""

Plan = Sequence[str] | Callable[[int], Sequence[str]]
"""What clients ask for, one after another, as ``METHOD PATH [JSON]``; the same for all, or by the client's number."""


class Answer(NamedTuple):
    """What a client got. Times are perf_counter ns, which traces have too."""

    client: int
    asked: str
    status: int
    text: str
    began_ns: int
    ended_ns: int

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended_ns - self.began_ns) / 1e9


class Cookies:
    """What a browser has got and sends along; clients that share it are its tabs, and the last answer wins."""

    def __init__(self) -> None:
        self._got = SimpleCookie()
        self._lock = threading.Lock()

    def said(self) -> str:
        """Return what a request says, empty for nothing."""
        with self._lock:
            return "; ".join(f"{name}={one.value}" for name, one in self._got.items())

    def keep(self, told: Iterable[str]) -> None:
        """Keep what an answer tells, line by line."""
        with self._lock:
            for line in told:
                self._got.load(line)


class Client:
    """Sends one request after another.

    Args:
        address: host and port.
        number: what its answers are told apart by.
        patience: seconds that it waits for an answer.
        cookies: its own, or those of the browser that it is a tab of.
        keep: keep the connection from one request to the next.
    """

    def __init__(self, address: tuple[str, int], number: int, patience: float, cookies: Cookies, *, keep: bool) -> None:
        self._connection = HTTPConnection(*address, timeout=patience)
        self._number, self._keep, self._cookies = number, keep, cookies

    def ask(self, words: str) -> Answer:
        """Send ``METHOD PATH [JSON]`` and wait for the answer."""
        method, path, body = [*words.split(maxsplit=2), ""][:3]
        headers = {"Connection": "keep-alive" if self._keep else "close"}
        if body:
            headers["Content-Type"] = "application/json"
        if cookies := self._cookies.said():
            headers["Cookie"] = cookies
        began = time.perf_counter_ns()
        try:
            status, text = self._exchange(method, path, body, headers)
        except (OSError, HTTPException) as error:
            self._connection.close()
            status, text = NO_ANSWER, f"{type(error).__name__}: {error}"
        return Answer(self._number, words, status, text, began, time.perf_counter_ns())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _exchange(self, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
        self._connection.request(method, path, body or None, headers)
        with self._connection.getresponse() as response:
            text = response.read().decode("utf-8", "replace")
            self._cookies.keep(response.headers.get_all("Set-Cookie", []))
            return response.status, text


def drive(
    address: tuple[str, int],
    plan: Plan,
    *,
    clients: int,
    seconds: float = 0.0,
    patience: float = PATIENCE_SECONDS,
    keep: bool = False,
    apart: float = 0.0,
    cookies: Cookies | None = None,
) -> list[Answer]:
    """Let clients begin at the same moment, or one after another, and return all that they got, client by client.

    Args:
        plan: what each asks for.
        clients: how many.
        seconds: how long they begin anew when they are done with the plan; 0: they go through it once.
        patience: seconds that each waits for an answer.
        keep: they keep their connections.
        apart: seconds from the beginning of one client to that of the next.
        cookies: of all clients, as of a browser's tabs; by default each has its own.
    """
    plans = [plan(number) if callable(plan) else plan for number in range(clients)]
    answers: list[list[Answer]] = [[] for _ in plans]
    together = threading.Barrier(clients)

    def work(number: int) -> None:
        client = Client(address, number, patience, cookies or Cookies(), keep=keep)
        try:
            together.wait()
            time.sleep(number * apart)
            until = time.monotonic() + seconds
            while True:
                answers[number] += [client.ask(words) for words in plans[number]]
                if time.monotonic() >= until:
                    return
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for part in answers for answer in part]
