"""Deadlock: two transfers in opposite directions, each with one lock in its hand."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask, abort, request
from flask.typing import ResponseReturnValue

from weft.stage import Outcome, Scenario, post


class Account:
    def __init__(self, number: int, balance: int) -> None:
        self.number = number
        self.balance = balance
        self.lock = threading.Lock()


def transfer(source: Account, target: Account, amount: int) -> None:
    with source.lock, target.lock:
        source.balance -= amount
        target.balance += amount


def transfer_in_order(source: Account, target: Account, amount: int) -> None:
    first, second = sorted((source, target), key=lambda account: account.number)
    with first.lock, second.lock:
        source.balance -= amount
        target.balance += amount


def create_app(transfer: Callable[[Account, Account, int], None] = transfer) -> Flask:
    """Return a bank with two accounts."""
    app = Flask(__name__)
    accounts = {number: Account(number, balance=100) for number in (1, 2)}

    @app.get("/balances")
    def balances() -> ResponseReturnValue:
        return {"balances": [account.balance for account in accounts.values()]}

    @app.post("/transfer/<int:source>/<int:target>")
    def make_transfer(source: int, target: int) -> ResponseReturnValue:
        if source == target or not {source, target} <= accounts.keys():
            abort(404)
        transfer(accounts[source], accounts[target], request.get_json()["amount"])
        return "", 204

    return app


def create_fixed_app() -> Flask:
    """Return the bank, where everybody locks the accounts in the order of their numbers."""
    return create_app(transfer_in_order)


def no_money_is_lost(outcome: Outcome) -> None:
    balances = outcome.get("/balances").json["balances"]
    assert balances == [80, 120], f"the balances are {balances}, not [80, 120]"


SCENARIO = Scenario(
    "deadlock",
    create_app,
    {
        "alice": post("/transfer/1/2", json={"amount": 30}),
        "bob": post("/transfer/2/1", json={"amount": 10}),
    },
    fixed=create_fixed_app,
    check=no_money_is_lost,
    goal="Make both transfers wait for each other for ever.",
    hints=[
        "Each transfer takes two locks, one after the other. In which order does alice take them, in which bob?",
        "Let each of them take one lock.",
        "Let alice lock account 1, then bob account 2: press 1 1 2 2. Each now needs what the other holds.",
    ],
    lesson=(
        "A deadlock by lock-order inversion: alice holds lock 1 and waits for 2, bob holds 2 and waits for 1, a "
        "circle in the wait-for graph. Give the locks one global order (here the account number) and have everybody "
        "acquire them in it; then no circle can form. In a database the same is `SELECT ... FOR UPDATE` with "
        "`ORDER BY id`; there the server aborts one of the two transactions, so be ready to retry it."
    ),
)
