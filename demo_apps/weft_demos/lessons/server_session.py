"""A server-side session can lose updates.

Flask-Session keeps in the cookie no more than an id, and the session itself on the server: in files, or in Redis. It
is loaded as a whole before the view runs, and saved as a whole after it. Two requests of one browser that both load it
before either of them saves it write two versions, and the later one replaces the earlier one.

We let one browser put things into its cart with several tabs, and count what is missing: with sessions in files
(cachelib), and, where it is installed, with sessions in a real Redis, which two processes share. That Redis does one
command at a time does not help: loading and saving are two.

Here, other than with the cookie session, a lock on the server does help, because it is the server that reads. It has to
be one per session, taken before the session is loaded, and kept until it is saved. In one process a
`threading.Lock` will do; two processes need a lock that both know, and redis-py has one. weft tries all orders of
two requests, without and with a lock.

On the screen you stand at the end of the order that loses something; `f` makes the same choices with the lock. In the
trace, the threads queue for the lock of the session.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from time import sleep
from typing import Any

from cachelib.file import FileSystemCache
from flask import Flask, Request, session
from flask_session import Session  # type: ignore[import-untyped]
from redis import Redis

from weft_demos.lab import Cookies, Evidence, Fact, Judgement, Lab, Lesson, Verdict, services
from weft_demos.lab.counting import requests, waits_for
from weft_demos.lab.servers import gunicorn

TABS, EACH = 4, 10
THINK_SECONDS = 0.005
ORDERS = "weft_demos.lost_session:SCENARIO"


def make_app(**settings: Any) -> Flask:
    """Return a shop that keeps in the session how many things are in the cart."""
    app = Flask(__name__)
    app.config.update(settings)
    Session(app)

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


def one_at_a_time(app: Flask, lock_of: Callable[[str], AbstractContextManager[object]]) -> Flask:
    """Let the requests of a session come one after another, from before it is loaded until after it is saved."""
    serve = app.wsgi_app

    def locked(environ: dict[str, Any], start_response: Any) -> Any:
        with lock_of(Request(environ).cookies.get("session", "")):
            return serve(environ, start_response)

    app.wsgi_app = locked  # type: ignore[method-assign]
    return app


def create_files_app() -> Flask:
    return make_app(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache("sessions", threshold=0))


def create_locked_files_app() -> Flask:
    locks: dict[str, threading.Lock] = {}  # an app that lasts has to forget those that nobody uses
    return one_at_a_time(create_files_app(), lambda sid: locks.setdefault(sid, threading.Lock()))


def create_redis_app() -> Flask:
    return make_app(SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(os.environ["REDIS_URL"]))


def create_locked_redis_app() -> Flask:
    app = create_redis_app()
    redis = app.config["SESSION_REDIS"]
    return one_at_a_time(app, lambda sid: redis.lock(f"lock of {sid}", timeout=10, sleep=0.005))


STORES = {
    "files": ("in files", gunicorn(workers=1, threads=TABS), create_files_app, create_locked_files_app),
    "redis": ("in Redis", gunicorn(workers=2, threads=1), create_redis_app, create_locked_redis_app),
}


def measure(lab: Lab) -> Iterator[Fact]:
    url = lab.service(services.redis())
    for store, (where, server, *apps) in STORES.items():
        for label, app in zip((store, f"{store}-locked"), apps, strict=True):
            if store == "redis" and url is None:
                continue
            with lab.serve(server, app, label, environment={"REDIS_URL": url or ""}) as run:
                browser = Cookies()
                run.ask("POST /put", browser)  # the answer brings the session's id
                run.load(*["POST /put"] * EACH, clients=TABS, cookies=browser)
                things = run.ask("GET /cart", browser).json["things"]
            put = len(requests(run.snapshot, "/put"))
            said = f"put into a cart by {TABS} tabs, sessions {where}{' with locks' if label != store else ''}"
            yield Fact(f"{label}_put", put, f"things {said} ({server.name})")
            yield Fact(f"{label}_lost", put - things, "of them lost")
            if label != store:
                waits = waits_for(run.snapshot, "Redis lock" if store == "redis" else "Lock")
                yield Fact(f"{label}_waits", len(waits), "waits for the session's lock, as recorded")

    yield Fact("search", lab.search(ORDERS, root="").verdict, "says the search of two requests without a lock")
    yield Fact("search_locked", lab.search(ORDERS, root="", fixed=True).verdict, "says the search with a lock")


def judge(evidence: Evidence) -> Judgement:
    stores = [store for store in STORES if f"{store}_lost" in evidence]
    lost = [(evidence.count(f"{store}_lost"), evidence.count(f"{store}_put"), STORES[store][0]) for store in stores]
    held = sum(evidence.count(f"{store}-locked_lost") for store in stores)
    told = " and ".join(f"{gone} of {put} things {where}" for gone, put, where in lost)
    said = f"without a lock {told} were lost, with one per session {held or 'none'}"
    before, after = evidence.text("search"), evidence.text("search_locked")
    if any(gone for gone, *_ in lost) or before == "fails":
        return Judgement(Verdict.CONFIRMED, f"{said}; of two requests the search says: {before}, with a lock: {after}.")
    return Judgement(Verdict.REFUTED if before == "holds" else Verdict.DEPENDS, f"{said}; the search says: {before}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="files-locked",
    fix=(
        "Keep out of the session what several requests of a browser change: a row or a key per thing, changed in one "
        "step. Where it has to be the session, take a lock per session before it is loaded and hold it until it is "
        "saved; with several processes a lock that all of them know."
    ),
)
