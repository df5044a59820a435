"""The cookie session needs no lock on the server.

Flask's own session is a signed cookie. The browser sends it along, and gets a new one with the answer. The server
keeps nothing, so its threads and processes share nothing, and so far the claim is right: many browsers put things
into their carts at once, on two processes, and we count what is missing.

Then one browser does so with several tabs. Each request carries the cookie that the browser had when it sent it, and
the last answer wins: things get lost. A lock on the server, from before the session is read until after it is saved,
does not help, because the read was made in the browser: requests are served one by one, and things are missing all
the same. weft tries all orders of two requests without a lock, with it, and with a browser that waits for each answer.

On the screen you stand at the end of the order that loses a thing; `f` makes the same choices with that browser.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import sleep
from typing import Any

from flask import Flask, session

from weft.stage import Outcome, Scenario, post
from weft_demos.lab import Cookies, Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import most_at_once, processes_of, requests
from weft_demos.lab.servers import gunicorn

BROWSERS, TABS, EACH = 8, 4, 10
THINK_SECONDS = 0.005


def create_app() -> Flask:
    """Return a shop that keeps in the session how many things are in the cart."""
    app = Flask(__name__)
    app.secret_key = "only for the lab"  # noqa: S105

    @app.post("/put")
    def put() -> tuple[str, int]:
        things = session.get("things", 0)
        sleep(THINK_SECONDS)  # whatever else the route does
        session["things"] = things + 1
        return "", 204

    @app.get("/cart")
    def cart() -> dict[str, int]:
        return {"things": session.get("things", 0)}

    return app


def create_locked_app() -> Flask:
    """Return the shop with a lock around all that it does: reading the cookie, the view, and making the new one."""
    return one_at_a_time(create_app())


def one_at_a_time(app: Flask) -> Flask:
    serve, lock = app.wsgi_app, threading.Lock()

    def locked(environ: dict[str, Any], start_response: Any) -> Any:
        with lock:
            return serve(environ, start_response)

    app.wsgi_app = locked  # type: ignore[method-assign]
    return app


def in_a_browser(app: Flask) -> Flask:
    """Play a browser in front of an app: it sends the cookie that it has, and keeps the one that it gets."""
    serve: Any = app.wsgi_app
    cookie = ""

    def tab(environ: dict[str, Any], start_response: Any) -> Any:
        def keep(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal cookie
            for value in (value for name, value in headers if name == "Set-Cookie"):
                cookie = value.partition(";")[0]
            return start_response(status, headers, *rest)

        return serve({**environ, "HTTP_COOKIE": cookie}, keep)

    app.wsgi_app = tab  # type: ignore[method-assign]
    return app


def both_are_in_the_cart(outcome: Outcome) -> None:
    things = outcome.get("/cart").json["things"]
    assert things == 2, f"2 things were put into the cart, in it is {things}"


TABS_PUT = {"tab": post("/put"), "other": post("/put")}
SCENARIO = Scenario(
    "cookie session",
    lambda: in_a_browser(create_app()),
    TABS_PUT,
    fixed=lambda: one_at_a_time(in_a_browser(create_app())),
    check=both_are_in_the_cart,
    goal="Two tabs of one browser put something into the cart. Make one of both disappear.",
    lesson="Both were sent with the same cookie, and the browser keeps the one that comes last.",
)
LOCKED = Scenario("with a lock", lambda: in_a_browser(create_locked_app()), TABS_PUT, check=both_are_in_the_cart)


def measure(lab: Lab) -> Iterator[Fact]:
    with lab.serve(gunicorn(workers=2, threads=4), create_app, "browsers") as run:
        answers = run.load(*["POST /put"] * EACH, "GET /cart", clients=BROWSERS)
    served = requests(run.snapshot, "/put")
    lost = len(served) - sum(one.json["things"] for one in answers if one.asked == "GET /cart")
    yield Fact("many_put", len(served), f"things put into the carts of {BROWSERS} browsers, one by one in each")
    yield Fact("many_lost", lost, "of them lost")
    yield Fact("processes", processes_of(served), "processes served them")

    for label, app, said in (("tabs", create_app, "without"), ("locked", create_locked_app, "with")):
        with lab.serve(gunicorn(workers=1, threads=8), app, label) as run:
            browser = Cookies()
            run.load(*["POST /put"] * EACH, clients=TABS, cookies=browser)
            things = run.ask("GET /cart", browser).json["things"]
        served = requests(run.snapshot, "/put")
        yield Fact(f"{label}_put", len(served), f"things put into one cart by {TABS} tabs, {said} a lock on the server")
        yield Fact(f"{label}_lost", len(served) - things, "of them lost")
        yield Fact(f"{label}_at_once", most_at_once(served), "is the most that were served at once")

    yield Fact("search", lab.search("SCENARIO").verdict, "says the search of two requests without a lock")
    yield Fact("search_locked", lab.search("LOCKED").verdict, "says the search with a lock on the server")
    yield Fact("search_turns", lab.search("SCENARIO", fixed=True).verdict, "says it of a browser that waits")


def judge(evidence: Evidence) -> Judgement:
    many, tabs, locked = (evidence.count(f"{label}_lost") for label in ("many", "tabs", "locked"))
    if many:
        return Judgement(Verdict.REFUTED, f"{many} things were lost that browsers had sent one after another.")
    if not tabs and evidence.text("search") == "holds":
        return Judgement(Verdict.CONFIRMED, "nothing was lost without a lock, and no order of two requests loses one.")
    said = f"a browser that sent one request at a time lost nothing, one with {TABS} tabs lost {tabs}"
    if not locked and evidence.text("search_locked") == "holds":
        return Judgement(Verdict.REFUTED, f"{said}, and none with a lock on the server.")
    helps = f"a lock on the server does not help ({locked} lost with it), it is the browser that would have to wait."
    return Judgement(Verdict.DEPENDS, f"on the browser: {said}; but {helps}")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="locked",
    scenario="SCENARIO",
    fix=(
        "Keep in the cookie what is seldom written: who is logged in, the language. What several requests of a browser "
        "change belongs into a store that reads and writes in one step (UPDATE … SET n = n + 1, Redis INCR)."
    ),
)
