"""Check-then-act: two customers buy the last item, because the payment takes a moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask
from flask.typing import ResponseReturnValue

from weft.stage import Outcome, Scenario, post


class SoldOut(Exception):
    """There is none left."""


class Item:
    def __init__(self, stock: int) -> None:
        self.stock = stock
        self.lock = threading.Lock()


def charge_card() -> None:
    time.sleep(0.3)  # the bank takes its time


def sell(item: Item) -> None:
    if item.stock < 1:
        raise SoldOut
    charge_card()
    item.stock -= 1


def reserve_and_sell(item: Item) -> None:
    with item.lock:
        if item.stock < 1:
            raise SoldOut
        item.stock -= 1
    charge_card()


def create_app(sell: Callable[[Item], None] = sell) -> Flask:
    """Return a shop that has one loom left."""
    app = Flask(__name__)
    loom = Item(stock=1)

    @app.post("/buy")
    def buy() -> ResponseReturnValue:
        sell(loom)
        return {"bought": "loom"}, 201

    app.register_error_handler(SoldOut, lambda _: ({"error": "sold out"}, 409))
    return app


def create_fixed_app() -> Flask:
    """Return the shop, where check and decrement are one step, before the payment."""
    return create_app(reserve_and_sell)


def nothing_is_sold_twice(outcome: Outcome) -> None:
    sold = sum(response.status == 201 for response in outcome.responses.values())
    assert sold <= 1, f"1 loom was in stock, {sold} were sold"


SCENARIO = Scenario(
    "oversell",
    create_app,
    {"alice": post("/buy"), "bob": post("/buy")},
    fixed=create_fixed_app,
    check=nothing_is_sold_twice,
    goal="One loom is left. Make both customers buy it.",
    hints=[
        "The stock is checked before the payment and decremented after it. How long is the check true?",
        "Let alice pass the check, and keep her waiting for the bank.",
        "Let both read the stock before either has paid: press 1 1 2 2. Then a lets both buy.",
    ],
    lesson=(
        "Check-then-act (TOCTOU): what was true when it was checked need not be true when it is acted upon. Check and "
        "act in one critical section: reserve the item under the lock, pay after it (or everybody queues behind one "
        "slow bank), and put the item back if the payment fails. In a database: "
        "`UPDATE item SET stock = stock - 1 WHERE id = ? AND stock > 0`, then look at the row count."
    ),
)
