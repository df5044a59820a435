"""Livelock: two polite requests give way to each other, again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from flask import Flask, abort
from flask.typing import ResponseReturnValue

from weft.stage import Scenario, post


class Office:
    """A room and a projector; a talk needs both."""

    def __init__(self) -> None:
        self.room = threading.Lock()
        self.projector = threading.Lock()
        self.things = {"room": self.room, "projector": self.projector}


def give_talk(office: Office, first: str, second: str) -> None:
    while True:
        with office.things[first]:
            if office.things[second].acquire(blocking=False):
                time.sleep(0.1)  # the talk
                office.things[second].release()
                return


def give_talk_in_turn(office: Office, first: str, second: str) -> None:
    first, second = sorted((first, second))
    with office.things[first], office.things[second]:
        time.sleep(0.1)  # the talk


def create_app(give_talk: Callable[[Office, str, str], None] = give_talk) -> Flask:
    """Return an office where nobody insists on anything."""
    app = Flask(__name__)
    office = Office()

    @app.post("/talk/<first>/<second>")
    def talk(first: str, second: str) -> ResponseReturnValue:
        if {first, second} != office.things.keys():
            abort(404)
        give_talk(office, first, second)
        return "", 204

    return app


def create_fixed_app() -> Flask:
    """Return the office, where all take the things in one order and wait for them."""
    return create_app(give_talk_in_turn)


SCENARIO = Scenario(
    "livelock",
    create_app,
    {"alice": post("/talk/room/projector"), "bob": post("/talk/projector/room")},
    fixed=create_fixed_app,
    goal="Nobody ever blocks, and yet nobody gets anywhere: keep both busy for ever.",
    hints=[
        "Who cannot get the second thing gives back the first and tries again. When does that help nobody?",
        "If both hold their first thing while both try the second one, both give up. Then it starts anew.",
        "Move both in lockstep: press 1 2 1 2 1 2 1 2, as long as you like. Then a goes on like that for ever.",
    ],
    lesson=(
        "A livelock: try-locks with an immediate retry remove the deadlock (no hold and wait), but not the conflict. "
        "Both threads burn CPU and undo their own work, in step with each other. One global lock order needs no "
        "retries at all. Where retries cannot be avoided (optimistic locking, aborted transactions), wait for a "
        "random, growing time before each (exponential backoff with jitter), and give up after a few."
    ),
)
