"""Lost update: two visitors like an article at the same time, and one of the likes is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask, current_app
from flask.typing import ResponseReturnValue

from weft.stage import Outcome, Scenario, post


class Article:
    def __init__(self) -> None:
        self.likes = 0
        self.lock = threading.Lock()


def add_like(article: Article) -> None:
    likes = article.likes
    current_app.logger.info("there were %d likes", likes)
    article.likes = likes + 1


def add_like_locked(article: Article) -> None:
    with article.lock:
        likes = article.likes
        current_app.logger.info("there were %d likes", likes)
        article.likes = likes + 1


def create_app(add_like: Callable[[Article], None] = add_like) -> Flask:
    """Return a blog with one article that nobody has liked yet."""
    app = Flask(__name__)
    article = Article()

    @app.get("/")
    def likes() -> ResponseReturnValue:
        return {"likes": article.likes}

    @app.post("/like")
    def like() -> ResponseReturnValue:
        add_like(article)
        return "", 204

    return app


def create_fixed_app() -> Flask:
    """Return the blog, with a lock around read, compute and write."""
    return create_app(add_like_locked)


def every_like_counts(outcome: Outcome) -> None:
    likes = outcome.get("/").json["likes"]
    assert likes == 2, f"2 visitors liked the article, its counter says {likes}"


SCENARIO = Scenario(
    "lost update",
    create_app,
    {"alice": post("/like"), "bob": post("/like")},
    fixed=create_fixed_app,
    check=every_like_counts,
    goal="Two visitors like an article. Make one of the likes disappear.",
    hints=[
        "A like is three steps: read the counter, add one, write it back. What if somebody reads in between?",
        "Both must read 0 before either of them writes 1.",
        "Stop alice before her write, then bob before his: press 1 1 2 2. Then a lets both finish.",
    ],
    lesson=(
        "A lost update: both requests read 0, so both wrote 1. Read-modify-write is not atomic, and the GIL does not "
        "make it so: threads may be switched at any call in between, even one that only logs. Hold a lock from the "
        "read to the write. Across worker processes a lock is not enough: let the store do it in one step, as in "
        "`UPDATE article SET likes = likes + 1` or Redis INCR."
    ),
)
