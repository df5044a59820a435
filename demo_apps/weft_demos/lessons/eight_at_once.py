"""gunicorn --workers 4 --threads 2 serves eight requests at once.

Four processes with two threads each make eight places. To see all of them taken we send three times as many requests,
one shortly after the other, and count how many were in progress at the busiest moment, and where. It may take several
such waves until every worker has had two requests at once.

Then come exactly nine clients. Eight places are there, yet that does not mean that eight of them are served at once:
whichever worker is awake first takes the next connection, and a worker that has taken three keeps the third one
waiting while another one has a thread to spare. Often one worker takes most of all. weft shows how long a request was
queued before it began, and in which process it was.

The second part is about a lock. Each worker's report needs the worker's printer, one at a time: when both threads of
a worker want it, every thread of that worker is taken, and whatever comes then waits, even for a page that needs no
lock. That finding is called an exhausted pool.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import sleep

from flask import Flask

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import most_at_once, processes_of, requests, threads_of
from weft_demos.lab.servers import gunicorn

WORKERS, THREADS = 4, 2
PLACES = WORKERS * THREADS
MANY, MOST_WAVES = 3 * PLACES, 8
APART_SECONDS, SLOW_SECONDS = 0.01, 0.2


def create_app() -> Flask:
    """Return an app with pages that wait, and a report that needs a printer of its process."""
    app = Flask(__name__)
    printer_lock = threading.Lock()

    @app.get("/slow")
    @app.get("/nine")
    def slow() -> str:
        sleep(SLOW_SECONDS)
        return "done"

    @app.get("/report")
    def report() -> str:
        with printer_lock:
            sleep(SLOW_SECONDS)
        return "printed"

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    with lab.serve(gunicorn(workers=WORKERS, threads=THREADS), create_app) as run:
        for _ in range(MOST_WAVES):
            run.load("GET /slow", clients=MANY, apart=APART_SECONDS)
            if most_at_once(requests(run.so_far(), "/slow")) >= PLACES:
                break
        answers = run.load("GET /nine", clients=PLACES + 1, apart=APART_SECONDS)
        run.load("GET /report", clients=2 * PLACES)

    many = requests(run.snapshot, "/slow")
    yield Fact("sent", len(many), f"requests sent, {MANY} at a time, until all places were taken or it seemed hopeless")
    yield Fact("at_once", most_at_once(many), "of them in progress at once, at most")
    yield Fact("threads", threads_of(many), "threads served them …")
    yield Fact("workers", processes_of(many), "… in as many workers")
    yield Fact("queued", sum(one.queued_ns > 0 for one in many), "of them waited for a free thread first")

    yield Fact("nine_at_once", most_at_once(requests(run.snapshot, "/nine")), f"of {PLACES + 1} in progress at once")
    late = sum(answer.seconds > 1.5 * SLOW_SECONDS for answer in answers)
    yield Fact("nine_late", late, f"of {PLACES + 1} clients waited for a second turn")

    exhausted = run.findings("exhausted", pool_threads=THREADS)
    yield Fact("exhausted", len(exhausted), "workers whose threads were all taken by the printer's lock")
    if exhausted:
        yield Fact("sentence", exhausted[0].sentence, "says weft")


def judge(evidence: Evidence) -> Judgement:
    most, nine = evidence.count("at_once"), evidence.count("nine_at_once")
    sent, workers = evidence.count("sent"), evidence.count("workers")
    said = f"of {sent} requests at most {most} were in progress at once, in {workers} workers"
    if most > PLACES:
        return Judgement(Verdict.REFUTED, f"{said}.")
    if min(most, nine) < PLACES:
        return Judgement(
            Verdict.DEPENDS,
            f"{said}, never more; but of {PLACES + 1} clients only {nine} were served at once: others waited in a "
            "worker that had taken more than it has threads for.",
        )
    return Judgement(Verdict.CONFIRMED, f"{said}, and the ninth waited.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    fix=(
        "Count on workers x threads as the most, not as what you get: a busy worker may keep a request waiting while "
        "another one is idle. Keep requests short, and never let all threads of a worker wait for one lock."
    ),
)
