"""Lost update in a session: two requests of one browser load it, and the one that saves it last wins."""

from __future__ import annotations

import threading
from typing import Any

from cachelib.file import FileSystemCache
from flask import Flask, session
from flask.typing import ResponseReturnValue
from flask_session import Session  # type: ignore[import-untyped]

from weft.stage import Outcome, Scenario, folder, post


def of_one_browser(serve: Any) -> Any:
    def wrapped(environ: dict[str, Any], start_response: Any) -> Any:
        return serve({**environ, "HTTP_COOKIE": "session=tabs"}, start_response)

    return wrapped


def one_at_a_time(serve: Any) -> Any:
    lock = threading.Lock()  # with more browsers than one: a lock for each

    def wrapped(environ: dict[str, Any], start_response: Any) -> Any:
        with lock:
            return serve(environ, start_response)

    return wrapped


def create_app() -> Flask:
    """Return a shop that keeps the cart in a session on the server."""
    app = Flask(__name__)
    app.config.update(SESSION_TYPE="cachelib", SESSION_SERIALIZATION_FORMAT="json")

    @app.post("/put/<item>")
    def put(item: str) -> ResponseReturnValue:
        session["cart"] = [*session["cart"], item]
        return "", 204

    @app.get("/cart")
    def cart() -> ResponseReturnValue:
        return session["cart"]  # type: ignore[no-any-return]

    app.wsgi_app = of_one_browser(app.wsgi_app)  # type: ignore[method-assign]
    return app


def create_fixed_app() -> Flask:
    """Return the shop, where the requests of a session come one after another."""
    app = create_app()
    app.wsgi_app = one_at_a_time(app.wsgi_app)  # type: ignore[method-assign]
    return app


def open_sessions(app: Flask) -> None:
    app.config["SESSION_CACHELIB"] = cache = FileSystemCache(str(folder() / "sessions"), threshold=0)
    cache.set("session:tabs", {"cart": []})
    Session(app)


def everything_is_in_the_cart(outcome: Outcome) -> None:
    cart = outcome.get("/cart").json
    assert sorted(cart) == ["loom", "yarn"], f"a loom and yarn were put into the cart, in it is {cart[0]}"


SCENARIO = Scenario(
    "lost update in a session",
    create_app,
    {"tab": post("/put/loom"), "other": post("/put/yarn")},
    setup=open_sessions,
    fixed=create_fixed_app,
    check=everything_is_in_the_cart,
    goal="Two tabs of one browser put something into the cart. Let one of both be lost.",
    hints=[
        "Flask loads the session before the view runs, and saves all of it after it has.",
        "Both requests must load the session before either of them saves it.",
        "Let both load it before either goes on: press 1 1 2 2. Then a lets both save it.",
    ],
    lesson=(
        "A lost update: a session is loaded and saved as a whole, which overwrites what the other request has saved in "
        "between. So it is with any backend, and with cookies: the last answer wins. Keep what several requests change "
        "elsewhere, one item a row or key. Or take a lock per session before it is loaded, until it is saved."
    ),
)
