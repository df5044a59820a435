"""The server schedules requests on a ThreadPool.

It is often said of Flask, but Flask has no threads: the server has. We send the same requests to three servers and
count which threads served them. The development server starts a new thread for every request and lets it end with it,
without any bound. gunicorn's threaded workers and waitress have a fixed number of threads, which serve one request
after another: that is a pool, and what does not fit into it waits in a queue.

It makes a difference for `threading.local` and for whatever is cached per thread: with a pool it is there again in
the next request that the thread serves, with a thread per request never.

On the screen you see gunicorn's pool: as many lanes as threads, and requests one after another in each of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import sleep

from flask import Flask

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import most_at_once, requests, threads_of
from weft_demos.lab.servers import flask_run, gunicorn, waitress

CLIENTS, EACH, POOL = 8, 4, 4
SLOW_SECONDS = 0.05

SERVERS = {
    "development": flask_run(),
    "gunicorn": gunicorn(workers=1, threads=POOL),
    "waitress": waitress(threads=POOL),
}


def create_app() -> Flask:
    """Return an app that remembers per thread how many requests it has served."""
    app = Flask(__name__)
    kept = threading.local()

    @app.get("/page")
    def page() -> dict[str, int]:
        kept.served = getattr(kept, "served", 0) + 1
        sleep(SLOW_SECONDS)
        return {"served": kept.served}

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    for label, server in SERVERS.items():
        with lab.serve(server, create_app, label) as run:
            answers = run.load(*["GET /page"] * EACH, clients=CLIENTS)
        served = requests(run.snapshot, "/page")
        yield Fact(f"{label}_requests", len(served), f"requests served by `{server.name}`")
        yield Fact(f"{label}_threads", threads_of(served), "different threads served them")
        yield Fact(f"{label}_at_once", most_at_once(served), f"at once, with {CLIENTS} clients")
        yield Fact(
            f"{label}_again", max(one.json["served"] for one in answers), "requests served by one thread at most"
        )


def judge(evidence: Evidence) -> Judgement:
    pools = [label for label in SERVERS if evidence.count(f"{label}_threads") < evidence.count(f"{label}_requests")]
    others = [label for label in SERVERS if label not in pools]
    counted = ", ".join(
        f"{label} {evidence.count(f'{label}_threads')} threads for {evidence.count(f'{label}_requests')} requests"
        for label in SERVERS
    )
    if not others or not pools:
        return Judgement(Verdict.CONFIRMED if pools else Verdict.REFUTED, f"{counted}.")
    return Judgement(Verdict.DEPENDS, f"on the server: {counted}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="gunicorn",
    fix=(
        "Ask which server runs your app before you rely on its threads. With a pool, size it for the requests that "
        "wait, and expect what is kept per thread to be there again; with a thread per request, expect no bound at "
        "all."
    ),
)
