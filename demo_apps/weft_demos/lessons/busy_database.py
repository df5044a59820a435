"""SQLite is not for web apps: with several threads the database is locked.

SQLite lets one connection write at a time, whatever the table and the row. Who wants to write meanwhile is told that
the database is busy, and tries again until it has waited as long as `timeout` says: five seconds by default, after
which the error is the well-known `database is locked`. To be quicker, our shop lets them wait a good second only.

In the first version a purchase writes, asks the bank, and commits. The database is locked while the bank thinks, the
others wait behind it, and some wait in vain. The second version asks the bank before it writes: the lock is held for
as long as the write takes, which is next to nothing.

On the screen, requests wait for `shop.db`: SQLite waits inside of a call in C, but weft tells who waits and behind
which request, as with a lock. `v` shows the lane of the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import requests, waited
from weft_demos.lab.servers import flask_run

CLIENTS, EACH = 8, 2
APART_SECONDS, BANK_SECONDS, TIMEOUT_SECONDS = 0.03, 0.25, 1.25
SELL = text("UPDATE stock SET left = left - 1 WHERE item = :item")


def ask_bank() -> None:
    sleep(BANK_SECONDS)


def create_app(*, first_the_bank: bool = False) -> Flask:
    """Return a shop that asks the bank before its transaction, or in the middle of it."""
    app = Flask(__name__)
    engine = create_engine("sqlite:///shop.db", connect_args={"timeout": TIMEOUT_SECONDS})
    with engine.begin() as database:
        database.execute(text("CREATE TABLE stock (item INTEGER PRIMARY KEY, left INTEGER)"))
        database.execute(text("INSERT INTO stock VALUES (:item, 100)"), [{"item": item} for item in range(CLIENTS)])

    @app.post("/buy/<int:item>")
    def buy(item: int) -> tuple[str, int]:
        if first_the_bank:
            ask_bank()
        with engine.begin() as database:
            database.execute(SELL, {"item": item})
            if not first_the_bank:
                ask_bank()
        return "", 204

    @app.errorhandler(OperationalError)
    def busy(error: OperationalError) -> tuple[str, int]:
        return str(error.orig), 503

    return app


def create_brief_app() -> Flask:
    """Return the shop with transactions that are as short as they can be."""
    return create_app(first_the_bank=True)


VERSIONS = {"long": create_app, "brief": create_brief_app}


def measure(lab: Lab) -> Iterator[Fact]:
    yield Fact("asked", CLIENTS * EACH, f"purchases of each version, by {CLIENTS} clients, of different items")
    for label, app in VERSIONS.items():
        with lab.serve(flask_run(), app, label) as run:
            answers = run.load(clients=CLIENTS, apart=APART_SECONDS, each=plan)
        served, blamed = requests(run.snapshot), run.findings("blame")
        waits = waited(run.snapshot, served, "Database")
        failed = sum(one.status == 503 for one in served)
        yield Fact(f"{label}_failed", failed, f"failed with {label} transactions")
        yield Fact(f"{label}_waited", sum(seconds > 0 for seconds in waits), "waited for the database")
        yield Fact(f"{label}_seconds", sum(waits), "waited in all", "s")
        yield Fact(f"{label}_last", max(one.seconds for one in answers), "took the slowest answer", "s")
        if failed:
            error = next(one.text for one in answers if one.status == 503)
            yield Fact(f"{label}_error", error, "were customers told")
        if blamed:
            yield Fact(f"{label}_sentence", blamed[0].sentence, "says weft")


def plan(client: int) -> list[str]:
    return [f"POST /buy/{client}"] * EACH


def judge(evidence: Evidence) -> Judgement:
    long, brief = evidence.count("long_failed"), evidence.count("brief_failed")
    said = (
        f"of {evidence.count('asked')} purchases {long} failed with long transactions and {brief} with brief ones, and "
        f"they waited {evidence.number('long_seconds'):.2f} s and {evidence.number('brief_seconds'):.2f} s"
    )
    if not long:
        return Judgement(Verdict.REFUTED, f"{said}.")
    if brief <= long / 4:
        return Judgement(Verdict.DEPENDS, f"on how long a transaction lasts: {said}.")
    return Judgement(Verdict.CONFIRMED, f"{said}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="long",
    fix=(
        "Let a transaction that writes do nothing else: call other services before it or after it, and commit at "
        "once. Let the timeout be longer than the queue can be. For many writers at the same time take a database "
        "that locks rows."
    ),
)
