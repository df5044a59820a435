"""Counted clients: each is a thread with one connection and its own cookies, and notes what it got and when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
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


class Client:
    """Sends one request after another.

    Args:
        address: host and port.
        number: what its answers are told apart by.
        patience: seconds that it waits for an answer.
        keep: keep the connection from one request to the next.
    """

    def __init__(self, address: tuple[str, int], number: int, patience: float, *, keep: bool) -> None:
        self._connection = HTTPConnection(*address, timeout=patience)
        self._number, self._keep = number, keep
        self._cookies = SimpleCookie()

    def ask(self, words: str) -> Answer:
        """Send ``METHOD PATH [JSON]`` and wait for the answer."""
        method, path, body = [*words.split(maxsplit=2), ""][:3]
        headers = {"Connection": "keep-alive" if self._keep else "close"}
        if body:
            headers["Content-Type"] = "application/json"
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={one.value}" for name, one in self._cookies.items())
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
            for cookie in response.headers.get_all("Set-Cookie", []):
                self._cookies.load(cookie)
            return response.status, response.read().decode("utf-8", "replace")


def drive(
    address: tuple[str, int],
    plan: Plan,
    *,
    clients: int,
    seconds: float = 0.0,
    patience: float = PATIENCE_SECONDS,
    keep: bool = False,
    apart: float = 0.0,
) -> list[Answer]:
    """Let clients begin at the same moment, or one after another, and return all that they got, client by client.

    Args:
        plan: what each asks for.
        clients: how many.
        seconds: how long they begin anew when they are done with the plan; 0: they go through it once.
        patience: seconds that each waits for an answer.
        keep: they keep their connections.
        apart: seconds from the beginning of one client to that of the next.
    """
    plans = [plan(number) if callable(plan) else plan for number in range(clients)]
    answers: list[list[Answer]] = [[] for _ in plans]
    together = threading.Barrier(clients)

    def work(number: int) -> None:
        client = Client(address, number, patience, keep=keep)
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
