"""Lost update in Redis: two requests GET a counter, and each SETs what it has made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakeredis import FakeRedis
from flask import Flask, current_app
from flask.typing import ResponseReturnValue

from weft.stage import Outcome, Scenario, post


def like(redis: Any) -> None:
    likes = int(redis.get("likes") or 0)
    redis.set("likes", likes + 1)


def like_in_one_step(redis: Any) -> None:
    redis.incr("likes")


def create_app(like: Callable[[Any], None] = like) -> Flask:
    """Return an article whose likes are counted in Redis."""
    app = Flask(__name__)

    @app.post("/like")
    def add() -> ResponseReturnValue:
        like(current_app.config["REDIS"])
        return "", 204

    @app.get("/likes")
    def likes() -> ResponseReturnValue:
        return {"likes": int(current_app.config["REDIS"].get("likes") or 0)}

    return app


def create_fixed_app() -> Flask:
    """Return the article, where Redis reads, adds and writes in one command."""
    return create_app(like_in_one_step)


def connect(app: Flask) -> None:
    app.config["REDIS"] = FakeRedis()


def all_likes_count(outcome: Outcome) -> None:
    likes = outcome.get("/likes").json["likes"]
    assert likes == 2, f"2 visitors liked the article, Redis has counted {likes}"


SCENARIO = Scenario(
    "lost update in Redis",
    create_app,
    {"alice": post("/like"), "bob": post("/like")},
    setup=connect,
    fixed=create_fixed_app,
    check=all_likes_count,
    goal="Two visitors like the article. Let Redis count one of them.",
    hints=[
        "Redis does one command at a time. But to like is two commands, with Python in between.",
        "Both must GET the counter before either of them SETs it.",
        "Let both GET before either SETs: press 1 1 2 2. Then a lets both like.",
    ],
    lesson=(
        "A lost update: both requests got 0, so both set 1. That Redis has one thread makes each command atomic, not "
        "two of them. Let the server compute: `INCR`, `HINCRBY`, `SADD` and the like read and write in one command. "
        "Where there is none, WATCH the key and try again when the transaction fails, or run a Lua script. A pipeline "
        "alone saves round trips and changes nothing about what was read before it."
    ),
)
