"""A logging handler or a lock that is held across a fork hangs the worker.

`gunicorn --preload` loads the app once and then forks its workers. If the app has started a thread by then, and that
thread holds a lock at the moment of the fork, the worker gets a copy of the lock, which is locked, but no copy of the
thread. Nobody will ever release it, and whoever wants it waits for ever.

We let a thread of the preloaded app hold two things while gunicorn forks: a lock of the app's own, and the lock of a
logging handler. Then we ask the worker for a page that logs with that handler, and for one that takes the lock.
Python makes the locks of `logging` anew in a forked child; those of your app it does not know.

On the screen you see the request of the second page: its wait has no end, and the worker's thread is gone for good.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

from flask import Flask

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import requests
from weft_demos.lab.servers import gunicorn

PATIENCE_SECONDS = 1.5
THREADS = 4


def create_app() -> Flask:
    """Return an app that has a thread, which holds a lock and a logging handler from now on."""
    app = Flask(__name__)
    cache_lock = threading.Lock()
    handler = logging.StreamHandler()
    log = logging.getLogger("lab")
    log.addHandler(handler)
    held = threading.Event()

    def refresh() -> None:
        with cache_lock, handler.lock or cache_lock:
            held.set()
            threading.Event().wait()

    threading.Thread(target=refresh, name="refresh", daemon=True).start()
    held.wait()

    @app.get("/log")
    def write() -> str:
        log.warning("somebody is here")
        return "logged"

    @app.get("/cache")
    def read() -> str:
        with cache_lock:
            return "read"

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    with lab.serve(gunicorn(workers=1, threads=THREADS, options=("--preload",)), create_app) as run:
        logged = run.load("GET /log", patience=PATIENCE_SECONDS)[0]
        read = run.load("GET /cache", patience=PATIENCE_SECONDS)[0]
    yield Fact("logged", logged.status == 200, "did a worker log with a handler that was held across the fork")
    yield Fact("read", read.status == 200, "did it get a lock that was held across the fork")
    open_ones = [one for one in requests(run.snapshot, "/cache") if one.end_ns is None]
    yield Fact("stuck", len(open_ones), "requests never ended, as recorded")
    found = run.findings("fork")
    yield Fact("found", len(found), "findings of weft that say so")
    if found:
        yield Fact("sentence", found[0].sentence, "says weft")


def judge(evidence: Evidence) -> Judgement:
    hangs = {
        "a logging handler": not evidence.count("logged"),
        "a lock of the app's own": not evidence.count("read") and evidence.count("stuck") > 0,
    }
    stuck = [what for what, hung in hangs.items() if hung]
    if len(stuck) == 2:
        return Judgement(Verdict.CONFIRMED, "the worker hung for both.")
    if not stuck:
        return Judgement(Verdict.REFUTED, "the worker got both.")
    fine = next(what for what in hangs if what not in stuck)
    return Judgement(Verdict.DEPENDS, f"on what is held: the worker hung for {stuck[0]}, but not for {fine}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    fix=(
        "Start threads after the fork: in gunicorn's post_fork hook, or with the first request, not when the app is "
        "made. Where that cannot be, make the lock anew with os.register_at_fork(after_in_child=…)."
    ),
)
