"""The programs of `search.py` for other tools, each in that tool's own words; runs in an environment that has them.

    python tests/benchmarks/search_peers.py frontrun|interleave-test PROGRAM SEED SECONDS

Prints a JSON line for each search: verdict, executions, seconds, CPU seconds. The first one is that of a fresh process;
others follow for as long as the seconds last. What a tool imports is not counted, nor is the first request to a Flask
app, which both would take for a part of the search.

frontrun: DPOR with its defaults where a bug is to be found. Where there is none it is told to have no preemption
bound, as it proves nothing otherwise. I/O, which none of the programs does, and replays of what was found are off.
Locks are patched before the program is made, as its pytest plugin does.
interleave-test: its default, random opcodes, where a bug is to be found, and its depth-first search with two
preemptions where there is none. It is told that only this file is the program's.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

MOST = 100_000
"""Executions, for tools that want a number."""


class Program(NamedTuple):
    """What the threads do.

    Attributes:
        setup: makes the state anew.
        threads: what each does with it.
        holds: what is checked in the end.
        proof: there is no bug.
    """

    setup: Callable[[], Any]
    threads: Sequence[Callable[[Any], object]]
    holds: Callable[[Any], bool]
    proof: bool = False


class Verdict(NamedTuple):
    """What a tool says: in a word, and after how many executions."""

    verdict: str
    executions: int


class Page:
    """A counter, and a lock for those who take it."""

    def __init__(self) -> None:
        self.likes = 0
        self.lock = threading.Lock()


def _like(page: Page) -> None:
    likes = page.likes
    page.likes = likes + 1


def _like_locked(page: Page) -> None:
    with page.lock:
        page.likes += 1


class Sections:
    """Who was in a locked section, in order."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seen: list[str] = []


def _sections(count: int) -> Program:
    def act(state: Sections, name: str) -> None:
        for _ in range(count):
            with state.lock:
                state.seen.append(name)

    return Program(
        Sections,
        [lambda state: act(state, "a"), lambda state: act(state, "b")],
        lambda state: len(state.seen) == 2 * count,
        True,
    )


class Locks:
    """Some locks."""

    def __init__(self, count: int) -> None:
        self.locks = [threading.Lock() for _ in range(count)]


def _both(state: Locks, first: int, second: int) -> None:
    with state.locks[first], state.locks[second]:
        pass


def _philosophers(count: int, *, ordered: bool) -> Program:
    pairs = [(seat, (seat + 1) % count) for seat in range(count)]
    if ordered:
        pairs = [(min(pair), max(pair)) for pair in pairs]
    threads = [lambda state, one=one, two=two: _both(state, one, two) for one, two in pairs]
    return Program(lambda: Locks(count), threads, lambda state: True, ordered)


def _flask(name: str) -> Program:
    from flask import Flask

    app = Flask("x")
    state: dict[str, int] = {}
    lock = threading.Lock()

    @app.post("/like")
    def like() -> str:
        likes = state["n"]
        state["n"] = likes + 1
        return "ok"

    @app.post("/locked")
    def locked() -> str:
        with lock:
            state["n"] += 1
        return "ok"

    @app.post("/buy")
    def buy() -> str:
        if state["n"] > 0:
            state["n"] -= 1
        return "ok"

    begin = 1 if name == "buy" else 0

    def setup() -> dict[str, int]:
        state["n"] = begin
        return state

    def send(_: Any) -> object:
        return app.test_client().post(f"/{name}")

    setup()
    send(None)
    if name == "buy":
        return Program(setup, [send] * 3, lambda state: state["n"] >= 0)
    return Program(setup, [send] * 2, lambda state: state["n"] == 2, name == "locked")


PROGRAMS: dict[str, Callable[[], Program]] = {
    "counter": lambda: Program(Page, [_like] * 2, lambda page: page.likes == 2),
    "locked counter, 2 threads": lambda: Program(Page, [_like_locked] * 2, lambda page: page.likes == 2, True),
    "locked counter, 3 threads": lambda: Program(Page, [_like_locked] * 3, lambda page: page.likes == 3, True),
    "two locked sections each, all 6 orders": lambda: _sections(2),
    "three locked sections each, all 20 orders": lambda: _sections(3),
    "AB/BA": lambda: Program(
        lambda: Locks(2), [lambda state: _both(state, 0, 1), lambda state: _both(state, 1, 0)], lambda state: True
    ),
    **{f"{n} philosophers": lambda n=n: _philosophers(n, ordered=False) for n in (3, 4, 5)},  # type: ignore[misc]
    **{
        f"{n} philosophers, forks in order, proof": lambda n=n: _philosophers(n, ordered=True)  # type: ignore[misc]
        for n in (3, 4, 5)
    },
    "Flask view, module global": lambda: _flask("like"),
    "Flask view, module lock, proof": lambda: _flask("locked"),
    "Flask view, check then act, 3 requests": lambda: _flask("buy"),
}


def _frontrun(program: Program, seed: int, seconds: float) -> Verdict:
    import frontrun

    found = frontrun.explore(
        setup=program.setup,
        workers=list(program.threads),
        invariant=program.holds,
        detect_io=False,
        reproduce_on_failure=0,
        total_timeout=seconds,
        **({"preemption_bound": None} if program.proof else {}),
    )
    said = {True: "holds", False: "fails"}.get(found.property_holds, "inconclusive")
    return Verdict(said, found.num_explored)


def _interleave(program: Program, seed: int, seconds: float) -> Verdict:
    import interleave_test

    def model() -> None:
        state = program.setup()
        tasks = [interleave_test.spawn(thread, state) for thread in program.threads]
        for task in tasks:
            task.join()
        assert program.holds(state)

    found = interleave_test.explore(
        model,
        iterations=MOST,
        strategy="dfs" if program.proof else "random",
        seed=seed,
        include=[__file__],
        raise_on_failure=False,
    )
    if found.failure is None:
        return Verdict("holds (2)" if found.exhausted else "inconclusive", found.schedules_run)
    return Verdict("hangs" if found.failure.kind == "hang" else "fails", found.schedules_run)


TOOLS = {"frontrun": _frontrun, "interleave-test": _interleave}


def main() -> None:
    tool, name, seed, seconds = sys.argv[1:]
    if tool == "frontrun":
        from frontrun._cooperative import patch_locks

        patch_locks()
    program = PROGRAMS[name]()
    search = TOOLS[tool]
    if tool == "frontrun":
        import frontrun  # noqa: F401
    else:
        import interleave_test  # noqa: F401
    until = time.perf_counter() + float(seconds)
    for count in range(1000):
        began, worked = time.perf_counter(), time.process_time()
        verdict = search(program, int(seed) * 1000 + count, float(seconds))
        taken, worked = time.perf_counter() - began, time.process_time() - worked
        print(json.dumps([*verdict, taken, worked]), flush=True)
        if time.perf_counter() > until or verdict.verdict == "hangs":
            break


if __name__ == "__main__":
    main()
