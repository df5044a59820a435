"""Two threads that print numbers and letters print them in turn.

No Flask, no server: one thread prints 1 to 5, another one a to e, and tutorials show them neatly mixed. What is
really mixed depends on what the threads wait for.

We run the program in three ways, each many times. As it stands, each thread is usually done before the other one has
begun: five short prints take less than the five milliseconds after which Python may switch threads. With a short
sleep after each print they take turns, more or less, because each gives way to the other. And with a semaphore for
whose turn it is they do so every time, because that is what the program says. `print` writes a word and the end of
its line one after the other: where threads meet, lines with two words and empty ones come out.

Then weft runs two threads that print two things each in every order there is. All of them are possible in your
program, however rarely the machine chooses them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from time import sleep

from weft.stage import Outcome, Scenario
from weft_demos.lab import Evidence, Fact, Judgement, Lab, Lesson, Verdict

ROUNDS, NUMBERS, LETTERS = 20, "12345", "abcde"
PAUSE_SECONDS = 0.001
MOST_SWITCHES = len(NUMBERS + LETTERS) - 1
"""From numbers to letters or back, where they take turns."""


def print_all(words: str, pause: float, mine: threading.Semaphore | None, other: threading.Semaphore | None) -> None:
    for word in words:
        if mine and other:
            mine.acquire()
        print(word)
        if pause:
            sleep(pause)
        if mine and other:
            other.release()


def both(pause: float = 0.0, *, turns: bool = False) -> None:
    """Print numbers and letters in two threads, many times, with a dash behind each time."""
    for _ in range(ROUNDS):
        first, second = (threading.Semaphore(1), threading.Semaphore(0)) if turns else (None, None)
        threads = [
            threading.Thread(target=print_all, args=(NUMBERS, pause, first, second), name="numbers"),
            threading.Thread(target=print_all, args=(LETTERS, pause, second, first), name="letters"),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("-", flush=True)


def as_it_stands() -> None:
    both()


def with_a_sleep() -> None:
    both(PAUSE_SECONDS)


def with_turns() -> None:
    both(turns=True)


printed: list[str] = []


def say(words: str) -> None:
    for word in words:
        printed.append(word)


def in_turn(outcome: Outcome) -> None:
    assert printed in (list("1a2b"), list("a1b2")), f"printed {' '.join(printed)}"


SCENARIO = Scenario(
    "two threads", None, {"numbers": lambda: say("12"), "letters": lambda: say("ab")}, check=in_turn, watch=["printed"]
)


def measure(lab: Lab) -> Iterator[Fact]:
    for program in (as_it_stands, with_a_sleep, with_turns):
        label = program.__name__.replace("_", "-")
        rounds = [one.strip("\n") for one in lab.program(program, label).split("-")[:ROUNDS]]
        words = ["".join(one.split()) for one in rounds]
        changes = [sum(a.isdigit() != b.isdigit() for a, b in pairwise(one)) for one in words]
        yield Fact(program.__name__, sum(changes) / len(changes), f"switches a time, {label.replace('-', ' ')}")
        neat = sum(change == MOST_SWITCHES for change in changes)
        yield Fact(f"{program.__name__}_neat", neat, f"of {len(changes)} times strictly in turn")
        torn = sum(len(line) != 1 for one in rounds for line in one.split("\n"))
        yield Fact(f"{program.__name__}_torn", torn, "lines with more or less than one word on them")
    found = lab.search("SCENARIO", interpreter="free-threaded")
    yield Fact("search", found.text, "an order that is not in turn, as the search has found it")


def judge(evidence: Evidence) -> Judgement:
    neat = {name: evidence.count(f"{name}_neat") for name in ("as_it_stands", "with_a_sleep", "with_turns")}
    said = ", ".join(f"{name.replace('_', ' ')} {count} of {ROUNDS} times" for name, count in neat.items())
    if neat["as_it_stands"] == ROUNDS:
        return Judgement(Verdict.CONFIRMED, f"in turn {said}.")
    return Judgement(Verdict.DEPENDS if neat["with_turns"] == ROUNDS else Verdict.REFUTED, f"in turn {said}.")


LESSON = Lesson(
    measure=measure,
    judge=judge,
    shows="with-a-sleep",
    scenario="SCENARIO",
    fix=(
        "Expect any order that your program does not forbid. Where one matters, say so: with a semaphore or an "
        "event for whose turn it is, a queue from one thread to the other, or a lock around what belongs together."
    ),
)
