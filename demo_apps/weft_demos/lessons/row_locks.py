"""A lock on a row keeps updates of it from being lost, and only those wait who want the same row.

A purchase reads how many are left, thinks, and writes one less. A transaction around that is no lock: two requests may
both read 7 and both write 6. `SELECT … FOR UPDATE` reads the row and locks it until the transaction ends, so that the
second one waits and then reads 6. Its words are the database's business: PostgreSQL locks the row. SQLite cannot, and
SQLAlchemy leaves the words out there without saying so; the nearest it has is `BEGIN IMMEDIATE`, which locks it all.

To each database go three waves of purchases: of one item without a lock, of one item with a lock, and with a lock of a
different item per client. In the second one all have to wait. In the third one nobody wants what another one has.

That a statement waits inside of PostgreSQL is nowhere to be seen from Python. So the app says it itself, in two lines:
`weft.waiting` stands around the statement that may have to wait, `weft.holding` around the time until the commit. On
the screen the rows are then like locks, with who waits behind which request; `v` shows their lanes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from time import sleep

from flask import Flask
from sqlalchemy import Column, Connection, Integer, MetaData, Table, create_engine, insert, select, update

import weft
from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict, services
from weft_demos.lab.counting import requests, waited
from weft_demos.lab.servers import flask_run, need

CLIENTS, EACH, ENOUGH = 6, 5, 1000
THINK_SECONDS = 0.02

STOCK = Table("stock", MetaData(), Column("item", Integer, primary_key=True), Column("left", Integer, nullable=False))
WAVES = {"bare": "/bare/0", "same": "/locked/1", "apart": "/locked/{own}"}
"""Where purchases go; the own items of clients are 2 and up."""


def read(database: Connection, item: int, *, lock: bool) -> int:
    question = select(STOCK.c.left).where(STOCK.c.item == item)
    if lock and database.dialect.name == "sqlite":
        database.exec_driver_sql("BEGIN IMMEDIATE")
    return int(database.execute(question.with_for_update() if lock else question).scalar_one())


def sell(database: Connection, item: int, left: int) -> None:
    sleep(THINK_SECONDS)
    database.execute(update(STOCK).where(STOCK.c.item == item).values(left=left - 1))
    database.commit()


def create_app() -> Flask:
    """Return a shop with its stock in the database that the environment names."""
    app = Flask(__name__)
    engine = create_engine(os.environ["LAB_DATABASE"], pool_size=CLIENTS)
    STOCK.create(engine)
    with engine.begin() as database:
        database.execute(insert(STOCK), [{"item": item, "left": ENOUGH} for item in range(CLIENTS + 2)])

    @app.post("/bare/<int:item>")
    def bare(item: int) -> tuple[str, int]:
        with engine.connect() as database:
            sell(database, item, read(database, item, lock=False))
        return "", 204

    @app.post("/locked/<int:item>")
    def locked(item: int) -> tuple[str, int]:
        row = f"row {item} of stock"
        with engine.connect() as database:
            with weft.waiting(row):
                left = read(database, item, lock=True)
            with weft.holding(row):
                sell(database, item, left)
        return "", 204

    @app.get("/sold")
    def sold() -> list[int]:
        with engine.connect() as database:
            return [ENOUGH - left for left in database.scalars(select(STOCK.c.left).order_by(STOCK.c.item))]

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    yield Fact("asked", CLIENTS * EACH, f"purchases in each wave, by {CLIENTS} clients at once")
    url = lab.service(services.postgresql())
    if url is not None:
        need("psycopg")
        yield from measure_on("PostgreSQL", url, lab)
    yield from measure_on("SQLite", "sqlite:///shop.db?timeout=60", lab)


def measure_on(name: str, url: str, lab: Lab) -> Iterator[Fact]:
    with lab.serve(flask_run(), create_app, name, environment={"LAB_DATABASE": url}) as run:
        for wave in WAVES.values():
            run.load(clients=CLIENTS, each=partial(plan, wave))
        bare, *locked = run.ask("GET /sold").json

    def waits(wave: str) -> float:
        paths = {WAVES[wave].format(own=client + 2) for client in range(CLIENTS)}
        return sum(waited(run.snapshot, [one for one in requests(run.snapshot) if one.path in paths], "Resource"))

    yield Fact(f"{name}_bare", CLIENTS * EACH - bare, f"lost without a lock: {name}")
    yield Fact(f"{name}_lost", 2 * CLIENTS * EACH - sum(locked), "lost with locks")
    yield Fact(f"{name}_same", waits("same"), "waited in all for the same row", "s")
    yield Fact(f"{name}_apart", waits("apart"), "waited in all for different rows", "s")
    for found in run.findings("convoy")[:1]:
        yield Fact(f"{name}_sentence", found.sentence, "says weft")


def plan(wave: str, client: int) -> list[str]:
    return [f"POST {wave.format(own=client + 2)}"] * EACH


def judge(evidence: Evidence) -> Judgement:
    measured = [name for name in ("PostgreSQL", "SQLite") if f"{name}_lost" in evidence]
    by_row = [name for name in measured if evidence.number(f"{name}_apart") < evidence.number(f"{name}_same") / 4]
    lost = sum(evidence.count(f"{name}_lost") for name in measured)
    told = (
        f"on {name} {evidence.count(f'{name}_bare')} of {evidence.count('asked')} purchases were lost without a lock "
        f"and {evidence.count(f'{name}_lost')} with one, and requests waited {evidence.number(f'{name}_same'):.2f} s "
        f"for the same row and {evidence.number(f'{name}_apart'):.2f} s for different ones"
        for name in measured
    )
    said = f"{'; '.join(told)}."
    if lost or not by_row:
        return Judgement(Verdict.REFUTED, said)
    if by_row == measured:
        return Judgement(Verdict.CONFIRMED, said)
    return Judgement(Verdict.DEPENDS, f"on the database: {said}")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    fix=(
        "Let the database compute where it can (UPDATE … SET left = left - 1), else lock what you have read with "
        "SELECT … FOR UPDATE, and always take several rows in the same order. On SQLite begin with BEGIN IMMEDIATE, "
        "and commit soon, as it locks the whole database."
    ),
)
