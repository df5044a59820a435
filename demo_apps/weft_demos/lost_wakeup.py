"""Lost wake-up: a page waits for the bank's message, which came just before it began to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask
from flask.typing import ResponseReturnValue

from weft.stage import Scenario, get, post


class Order:
    def __init__(self) -> None:
        self.paid = False
        self.changed = threading.Condition()


def wait_until_paid(order: Order) -> None:
    if not order.paid:
        with order.changed:
            order.changed.wait()


def wait_until_paid_checking(order: Order) -> None:
    with order.changed:
        order.changed.wait_for(lambda: order.paid)


def create_app(wait_until_paid: Callable[[Order], None] = wait_until_paid) -> Flask:
    """Return a shop with one order that is not paid yet."""
    app = Flask(__name__)
    order = Order()

    @app.get("/order")
    def thank_you() -> ResponseReturnValue:
        wait_until_paid(order)
        return {"paid": order.paid}

    @app.post("/webhooks/payment")
    def payment_arrived() -> ResponseReturnValue:
        with order.changed:
            order.paid = True
            order.changed.notify_all()
        return "", 204

    return app


def create_fixed_app() -> Flask:
    """Return the shop, whose page looks again once it holds the lock."""
    return create_app(wait_until_paid_checking)


SCENARIO = Scenario(
    "lost wake-up",
    create_app,
    {"customer": get("/order"), "bank": post("/webhooks/payment")},
    fixed=create_fixed_app,
    goal="The bank confirms the payment. Make the customer's page wait for it for ever all the same.",
    hints=[
        "notify_all() wakes those who wait now. Who comes later sleeps until the next call, and there is none.",
        "The customer must find the order unpaid, and must not wait yet when the bank calls.",
        "Let the customer read order.paid: press 1 1. Let the bank finish: 2 2 2 2 2 2. Let the customer wait: 1 1.",
    ],
    lesson=(
        "A lost wake-up: between the check and wait() the state changed and the notification went to nobody. A "
        "Condition remembers nothing; the state does. Check the state with the lock held, in a loop around wait(): "
        "`with changed: changed.wait_for(lambda: order.paid)`. wait() gives the lock back only once the thread "
        "is among the waiters, so no notify can slip in between. For a one-time signal use an Event, which stays set."
    ),
)
