"""Every request has its own g, session, request and current_app, whatever other threads do.

A bank notes who is logged in at the beginning of a request and looks it up at the end. One version keeps it where
Flask says that it belongs: in `g` and in `session`. The other one keeps it in a variable of its module, of which
there is one per process, and so one for all threads.

First many clients ask both versions on a real server who they are, and we count the answers that name somebody else.
Then weft runs two requests in every order that their threads allow. With the global it finds one in which bob gets
the account of alice; with the contexts it tries them all, and everybody sees their own.

On the screen you stand at the end of the order that leaks. Go back with `u` to where alice logs in after bob: from
then on bob is alice. `f` makes the same choices with the contexts.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep

from flask import Flask, abort, current_app, g, request, session

from weft.stage import Outcome, Scenario, get
from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Run, Verdict
from weft_demos.lab.servers import waitress

CLIENTS, EACH = 8, 20
NAMES = [f"user{number}" for number in range(CLIENTS)]
THINK_SECONDS = 0.001

current_user = ""


def create_app() -> Flask:
    """Return a bank that keeps who is logged in in a global."""
    app = Flask(__name__)

    @app.get("/account/<user>")
    def account(user: str) -> dict[str, str]:
        global current_user
        current_user = user
        sleep(THINK_SECONDS)  # whatever else the route does
        return {"owner": current_user}

    return app


def create_fixed_app() -> Flask:
    """Return a bank that keeps it with the request, in all four places that Flask has for it."""
    app = Flask(__name__)
    app.secret_key = "only for the lab"  # noqa: S105

    @app.get("/account/<user>")
    def account(user: str) -> dict[str, str]:
        g.user = session["user"] = user
        sleep(THINK_SECONDS)
        seen = {g.user, session["user"], request.path.rpartition("/")[2]}
        if len(seen) > 1 or current_app.name != __name__:
            abort(500)
        return {"owner": seen.pop()}

    return app


def all_see_their_own(outcome: Outcome) -> None:
    for user, response in outcome.responses.items():
        owner = response.json["owner"]
        assert owner == user, f"{user} sees the account of {owner}"


SCENARIO = Scenario(
    "contexts",
    create_app,
    {name: get(f"/account/{name}") for name in ("alice", "bob")},
    fixed=create_fixed_app,
    check=all_see_their_own,
    goal="Make one user see the other one's account.",
    lesson="A module's variable exists once per process. What belongs to a request goes into flask.g or arguments.",
)


def measure(lab: Lab) -> Iterator[Fact]:
    server = waitress(threads=CLIENTS)
    with lab.serve(server, create_app, "global") as leaking:
        wrong, asked = strangers(leaking)
    yield Fact("asked", asked, f"requests by {CLIENTS} clients at once")
    yield Fact("leaked", wrong, "of them answered with somebody else's name, with a global")
    with lab.serve(server, create_fixed_app, "contexts") as own:
        wrong, _ = strangers(own)
    yield Fact("leaked_own", wrong, "with g, session and request")

    broken = lab.search("SCENARIO")
    yield Fact("search", broken.verdict, "says the search of two requests with a global")
    proven = lab.search("SCENARIO", fixed=True)
    yield Fact("search_own", proven.verdict, "says the search of the same with g, session and request")
    yield Fact("orders_own", proven.orders, "orders tried, which are all that differ")


def strangers(run: Run) -> tuple[int, int]:
    """Return how many answers named somebody else, and how many there were."""
    answers = run.load(clients=CLIENTS, each=lambda client: [f"GET /account/{NAMES[client]}"] * EACH)
    return sum(one.status != 200 or one.json["owner"] != NAMES[one.client] for one in answers), len(answers)


def judge(evidence: Evidence) -> Judgement:
    leaked, own = evidence.count("leaked"), evidence.count("leaked_own")
    if own or evidence.text("search_own") == "fails":
        return Judgement(Verdict.REFUTED, f"{own} answers named somebody else, though each was kept with its request.")
    said = f"of {evidence.count('asked')} answers {leaked} named somebody else with a global, none with the contexts"
    if evidence.text("search_own") == "holds":
        return Judgement(Verdict.CONFIRMED, f"{said}, and no order of two requests makes one do so.")
    return Judgement(Verdict.DEPENDS, f"{said}, but the search does not know whether an order could.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="global",
    scenario="SCENARIO",
    fix=(
        "Keep what belongs to a request in g, in local variables or in arguments, and what belongs to a visitor in "
        "session. Never in a module's variable, in an attribute of an object that all requests use, or in a mutable "
        "default."
    ),
)
