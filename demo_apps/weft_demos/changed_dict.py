"""Changed while iterating: a page lists who is online while somebody logs in."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.typing import ResponseReturnValue

from weft.stage import Scenario, get, post

Online = dict[str, str]
"""Who is online, and since when."""


def list_online(online: Online) -> list[str]:
    lines = []
    for name in online:
        lines.append(f"{name} since {online[name]}")
    return lines


def list_online_from_copy(online: Online) -> list[str]:
    lines = []
    for name, since in online.copy().items():
        lines.append(f"{name} since {since}")
    return lines


def create_app(list_online: Callable[[Online], list[str]] = list_online) -> Flask:
    """Return a chat that two people are in already."""
    app = Flask(__name__)
    online = {"alice": "8:00", "bob": "8:30"}

    @app.get("/online")
    def who_is_online() -> ResponseReturnValue:
        return list_online(online)

    @app.post("/login/<name>")
    def login(name: str) -> ResponseReturnValue:
        online[name] = "now"
        return "", 204

    return app


def create_fixed_app() -> Flask:
    """Return the chat, whose page iterates over a copy."""
    return create_app(list_online_from_copy)


SCENARIO = Scenario(
    "changed dict",
    create_app,
    {"alice": get("/online"), "carol": post("/login/carol")},
    fixed=create_fixed_app,
    goal="Make the page answer with 500.",
    hints=[
        "What does Python say when a dict grows while a for loop goes through it?",
        "Carol must log in after alice's loop has begun and before it ends.",
        "Let alice write down the first name: press 1 1 1 1. Let carol log in: 2 2. Then a: alice's loop goes on.",
    ],
    lesson=(
        "RuntimeError: dictionary changed size during iteration. Each operation on a dict is atomic, a loop over it is "
        "many operations. Iterate over a snapshot, `for name in list(online)` or `online.copy()`, which is made in one "
        "step, or hold the lock that the writers take too. With a plain list there is not even an error: items are "
        "skipped or seen twice."
    ),
)
