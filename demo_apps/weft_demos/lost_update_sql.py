"""Lost update in a database: two requests read a row, and each writes what it has made of it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, NullPool, create_engine, text

from weft.stage import Outcome, Scenario, folder, post

STOCK = 3


def take(database: Connection) -> int:
    left = database.execute(text("SELECT left FROM stock WHERE item = :item"), {"item": "loom"}).scalar_one()
    if left > 0:
        change = text("UPDATE stock SET left = :left WHERE item = :item")
        database.execute(change, {"item": "loom", "left": left - 1})
    return int(left > 0)


def take_in_one_step(database: Connection) -> int:
    change = text("UPDATE stock SET left = left - 1 WHERE item = :item AND left > 0")
    return database.execute(change, {"item": "loom"}).rowcount


def create_app(take: Callable[[Connection], int] = take) -> Flask:
    """Return a shop that keeps its stock in a database."""
    app = Flask(__name__)

    @app.get("/stock")
    def stock() -> ResponseReturnValue:
        with current_app.config["ENGINE"].connect() as database:
            return {"left": database.execute(text("SELECT left FROM stock")).scalar_one()}

    @app.post("/buy")
    def buy() -> ResponseReturnValue:
        with current_app.config["ENGINE"].begin() as database:
            taken = take(database)
        return ({"bought": "loom"}, 201) if taken else ({"error": "sold out"}, 409)

    return app


def create_fixed_app() -> Flask:
    """Return the shop, where the database reads, computes and writes in one statement."""
    return create_app(take_in_one_step)


def fill_shelves(app: Flask) -> None:
    app.config["ENGINE"] = create_engine(f"sqlite:///{folder() / 'shop.db'}", poolclass=NullPool)
    with app.config["ENGINE"].begin() as database:
        database.execute(text("CREATE TABLE stock (item TEXT PRIMARY KEY, left INTEGER NOT NULL)"))
        database.execute(text("INSERT INTO stock VALUES ('loom', :left)"), {"left": STOCK})


def everything_sold_is_gone(outcome: Outcome) -> None:
    sold = sum(response.status == 201 for response in outcome.responses.values())
    left = outcome.get("/stock").json["left"]
    assert left == STOCK - sold, f"{STOCK} looms were in stock and {sold} were sold, the database says {left} are left"


SCENARIO = Scenario(
    "lost update in SQL",
    create_app,
    {"alice": post("/buy"), "bob": post("/buy")},
    setup=fill_shelves,
    fixed=create_fixed_app,
    check=everything_sold_is_gone,
    goal="Three looms are in stock. Sell two of them, and let the database say that two are left.",
    hints=[
        "A purchase is a SELECT, a subtraction in Python, and an UPDATE. A transaction around them is no lock.",
        "Both must SELECT before either of them has committed its UPDATE.",
        "Let both SELECT before either of them writes: press 1 1 2 2. Then a lets both buy.",
    ],
    lesson=(
        "A lost update: both requests read 3, so both wrote 2. By default SQLite's driver begins a transaction at the "
        "first write only, and most other databases let others write what a transaction has merely read. Let the "
        "database compute: `UPDATE stock SET left = left - 1 WHERE item = ? AND left > 0`, and look at the row count. "
        "Or lock what you have read: `SELECT … FOR UPDATE`, in SQLite `BEGIN IMMEDIATE`, or compare a version column."
    ),
)
