"""A lock in a route makes a read-modify-write safe.

A like reads a counter, adds one and writes it back. Between the read and the write other threads may run: here the
route sleeps for a moment, in your app it may ask a database. Two requests that both read 7 both write 8, and one like
is gone.

We do it three times. On a real server we count: eight clients like an article many times, once without a lock and
once with `with lock:` around read and write. Counting can show that updates are lost, but not that none ever will be.
So the third time weft runs two requests in every order that their threads allow: without the lock it finds one that
loses a like, and with the lock it tries them all and finds none.

On the screen you stand at the end of the order that loses a like. `u` goes back step by step, `f` makes the same
choices in the app with the lock, and `v` explains.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import sleep

from flask import Flask

from weft.stage import Outcome, Scenario, post
from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Run, Verdict
from weft_demos.lab.servers import flask_run

CLIENTS, EACH = 8, 25
THINK_SECONDS = 0.0005
"""What else the route does takes so long."""


class Article:
    def __init__(self) -> None:
        self.likes = 0


def create_app() -> Flask:
    """Return a blog with one article that nobody has liked yet."""
    app, article = blog()

    @app.post("/like")
    def like() -> tuple[str, int]:
        likes = article.likes
        sleep(THINK_SECONDS)
        article.likes = likes + 1
        return "", 204

    return app


def create_locked_app() -> Flask:
    """Return the blog with a lock from the read to the write."""
    app, article = blog()
    likes_lock = threading.Lock()

    @app.post("/like")
    def like() -> tuple[str, int]:
        with likes_lock:
            likes = article.likes
            sleep(THINK_SECONDS)
            article.likes = likes + 1
        return "", 204

    return app


def blog() -> tuple[Flask, Article]:
    """Return an app that says how often its one article was liked, and the article."""
    app = Flask(__name__)
    article = Article()

    @app.get("/likes")
    def likes() -> dict[str, int]:
        return {"likes": article.likes}

    return app, article


def every_like_counts(outcome: Outcome) -> None:
    likes = outcome.get("/likes").json["likes"]
    assert likes == 2, f"2 visitors liked the article, its counter says {likes}"


SCENARIO = Scenario(
    "lock in a route",
    create_app,
    {"alice": post("/like"), "bob": post("/like")},
    fixed=create_locked_app,
    check=every_like_counts,
    goal="Two visitors like an article. Make one of the likes disappear.",
    lesson="Both read the counter before either of them wrote it. With a lock from the read to the write nobody can.",
)


def measure(lab: Lab) -> Iterator[Fact]:
    with lab.serve(flask_run(), create_app, "without-lock") as bare:
        sent, lost = liked(bare)
    yield Fact("sent", sent, f"likes sent by {CLIENTS} clients")
    yield Fact("lost", lost, "of them lost without a lock")
    with lab.serve(flask_run(), create_locked_app, "with-lock") as locked:
        _, lost = liked(locked)
    yield Fact("lost_locked", lost, "lost with the lock")

    broken = lab.search("SCENARIO")
    yield Fact("search", broken.verdict, "says the search of two requests without a lock")
    yield Fact("orders", broken.orders, "orders tried until one lost a like")
    proven = lab.search("SCENARIO", fixed=True)
    yield Fact("search_locked", proven.verdict, "says the search of the same with the lock")
    yield Fact("orders_locked", proven.orders, "orders tried, which are all that differ")


def liked(run: Run) -> tuple[int, int]:
    """Return how many likes a server has taken, and how many of them it has forgotten."""
    answers = run.load(*["POST /like"] * EACH, clients=CLIENTS)
    sent = sum(answer.status == 204 for answer in answers)
    return sent, sent - int(run.ask("GET /likes").json["likes"])


def judge(evidence: Evidence) -> Judgement:
    lost, locked = evidence.count("lost"), evidence.count("lost_locked")
    before, after = evidence.text("search"), evidence.text("search_locked")
    if locked or after == "fails":
        return Judgement(Verdict.REFUTED, f"with the lock {locked} likes were lost, and the search says: {after}.")
    if before == "fails" and after == "holds":
        return Judgement(
            Verdict.CONFIRMED,
            f"without the lock {lost} of {evidence.count('sent')} likes were lost, with it none, and no order of two "
            f"requests loses one ({evidence.count('orders_locked')} tried).",
        )
    return Judgement(Verdict.DEPENDS, f"nothing was lost, but the search does not know: {before}, and {after}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="without-lock",
    scenario="SCENARIO",
    fix=(
        "Hold one lock from the read to the write, in every route that writes the value. It works within one process: "
        "with several workers let the store do it in one step (UPDATE … SET likes = likes + 1, Redis INCR)."
    ),
)
