"""Traces with known truth, written down record by record; see `timeline.script`."""

from __future__ import annotations

MS = 1_000_000


def script(text: str) -> str:
    """Return a script whose times are milliseconds."""
    lines = []
    for line in text.strip().splitlines():
        words = line.split()
        if len(words) > 2:
            numbers = {1, len(words) - 1} if words[2] in ("section", "acquire", "giveup", "resume", "hold") else {1}
            numbers |= {3} if words[2] in ("task", "task_done") else set()
            words = [str(round(float(w) * MS) + MS) if at in numbers else w for at, w in enumerate(words)]
        lines.append(" ".join(words))
    return "\n".join(lines)


BLAMED = """
    main 0 enter
    w1 0 enter
    w2 0 enter
    w3 0 enter
    w2 1 request 1 /report
    w1 2 request 2 /checkout
    w3 2 request 3 /cart
    main 3 section db 390
    w2 10 wait db main
    w2 10 waiter_at db in_report
    w1 3 push checkout
    w2 3 push report
    w3 3 push cart
    w1 20 wait stock w2
    w1 20 waiter_at stock in_checkout
    w1 20 holder_at stock in_report
    w2 390 acquire db 10
    w2 390 section db 395
    w2 5 section stock 400
    w3 21 wait stock w2
    w3 400 acquire stock 21
    w3 400 section stock 432
    w1 432 acquire stock 20
    w1 432 section stock 433
    w1 440 done 200
    w2 450 done 200
    w3 451 done 200
"""


def greedy(times: int, waiting_ms: int) -> str:
    each = waiting_ms / times
    passes = "\n".join(f"w1 {10 + n * each} section lock {10 + (n + 0.9) * each}" for n in range(times))
    return f"""
        w1 0 enter
        w2 0 enter
        w2 {10 + each / 2} wait lock w1
        w2 {10 + each / 2} waiter_at lock in_w2
        {passes}
        w2 {10 + waiting_ms} acquire lock {10 + each / 2}
        w2 {10 + waiting_ms} section lock {11 + waiting_ms}
    """


def pool(holder_in_pool: bool, threads: int = 4) -> str:
    lines = ["* 0 begin 1", "other 0 enter"]
    for n in range(1, threads + 1):
        lines += [f"w{n} 0 enter", f"w{n} 1 request {n}0 /ping", f"w{n} 2 done 200", f"w{n} 3 request {n} /slow"]
    holder = "w1" if holder_in_pool else "other"
    lines.append(f"{holder} 4 section lock 900")
    for n in range(1, threads + 1):
        got = 900 + n
        if f"w{n}" != holder:
            lines += [
                f"w{n} 10 wait lock {holder}",
                f"w{n} {got} acquire lock 10",
                f"w{n} {got} section lock {got + 1}",
            ]
        lines.append(f"w{n} 950 done 200")
    return "\n".join(lines)


def queue() -> str:
    """Return thirty threads that wait for their turn, each for longer than the one before."""
    lines = [f"w{n} 0 enter" for n in range(1, 32)]
    lines.append("w1 0 section lock 30")
    for n in range(2, 32):
        got = n * 30 - 30
        lines += [f"w{n} {n / 100} wait lock w1", f"w{n} {got} acquire lock {n / 100}"]
        lines.append(f"w{n} {got} section lock {got + 30}")
    return "\n".join(lines)
