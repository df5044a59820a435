"""The development server handles one request at a time by default.

It did until Flask 1.0 (2018). Since then `flask run` starts a thread for every request. We send four requests that
take a quarter of a second each, at the same moment, twice: to `flask run` as it comes, and to `flask run
--without-threads`, which is what the claim describes.

On the screen, look at the lanes: with threads the four requests stand below each other, without threads
they stand behind each other in one lane. Nothing else differs, neither the app nor the load.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

from flask import Flask

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import most_at_once, requests, threads_of
from weft_demos.lab.servers import flask_run

CLIENTS = 4
SLOW_SECONDS = 0.25


def create_app() -> Flask:
    """Return an app whose page waits for something else, as pages do for a database."""
    app = Flask(__name__)

    @app.get("/slow")
    def slow() -> str:
        sleep(SLOW_SECONDS)
        return "done"

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    with lab.serve(flask_run(), create_app, "default") as default:
        quick = default.load("GET /slow", clients=CLIENTS)
    with lab.serve(flask_run("--without-threads"), create_app, "without-threads") as single:
        slow = single.load("GET /slow", clients=CLIENTS)

    served = requests(default.snapshot, "/slow")
    yield Fact("at_once", most_at_once(served), f"of {CLIENTS} requests in progress at once with `flask run`")
    yield Fact("threads", threads_of(served), "threads served them")
    yield Fact("last", max(one.seconds for one in quick), "until the last client had its answer", "s")

    served = requests(single.snapshot, "/slow")
    yield Fact("single_at_once", most_at_once(served), "in progress at once with `flask run --without-threads`")
    yield Fact("single_threads", threads_of(served), "thread served them")
    yield Fact("single_last", max(one.seconds for one in slow), "until the last client had its answer", "s")


def judge(evidence: Evidence) -> Judgement:
    most, single = evidence.count("at_once"), evidence.count("single_at_once")
    if most == 1:
        return Judgement(Verdict.CONFIRMED, "no two requests were in progress at the same time.")
    return Judgement(
        Verdict.REFUTED,
        f"by default {most} of {CLIENTS} requests were in progress at once; only `--without-threads` serves {single}.",
    )


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="default",
    fix=(
        "Expect threads from the first day of development on: what requests share needs a lock there already. "
        "Use --without-threads only to rule out a race while debugging, and a real server in production."
    ),
)
