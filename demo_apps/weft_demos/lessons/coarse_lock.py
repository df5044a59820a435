"""Overused locks become bottlenecks.

A shop asks its supplier for a price, which takes a while, and then writes it down. Three versions of it do exactly
that, and differ only in what they hold while they wait: one lock for everything, a lock per item, or a lock for the
writing alone. The same clients, which want different items, come to each for the same time.

With one lock the requests stand in a queue, however many threads the server has: it serves one request per answer of
the supplier. weft calls that a convoy: a queue in front of a lock that does not get shorter although the lock changes
hands all the time.

On the screen, `v` shows a lane per lock: the coarse lock is held without a break, and the queue in front of it never
empties. Compare with what was recorded of the other two: their paths are printed by `--headless`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from time import sleep

from flask import Flask

from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict
from weft_demos.lab.counting import per_second, seconds
from weft_demos.lab.servers import flask_run

CLIENTS, SECONDS = 8, 1.5
SUPPLIER_SECONDS = 0.08

Buy = Callable[[int], float]


def ask_supplier(item: int) -> float:
    sleep(SUPPLIER_SECONDS)
    return 10.0 + item


def make_app(buy: Buy) -> Flask:
    """Return a shop that buys in one of three ways."""
    app = Flask(__name__)

    @app.post("/buy/<int:item>")
    def bought(item: int) -> dict[str, float]:
        return {"price": buy(item)}

    return app


def create_coarse_app() -> Flask:
    """Hold one lock for everything."""
    shop_lock = threading.Lock()
    prices: dict[int, float] = {}

    def buy(item: int) -> float:
        with shop_lock:
            prices[item] = ask_supplier(item)
            return prices[item]

    return make_app(buy)


def create_per_item_app() -> Flask:
    """Hold a lock of the item: those who want another one do not wait."""
    item_locks: list[AbstractContextManager[object]] = [threading.Lock() for _ in range(CLIENTS)]
    prices: dict[int, float] = {}

    def buy(item: int) -> float:
        with item_locks[item]:
            prices[item] = ask_supplier(item)
            return prices[item]

    return make_app(buy)


def create_outside_app() -> Flask:
    """Ask first, and hold the lock only to write the answer down."""
    shop_lock = threading.Lock()
    prices: dict[int, float] = {}

    def buy(item: int) -> float:
        price = ask_supplier(item)
        with shop_lock:
            prices[item] = price
        return price

    return make_app(buy)


VERSIONS = {"coarse": create_coarse_app, "per-item": create_per_item_app, "outside": create_outside_app}


def measure(lab: Lab) -> Iterator[Fact]:
    for label, app in VERSIONS.items():
        with lab.serve(flask_run(), app, label) as run:
            answers = run.load(clients=CLIENTS, seconds=SECONDS, each=lambda client: [f"POST /buy/{client}"])
        convoys = run.findings("convoy")
        yield Fact(f"{label}_rate", per_second(answers), f"requests served with locks: {label}", "/s")
        yield Fact(f"{label}_p99", seconds(answers, 99) * 1000, "is the 99th percentile of how long they took", "ms")
        yield Fact(f"{label}_convoy", len(convoys), "convoys found by weft")
        if convoys:
            yield Fact(f"{label}_sentence", convoys[0].sentence, "says weft")


def judge(evidence: Evidence) -> Judgement:
    coarse, *others = (evidence.number(f"{label}_rate") for label in VERSIONS)
    times = min(others) / coarse
    found = [label for label in VERSIONS if evidence.count(f"{label}_convoy")]
    said = (
        f"with one lock for everything {coarse:.0f} requests a second were served, {times:.1f} times as many with "
        f"finer locks; convoys were found with locks: {', '.join(found) or 'none'}."
    )
    if times >= 1.5 and found == ["coarse"]:
        return Judgement(Verdict.CONFIRMED, said)
    return Judgement(Verdict.REFUTED if times < 1.1 else Verdict.DEPENDS, said)


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="coarse",
    fix=(
        "Do what takes long before you take the lock, and hold it only for what must not be interrupted. Where the "
        "slow part itself must not run twice, take a lock per thing. weft's convoy and long-hold findings name the "
        "lock."
    ),
)
