"""Pool exhaustion: each request holds one connection and waits for a second one."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from flask.typing import ResponseReturnValue

from weft.stage import Scenario, post


class Connection:
    def execute(self, sql: str) -> None:
        time.sleep(0.01)  # the database takes its time


class Pool:
    """So many connections and no more: who finds none waits for one to come back."""

    def __init__(self, size: int) -> None:
        self.free: queue.Queue[Connection] = queue.Queue()
        for _ in range(size):
            self.free.put(Connection())

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        connection = self.free.get()
        try:
            yield connection
        finally:
            self.free.put(connection)


def save_order(pool: Pool) -> None:
    with pool.connection() as connection:
        connection.execute("INSERT INTO orders ...")
        with pool.connection() as another:  # as a helper does that opens its own session
            another.execute("INSERT INTO audit ...")


def save_order_on_one_connection(pool: Pool) -> None:
    with pool.connection() as connection:
        connection.execute("INSERT INTO orders ...")
        connection.execute("INSERT INTO audit ...")


def create_app(save_order: Callable[[Pool], None] = save_order) -> Flask:
    """Return a shop with a pool of two connections."""
    app = Flask(__name__)
    pool = Pool(size=2)

    @app.post("/orders")
    def order() -> ResponseReturnValue:
        save_order(pool)
        return "", 201

    return app


def create_fixed_app() -> Flask:
    """Return the shop, where a request makes do with one connection."""
    return create_app(save_order_on_one_connection)


SCENARIO = Scenario(
    "connection pool",
    create_app,
    {"alice": post("/orders"), "bob": post("/orders")},
    fixed=create_fixed_app,
    goal="The database is fine and nobody holds a lock. Make the shop hang for ever.",
    hints=[
        "How many connections are there, and how many does one order need at the same time?",
        "An order that holds a connection gives it back only when it has got another one.",
        "Let each take one connection: press 1 1 2 2. Then a: each waits for the other's.",
    ],
    lesson=(
        "A deadlock without any lock: a bounded pool is a resource as well, and each request holds a part of it while "
        "it waits for another (hold and wait). It takes as many requests as there are connections, so light load never "
        "shows it. Use one connection per request and pass it on. A bigger pool only needs more visitors; a timeout on "
        "checkout (SQLAlchemy: pool_timeout) at least turns the hang into an error that says what is wrong."
    ),
)
