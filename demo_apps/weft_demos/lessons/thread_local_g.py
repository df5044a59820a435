"""flask.g is thread-local.

It looks like it as long as a thread serves one request at a time and a request stays in its thread. Then each thread
has its own `g`, and `threading.local` would do as well. The two part where a thread has two contexts, or a context
has two threads.

We ask a real server for three experiments, each in one request. A second app context in the same thread has a `g` of
its own, while `threading.local` has one for both. A thread that is started bare has no `g` at all. A thread that runs
in a copy of the context (`contextvars.copy_context().run`, as async views do) has the very same `g`.

So `g` belongs to a context, and since Flask 2.2 contexts are kept in context variables. On the screen, the inspector
(`3`) says which contexts are on a thread at the cursor.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator
from time import sleep

from flask import Flask, g

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.servers import flask_run

CLIENTS = 4
THINK_SECONDS = 0.02
NOTHING = "no context"


def create_app() -> Flask:
    """Return an app whose page looks at g from several places."""
    app = Flask(__name__)
    local = threading.local()

    def seen() -> str:
        try:
            return str(g.get("user", "empty"))
        except RuntimeError:
            return NOTHING

    def in_thread(look: Callable[[], str]) -> str:
        answers: list[str] = []
        thread = threading.Thread(target=lambda: answers.append(look()), name="helper")
        thread.start()
        thread.join()
        return answers[0]

    @app.get("/look/<user>")
    def look(user: str) -> dict[str, str]:
        g.user = local.user = user
        sleep(THINK_SECONDS)  # so that other requests are in the middle of this, too
        with app.app_context():
            second, local_second = seen(), str(local.user)
            g.user = "somebody else"
        return {
            "own": seen(),
            "second": second,
            "local_second": local_second,
            "bare": in_thread(seen),
            "carried": in_thread(lambda: copy.run(seen)) if (copy := contextvars.copy_context()) else "",
        }

    return app


def measure(lab: Lab) -> Iterator[Fact]:
    with lab.serve(flask_run(), create_app) as run:
        answers = run.load(clients=CLIENTS, each=lambda client: [f"GET /look/user{client}"] * 3)
    looks = [(f"user{answer.client}", answer.json) for answer in answers]

    def share(what: str, of: Callable[[str], str]) -> int:
        return sum(look[what] == of(user) for user, look in looks)

    yield Fact("looks", len(looks), f"requests by {CLIENTS} clients at once")
    yield Fact("own", share("own", lambda user: user), "had their own g to the end, whatever other threads did")
    yield Fact("second", share("second", lambda user: "empty"), "had an empty g in a second context of the same thread")
    yield Fact("local_second", share("local_second", lambda user: user), "had the same threading.local there")
    yield Fact("bare", share("bare", lambda user: NOTHING), "had no g in a thread of their own")
    yield Fact(
        "carried", share("carried", lambda user: user), "had the same g in a thread with a copy of their context"
    )


def judge(evidence: Evidence) -> Judgement:
    looks = evidence.count("looks")
    by_context = [evidence.count(what) == looks for what in ("second", "carried")]
    if all(by_context) and evidence.count("own") == looks:
        return Judgement(
            Verdict.REFUTED,
            "one thread had two of them, one after the other, and two threads had the same: g belongs to the context.",
        )
    if not any(by_context):
        return Judgement(Verdict.CONFIRMED, "every thread had one g, and no two threads had the same.")
    return Judgement(Verdict.DEPENDS, "on Flask's version: g went with the thread in one case and not in the other.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    fix=(
        "Treat g as the request's, not as the thread's. Hand what a thread of yours needs to it as arguments, or "
        "let it run in a copy of the context; then expect that it sees, and writes, the same g as the request."
    ),
)
