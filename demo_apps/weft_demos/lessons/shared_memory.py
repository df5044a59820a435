"""Processes do not share memory: a counter in a variable differs from worker to worker.

`gunicorn --workers 4` runs your app four times. Each worker has its own copy of every variable, so a counter in one of
them counts the requests that this worker has served, and whoever asks for it gets the number of whichever worker
answers. A lock in a variable is four locks as well, and keeps nobody of another worker out.

What all are to see belongs outside: into a database, or into Redis. But being outside is not enough. We count the same
visits in five ways, one after another: in a variable; in SQLite, in one statement; and, where it is installed, in a
real Redis: with a GET and then a SET, with INCR, and with a GET and a SET inside a lock of redis-py, which all
workers share. What somebody was told as the highest count should be the number of visits.

On the screen you see a lane for each worker. Under `v` there is one for the lock of Redis: weft knows it as one lock
in all four processes, and says which of them had it while another one waited.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from time import sleep

from flask import Flask
from redis import Redis

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict, services
from weft_demos.lab.counting import across, waits_for
from weft_demos.lab.servers import gunicorn

WORKERS, CLIENTS, EACH = 4, 8, 10
THINK_SECONDS = 0.003

visits = 0
redis = Redis.from_url(os.environ.get("REDIS_URL") or "redis://")


def count_in_a_variable() -> int:
    global visits
    visits += 1
    return visits


def count_in_sqlite() -> int:
    with closing(sqlite3.connect("visits.db", timeout=30, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, visits INTEGER)")
        add = "INSERT INTO counter VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET visits = visits + 1 RETURNING visits"
        (count,) = database.execute(add).fetchone()
        return int(count)


def count_with_get_and_set(key: str = "get and set") -> int:
    count = int(redis.get(key) or 0) + 1
    sleep(THINK_SECONDS)  # whatever else is computed
    redis.set(key, count)
    return count


def count_with_incr() -> int:
    return int(redis.incr("incr"))


def count_with_a_lock() -> int:
    with redis.lock("visits", timeout=10, sleep=THINK_SECONDS):
        return count_with_get_and_set("locked")


WAYS: dict[str, tuple[str, Callable[[], int]]] = {
    "variable": ("a variable", count_in_a_variable),
    "sqlite": ("SQLite, in one statement", count_in_sqlite),
    "get_set": ("Redis, with GET and then SET", count_with_get_and_set),
    "incr": ("Redis, with INCR", count_with_incr),
    "locked": ("Redis, with GET and SET inside a lock", count_with_a_lock),
}


def create_app() -> Flask:
    """Return an app that counts its visits."""
    app = Flask(__name__)

    @app.post("/visit/<way>")
    def visit(way: str) -> dict[str, int]:
        sleep(THINK_SECONDS)
        return {"worker": os.getpid(), "visits": WAYS[way][1]()}

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    url = lab.service(services.redis())
    ways = list(WAYS) if url else ["variable", "sqlite"]
    with lab.serve(gunicorn(workers=WORKERS, threads=1), create_app, environment={"REDIS_URL": url or ""}) as run:
        told = {way: [one.json for one in run.load(*[f"POST /visit/{way}"] * EACH, clients=CLIENTS)] for way in ways}
    yield Fact("sent", CLIENTS * EACH, f"visits by {CLIENTS} clients, counted in each of these ways")
    for way, answers in told.items():
        yield Fact(way, max(one["visits"] for one in answers), f"is the highest count in {WAYS[way][0]}")
        if way == "variable":
            last = {one["worker"]: max(n["visits"] for n in answers if n["worker"] == one["worker"]) for one in answers}
            yield Fact("workers", len(last), "workers had a variable …")
            yield Fact("sum", sum(last.values()), "… and this is the sum of what they counted")
    if url:
        waits = waits_for(run.snapshot, "Redis lock")
        yield Fact("waits", len(waits), "waits for the lock of Redis, as recorded …")
        yield Fact("across", across(run.snapshot, waits), "… while another process had it")


def judge(evidence: Evidence) -> Judgement:
    sent, most, workers = (evidence.count(key) for key in ("sent", "variable", "workers"))
    right = [WAYS[way][0] for way in WAYS if way in evidence and evidence.count(way) == sent]
    said = f"of {sent} visits the variable of a worker counted {most} at most; all were counted in "
    said += "; ".join(right) or "none of the ways"
    if most == sent:
        return Judgement(Verdict.REFUTED if workers > 1 else Verdict.DEPENDS, f"{said} ({workers} workers).")
    return Judgement(Verdict.CONFIRMED, f"{said}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    fix=(
        "Keep what all workers are to see in a store, and change it in one step there: INCR, UPDATE … SET n = n + 1. "
        "Where it takes several steps, hold a lock that all workers know, such as redis-py's Lock, with a timeout. "
        "Keep in variables only what may differ: caches, connections."
    ),
)
