"""Generated programs with everything that threads wait on, as source for the stage, and all that can come of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from weft.stage.search.dpor import Reduction
from weft.stage.search.execution import Execution, Plan

Outcomes = set[tuple[str, str]]
"""Kind and sentence of how runs end: the check tells what each thread has seen and what is left."""

HEAD = """
class Box: n = 0
D, B, LOGS = {"a": 0}, Box(), {}
l0, l1, r0 = threading.Lock(), threading.Lock(), threading.RLock()
c0, e0, s0, q0 = threading.Condition(), threading.Event(), threading.Semaphore(1), queue.Queue(1)
def cell():
    x = 0
    def get():
        return x
    def put(value):
        nonlocal x
        x = value
    return get, put
get, put = cell()
def told(outcome):
    raise AssertionError(repr((sorted(LOGS.items()), sorted(D.items()), B.n, get(), q0.qsize())))
"""
_ACCESSES = (
    'log.append(D["a"])',
    'D["a"] = {value}',
    "log.append(B.n)",
    "B.n = {value}",
    "B.n += 1",
    "log.append(get())",
    "put({value})",
    'log.append("a" in D)',
)
_KEYS = ('D["{key}"] = {value}', 'D["{key}"] = {value}', "log.append(list(D))", 'log.append(D.pop("{key}", None))')
_SIMPLE = (
    "e0.set()",
    "e0.clear()",
    "e0.wait()",
    "log.append(e0.wait(1))",
    "log.append(e0.is_set())",
    "s0.acquire()",
    "s0.release()",
    "q0.put({value})",
    "log.append(q0.get())",
    "time.sleep(1)",
)
_BLOCKS = (
    ("with l0:", ""),
    ("with l1:", ""),
    ("with r0:", ""),
    ("with c0:", ""),
    ("with s0:", ""),
    ("if l0.acquire(False):", "l0.release()"),
    ("if l1.acquire(timeout=1):", "l1.release()"),
    ("if s0.acquire(blocking=False):", "s0.release()"),
)
_CATCHING = (
    ("log.append(q0.get_nowait())", "queue.Empty"),
    ("log.append(q0.get(timeout=1))", "queue.Empty"),
    ("q0.put_nowait({value})", "queue.Full"),
)


def source(seed: int) -> str:
    """Return a program of two or three threads, small enough for every order to be tried."""
    chance = random.Random(seed)
    count = chance.choice((2, 2, 2, 3))
    accesses = chance.choice((_ACCESSES[:2], _ACCESSES[2:5], _ACCESSES[5:7], _ACCESSES, _KEYS))  # who meets, and where
    lines = HEAD.splitlines()
    for thread in range(count):
        lines += [
            f"def act{thread}():",
            f'    log = LOGS["{thread}"] = []',
            *_body(chance, thread, 5 - count, 1, accesses),
        ]
    acts = ", ".join(f'"a{thread}": act{thread}' for thread in range(count))
    return "\n".join([*lines, f'SCENARIO = Scenario("x", None, {{{acts}}}, check=told)', ""])


def keys(seed: int) -> str:
    """Return a program of two or three threads that put keys into a dict, take them out, and look at their order."""
    chance = random.Random(seed)
    count = chance.choice((2, 2, 3))
    lines = HEAD.splitlines()
    for thread in range(count):
        acts = [chance.choice(_KEYS).format(value=thread, key=chance.choice("bcde")) for _ in range(7 - 2 * count)]
        lines += [f"def act{thread}():", f'    log = LOGS["{thread}"] = []', *(f"    {act}" for act in acts)]
    acts = [f'"a{thread}": act{thread}' for thread in range(count)]
    return "\n".join([*lines, f'SCENARIO = Scenario("x", None, {{{", ".join(acts)}}}, check=told)', ""])


def _body(chance: random.Random, thread: int, parts: int, depth: int, accesses: Sequence[str]) -> Iterator[str]:
    pad = "    " * depth
    for _ in range(parts):
        value = thread * 100 + chance.randrange(100)
        what = chance.random()
        if what < 0.4 and depth < 3:
            begin, end = chance.choice(_BLOCKS[:1] * 3 + _BLOCKS)
            yield pad + begin
            yield from _inside(chance, thread, depth + 1, begin, accesses)
            if end:
                yield f"{pad}    {end}"
        elif what < 0.48:
            yield pad + chance.choice(_SIMPLE).format(value=value)
        elif what < 0.53:
            act, error = chance.choice(_CATCHING)
            yield from (f"{pad}try:", f"{pad}    {act.format(value=value)}")
            yield from (f"{pad}except {error}:", f"{pad}    log.append(None)")
        else:
            yield pad + chance.choice(accesses).format(value=value, key=chance.choice("bc"))


def _inside(chance: random.Random, thread: int, depth: int, begin: str, accesses: Sequence[str]) -> Iterator[str]:
    pad = "    " * depth
    if begin == "with c0:" and chance.random() < 0.7:
        yield pad + chance.choice(("c0.notify()", "c0.notify_all()", "c0.wait()", "log.append(c0.wait(1))"))
    elif begin == "with r0:" and chance.random() < 0.5:
        yield from (f"{pad}with r0:", f"{pad}    B.n += 1")
    else:
        yield from _body(chance, thread, chance.choice((1, 2)), depth, accesses)


class Learned(Exception):
    """There are more stops than was known."""


Execute = Callable[[Plan], Execution]


def reduced(execute: Execute) -> tuple[Outcomes, int]:
    """Return what the search sees, and how many executions it makes."""
    found: Outcomes = set()
    search = Reduction()
    while (plan := search.next()) is not None:
        execution = _made(execute, plan)
        search.add(execution)
        if execution.verdict is not None:
            found.add(execution.verdict)
    return found, search.executions


def every(execute: Execute, most: int) -> tuple[Outcomes, int] | None:
    """Return what comes of all orders, and how many there are; None when there are more than so many."""
    found: Outcomes = set()
    count = 0
    paths: list[tuple[int, ...]] = [()]
    while paths:
        path = paths.pop()
        execution = _made(execute, Plan(path, lenient=False))
        count += 1
        if count > most:
            return None
        assert execution.verdict is not None
        found.add(execution.verdict)
        order = execution.order
        for index in range(len(path), len(order)):
            step = execution.steps[index]
            paths.extend((*order[:index], actor) for actor in step.movable if actor != step.actor)
    return found, count


def _made(execute: Execute, plan: Plan) -> Execution:
    execution = execute(plan)
    if execution.learned:
        raise Learned(execution.learned)
    assert not execution.diverged, execution.diverged
    return execution
