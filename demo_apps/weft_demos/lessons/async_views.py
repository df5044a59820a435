"""Async views run I/O concurrently inside a request, but each of them still occupies a worker thread.

An async view may wait for several things at once: three calls of a fifth of a second take a fifth of a second, not
three. But Flask is a WSGI app. It runs the event loop of an async view to its end before it returns, and the thread
that serves the request stands still meanwhile: it cannot take another request, however much the view awaits.

So we send six requests to a server with two threads. Each takes the time of one call, which is the first half of the
claim, and they come back two by two, which is the second.

On the screen, each of the two lanes of the server shows its requests one after another; the lanes of the event loops
below are threads that asgiref starts, one per request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import sleep

from flask import Flask

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import most_at_once, percentile, requests, threads_of
from weft_demos.lab.servers import need, waitress

THREADS, CLIENTS = 2, 6
CALLS, CALL_SECONDS = 3, 0.2


def create_app() -> Flask:
    """Return an app that calls three services, one after another or at the same time."""
    app = Flask(__name__)

    @app.get("/sync")
    def one_by_one() -> str:
        for _ in range(CALLS):
            sleep(CALL_SECONDS)
        return "done"

    @app.get("/async")
    async def at_once() -> str:
        await asyncio.gather(*(asyncio.sleep(CALL_SECONDS) for _ in range(CALLS)))
        return "done"

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    need("asgiref")
    with lab.serve(waitress(threads=THREADS), create_app) as run:
        run.load("GET /sync", clients=1)
        answers = run.load("GET /async", clients=CLIENTS)
    plain, served = requests(run.snapshot, "/sync"), requests(run.snapshot, "/async")

    def lasted(path: str) -> float:
        ends = [(one.end_ns or one.start_ns) - one.start_ns for one in requests(run.snapshot, path)]
        return percentile(ends, 50) / 1e9

    yield Fact("sync", lasted("/sync"), f"took {len(plain)} request that makes {CALLS} calls one after another", "s")
    yield Fact("async", lasted("/async"), f"took a request that awaits {CALLS} calls at once, as a rule", "s")
    yield Fact("at_once", most_at_once(served), f"of {CLIENTS} async requests were in progress at once …")
    yield Fact("threads", threads_of(served), f"… in so many threads of a server that has {THREADS}")
    yield Fact("last", max(answer.seconds for answer in answers), "until the last client had its answer", "s")


def judge(evidence: Evidence) -> Judgement:
    times = evidence.number("sync") / evidence.number("async")
    at_once = evidence.count("at_once")
    concurrent, occupied = times > CALLS / 2, at_once <= THREADS
    said = (
        f"a request with {CALLS} awaited calls was {times:.1f} times as fast, and of {CLIENTS} such requests "
        f"{at_once} were in progress at once on {THREADS} threads"
    )
    if concurrent and occupied:
        return Judgement(Verdict.CONFIRMED, f"{said}.")
    return Judgement(Verdict.DEPENDS if concurrent or occupied else Verdict.REFUTED, f"{said}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    fix=(
        "Use async views to wait for several things within one request. To serve more requests that wait, give a WSGI "
        "server more threads, or use an ASGI framework such as Quart."
    ),
)
