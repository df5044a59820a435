"""One SQLAlchemy session for all requests fails, one per request does not.

A session is a notebook: it collects what is to be written, `commit` writes all of it, and `rollback` forgets all of it.
An app that makes one `Session(engine)` when it starts lets all of its threads write into the same notebook. In our
shop an order is noted, then the customer pays, and the order is committed if the card was good, else rolled back.

With one notebook, who cannot pay takes the orders of others away along with his own, and who pays buys for those who
cannot. A session that finds two threads in it at once raises an error, and those are the lucky ones: the wrong answers
look like any other. A `scoped_session` is one per thread, and `remove()` at the end of a request makes it one per
request.

We compare what the shop has told its customers with what its database holds. On the screen, the table of requests has
the failed ones with their status, 500. That the other ones went wrong is nowhere to be seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from time import sleep

from flask import Flask
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Run, Verdict
from weft_demos.lab.counting import requests
from weft_demos.lab.servers import flask_run

CLIENTS, EACH = 8, 10
PAYING_SECONDS = 0.002

Sessions = Session | scoped_session[Session]


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    buyer: Mapped[str] = mapped_column(primary_key=True)


def create_app(new: Callable[[Engine], Sessions] = Session) -> Flask:
    """Return a shop whose requests use what is made here."""
    app = Flask(__name__)
    engine = create_engine("sqlite:///shop.db", connect_args={"timeout": 60})
    Base.metadata.create_all(engine)
    session = new(engine)

    @app.post("/order/<buyer>/<card>")
    def order(buyer: str, card: str) -> tuple[str, int]:
        session.add(Order(buyer=buyer))
        sleep(PAYING_SECONDS)
        if card == "empty":
            session.rollback()
            return "not paid", 402
        session.commit()
        return "bought", 201

    @app.get("/orders")
    def orders() -> list[str]:
        with engine.connect() as database:
            return list(database.scalars(select(Order.buyer)))

    @app.teardown_appcontext
    def end(error: BaseException | None) -> None:
        if isinstance(session, scoped_session):
            session.remove()

    return app


def create_scoped_app() -> Flask:
    """Return the shop with a session per request."""
    return create_app(lambda engine: scoped_session(sessionmaker(engine)))


VERSIONS = {"shared": (create_app, "one session for all"), "scoped": (create_scoped_app, "one session per request")}


def measure(lab: Lab) -> Iterator[Fact]:
    for label, (app, what) in VERSIONS.items():
        with lab.serve(flask_run(), app, label) as run:
            told, orders = ordered(run)
        served = requests(run.snapshot)
        failed = sum(one.status == 500 for one in served)
        if label == "shared":
            yield Fact("asked", len(served) - 1, f"orders by {CLIENTS} clients at once, every second one cannot pay")
        yield Fact(f"{label}_failed", failed, f"failed: {what}")
        yield Fact(f"{label}_lost", len(told[201] - orders), "were told that they bought, and the database forgot it")
        yield Fact(f"{label}_given", len(told[402] & orders), "were told that they did not, and the database has it")


def ordered(run: Run) -> tuple[defaultdict[int, set[str]], set[str]]:
    """Return the buyers by the status that they were told, and those whom the database knows."""

    def plan(client: int) -> list[str]:
        return [f"POST /order/{client}-{number}/{('good', 'empty')[client % 2]}" for number in range(EACH)]

    told: defaultdict[int, set[str]] = defaultdict(set)
    for answer in run.load(clients=CLIENTS, each=plan):
        told[answer.status].add(answer.asked.split("/")[2])
    return told, set(run.ask("GET /orders").json)


def judge(evidence: Evidence) -> Judgement:
    def wrong(label: str) -> int:
        return sum(evidence.count(f"{label}_{what}") for what in ("failed", "lost", "given"))

    shared, scoped = wrong("shared"), wrong("scoped")
    said = f"of {evidence.count('asked')} orders {shared} went wrong with one session, {scoped} with one per request"
    if scoped:
        return Judgement(Verdict.REFUTED, f"{said}.")
    return Judgement(Verdict.CONFIRMED if shared else Verdict.DEPENDS, f"{said}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="shared",
    fix=(
        "Make sessions per request: scoped_session with remove() in teardown_appcontext, or Flask-SQLAlchemy, which "
        "does that, or `with Session(engine) as session` in the view. Engines are for all threads; sessions, and the "
        "objects that they have loaded, are for one."
    ),
)
