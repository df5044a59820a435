"""One customer of the shop: what to ask for next, one request at a time, and a tally of the answers."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Any, NamedTuple

ANSWER_SECONDS = 10.0
"""How long a customer waits for an answer; it bounds how late a load can end."""
THINK_SECONDS = 0.01
"""Mean time between an answer and the next wish."""
RETRY_SECONDS = 0.2

WISHES = {"catalogue": 30, "item": 36, "add_to_cart": 16, "cart": 8, "checkout": 10}
REPORT_WISHES = WISHES | {"report": 20}
NEEDS_CART = frozenset({"cart", "checkout"})


class Call(NamedTuple):
    """A request, and the endpoint that it is meant for."""

    method: str
    path: str
    endpoint: str
    body: dict[str, int] | None = None


@dataclass
class Tally:
    """What was answered: calls by method and endpoint, answers by status, and calls without an answer."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    errors: int = 0

    @classmethod
    def total(cls, parts: Iterable[Tally]) -> Tally:
        """Add up the tallies of several customers."""
        whole = cls()
        for part in parts:
            whole.requests += part.requests
            whole.statuses += part.statuses
            whole.errors += part.errors
        return whole

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {"requests": dict(self.requests), "statuses": dict(self.statuses), "errors": self.errors}


class Customer:
    """A closed loop: wish, wait for the answer, think. All of it in the thread that calls `shop`."""

    def __init__(self, address: tuple[str, int], random: Random, reads_reports: bool = False) -> None:
        self.tally = Tally()
        self._connection = HTTPConnection(*address, timeout=ANSWER_SECONDS)
        self._random = random
        self._wishes = REPORT_WISHES if reads_reports else WISHES
        self._items = [1]
        self._cart: int | None = None

    def shop(self, stop: threading.Event) -> None:
        """Shop until the event is set. A request that was sent is always waited for."""
        try:
            while not stop.is_set():
                answered = self._ask(choose(self._random, self._wishes, self._items, self._cart))
                stop.wait(self._random.expovariate(1 / THINK_SECONDS) if answered else RETRY_SECONDS)
        finally:
            self._connection.close()

    def _ask(self, call: Call) -> bool:
        try:
            status, answer = self._exchange(call)
        except (OSError, HTTPException):
            self._connection.close()
            self.tally.errors += 1
            return False
        self.tally.requests[f"{call.method} {call.endpoint}"] += 1
        self.tally.statuses[str(status)] += 1
        self._remember(call, status, answer)
        return True

    def _exchange(self, call: Call) -> tuple[int, bytes]:
        body = None if call.body is None else json.dumps(call.body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        self._connection.request(call.method, call.path, body, headers)
        with self._connection.getresponse() as response:
            return response.status, response.read()

    def _remember(self, call: Call, status: int, answer: bytes) -> None:
        if call.endpoint == "checkout" or status >= 400:
            self._cart = None  # bought, or nothing to be had: walk away from it
        elif call.endpoint == "add_to_cart":
            self._cart = json.loads(answer)["cart"]
        elif call.endpoint == "catalogue":
            self._items = [item["item"] for item in json.loads(answer)]


def choose(random: Random, wishes: dict[str, int], items: list[int], cart: int | None) -> Call:
    """Draw the next call out of weighted wishes; without a cart there is nothing to look into or to pay."""
    possible = [wish for wish in wishes if cart is not None or wish not in NEEDS_CART]
    match random.choices(possible, [wishes[wish] for wish in possible])[0]:
        case "item":
            return Call("GET", f"/item/{random.choice(items)}", "item")
        case "add_to_cart":
            basket = {} if cart is None else {"cart": cart}
            goods = {"item": random.choice(items), "quantity": random.randint(1, 3)}
            return Call("POST", "/cart", "add_to_cart", goods | basket)
        case "cart":
            return Call("GET", f"/cart/{cart}", "cart")
        case "checkout":
            return Call("POST", "/checkout", "checkout", {"cart": cart or 0})
        case "report":
            return Call("GET", "/report", "report")
        case _:
            return Call("GET", "/", "catalogue")
