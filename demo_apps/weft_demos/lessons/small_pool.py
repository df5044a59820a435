"""A small connection pool makes requests wait.

SQLAlchemy's engine keeps a pool of connections, five and at need ten more, however many threads the server has. Who
finds none waits, for half a minute at most. Our page reads a price, and then asks a warehouse, which takes a while.
Three versions of it do exactly that: with two connections for all, with one for each thread, and with two again that
are given back before the warehouse is asked.

A pool of two makes requests stand in a queue only where they keep their connection although they do not need it. They
have it from the first statement to the end of the transaction, whatever they do in between.

On the screen, requests wait for `create_app.engine`: weft shows a pool like a lock that several may hold. `v` shows the
lane of the pool, and the inspector tells behind which request somebody waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

from flask import Flask
from sqlalchemy import create_engine, text

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import most_held, per_second, requests, waited
from weft_demos.lab.servers import waitress

CLIENTS, EACH = 8, 6
SMALL = 2
WAREHOUSE_SECONDS = 0.1


def create_app(connections: int = SMALL, *, back: bool = False) -> Flask:
    """Return a shop with so many connections, which are given back before the warehouse is asked, or after."""
    app = Flask(__name__)
    engine = create_engine("sqlite:///shop.db", pool_size=connections, max_overflow=0)

    @app.get("/price")
    def price() -> dict[str, float]:
        with engine.connect() as database:
            found = database.execute(text("SELECT 9.5")).scalar_one()
            if not back:
                ask_warehouse()
        if back:
            ask_warehouse()
        return {"price": found}

    return app


def ask_warehouse() -> None:
    sleep(WAREHOUSE_SECONDS)


def create_large_app() -> Flask:
    """Return the shop with a connection for each thread."""
    return create_app(CLIENTS)


def create_brief_app() -> Flask:
    """Return the shop with few connections, which are given back early."""
    return create_app(back=True)


VERSIONS = {
    "small": (create_app, f"a pool of {SMALL}"),
    "large": (create_large_app, f"a pool of {CLIENTS}"),
    "brief": (create_brief_app, f"a pool of {SMALL}, given back early"),
}


def measure(lab: Lab) -> Iterator[Fact]:
    yield Fact("requests", CLIENTS * EACH, f"requests to each version, by {CLIENTS} clients at once")
    for label, (app, what) in VERSIONS.items():
        with lab.serve(waitress(threads=CLIENTS), app, label) as run:
            answers = run.load(*["GET /price"] * EACH, clients=CLIENTS)
        waits = waited(run.snapshot, requests(run.snapshot), "Pool")
        blamed = run.findings("blame")
        held = most_held(run.snapshot, "Pool")
        yield Fact(f"{label}_held", held, f"connection{'s' if held != 1 else ''} in use at once: {what}")
        yield Fact(f"{label}_waited", sum(ns > 0 for ns in waits), "requests waited for one")
        yield Fact(f"{label}_seconds", sum(waits), "waited in all", "s")
        yield Fact(f"{label}_rate", per_second(answers), "requests served", "/s")
        if blamed:
            yield Fact(f"{label}_sentence", blamed[0].sentence, "says weft")


def judge(evidence: Evidence) -> Judgement:
    small, large, brief = (evidence.number(f"{label}_seconds") for label in VERSIONS)
    said = (
        f"with {SMALL} connections {evidence.count('small_waited')} of {evidence.count('requests')} requests waited "
        f"{small:.2f} s in all, with {CLIENTS} {large:.2f} s"
    )
    if small <= 2 * large:
        return Judgement(Verdict.REFUTED, f"{said}.")
    if brief <= small / 4:
        return Judgement(
            Verdict.DEPENDS,
            f"on how long a request keeps its connection: {said}, with {SMALL} given back early {brief:.2f} s.",
        )
    return Judgement(Verdict.CONFIRMED, f"{said}, and giving them back early did not help: {brief:.2f} s.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="small",
    fix=(
        "Give the connection back before anything slow: read, end the transaction (commit, rollback, or leave the "
        "`with` block), then call the other service. Only then size the pool: as many connections as threads that "
        "need one at the same moment, and no more than the database can serve."
    ),
)
