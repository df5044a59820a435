"""Leaked global: the user of a request is kept in a module's variable, and bob sees alice's account."""

from __future__ import annotations

from flask import Flask, abort, g, request
from flask.typing import ResponseReturnValue

from weft.stage import Outcome, Scenario, get

ACCOUNTS = {"alice": {"owner": "alice", "balance": 5_000}, "bob": {"owner": "bob", "balance": 12}}

current_user = ""


def user_of_request() -> str:
    user = request.headers.get("X-User", "")  # set by the proxy that users log in at
    return user if user in ACCOUNTS else abort(401)


def create_app() -> Flask:
    """Return a bank that keeps the user of a request in a global."""
    app = Flask(__name__)

    @app.before_request
    def log_in() -> None:
        global current_user
        current_user = user_of_request()

    @app.get("/account")
    def account() -> ResponseReturnValue:
        return ACCOUNTS[current_user]

    return app


def create_fixed_app() -> Flask:
    """Return the bank, with the user in ``flask.g``: each request has its own."""
    app = Flask(__name__)

    @app.before_request
    def log_in() -> None:
        g.current_user = user_of_request()

    @app.get("/account")
    def account() -> ResponseReturnValue:
        return ACCOUNTS[g.current_user]

    return app


def all_see_their_own(outcome: Outcome) -> None:
    for user, response in outcome.responses.items():
        owner = response.json["owner"]
        assert owner == user, f"{user} sees the account of {owner}"


SCENARIO = Scenario(
    "leaked global",
    create_app,
    {name: get("/account", headers={"X-User": name}) for name in ACCOUNTS},
    fixed=create_fixed_app,
    check=all_see_their_own,
    goal="Make one user see the other one's account.",
    hints=[
        "Where does a request remember who sent it?",
        "Both requests write the same variable. The last one to write it before it is read is who you are.",
        "Let bob log in, then alice, and only then bob look at his account: press 2 2 1 1 2, then a.",
    ],
    lesson=(
        "Shared state where per-request state belongs: a module's variable exists once per process, and a threaded "
        "server runs many requests at a time. What belongs to a request goes into flask.g, local variables or "
        "arguments; what belongs to a visitor into session. A lock would have to be held for the whole request. "
        "Attributes of a service object that all requests use, and mutable default arguments, leak in the same way."
    ),
)
