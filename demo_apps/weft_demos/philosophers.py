"""Dining philosophers: three requests, three forks, and each request needs two of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask, abort
from flask.typing import ResponseReturnValue

from weft.stage import Scenario, post


class Table:
    """A fork lies between each two of three philosophers."""

    def __init__(self) -> None:
        self.red = threading.Lock()
        self.green = threading.Lock()
        self.blue = threading.Lock()
        self.forks = [self.red, self.green, self.blue]


def eat(table: Table, seat: int) -> None:
    left, right = seat, (seat + 1) % 3
    with table.forks[left], table.forks[right]:
        time.sleep(0.1)  # enjoy your meal


def eat_in_order(table: Table, seat: int) -> None:
    lower, higher = sorted((seat, (seat + 1) % 3))
    with table.forks[lower], table.forks[higher]:
        time.sleep(0.1)  # enjoy your meal


def create_app(eat: Callable[[Table, int], None] = eat) -> Flask:
    """Return a table for three."""
    app = Flask(__name__)
    table = Table()

    @app.post("/eat/<int:seat>")
    def eats(seat: int) -> ResponseReturnValue:
        if seat >= len(table.forks):
            abort(404)
        eat(table, seat)
        return "", 204

    return app


def create_fixed_app() -> Flask:
    """Return the table, where all take the fork with the lower number first."""
    return create_app(eat_in_order)


SCENARIO = Scenario(
    "dining philosophers",
    create_app,
    {"plato": post("/eat/0"), "hypatia": post("/eat/1"), "kant": post("/eat/2")},
    fixed=create_fixed_app,
    goal="Three philosophers, three forks, everybody needs two. Let them all starve.",
    hints=[
        "With two of them it takes two locks for a circle. How many does it take with three?",
        "Nobody puts a fork back before having eaten. What if everybody holds one?",
        "Let each of them take the left fork: press 1 1 2 2 3 3.",
    ],
    lesson=(
        "A circular wait of three: each holds one lock and waits for the neighbour's. Any two of them alone are fine, "
        "so testing with two requests would not have shown it. Break the circle with one global order of the locks: "
        "the last one now takes fork 0 before fork 2. Or let only two sit down at a time, with a Semaphore(2). A "
        "timeout that gives up and retries only trades the deadlock for a possible livelock."
    ),
)
