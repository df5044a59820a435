"""Because of the GIL, more threads make a Flask app no faster.

That is half of the truth: the GIL lets one thread at a time run Python code. A route that computes gains nothing from
more threads. A route that waits, for a database or for another service, gives the GIL back while it waits, and many
of them wait at the same time.

We send the same requests to one thread and to several, to a route that computes and to one that waits, and to several
processes of one thread each. The route that computes tells how much processor time it took. Summed over all threads,
that is never more than one core's as long as there is a GIL, whatever else the machine does. On a Python without one
it is more, and processes use as many cores as there are to spare.

On the screen you see the threads that compute: all are busy, and each of them is slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep, thread_time

from flask import Flask

from weft_demos.lab import Answer, Evidence, Fact, Judgement, Lab, Lesson, Run, Verdict
from weft_demos.lab.counting import per_second
from weft_demos.lab.measuring import available_cores
from weft_demos.lab.servers import gunicorn, waitress

MORE = 4
SECONDS = 0.7
NUMBERS = 60_000
WAIT_SECONDS = 0.02
ONE_CORE = 1.1
"""Processor seconds a second that one core can give, as they are measured."""
GAINED = 1.5
"""Times as many requests: what is clearly faster."""


def create_app() -> Flask:
    """Return an app with a route that computes and one that waits."""
    app = Flask(__name__)

    @app.get("/compute")
    def compute() -> str:
        began = thread_time()
        sum(number * number for number in range(NUMBERS))
        return str(thread_time() - began)

    @app.get("/wait")
    def wait() -> str:
        sleep(WAIT_SECONDS)
        return "done"

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    with lab.serve(waitress(threads=1), create_app, "one-thread") as one:
        alone, waited = compute(one), wait(one)
    with lab.serve(waitress(threads=MORE), create_app, "threads") as threads:
        together, waited_together = compute(threads), wait(threads)
    with lab.serve(gunicorn(workers=MORE, threads=1), create_app, "processes") as processes:
        apart = compute(processes)
    yield Fact("cores", cores(alone), "cores used by one thread that computes")
    yield Fact("cores_threads", cores(together), f"cores used by {MORE} threads of one process")
    yield Fact("cores_processes", cores(apart), f"cores used by {MORE} processes")
    yield Fact("compute_threads", per_second(together) / per_second(alone), f"as many computed by {MORE} threads", "x")
    yield Fact("compute_processes", per_second(apart) / per_second(alone), f"as many computed by {MORE} processes", "x")
    yield Fact("wait_threads", waited_together / waited, f"as many waited for by {MORE} threads", "x")
    if cores(apart) < ONE_CORE:
        lab.note(f"Processes got no more than one core, of {available_cores()}: other programs were using them.")


def compute(run: Run) -> list[Answer]:
    return run.load("GET /compute", clients=MORE, seconds=SECONDS)


def cores(answers: list[Answer]) -> float:
    """Return how many cores the computing has used: its processor time by the time that went by."""
    return sum(float(answer.text) for answer in answers) / len(answers) * per_second(answers)


def wait(run: Run) -> float:
    return per_second(run.load("GET /wait", clients=MORE, seconds=SECONDS))


def judge(evidence: Evidence) -> Judgement:
    used, gained = evidence.number("cores_threads"), evidence.number("wait_threads")
    said = (
        f"{MORE} threads that compute used {used:.2f} cores together, and {MORE} threads that wait served {gained:.1f} "
        "times as many requests as one"
    )
    if used > ONE_CORE:
        return Judgement(Verdict.REFUTED if gained > GAINED else Verdict.DEPENDS, f"{said}.")
    if gained > GAINED:
        return Judgement(Verdict.DEPENDS, f"on what the threads do: {said}.")
    return Judgement(Verdict.CONFIRMED, f"{said}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="threads",
    fix=(
        "Give routes that wait more threads, and routes that compute more processes (gunicorn --workers, a task "
        "queue), one per core. The GIL protects Python's own data, not yours: a read-modify-write needs its lock "
        "all the same."
    ),
)
